"""What GitHub's roles may do, what they are refused, and that no role outgrows its boundary."""

import json
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from iam_evaluator import Request, actions, possible_results, results
from policy_documents import Document, Role, documents, roles
from recorded_program import ACCOUNT, Registered
from test_policy_simulation import KEY, STACKS, ask

from sandbox.providers.aws.table import Call, ResourceType
from sandbox.providers.aws.tables import TABLE

STATE = "arn:aws:s3:::example-pulumi-state/.pulumi"
STATE_KEY = f"{KEY}/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/litellm-dev-boundary"
WITHIN = {"iam:PermissionsBoundary": BOUNDARY}
OWN = {"aws:ResourceTag/litellm:stack": "dev"}
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:litellm/dev/master-key-20260101-AbCdEf"
LOGS = f"arn:aws:s3:::litellm-dev-logs-{ACCOUNT}-us-east-1"
EC2 = f"arn:aws:ec2:us-east-1:{ACCOUNT}"
PROD = {"aws:ResourceTag/litellm:stack": "prod"}
VIA_SECRETS = OWN | {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
DEPLOY_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/litellm-dev-github-deploy-network"
OUTSIDE = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"

Question = tuple[str, str, dict[str, Any]]

PREVIEW_MAY: list[Question] = [
    ("s3:GetObject", f"{STATE}/stacks/litellm-gateway/dev.json", {}),
    ("s3:GetObject", f"{STATE}/stacks/litellm-gateway/dev.pulumi-tags", {}),
    ("s3:GetObject", f"{STATE}/meta.yaml", {}),
    ("s3:ListBucket", "arn:aws:s3:::example-pulumi-state", {}),
    ("kms:Decrypt", STATE_KEY, {}),
    ("ec2:DescribeVpcs", "*", {}),
    ("eks:DescribeCluster", f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/litellm-dev", {}),
    ("rds:DescribeDBInstances", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:litellm-dev-database-1", {}),
    ("s3:GetBucketPolicy", LOGS, {}),
    ("secretsmanager:DescribeSecret", SECRET, {}),
    ("iam:GetRolePolicy", f"{ROLE}/litellm-dev-gateway", {}),
    ("kms:GetKeyPolicy", f"{KEY}/logs", OWN),
]
PREVIEW_MAY_NOT: list[Question] = [
    ("secretsmanager:GetSecretValue", SECRET, {}),
    ("s3:GetObject", f"{LOGS}/logs/a.json", {}),
    ("s3:GetObject", f"{STATE}/stacks/litellm-gateway/prod.json", {}),
    ("s3:GetObject", f"{STATE}/stacks/another/dev.json", {}),
    ("s3:PutObject", f"{STATE}/stacks/litellm-gateway/dev.json", {}),
    ("s3:DeleteObject", f"{STATE}/locks/organization/litellm-gateway/dev/a.json", {}),
    ("kms:Decrypt", f"{KEY}/secrets", OWN),
    ("kms:Encrypt", STATE_KEY, {}),
    ("iam:CreateRole", f"{ROLE}/litellm-dev-new", WITHIN),
    ("iam:PutRolePolicy", f"{ROLE}/litellm-dev-github-preview", WITHIN),
    ("iam:PassRole", f"{ROLE}/litellm-dev-node", {"iam:PassedToService": "ec2.amazonaws.com"}),
    ("sts:AssumeRole", f"{ROLE}/litellm-dev-github-deploy", {}),
    ("ec2:CreateVpc", f"{EC2}:vpc/vpc-1", OWN),
    ("eks:UpdateClusterConfig", f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/litellm-dev", {}),
    ("eks:CreateAccessEntry", f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/litellm-dev", {}),
    ("rds:ModifyDBInstance", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:litellm-dev-database-1", {}),
    ("logs:GetLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:x:log-stream:y", {}),
    ("athena:GetQueryResults", f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/litellm-dev", {}),
]
DEPLOY_MAY: list[Question] = [
    ("iam:CreateRole", f"{ROLE}/litellm-dev-new", WITHIN),
    ("iam:PutRolePolicy", f"{ROLE}/litellm-dev-gateway", WITHIN),
    ("iam:PassRole", f"{ROLE}/litellm-dev-cluster", {"iam:PassedToService": "eks.amazonaws.com"}),
    ("eks:CreateCluster", "*", {}),
    ("rds:ModifyDBInstance", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:litellm-dev-database-1", {}),
    ("s3:PutBucketPolicy", LOGS, {}),
    ("s3:PutObject", f"{STATE}/stacks/litellm-gateway/dev.json", {}),
    ("s3:PutObject", f"{STATE}/backups/litellm-gateway/dev/dev.1.json", {}),
    ("kms:GenerateDataKey", STATE_KEY, {}),
    ("kms:CreateKey", "*", {"aws:RequestTag/litellm:stack": "dev"}),
    ("kms:PutKeyPolicy", f"{KEY}/logs", OWN),
    ("kms:Decrypt", f"{KEY}/secrets", VIA_SECRETS),
    ("secretsmanager:PutSecretValue", SECRET, {}),
    ("ec2:CreateVpc", f"{EC2}:vpc/vpc-1", {}),
    ("ec2:DeleteVpc", f"{EC2}:vpc/vpc-1", OWN),
    ("ec2:AuthorizeSecurityGroupIngress", f"{EC2}:security-group/sg-1", {}),
]
DEPLOY_MAY_NOT: list[Question] = [
    # The ways to become an administrator.
    ("iam:CreateRole", f"{ROLE}/litellm-dev-new", {}),
    ("iam:CreateRole", f"{ROLE}/litellm-dev-new", OUTSIDE),
    ("iam:CreateRole", f"{ROLE}/somebody", WITHIN),
    ("iam:PutRolePolicy", f"{ROLE}/litellm-dev-gateway", {}),
    ("iam:AttachRolePolicy", f"{ROLE}/litellm-dev-gateway", {"iam:PolicyARN": ADMINISTRATOR}),
    ("iam:DeleteRolePermissionsBoundary", f"{ROLE}/litellm-dev-gateway", WITHIN),
    ("iam:PutRolePermissionsBoundary", f"{ROLE}/litellm-dev-gateway", OUTSIDE),
    ("iam:CreatePolicyVersion", BOUNDARY, {}),
    ("iam:DeletePolicy", BOUNDARY, {}),
    ("iam:PutRolePolicy", f"{ROLE}/litellm-dev-github-deploy", WITHIN),
    ("iam:AttachRolePolicy", f"{ROLE}/litellm-dev-github-deploy", WITHIN),
    ("iam:UpdateAssumeRolePolicy", f"{ROLE}/litellm-dev-github-deploy", {}),
    ("iam:UpdateAssumeRolePolicy", f"{ROLE}/litellm-dev-github-preview", {}),
    ("iam:CreatePolicyVersion", DEPLOY_POLICY, {}),
    ("iam:UpdateAssumeRolePolicy", f"{ROLE}/litellm-prod-gateway", {}),
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/mallory", {}),
    ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/alice", {}),
    ("iam:PassRole", f"{ROLE}/litellm-dev-node", {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("iam:PassRole", f"{ROLE}/somebody", {"iam:PassedToService": "ec2.amazonaws.com"}),
    ("iam:UpdateOpenIDConnectProviderThumbprint", GITHUB, {}),
    ("sts:AssumeRole", f"{ROLE}/litellm-deployer", {}),
    # Other stacks and other people's things.
    ("s3:PutObject", f"{STATE}/stacks/litellm-gateway/prod.json", {}),
    ("s3:GetObject", f"{LOGS}/logs/a.json", {}),
    ("s3:DeleteBucket", "arn:aws:s3:::somebody-elses", {}),
    ("s3:DeleteBucket", "arn:aws:s3:::example-pulumi-state", {}),
    ("kms:Decrypt", f"{KEY}/secrets", OWN),
    ("kms:ScheduleKeyDeletion", f"{KEY}/somebody-elses", PROD),
    ("kms:ScheduleKeyDeletion", STATE_KEY, {}),
    ("secretsmanager:GetSecretValue", SECRET.replace("/dev/", "/prod/"), {}),
    ("rds:DeleteDBInstance", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:litellm-prod-database-1", {}),
    ("eks:DeleteCluster", f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/litellm-prod", {}),
    ("ec2:DeleteVpc", f"{EC2}:vpc/vpc-1", {}),
    ("ec2:DeleteVpc", f"{EC2}:vpc/vpc-1", PROD),
    ("ec2:CreateTags", f"{EC2}:vpc/vpc-1", {}),
    ("ec2:RevokeSecurityGroupIngress", f"{EC2}:security-group/sg-1", PROD),
    ("ec2:RunInstances", f"{EC2}:instance/*", OWN),
    ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/organization", {}),
]


def answers(role: Role, questions: list[Question]) -> dict[tuple[str, str], str]:
    found = results([ask(role, action, resource, **more) for action, resource, more in questions])
    return {
        (action, f"{resource} {more}"): answer
        for (action, resource, more), answer in zip(questions, found, strict=True)
    }


@pytest.mark.parametrize(
    ("name", "questions"), [("github-preview", PREVIEW_MAY), ("github-deploy", DEPLOY_MAY)]
)
def test_a_role_of_github_may_do_its_work(
    name: str, questions: list[Question], dev: list[Registered]
) -> None:
    found = answers(roles(dev)[name], questions)
    assert [what for what, answer in found.items() if answer != "Allowed"] == []


@pytest.mark.parametrize(
    ("name", "questions"),
    [("github-preview", PREVIEW_MAY_NOT), ("github-deploy", DEPLOY_MAY_NOT)],
)
def test_a_role_of_github_is_refused_the_rest(
    name: str, questions: list[Question], dev: list[Registered]
) -> None:
    found = answers(roles(dev)[name], questions)
    assert [what for what, answer in found.items() if answer == "Allowed"] == []


PLAIN = "repo:example/litellm-gateway"


@pytest.mark.parametrize(
    ("subject", "audience", "taken"),
    [
        (f"{PLAIN}:environment:development", "sts.amazonaws.com", {"github-deploy"}),
        (f"{PLAIN}:environment:development-preview", "sts.amazonaws.com", {"github-preview"}),
        (f"{PLAIN}:environment:development", "https://github.com/example", set()),
        (f"{PLAIN}:environment:production", "sts.amazonaws.com", set()),
        (f"{PLAIN}:ref:refs/heads/main", "sts.amazonaws.com", set()),
        (f"{PLAIN}:pull_request", "sts.amazonaws.com", set()),
        ("repo:example/another:environment:development", "sts.amazonaws.com", set()),
        ("repo:mallory/litellm-gateway:environment:development", "sts.amazonaws.com", set()),
    ],
)
def test_a_job_takes_the_role_of_its_environment_and_repository(
    subject: str, audience: str, taken: set[str], dev: list[Registered]
) -> None:
    judged = [roles(dev)[name] for name in ("github-preview", "github-deploy")]
    found = results([_token(role, subject, audience) for role in judged])
    allowed = {role.name for role, answer in zip(judged, found, strict=True) if answer == "Allowed"}
    assert allowed == taken


def _token(role: Role, subject: str, audience: str) -> Request:
    # The evaluator knows the context keys of the providers in AWS's reference, GitHub's are not
    # among them: the condition is judged under another provider's name.
    host, known = "token.actions.githubusercontent.com", "accounts.google.com"
    return Request(
        action="sts:AssumeRoleWithWebIdentity",
        resource=role.arn,
        context={f"{known}:sub": subject, f"{known}:aud": audience},
        principal=f"arn:aws:iam::{ACCOUNT}:oidc-provider/{known}",
        resource_policy=json.loads(json.dumps(role.trust).replace(host, known)),
    )


def test_a_provider_for_github_is_made_where_the_stack_is_told_to(
    with_teams: list[Registered], dev: list[Registered]
) -> None:
    def made(resources: list[Registered]) -> list[str]:
        kind = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
        return [one.inputs["url"] for one in resources if (one.type, one.name) == (kind, "github")]

    assert made(with_teams) == ["https://token.actions.githubusercontent.com"]
    assert made(dev) == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_policy_fits_into_the_quotas_of_iam(
    stack: str, request: pytest.FixtureRequest
) -> None:
    # docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    resources = request.getfixturevalue(stack)
    for document in documents(resources):
        if document.type == "aws:iam/policy:Policy":
            assert document.size <= 6144, document
        if document.kind == "trust":
            assert document.size <= 2048, document
    for role in roles(resources).values():
        assert role.inline_size <= 10240, role.name
        assert len(role.attached) <= 10, role.name


@pytest.mark.parametrize("stack", STACKS)
def test_every_action_is_one_of_aws_and_goes_with_its_resources(
    stack: str, request: pytest.FixtureRequest
) -> None:
    named = [
        (str(document), action, statement["Resource"])
        for document in documents(request.getfixturevalue(stack))
        if document.kind == "identity"
        for statement in document.content["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if "*" not in action
    ]
    known = actions(sorted({action for _, action, _ in named}))
    assert [action for action, details in known.items() if details is None] == []
    wrong = [
        f"{document}: {action} on {resources}"
        for document, action, resources in named
        for details in [known[action]]
        if details and details["unnamed"] is not ("*" in resources)
    ]
    assert wrong == []


@pytest.mark.parametrize("stack", STACKS)
def test_every_role_of_the_stack_has_the_boundary(
    stack: str, request: pytest.FixtureRequest
) -> None:
    without = {
        name for name, role in roles(request.getfixturevalue(stack)).items() if not role.boundary
    }
    assert without == {"github-preview", "github-deploy"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_boundary_leaves_every_role_what_its_policies_allow(
    stack: str, request: pytest.FixtureRequest
) -> None:
    asked = [
        (role, question)
        for role in roles(request.getfixturevalue(stack)).values()
        if role.boundary
        for question in _examples(role)
    ]
    alone = possible_results([_without_boundary(one) for _, one in asked])
    within = possible_results([one for _, one in asked])
    possible = {
        (role.name, one.action)
        for (role, one), answer in zip(asked, alone, strict=True)
        if answer == "Allowed"
    }
    lost = {
        f"{role.name}: {one.action} {one.resource}"
        for (role, one), before, after in zip(asked, alone, within, strict=True)
        if before == "Allowed" and after != "Allowed"
    }
    assert {("gateway", "s3:PutObject"), ("external-secrets", "kms:Decrypt")} <= possible
    assert {(role.name, one.action) for role, one in asked} == possible
    assert lost == set()


def _examples(role: Role) -> Iterator[Request]:
    """A request for each action and resource of a role's statements, in a context that fits."""
    for document in role.identity:
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow":
                continue
            context = {
                key: value[0] if isinstance(value, list) and "TagKeys" not in key else value
                for conditions in statement.get("Condition", {}).values()
                for key, value in conditions.items()
            }
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    example = resource.replace("*", "us-east-1" if ":*:" in resource else "any")
                    yield ask(role, action, example if resource != "*" else "*", **context)


def _without_boundary(request: Request) -> Request:
    return replace(request, boundary=None)


@pytest.mark.parametrize("stack", STACKS)
def test_the_deploy_role_may_pass_roles_to_the_services_that_take_them(
    stack: str, request: pytest.FixtureRequest
) -> None:
    found = roles(request.getfixturevalue(stack))
    services = {
        one
        for role in found.values()
        for one in role.trusted
        if one.endswith(".amazonaws.com") and "oidc-provider" not in one
    }
    (passed,) = [
        statement["Condition"]["StringEquals"]["iam:PassedToService"]
        for document in found["github-deploy"].identity
        for statement in document["Statement"]
        if statement["Action"] == ["iam:PassRole"]
    ]
    assert services <= set(passed)


# Operations whose actions have other names:
# docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html and
# docs.aws.amazon.com/service-authorization/latest/reference/list_awsbudgetservice.html
_RENAMED = {
    "budgets:CreateBudget": "budgets:ModifyBudget",
    "budgets:DeleteBudget": "budgets:ModifyBudget",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:DeleteBucketReplication": "s3:PutReplicationConfiguration",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:PutBucketReplication": "s3:PutReplicationConfiguration",
    "s3:PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
_PREFIXES = {"elbv2": "elasticloadbalancing"}
# Reading it gives out a secret's value. docs/decisions/identity.md says what a preview does then.
_REFUSED_TO_PREVIEWS = {"secretsmanager:GetSecretValue"}


def _actions(calls: list[Call], kind: ResourceType) -> set[str]:
    named = set()
    for call in calls:
        service = call.service or kind.service
        action = f"{_PREFIXES.get(service, service)}:{call.operation}"
        named.add(_RENAMED.get(action, action))
    return named


def _kinds(resources: list[Registered]) -> list[ResourceType]:
    names = {one.type for one in resources if one.type.startswith("aws:")}
    return [TABLE[name] for name in sorted(names)]


def _granted(role: Role) -> list[str]:
    statements: list[Document] = [
        statement for document in role.identity for statement in document["Statement"]
    ]
    return [
        action
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    ]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_preview_role_has_every_call_that_reads_a_resource_of_the_program(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(stack)
    granted = _granted(roles(resources)["github-preview"])
    needed = {
        action
        for kind in _kinds(resources)
        for action in _actions([one for one in kind.reads if isinstance(one, Call)], kind)
    }
    missing = {a for a in needed if not any(fnmatchcase(a, pattern) for pattern in granted)}
    assert missing == needed & _REFUSED_TO_PREVIEWS


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_deploy_role_has_every_call_that_the_resources_of_the_program_need(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(stack)
    granted = _granted(roles(resources)["github-deploy"])
    needed = set()
    for kind in _kinds(resources):
        calls = [kind.create, *kind.settings, *kind.updates, *kind.reads, kind.delete]
        needed |= _actions([one for one in calls if isinstance(one, Call)], kind)
    missing = {a for a in needed if not any(fnmatchcase(a, pattern) for pattern in granted)}
    assert missing == set()


def _resource_name(kind: str) -> str:
    lower = kind.lower()
    if lower.endswith("y"):
        return f"{lower[:-1]}ies"
    return f"{lower}es" if lower.endswith("s") else f"{lower}s"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_preview_group_reads_every_kind_of_object_that_the_program_declares(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(stack)
    (role,) = [
        one.inputs
        for one in resources
        if one.name == "preview" and one.inputs.get("kind") == "ClusterRole"
    ]
    readable = {(rule["apiGroups"][0], one) for rule in role["rules"] for one in rule["resources"]}
    declared = {
        (version.rpartition("/")[0], _resource_name(one.inputs["kind"]))
        for one in resources
        if one.type.startswith("kubernetes:") and (version := one.inputs.get("apiVersion"))
    }
    assert ("", "configmaps") in declared
    assert declared - readable == set()
