"""Replacement and deletion of what holds state, and protection that ends."""

from collections.abc import Iterator

from ops.preview_report.dangers import Danger, Kind, danger
from ops.preview_report.preview import Preview, Step

# Type → what it is and what goes with it.
_KEPT = {
    "aws:rds/instance:Instance": ("database", "keys, budgets and spend of every user"),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "cache",
        "counters of limits and kept answers, and callers wait",
    ),
    "aws:s3/bucket:Bucket": ("bucket", "every object in it"),
    "aws:kms/key:Key": ("key", "all that is encrypted with it"),
    "aws:secretsmanager/secret:Secret": ("secret", "every version of its value"),
    "aws:eks/cluster:Cluster": ("cluster", "all that runs in it"),
    "aws:cloudtrail/trail:Trail": ("audit trail", "the record of who did what from then on"),
    "aws:cloudwatch/logGroup:LogGroup": ("log group", "its records"),
    "kubernetes:core/v1:PersistentVolumeClaim": ("volume", "its data"),
}
_PROVIDERS = "pulumi:providers:"
_INTERRUPTING = {
    "aws:ec2/vpc:Vpc": "everything in the network",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "the roles of every pod",
    "aws:lb/loadBalancer:LoadBalancer": "every open answer, and its address changes",
    "kubernetes:core/v1:Namespace": "every pod in it",
    "kubernetes:helm.sh/v3:Release": "every pod of it",
}
_GENERATED = "random:index/randomPassword:RandomPassword"
_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
_COPIES = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
_DONE = {"delete": "deleted", "replace": "replaced"}


def losses(preview: Preview) -> Iterator[Danger]:
    """Yield what would be replaced or deleted though it holds state or serves."""
    new_copies = any(step.type == _COPIES and step.action == "create" for step in preview.steps)
    for step in preview.steps:
        if step.action not in _DONE:
            continue
        if step.type.startswith(_PROVIDERS):
            yield danger(Kind.LOSS, step, _provider(step))
        elif step.type in _KEPT:
            yield danger(Kind.LOSS, step, _loss(step, *_KEPT[step.type]))
        elif step.type in _INTERRUPTING:
            what = f"would be {_DONE[step.action]}, which interrupts {_INTERRUPTING[step.type]}"
            yield danger(Kind.OUTAGE, step, what + _because(step))
        elif step.type == _COPIES and not new_copies:
            yield danger(Kind.LOSS, step, "the copies of backups in the second region would end")
        elif step.type == _GENERATED and step.action == "replace":
            yield danger(Kind.LOSS, step, "its value would be generated anew, under the same epoch")


def rewritten_secrets(preview: Preview) -> Iterator[Danger]:
    """Yield values that would change without a new epoch, so that nothing waits for the new one."""
    for step in preview.steps:
        if step.type == _VERSION and step.action in ("update", "replace"):
            text = "a value that serves would be written over; raise its epoch instead"
            if any(one.path[0] in ("secretString", "secretId") for one in step.differences):
                yield danger(Kind.LOSS, step, text)


def protections(preview: Preview) -> Iterator[Danger]:
    """Yield resources that Pulumi would no longer protect or leave standing."""
    for step in preview.steps:
        if step.old is None or step.new is None:
            continue
        if step.old.protect and not step.new.protect:
            yield danger(Kind.PROTECTION, step, "Pulumi's `protect` would be removed")
        if step.old.retain and not step.new.retain:
            yield danger(
                Kind.PROTECTION, step, "`retainOnDelete` removed: a deletion would reach AWS"
            )


def _loss(step: Step, noun: str, lost: str) -> str:
    if step.old and step.old.retain:
        return (
            f"the {noun} would be {_DONE[step.action]}: it stays in AWS, but the stack no longer "
            f"looks after it{_because(step)}"
        )
    return f"the {noun} would be {_DONE[step.action]}, and with it goes: {lost}{_because(step)}"


def _provider(step: Step) -> str:
    if step.action == "delete":
        return "the provider would be removed: nothing could manage what was made through it"
    return (
        f"the provider would be replaced, and with it all that was made through it{_because(step)}"
    )


def _because(step: Step) -> str:
    reasons = [str(one.path[0]) for one in step.differences if one.replaces]
    if not reasons:
        return ""
    return " (because of " + ", ".join(f"`{name}`" for name in dict.fromkeys(reasons)) + ")"
