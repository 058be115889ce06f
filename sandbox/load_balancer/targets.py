"""Targets of a target group: their health, their turn, and their leave."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator

import aiohttp

from sandbox.load_balancer.configuration import Endpoint, HealthCheck, TargetGroup

_log = logging.getLogger(__name__)

_USER_AGENT = "ELB-HealthChecker/2.0"


class Target:
    """One target: ``initial``, ``healthy``, ``unhealthy`` or ``draining``."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.state = "initial"
        self.reason = ""
        self.requests: set[asyncio.Task[object]] = set()
        self.check: asyncio.Task[None] | None = None
        self.expiry: asyncio.TimerHandle | None = None

    def expire(self) -> None:
        """Break off the requests that are still under way."""
        for task in self.requests:
            task.cancel()


class Targets:
    """The targets of one target group."""

    def __init__(
        self, group: TargetGroup, session: aiohttp.ClientSession, changed: Callable[[], None]
    ) -> None:
        self.group = group
        self._session = session
        self._changed = changed
        self._targets: dict[Endpoint, Target] = {}
        self._turn = 0

    def __iter__(self) -> Iterator[Target]:
        return iter(self._targets.values())

    def update(self, group: TargetGroup, endpoints: Collection[Endpoint]) -> None:
        """Have just these targets: new ones are checked at once, others are drained."""
        self.group = group
        for endpoint in endpoints:
            target = self._targets.get(endpoint)
            if target is None or target.state == "draining":
                if target is not None and target.expiry is not None:
                    target.expiry.cancel()
                target = self._targets[endpoint] = Target(endpoint)
                target.check = asyncio.create_task(self._check(target))
                self._changed()
        for endpoint in self._targets.keys() - set(endpoints):
            self._drain(self._targets[endpoint])

    def close(self) -> None:
        """Check nothing any more."""
        for target in self._targets.values():
            if target.check is not None:
                target.check.cancel()

    def choose(self, tried: Collection[Target]) -> Target | None:
        """Return the target whose turn it is, of those that were not tried.

        When all are unhealthy, each of them is as good as another: the load balancer "fails open".
        """
        registered = [t for t in self._targets.values() if t.state != "draining"]
        usable = [t for t in registered if t.state == "healthy"]
        if not usable and all(t.state == "unhealthy" for t in registered):
            usable = registered
        usable = [t for t in usable if t not in tried]
        if not usable:
            return None
        self._turn += 1
        return usable[self._turn % len(usable)]

    def release(self, target: Target, task: "asyncio.Task[object]") -> None:
        """Take note that a request of a target has ended."""
        target.requests.discard(task)
        self._remove_if_idle(target)

    def _drain(self, target: Target) -> None:
        if target.state == "draining":
            return
        target.state, target.reason = "draining", "Target.DeregistrationInProgress"
        if target.check is not None:
            target.check.cancel()
        loop, delay = asyncio.get_running_loop(), self.group.deregistration_delay
        target.expiry = loop.call_later(delay, target.expire)
        self._remove_if_idle(target)
        self._changed()

    def _remove_if_idle(self, target: Target) -> None:
        current = self._targets.get(target.endpoint) is target
        if target.state == "draining" and not target.requests:
            if target.expiry is not None:
                target.expiry.cancel()
            if current:
                del self._targets[target.endpoint]
                self._changed()

    async def _check(self, target: Target) -> None:
        streak, good = 0, False
        while True:
            check = self.group.health_check
            reason = await self._attempt(target, check)
            streak = streak + 1 if good == (not reason) else 1
            good = not reason
            needed = check.healthy if good else check.unhealthy
            # The first check of a new target decides alone when it succeeds.
            if streak >= needed or (good and target.state == "initial"):
                self._set(target, "healthy" if good else "unhealthy", reason)
            await asyncio.sleep(check.interval)

    def _set(self, target: Target, state: str, reason: str) -> None:
        if (target.state, target.reason) != (state, reason):
            _log.info("%s %s:%s is %s %s", self.group.name, *target.endpoint, state, reason)
            target.state, target.reason = state, reason
            self._changed()

    async def _attempt(self, target: Target, check: HealthCheck) -> str:
        port = target.endpoint.port if check.port == "traffic-port" else int(check.port)
        url = f"{check.protocol.lower()}://{target.endpoint.address}:{port}{check.path}"
        timeout = aiohttp.ClientTimeout(total=check.timeout)
        try:
            async with self._session.get(
                url,
                timeout=timeout,
                headers={"User-Agent": _USER_AGENT},
                allow_redirects=False,
            ) as response:
                if check.accepts(response.status):
                    return ""
                return f"Target.ResponseCodeMismatch: {response.status}"
        except TimeoutError:
            return "Target.Timeout"
        except (OSError, aiohttp.ClientError):
            return "Target.FailedHealthChecks"
