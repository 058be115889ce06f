"""What is known of a container from the pod's status, when the node starts again."""

from collections.abc import Mapping
from typing import Any

from sandbox.node.status import ContainerRecord, Terminated, Waiting, now

_STATUSES = {"initContainers": "initContainerStatuses", "containers": "containerStatuses"}
# What the kubelet says of a container that went away without it: pkg/kubelet/status.
_LOST, _LOST_CODE = "ContainerStatusUnknown", 137


def record_of(pod: Mapping[str, Any], spec: Mapping[str, Any], group: str) -> ContainerRecord:
    """Return the record to go on with for a container of ``initContainers`` or ``containers``.

    One that ran when the node ended counts as killed, and starts once more if the pod's restart
    policy allows; one that is finished stays so.
    """
    initial = group == "initContainers"
    waiting = "PodInitializing" if pod["spec"].get("initContainers") else "ContainerCreating"
    record = ContainerRecord(spec["name"], spec["image"], Waiting(waiting))
    known = pod.get("status", {}).get(_STATUSES[group], [])
    body = next((entry for entry in known if entry["name"] == spec["name"]), None)
    if body is None:
        return record
    record.restarts = body.get("restartCount", 0)
    record.container_id = body.get("containerID", "")
    if last := (body.get("lastState") or {}).get("terminated"):
        record.last = Terminated.from_body(last)
    ended = _ended(body)
    if ended is None:
        return record
    policy = pod["spec"].get("restartPolicy", "Always")
    if initial and policy == "Always":
        policy = "OnFailure"
    if policy == "Always" or (policy == "OnFailure" and ended.exit_code):
        record.last = ended
        record.restarts += 1
    else:
        record.state = ended
        record.done = True
    return record


def _ended(body: Mapping[str, Any]) -> Terminated | None:
    state = body.get("state") or {}
    if finished := state.get("terminated"):
        return Terminated.from_body(finished)
    if running := state.get("running"):
        return Terminated(
            exit_code=_LOST_CODE,
            reason=_LOST,
            started_at=running.get("startedAt") or now(),
            finished_at=now(),
            message="The container could not be located when the node started",
            container_id=body.get("containerID", ""),
        )
    return None
