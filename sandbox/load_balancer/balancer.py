"""Keeps listeners, targets and registrations as the AWS endpoint and the cluster say."""

import asyncio
import json
import logging
import signal
import ssl
from collections.abc import Mapping
from typing import Any

import boto3
from aiohttp import web
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.certificates import authority, issue
from sandbox.kube_api import KubeApi
from sandbox.load_balancer import configuration
from sandbox.load_balancer.bindings import BindingError, endpoints
from sandbox.load_balancer.configuration import Configuration, Endpoint, Listener, TargetGroup
from sandbox.load_balancer.proxy import Proxy, target_session
from sandbox.load_balancer.sign_in import SignIn
from sandbox.load_balancer.targets import Targets
from sandbox.node.informer import Informer
from sandbox.paths import Instance
from sandbox.whole_file import write_file

_log = logging.getLogger(__name__)

_POLL = 2.0
_HEADER_LIMIT = 16 * 1024
_COLLECTIONS = {
    "bindings": "/apis/eks.amazonaws.com/v1/targetgroupbindings",
    "services": "/api/v1/services",
    "pods": "/api/v1/pods",
}


class Balancer:
    """The load balancer of a sandbox; :meth:`run` serves until SIGTERM or SIGINT."""

    def __init__(self, instance: Instance, region: str) -> None:
        self._instance = instance
        self._elb = boto3.client(
            "elbv2",
            region_name=region,
            endpoint_url=instance.aws_endpoint,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106
            config=Config(connect_timeout=2, read_timeout=10, retries={"max_attempts": 1}),
        )
        self._configuration = Configuration()
        self._objects: dict[str, dict[str, Mapping[str, Any]]] = {n: {} for n in _COLLECTIONS}
        self._listed: set[str] = set()
        self._groups: dict[str, Targets] = {}
        self._ports: dict[int, Port] = {}
        self._problems: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._work = asyncio.Event()
        self._written = ""

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        farewell = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, farewell.set)
        self._session = target_session()
        self._sign_in = SignIn(authority(self._instance).certificate)
        self._proxy = Proxy(self._session, self._groups, self._sign_in)
        api = KubeApi(self._instance)
        informers = [self._follow(api, name, path) for name, path in _COLLECTIONS.items()]
        tasks = [asyncio.create_task(work()) for work in (self._poll, self._report)]
        await farewell.wait()
        for informer in informers:
            informer.stop()
        for task in tasks:
            task.cancel()
        for port in self._ports.values():
            await port.close()
        for targets in self._groups.values():
            targets.close()
        await self._session.close()
        await self._sign_in.close()

    def _follow(self, api: KubeApi, name: str, path: str) -> Informer:
        known = self._objects[name]

        def changed(obj: dict[str, Any]) -> None:
            known[obj["metadata"]["uid"]] = obj
            self._settle_if_listed()

        def gone(obj: dict[str, Any]) -> None:
            known.pop(obj["metadata"]["uid"], None)
            self._settle_if_listed()

        def listed() -> None:
            self._listed.add(name)
            self._settle_if_listed()

        return Informer(api, path, changed, gone, listed)

    def _settle_if_listed(self) -> None:
        # Half of the cluster's objects would look like a cluster without pods.
        if self._listed == _COLLECTIONS.keys():
            wanted = self._settle()
            if any(group.registered != targets for group, targets in wanted):
                self._work.set()

    async def _poll(self) -> None:
        """Read the AWS endpoint every now and then, and register what bindings name."""
        while True:
            self._work.clear()
            try:
                self._configuration = await asyncio.to_thread(configuration.read, self._elb)
                self._problems.pop("aws", None)
                if self._listed == _COLLECTIONS.keys():
                    await asyncio.to_thread(self._register, self._settle())
                await self._listen()
            except (BotoCoreError, ClientError) as error:
                self._problems["aws"] = str(error)
                _log.info("the AWS endpoint: %s", error)
            self._changed.set()
            try:
                await asyncio.wait_for(self._work.wait(), _POLL)
            except TimeoutError:
                continue

    def _bound(self) -> dict[str, set[Endpoint]]:
        """Return the targets of every target group that a binding names."""
        bound: dict[str, set[Endpoint]] = {}
        found: dict[str, str] = {}
        services, pods = self._objects["services"].values(), self._objects["pods"].values()
        for uid, binding in self._objects["bindings"].items():
            targets = bound.setdefault(binding["spec"]["targetGroupARN"], set())
            try:
                targets |= endpoints(binding, services, pods)
            except BindingError as error:
                found[f"binding {uid}"] = str(error)
        kept = {k: text for k, text in self._problems.items() if not k.startswith("binding ")}
        self._problems = kept | found
        return bound

    def _settle(self) -> list[tuple[TargetGroup, set[Endpoint]]]:
        """Give every target group its targets; return those that a binding names."""
        bound = self._bound()
        groups = {group.arn: group for group in self._configuration.target_groups}
        for arn in self._groups.keys() - groups.keys():
            self._groups.pop(arn).close()
        for arn, group in groups.items():
            if arn not in self._groups:
                self._groups[arn] = Targets(group, self._session, self._changed.set)
            self._groups[arn].update(group, bound.get(arn, group.registered))
        self._changed.set()
        return [(groups[arn], targets) for arn, targets in bound.items() if arn in groups]

    def _register(self, wanted: list[tuple[TargetGroup, set[Endpoint]]]) -> None:
        for group, targets in wanted:
            for call, difference in (
                (self._elb.register_targets, targets - group.registered),
                (self._elb.deregister_targets, group.registered - targets),
            ):
                if difference:
                    described = [{"Id": t.address, "Port": t.port} for t in sorted(difference)]
                    call(TargetGroupArn=group.arn, Targets=described)

    async def _listen(self) -> None:
        wanted: dict[int, Listener] = {}
        taken: dict[str, str] = {}
        for listener in self._configuration.listeners:
            first = wanted.setdefault(listener.port, listener)
            if first is not listener:
                taken[f"listener {listener.arn}"] = (
                    f"port {listener.port} of {listener.load_balancer} is taken by"
                    f" {first.load_balancer}: a sandbox has one address for all load balancers"
                )
        for number, port in list(self._ports.items()):
            if number not in wanted or wanted[number].protocol != port.listener.protocol:
                await self._ports.pop(number).close()
        for number, listener in wanted.items():
            if number in self._ports:
                self._ports[number].listener = listener
                continue
            port = Port(self._instance, listener, self._proxy)
            try:
                await port.open()
            except OSError as error:
                taken[f"listener {listener.arn}"] = (
                    f"port {number} of {listener.load_balancer} cannot be opened on"
                    f" {self._instance.load_balancer_address}: {error.strerror}"
                )
                continue
            self._ports[number] = port
        for listener in wanted.values():
            for rule in listener.rules:
                if rule.problem:
                    taken[f"listener {listener.arn}"] = f"not supported: {rule.problem}"
        kept = {k: text for k, text in self._problems.items() if not k.startswith("listener ")}
        self._problems = kept | taken

    async def _report(self) -> None:
        """Write the status for ``sandbox status`` whenever it changes."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            text = json.dumps(self._status(), indent=2)
            if text != self._written:
                path = self._instance.state / "load-balancer.json"
                write_file(path, text)
                self._written = text

    def _status(self) -> dict[str, Any]:
        unsupported = [
            f"target group {t.group.name}: {t.group.problem} is not supported"
            for t in self._groups.values()
            if t.group.problem
        ]
        return {
            "listeners": [
                {
                    "load_balancer": port.listener.load_balancer,
                    "protocol": port.listener.protocol,
                    "address": self._instance.load_balancer_address,
                    "port": number,
                }
                for number, port in sorted(self._ports.items())
            ],
            "target_groups": [
                {
                    "name": targets.group.name,
                    "arn": targets.group.arn,
                    "targets": [
                        {
                            "address": target.endpoint.address,
                            "port": target.endpoint.port,
                            "state": target.state,
                            "reason": target.reason,
                        }
                        for target in targets
                    ],
                }
                for targets in self._groups.values()
            ],
            "problems": [*self._problems.values(), *unsupported],
        }


class Port:
    """An open port, which serves its listener as it is at the moment."""

    def __init__(self, instance: Instance, listener: Listener, proxy: Proxy) -> None:
        self.listener = listener
        self._instance = instance
        self._proxy = proxy
        self._servers: dict[float, web.Server] = {}
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen, with TLS for an HTTPS listener; OSError when the port is taken."""
        address = self._instance.load_balancer_address
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._protocols()(), address, self.listener.port, ssl=self._tls(), backlog=1024
        )

    async def close(self) -> None:
        """Listen no more and end every connection."""
        if self._server is not None:
            self._server.close()
        for server in self._servers.values():
            await server.shutdown(timeout=1)

    def _protocols(self) -> web.Server:
        idle = self.listener.idle_timeout
        if idle not in self._servers:
            self._servers[idle] = web.Server(
                self._answer,
                access_log=None,
                auto_decompress=False,
                handler_cancellation=True,
                keepalive_timeout=idle,
                max_field_size=_HEADER_LIMIT,
                max_line_size=_HEADER_LIMIT,
            )
        return self._servers[idle]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        return await self._proxy.answer(self.listener, request)

    def _tls(self) -> ssl.SSLContext | None:
        if self.listener.protocol != "HTTPS":
            return None
        hosts = ["localhost", self._instance.load_balancer_address]
        files = issue(self._instance, "load-balancer", hosts)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.key)
        return context
