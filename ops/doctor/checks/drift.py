"""Whether what there is, is what the stack's state says."""

from collections.abc import Iterator

from ops.doctor.findings import Finding, attention, ok
from ops.doctor.running_stack import RunningStack
from ops.pipeline.drift import EXCLUDED

_PAGE = "docs/runbooks/doctor.md#drift"
_MOST = 10


def drift(stack: RunningStack) -> Iterator[Finding]:
    """Compare every resource with the real thing, apart from values of secrets and Helm releases.

    Reading those takes rights that a reader does not have; other checks look at them.
    """
    changes = stack.deployment.drift(stack.told, EXCLUDED).changes
    for change in changes[:_MOST]:
        gone = change.operation == "delete"
        how = "is gone" if gone else f"has changed in {', '.join(change.properties) or 'something'}"
        yield attention(f"{change.resource_type} {change.name} {how}", _PAGE)
    if len(changes) > _MOST:
        yield attention(f"{len(changes) - _MOST} more resources have changed", _PAGE)
    yield ok(f"every resource was read, {len(changes)} differ")
