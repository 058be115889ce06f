"""Rights in AWS: policy documents, who may take a role, who may enter the cluster."""

from collections.abc import Iterator, Mapping, Sequence

from ops.preview_report.dangers import Danger, Documents, Kind, danger
from ops.preview_report.grants import Grant, added, grants, more_of_the_same
from ops.preview_report.preview import Preview, Step
from ops.preview_report.receivers import Standing, named_by, standing
from ops.preview_report.values import ABSENT, Word

# Properties that hold a policy document.
DOCUMENTS = ("policy", "assumeRolePolicy", "policyDocument", "accessPolicies")
# What gives a right that is defined elsewhere → the property that says which.
_GIVES_RIGHTS = {
    "aws:eks/accessEntry:AccessEntry": "principalArn",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": "policyArn",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": "policyArn",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "policyArn",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": "policyArn",
}
_GIVES_NOTHING = {"tags", "tagsAll"}
# Rights that a role may hold itself.
_INLINE, _MANAGED = "inlinePolicies", "managedPolicyArns"
# Managed policies by which one may do all, or give oneself all:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html
_EVERYTHING = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
# Of an ARN, by colons.
_ACCOUNT_FIELD = 4
# More would hide the first ones.
_SHOWN = 4


def rights(preview: Preview, documents: Documents | None) -> Iterator[Danger]:
    """Yield rights that somebody would get who does not have them now.

    What is new may have the rights that it is made with, but not for everybody, and not every
    action; and nobody of another account may take a new role. A document that the preview does not
    know is judged by what both checkouts make of it with stand-ins for what only AWS knows; without
    them a person must judge.
    """
    own = frozenset(
        str(state.outputs["arn"])
        for step in preview.steps
        if (state := step.new or step.old) and isinstance(state.outputs.get("arn"), str)
    )
    for step in preview.steps:
        if step.action in ("create", "update", "replace"):
            receiver = standing(step, preview)
            for name in DOCUMENTS:
                yield from _document(step, name, receiver, own, documents)
            yield from _given(step, receiver)
            yield from _held(step)


def _document(
    step: Step, name: str, receiver: Standing, own: frozenset[str], documents: Documents | None
) -> Iterator[Danger]:
    old, new = step.inputs_before.get(name, ABSENT), step.inputs_after.get(name, ABSENT)
    if not isinstance(old, str | Word) or not isinstance(new, str | Word):
        return
    if receiver is not Standing.HAS_IT:
        old = ABSENT
    # Two secrets look the same.
    if old == new and not any(one.path[0] == name for one in step.differences):
        return
    before, after = _text(old), _text(new)
    if documents and (before is None or after is None):
        key, own = f"{step.type}::{step.name}", documents.own
        before = "" if old is ABSENT else _made(documents.before, key, name)
        after = _made(documents.after, key, name)
    if before is None or after is None:
        text = f"`{name}` depends on what does not exist yet; --base shows what it would allow"
        yield danger(Kind.UNJUDGED, step, text)
    else:
        yield from _compare(step, name, before, after, own, receiver)


def _text(document: str | Word) -> str | None:
    """A document as far as the preview knows it; one that is not there allows nothing."""
    if isinstance(document, Word):
        return "" if document is ABSENT else None
    return document


def _made(documents: Mapping[str, Mapping[str, str]] | None, key: str, name: str) -> str | None:
    return (documents or {}).get(key, {}).get(name)


def _compare(
    step: Step, name: str, old: str, new: str, own: frozenset[str], receiver: Standing
) -> Iterator[Danger]:
    try:
        before, after = (grants(text) if text else frozenset() for text in (old, new))
    except ValueError:
        yield danger(Kind.UNJUDGED, step, f"`{name}` is no policy document that could be read")
        return
    if receiver is Standing.IS_NEW:
        may_be_taken = name == "assumeRolePolicy"
        found = [
            one
            for one in after
            if one.effect == "Allow"
            and (
                (one.boundless and not _is_root_of_key(one))
                or (may_be_taken and _is_foreign(one, own))
            )
        ]
    else:
        found = [one for one in added(before, after) if not more_of_the_same(one, before, own)]
    for effect, text in (("Allow", "would be allowed"), ("Deny", "would no longer be denied")):
        chosen = [one for one in found if one.effect == effect]
        if chosen:
            yield danger(Kind.ACCESS, step, f"`{name}`: {_listed(chosen)} {text}")


def _is_root_of_key(grant: Grant) -> bool:
    # A key's policy is about that key alone.
    return grant.principal.endswith(":root") and grant.resource == "*"


def _is_foreign(grant: Grant, own: frozenset[str]) -> bool:
    """Whether a principal is an account, or of one, in which nothing of the stack is."""
    kind, _, principal = grant.principal.partition(":")
    return kind == "AWS" and _account(principal) not in {_account(arn) for arn in own} - {""}


def _account(arn: str) -> str:
    """The account of an ARN; an account may also stand alone."""
    fields = arn.split(":")
    return fields[_ACCOUNT_FIELD] if len(fields) > _ACCOUNT_FIELD else arn


def _listed(found: Sequence[Grant]) -> str:
    texts = [f"`{one}`" for one in found[:_SHOWN]]
    rest = len(found) - len(texts)
    return ", ".join(texts) + (f" and {rest} more" if rest else "")


def _given(step: Step, receiver: Standing) -> Iterator[Danger]:
    if step.type not in _GIVES_RIGHTS:
        return
    given, over = _GIVES_RIGHTS[step.type], named_by(step)
    if receiver is Standing.IS_NEW:
        if _is_everything(step.inputs_after.get(given)):
            yield danger(Kind.ACCESS, step, f"`{step.inputs_after[given]}` allows every action")
        return
    what, whom = step.inputs_after.get(given), f"{over} `{step.inputs_after.get(over)}`"
    before, after = step.inputs_before, step.inputs_after
    differing = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    changed = differing - {over} - _GIVES_NOTHING
    if receiver is Standing.IS_ANOTHER or given in changed:
        yield danger(Kind.ACCESS, step, f"`{what}` would be added to {whom}")
    elif changed:
        yield danger(Kind.ACCESS, step, f"what `{what}` gives over {whom} would change")


def _held(step: Step) -> Iterator[Danger]:
    """What a role is given as a property of its own, which the program never does."""
    for name in (_INLINE, _MANAGED):
        old, new = step.inputs_before.get(name) or [], step.inputs_after.get(name) or []
        may_be_made_with = name == _MANAGED and step.action == "create" and not _is_everything(new)
        if old != new and not may_be_made_with:
            yield danger(Kind.ACCESS, step, f"`{name}` would change; its properties below show how")


def _is_everything(policies: object) -> bool:
    names = policies if isinstance(policies, list) else [policies]
    return any(str(one).rpartition("/")[2] in _EVERYTHING for one in names)
