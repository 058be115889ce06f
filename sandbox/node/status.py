"""The status of a pod and its containers, as the kubelet reports it."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OWN_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


@dataclass(frozen=True)
class Waiting:
    """A container that does not run yet, or not at the moment."""

    reason: str
    message: str = ""

    def body(self) -> dict[str, Any]:
        return {"waiting": _filled(reason=self.reason, message=self.message)}


@dataclass(frozen=True)
class Running:
    """A container whose process runs."""

    started_at: str

    def body(self) -> dict[str, Any]:
        return {"running": {"startedAt": self.started_at}}


@dataclass(frozen=True)
class Terminated:
    """A container whose process has ended, or could not be started."""

    exit_code: int
    reason: str
    started_at: str
    finished_at: str
    message: str = ""
    container_id: str = ""

    def body(self) -> dict[str, Any]:
        fields = _filled(
            reason=self.reason,
            message=self.message,
            startedAt=self.started_at,
            finishedAt=self.finished_at,
            containerID=self.container_id,
        )
        return {"terminated": {"exitCode": self.exit_code, **fields}}

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Terminated":
        return cls(
            exit_code=body["exitCode"],
            reason=body.get("reason", ""),
            started_at=body.get("startedAt") or now(),
            finished_at=body.get("finishedAt") or now(),
            message=body.get("message", ""),
            container_id=body.get("containerID", ""),
        )


@dataclass
class ContainerRecord:
    """What the node knows of a container of a pod; ``done`` when it will not run again."""

    name: str
    image: str
    state: Waiting | Running | Terminated
    last: Terminated | None = None
    restarts: int = 0
    container_id: str = ""
    started: bool = False
    ready: bool = False
    done: bool = False

    @property
    def ran(self) -> bool:
        return not isinstance(self.state, Waiting) or self.last is not None

    @property
    def succeeded(self) -> bool:
        return self.done and isinstance(self.state, Terminated) and self.state.exit_code == 0

    def body(self, initial: bool = False) -> dict[str, Any]:
        """Return its status; an initial container is ready when it has succeeded."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image,
            "restartCount": self.restarts,
            "started": self.started,
            "ready": self.succeeded if initial else self.ready,
            "state": self.state.body(),
            "lastState": self.last.body() if self.last else {},
            **_filled(containerID=self.container_id),
        }


@dataclass
class PodRecord:
    """What the node knows of a pod, from which :meth:`body` makes its status."""

    initial: Sequence[ContainerRecord]
    containers: Sequence[ContainerRecord]
    host_address: str
    address: str = ""
    started_at: str = ""
    failure: tuple[str, str] | None = None  # reason, message
    complaint: tuple[str, str] | None = None  # of a pod that stays pending
    deleted: bool = False

    @property
    def phase(self) -> str:
        if self.failure or any(c.done and not c.succeeded for c in self.initial):
            return "Failed"
        if all(c.done for c in self.containers):
            return "Succeeded" if all(c.succeeded for c in self.containers) else "Failed"
        initialized = all(c.succeeded for c in self.initial)
        return "Running" if initialized and all(c.ran for c in self.containers) else "Pending"

    def body(self, before: Mapping[str, Any], generation: int | None) -> dict[str, Any]:
        """Return the pod's status, given the one before: other parties' conditions are kept."""
        phase = self.phase
        reason, message = self.failure or self.complaint or (None, None)
        existing = {c["type"]: c for c in before.get("conditions", [])}
        own = [_condition(c, existing.get(c["type"])) for c in self._conditions(phase)]
        others = [c for name, c in existing.items() if name not in OWN_CONDITIONS]
        addresses = {"podIP": self.address, "podIPs": [{"ip": self.address}]}
        return {
            "phase": phase,
            "reason": reason,
            "message": message,
            "conditions": others + own,
            "hostIP": self.host_address,
            "hostIPs": [{"ip": self.host_address}],
            **(addresses if self.address else {}),
            "startTime": self.started_at or None,
            "initContainerStatuses": [c.body(initial=True) for c in self.initial],
            "containerStatuses": [c.body() for c in self.containers],
            **({"observedGeneration": generation} if generation else {}),
        }

    def _conditions(self, phase: str) -> Iterable[dict[str, str]]:
        finished = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(phase)
        unready = [c.name for c in self.containers if not c.ready]
        uninitialized = [c.name for c in self.initial if not c.succeeded]
        yield {"type": "PodReadyToStartContainers", "status": str(bool(self.address))}
        if phase == "Succeeded" or not uninitialized:
            yield {"type": "Initialized", "status": "True"}
        else:
            text = f"containers with incomplete status: [{' '.join(uninitialized)}]"
            yield {
                "type": "Initialized",
                "status": "False",
                "reason": finished or "ContainersNotInitialized",
                "message": text,
            }
        for name in ("Ready", "ContainersReady"):
            if finished or unready:
                text = f"containers with unready status: [{' '.join(unready)}]"
                body = {"reason": finished or "ContainersNotReady", "message": text}
                yield {"type": name, "status": "False", **body}
            else:
                yield {"type": name, "status": "True"}


def own_conditions(status: Mapping[str, Any]) -> dict[str, str]:
    """Return what a pod's status says of the conditions that the kubelet alone knows."""
    return {
        condition["type"]: condition["status"]
        for condition in status.get("conditions", [])
        if condition["type"] in OWN_CONDITIONS
    }


def now() -> str:
    """Return the time as the API server writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _condition(condition: dict[str, str], before: Mapping[str, Any] | None) -> dict[str, str]:
    changed = before is None or before["status"] != condition["status"]
    moment = now() if changed or before is None else before.get("lastTransitionTime") or now()
    return {**condition, "lastTransitionTime": moment}


def _filled(**fields: str) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}
