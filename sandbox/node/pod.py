"""Runs one pod, from its binding to this node to the removal of its object."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.node import environment, features, files, plan, roles, status, volumes
from sandbox.node.addresses import AddressPool
from sandbox.node.container import Container, ImageError
from sandbox.node.events import EventRecorder
from sandbox.node.objects import MissingObject
from sandbox.node.places import places
from sandbox.node.process import kill_members
from sandbox.node.reader import ObjectReader
from sandbox.node.recovery import record_of
from sandbox.node.status import PodRecord, own_conditions
from sandbox.paths import Instance

if TYPE_CHECKING:
    from sandbox.images import Image

_log = logging.getLogger(__name__)

_FINISHED = ("Succeeded", "Failed")
# The kubelet brings volumes up to date, and looks after logs, about once a minute; a log may have
# 10 MiB (containerLogMaxSize).
_UPKEEP, _LOG_SIZE = 60, 10 * 1024 * 1024
_LONGEST_RETRY = 10
_PATIENCE = 2
# How long the processes may take to end with the node agent itself.
_SUSPENSION = 6


@dataclass(frozen=True, kw_only=True)
class Host:
    """What the pods of one node share."""

    instance: Instance
    api: KubeApi
    api_server: plan.ApiServer
    region: str
    resolve_image: "Callable[[str], Image]"
    unknown_image: type[Exception]
    name: str
    address: str
    addresses: AddressPool


class Pod:
    """One pod on its node.

    :meth:`run` returns once the pod's object and everything of it on this machine is gone, or
    after :meth:`suspend`, which leaves the object as it is for the next start.
    """

    def __init__(self, pod: Mapping[str, Any], host: Host) -> None:
        self.places = places(host.instance, pod)
        self.restart_policy: str = pod["spec"].get("restartPolicy", "Always")
        self.grace: float = pod["spec"].get("terminationGracePeriodSeconds", 30)
        self._object = pod
        self._spec_pod = pod
        self._host = host
        self._path = "/api/v1/namespaces/{namespace}/pods/{name}".format(**pod["metadata"])
        self._reader = ObjectReader(host.api, pod)
        self._events = EventRecorder(host.api, pod, host.name)
        initial, containers = (
            [record_of(pod, spec, group) for spec in pod["spec"].get(group, [])]
            for group in ("initContainers", "containers")
        )
        self._record = PodRecord(initial, containers, host.address)
        # Addresses that are in use are taken before any new pod asks for one.
        known = pod.get("status", {})
        if "podIP" in known and known.get("phase") not in _FINISHED:
            self._record.address = host.addresses.take(known["podIP"])
        self._containers: list[Container] = []
        self._deletion = asyncio.Event()
        self._changed = asyncio.Event()
        self._gone = False
        self._suspended = False
        self._sent: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        return self._record.address

    def changed(self) -> None:
        self._changed.set()

    def event(self, reason: str, message: str, warning: bool = False) -> None:
        self._events.record(reason, message, warning)

    def update(self, pod: Mapping[str, Any]) -> None:
        """Take note of the pod's object as it is now."""
        self._object = pod
        if self._sent and own_conditions(pod.get("status", {})) != own_conditions(self._sent):
            # As the node lifecycle controller does, for whom a silent node's pods are not ready.
            self._sent = None
            self.changed()
        if pod["metadata"].get("deletionTimestamp"):
            self.grace = pod["metadata"].get("deletionGracePeriodSeconds", self.grace)
            self._deletion.set()

    def vanish(self) -> None:
        """Take note that the object is gone, as after a forced deletion."""
        self._gone = True
        self.grace = 0
        self._deletion.set()

    def suspend(self) -> None:
        """Have every process end soon, without the hooks of a pod's end; the object stays."""
        self._suspended = True
        self.grace = min(self.grace, _SUSPENSION)
        self._deletion.set()

    async def run(self) -> None:
        """Run the pod until it is deleted, and clean up after it."""
        self.update(self._object)
        if self._object.get("status", {}).get("phase") in _FINISHED:
            await self._deletion.wait()
            return await self._remove()
        writer = asyncio.create_task(self._write_status())
        life = asyncio.create_task(self._live())
        upkeep = asyncio.create_task(self._keep_up())
        deletion = asyncio.create_task(self._deletion.wait())
        limit = self._object["spec"].get("activeDeadlineSeconds")
        await asyncio.wait({deletion, life}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not life.done() and not deletion.done():
            message = "Pod was active on the node longer than the specified deadline"
            self._record.failure = ("DeadlineExceeded", message)
            await self._stop(life)
        elif life.done() and (error := life.exception()):
            # A defect of the node must not look like a pod that is about to start.
            _log.error("pod %s", self._path, exc_info=error)
            self._complain("NodeError", f"{type(error).__name__}: {error}")
        self.changed()
        await deletion
        if self._suspended:
            writer.cancel()
        await self._stop(life)
        upkeep.cancel()
        writer.cancel()
        if not self._suspended:
            with contextlib.suppress(ApiError):
                self._sent = None
                await self._push()
            await self._remove()

    async def plan(self, container: Mapping[str, Any]) -> plan.ProcessPlan:
        """Return the process of a container as the cluster's objects are now."""
        image = container["image"]
        try:
            found = self._host.resolve_image(image)
        except self._host.unknown_image as error:
            raise ImageError(f'Failed to pull image "{image}": {error}') from None
        pod = self._described()
        spec = next(c for c in self._all(pod["spec"]) if c["name"] == container["name"])
        objects = await self._reader.read(environment.references(spec))
        return plan.build(pod, spec, found, objects, self.places, self._host.api_server)

    async def _live(self) -> None:
        try:
            features.check(self._object["spec"])
        except features.UnsupportedFeature as error:
            return self._complain("UnsupportedPodSpec", str(error))
        self._record.address = self._record.address or self._host.addresses.take()
        self._record.started_at = self._object.get("status", {}).get("startTime") or status.now()
        self.changed()
        if not self.places.files.exists():
            for record in self._record.initial:
                record.done = False
        files.prepare(self._object, self.places)
        await self._prepare_volumes()
        groups = ("initContainers", self._record.initial), ("containers", self._record.containers)
        initial, containers = (
            [
                Container(spec, record, self, initial=group == "initContainers")
                for spec, record in zip(self._spec_pod["spec"].get(group, []), records, strict=True)
            ]
            for group, records in groups
        )
        self._containers = [*initial, *containers]
        for container in initial:
            await container.run()
            if not container.record.succeeded:
                return
        await asyncio.gather(*(container.run() for container in containers))

    async def _prepare_volumes(self) -> None:
        pause = 1
        while True:
            try:
                annotations = await self._reader.account_annotations()
                region = self._host.region
                self._spec_pod = roles.with_role_credentials(self._object, annotations, region)
                files.prepare(self._spec_pod, self.places)
                return await self._fill_volumes()
            except (MissingObject, ApiError) as error:
                self.event("FailedMount", f"MountVolume.SetUp failed: {error}", warning=True)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_RETRY)

    async def _fill_volumes(self) -> None:
        pod = self._described()
        objects = await self._reader.read(volumes.references(pod), volumes.token_requests(pod))
        for name, content in volumes.build(pod, objects).items():
            files.write_volume(self.places.volumes / name, content)

    async def _keep_up(self) -> None:
        while True:
            await asyncio.sleep(_UPKEEP)
            for container in self._containers:
                files.limit_log(self.places.log(container.record.name), _LOG_SIZE)
            if self._containers:
                try:
                    await self._fill_volumes()
                except (MissingObject, ApiError) as error:
                    self.event("FailedMount", f"MountVolume.SetUp failed: {error}", warning=True)

    async def _stop(self, life: asyncio.Task[None]) -> None:
        hooks = not self._suspended
        await asyncio.gather(*(c.stop(self.grace, hooks=hooks) for c in self._containers))
        # What is still under way is a start that waits for something, or the last words of one.
        await asyncio.wait({life}, timeout=_PATIENCE if self._containers else 0)
        life.cancel()
        await asyncio.to_thread(kill_members, self.places.files)

    async def _remove(self) -> None:
        if self._suspended:
            return
        await asyncio.to_thread(files.remove, self.places)
        if not self._gone:
            uid = self._object["metadata"]["uid"]
            await self._until_done(
                lambda: self._host.api.delete(self._path, uid=uid, gracePeriodSeconds=0)
            )
        self._host.addresses.give_back(self.address)

    async def _until_done(self, call: Callable[[], Any]) -> None:
        while True:
            try:
                await asyncio.to_thread(call)
                return
            except ApiError as error:
                if error.status in (404, 409):  # another took it away, or it is another pod now
                    return
                _log.warning("pod %s: %s", self._path, error)
            await asyncio.sleep(1)

    async def _write_status(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._push()
            except ApiError as error:
                if error.status in (404, 409):
                    return
                _log.warning("status of pod %s: %.300s", self._path, error)
                await asyncio.sleep(1)
                self.changed()

    async def _push(self) -> None:
        """Send the status unless it is the one that was sent before."""
        metadata = self._object["metadata"]
        before = {**self._object.get("status", {}), **(self._sent or {})}
        body = self._record.body(before, metadata.get("generation"))
        if body != self._sent:
            patch = {"metadata": {"uid": metadata["uid"]}, "status": body}
            await asyncio.to_thread(self._host.api.patch, f"{self._path}/status", patch)
        self._sent = body

    def _complain(self, reason: str, message: str) -> None:
        """Have the pod stay pending and say why: one that fails is replaced without end."""
        self.event(reason, message, warning=True)
        self._record.complaint = (reason, message)
        for record in self._record.containers:
            record.state = status.Waiting("CreateContainerConfigError", message)
        self.changed()

    def _described(self) -> dict[str, Any]:
        """Return the pod with the addresses that its fields refer to."""
        addresses = {"podIP": self.address, "hostIP": self._host.address}
        return {**self._spec_pod, "status": {**self._object.get("status", {}), **addresses}}

    @staticmethod
    def _all(spec: Mapping[str, Any]) -> list[Any]:
        return [*spec.get("initContainers", []), *spec["containers"]]
