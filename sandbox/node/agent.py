"""The node agent: runs every pod that is bound to one of the sandbox's nodes."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.kube_api import KubeApi
from sandbox.node import files
from sandbox.node.addresses import AddressPool
from sandbox.node.informer import Informer
from sandbox.node.machines import Heartbeat, machines
from sandbox.node.places import files_root, logs_root
from sandbox.node.plan import ApiServer
from sandbox.node.pod import Host, Pod
from sandbox.node.process import kill_members
from sandbox.paths import Instance

if TYPE_CHECKING:
    from sandbox.images import Image

_log = logging.getLogger(__name__)

_API_SERVER_PORT = 6443
# How long all pods together may take to end with the agent.
_FAREWELL = 9


class Agent:
    """Stands in for the kubelets of all nodes of a sandbox."""

    def __init__(
        self,
        instance: Instance,
        resolve_image: "Callable[[str], Image]",
        unknown_image: type[Exception],
        region: str,
    ) -> None:
        """Prepare to run pods whose images ``resolve_image`` knows; it raises ``unknown_image``."""
        self._instance = instance
        self._api = KubeApi(instance)
        self._machines = machines(region)
        self._hosts = {
            machine.name: Host(
                instance=instance,
                api=self._api,
                api_server=ApiServer(instance.address("api-server"), _API_SERVER_PORT),
                region=region,
                resolve_image=resolve_image,
                unknown_image=unknown_image,
                name=machine.name,
                address=pool.node,
                addresses=pool,
            )
            for machine in self._machines
            for pool in [AddressPool(instance.pod_network(machine.index))]
        }
        self._pods: dict[str, tuple[Pod, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, then end every pod in order and return."""
        loop = asyncio.get_running_loop()
        farewell = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, farewell.set)
        kill_members(files_root(self._instance))
        addresses = {m: self._hosts[m.name].address for m in self._machines}
        heartbeat = asyncio.create_task(Heartbeat(self._api, addresses).run())
        informer = Informer(
            self._api, "/api/v1/pods", self._changed, self._gone, self._remove_strangers
        )
        await farewell.wait()
        informer.stop()
        heartbeat.cancel()
        await self._suspend()

    def _changed(self, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        host = self._hosts.get(pod["spec"].get("nodeName", ""))
        if uid in self._pods:
            self._pods[uid][0].update(pod)
        elif host is not None:
            worker = Pod(pod, host)
            task = asyncio.create_task(worker.run())
            self._pods[uid] = (worker, task)
            task.add_done_callback(lambda done: self._forget(uid, done))

    def _gone(self, pod: dict[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        if uid in self._pods:
            self._pods[uid][0].vanish()

    def _forget(self, uid: str, task: asyncio.Task[None]) -> None:
        del self._pods[uid]
        if not task.cancelled() and (error := task.exception()):
            _log.error("a pod was given up", exc_info=error)

    def _remove_strangers(self) -> None:
        """Remove what pods that no longer exist have left behind."""
        present = [pod.places for pod, _ in self._pods.values()]
        known = {place.files for place in present} | {place.logs for place in present}
        for root in (files_root(self._instance), logs_root(self._instance)):
            if root.exists():
                for directory in root.iterdir():
                    if directory not in known:
                        files.remove_directory(directory)

    async def _suspend(self) -> None:
        tasks = [task for _, task in self._pods.values()]
        for pod, _ in list(self._pods.values()):
            pod.suspend()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), _FAREWELL)
        kill_members(files_root(self._instance))
