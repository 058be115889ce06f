"""The sandbox's load balancer in front of one target, without a cluster, for tests."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Sequence

from sandbox.certificates import authority
from sandbox.load_balancer.balancer import Port
from sandbox.load_balancer.configuration import Endpoint, HealthCheck, Listener, TargetGroup
from sandbox.load_balancer.proxy import Proxy, target_session
from sandbox.load_balancer.rules import Rule
from sandbox.load_balancer.sign_in import SignIn
from sandbox.load_balancer.targets import Targets
from sandbox.paths import Instance

PORT = 8443


@contextlib.contextmanager
def balanced(instance: Instance, rules: Sequence[Rule], target: Endpoint) -> Iterator[None]:
    """Serve HTTPS by these rules, whatever group they forward to, until the end."""
    ready, farewell = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        session, sign_in = target_session(), SignIn(authority(instance).certificate)
        groups = {arn: Targets(_group(arn), session, lambda: None) for arn in _target_groups(rules)}
        for targets in groups.values():
            targets.update(targets.group, [target])
        listener = Listener("listener", "balancer", PORT, "HTTPS", 60, tuple(rules))
        port = Port(instance, listener, Proxy(session, groups, sign_in))
        await port.open()
        ready.set()
        await farewell.wait()
        await port.close()
        for targets in groups.values():
            targets.close()
        await session.close()
        await sign_in.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10), "the load balancer does not listen"
    try:
        yield
    finally:
        loop.call_soon_threadsafe(farewell.set)
        thread.join()
        loop.close()


def _target_groups(rules: Sequence[Rule]) -> set[str]:
    actions = [action for rule in rules for action in rule.actions]
    return {action["TargetGroupArn"] for action in actions if action["Type"] == "forward"}


def _group(arn: str) -> TargetGroup:
    check = HealthCheck("/health/readiness", "traffic-port", "HTTP", 5, 4, 2, 2, "200")
    return TargetGroup(arn, "gateway", "HTTP", check, 1, frozenset(), None)
