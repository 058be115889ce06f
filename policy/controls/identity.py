"""Rows 9 to 11: who may take a role, and what a role may do."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policy.control import Check, Control
from policy.iam_reference import restrictable
from policy.resource_types import IAM_POLICY, POLICY_ATTACHMENT, ROLE, ROLE_POLICY
from policy.stack import Resource, Stack
from policy.values import conditions, given, items, principals, statements

_GITHUB = "token.actions.githubusercontent.com"
_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_DECRYPTION = frozenset({"kms:Decrypt", "kms:ReEncryptFrom", "kms:*", "*"})
_ADMINISTRATION = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


def _federated(statement: Mapping[str, Any]) -> list[str]:
    """Return the identity providers whose tokens a trust statement accepts."""
    if statement.get("Effect") != "Allow" or _WEB_IDENTITY not in items(statement.get("Action")):
        return []
    return [name for kind, name in principals(statement) if kind == "Federated"]


def _exact(statement: Mapping[str, Any], claim: str) -> list[str]:
    """Return the values a claim of the token must equal; empty if it is free or a pattern."""
    return [
        value
        for operator, key, value in conditions(statement)
        if operator == "StringEquals" and key.endswith(f":{claim}") and not set("*?") & set(value)
    ]


def _loose_trust(statement: Mapping[str, Any]) -> Iterator[str]:
    if not _exact(statement, "sub"):
        yield "the trust does not name the exact sub of the token"
    if _exact(statement, "aud") != ["sts.amazonaws.com"]:
        yield "the trust does not name the aud sts.amazonaws.com"
    if any(operator.startswith("StringLike") for operator, _, _ in conditions(statement)):
        yield "the trust matches by pattern (StringLike)"


def trusts_one_service_account(role: Resource, stack: Stack) -> Iterator[str]:
    for statement in statements(role.inputs.get("assumeRolePolicy")):
        if any(_GITHUB not in provider for provider in _federated(statement)):
            yield from _loose_trust(statement)


def trusts_no_one_at_large(role: Resource, stack: Stack) -> Iterator[str]:
    for statement in statements(role.inputs.get("assumeRolePolicy")):
        if statement.get("Effect") == "Allow" and ("AWS", "*") in principals(statement):
            yield "every principal of AWS may take the role"


def trusts_a_repository_and_environment(role: Resource, stack: Stack) -> Iterator[str]:
    for statement in statements(role.inputs.get("assumeRolePolicy")):
        if not any(_GITHUB in provider for provider in _federated(statement)):
            continue
        yield from _loose_trust(statement)
        for subject in _exact(statement, "sub"):
            repository, _, environment = subject.partition(":environment:")
            if not (repository.startswith("repo:") and "/" in repository and environment):
                yield f"{subject!r} does not bind both a repository and an environment"


def _is_boundary(policy: Resource, stack: Stack) -> bool:
    """Whether a policy only limits roles: a boundary grants nothing."""
    attached = any(
        policy in stack.behind(attachment, "policyArn", IAM_POLICY)
        for attachment in stack.of(POLICY_ATTACHMENT)
    )
    return not attached and any(_is_within(role, policy, stack) for role in stack.of(ROLE))


def _is_within(role: Resource, policy: Resource, stack: Stack) -> bool:
    if policy in stack.behind(role, "permissionsBoundary", IAM_POLICY):
        return True
    if not given(role, "permissionsBoundary"):
        return False
    # A literal ARN ends with the policy's path and name.
    return str(role.inputs["permissionsBoundary"]).endswith(f"/{policy.inputs.get('name')}")


def _allowed(resource: Resource, stack: Stack) -> Iterator[Mapping[str, Any]]:
    """Yield every statement that allows, of a policy or of those inside of a role."""
    if resource.type == ROLE:
        policies = items(resource.inputs.get("inlinePolicies"))
        documents = [policy["policy"] for policy in policies if policy.get("policy")]
    else:
        documents = items(resource.inputs.get("policy"))
    if resource.type == IAM_POLICY and _is_boundary(resource, stack):
        return
    for document in documents:
        for statement in statements(document):
            if statement.get("Effect") == "Allow":
                yield statement


def allows_no_whole_service(resource: Resource, stack: Stack) -> Iterator[str]:
    for statement in _allowed(resource, stack):
        for action in items(statement.get("Action")):
            if action == "*" or action.endswith(":*"):
                yield f"it allows {action}"


def names_what_it_allows(resource: Resource, stack: Stack) -> Iterator[str]:
    for statement in _allowed(resource, stack):
        if {"NotAction", "NotResource"} & set(statement):
            yield "it allows all but a list (NotAction or NotResource)"


def restricts_resources(resource: Resource, stack: Stack) -> Iterator[str]:
    for statement in _allowed(resource, stack):
        if "*" in items(statement.get("Resource")):
            for action in items(statement.get("Action")):
                if restrictable(action):
                    yield f"it allows {action} on every resource"


def decrypts_with_named_keys(resource: Resource, stack: Stack) -> Iterator[str]:
    for statement in _allowed(resource, stack):
        decrypting = _DECRYPTION & set(items(statement.get("Action")))
        if decrypting and any(_every_key(name, statement) for name in items(statement["Resource"])):
            yield f"it allows {', '.join(sorted(decrypting))} with every key"


def _every_key(resource: str, statement: Mapping[str, Any]) -> bool:
    """Whether a resource stands for all keys: those with an exact tag are as good as named."""
    if ":kms:" in resource and resource.endswith("key/*"):
        return not any(
            operator == "StringEquals" and key.startswith("aws:ResourceTag/")
            for operator, key, _ in conditions(statement)
        )
    return resource == "*" or (":kms:" in resource and resource.endswith(":*"))


def attaches_no_administration(attachment: Resource, stack: Stack) -> Iterator[str]:
    if stack.behind(attachment, "policyArn", IAM_POLICY):
        # What that one allows is looked at where it is made.
        return
    name = (attachment.inputs.get("policyArn") or "").rpartition("/")[2]
    if name in _ADMINISTRATION:
        yield f"it attaches {name}"


_PERMISSIONS: tuple[Check, ...] = (
    allows_no_whole_service,
    names_what_it_allows,
    restricts_resources,
    decrypts_with_named_keys,
)
CONTROLS = (
    Control(
        row=9,
        name="service-account-trust",
        requires="a role for pods trusts one service account by exact sub and aud",
        ids=("EKS best practices: IAM roles for service accounts",),
        severity=Severity.CRITICAL,
        checks={ROLE: (trusts_one_service_account, trusts_no_one_at_large)},
    ),
    Control(
        row=10,
        name="least-privilege",
        requires="no policy allows every action, every resource where it can be restricted, "
        "administration, or decryption with every key",
        ids=("CKV_AWS_63", "CKV_AWS_274", "CKV_AWS_290", "CKV_AWS_355", "KMS.1", "KMS.2"),
        severity=Severity.CRITICAL,
        checks={
            ROLE_POLICY: _PERMISSIONS,
            IAM_POLICY: _PERMISSIONS,
            ROLE: _PERMISSIONS,
            POLICY_ATTACHMENT: (attaches_no_administration,),
        },
    ),
    Control(
        row=11,
        name="github-trust",
        requires="a role for GitHub workflows is bound to a repository and an environment",
        ids=("CKV_AWS_393",),
        severity=Severity.CRITICAL,
        checks={ROLE: (trusts_a_repository_and_environment,)},
    ),
)
