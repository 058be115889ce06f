"""Runs one container of a pod: start, probes, hooks, restarts and end."""

import asyncio
import contextlib
import functools
import os
import subprocess
import time
from collections.abc import Mapping
from typing import Any, Protocol

from sandbox.kube_api import ApiError
from sandbox.node import files, probes
from sandbox.node.features import UnsupportedFeature
from sandbox.node.objects import MissingObject
from sandbox.node.places import PodPlaces
from sandbox.node.plan import ProcessPlan
from sandbox.node.process import Process, StartError, kill_members
from sandbox.node.status import ContainerRecord, Running, Terminated, Waiting, now
from sandbox.whole_file import write_file

# As the kubelet's crash-loop back-off, with a quicker beginning: 0, 1, 2, 4 … 300 s, and from the
# beginning again after ten minutes without a crash.
_LONGEST_PAUSE, _CALM = 300, 600
_LONGEST_RETRY = 10
# What the kubelet leaves a process after a preStop hook that used up the grace period.
_LEAST_GRACE = 2
# The kubelet's limits of a termination message that falls back to the log.
_MESSAGE_SIZE, _LOG_LINES, _LOG_SIZE = 4096, 80, 2048


class ImageError(Exception):
    """An image is not known here; the text says which are."""


class Surroundings(Protocol):
    """What a container needs of its pod."""

    places: PodPlaces
    restart_policy: str
    grace: float

    @property
    def address(self) -> str: ...

    async def plan(self, container: Mapping[str, Any]) -> ProcessPlan:
        """Return the container's process; ImageError, MissingObject or ApiError if it cannot."""
        ...

    def changed(self) -> None: ...

    def event(self, reason: str, message: str, warning: bool = False) -> None: ...


class Container:
    """A container from its first start to the end of its last run."""

    def __init__(
        self,
        spec: Mapping[str, Any],
        record: ContainerRecord,
        pod: Surroundings,
        *,
        initial: bool = False,
    ) -> None:
        self.record = record
        self._spec = spec
        self._pod = pod
        self._name = spec["name"]
        # An initial container is not restarted once it has succeeded.
        always = pod.restart_policy == "Always"
        self._policy = "OnFailure" if initial and always else pod.restart_policy
        self._stopping = asyncio.Event()
        self._hooks = True
        self._ending: asyncio.Task[None] | None = None
        self._plan: ProcessPlan | None = None
        self._process: Process | None = None
        self._liveness: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Run until it is not to be restarted any more, or stopped."""
        crashes = 0
        while not self._stopping.is_set() and not self.record.done:
            plan = await self._planned()
            if plan is None:
                return
            began = time.monotonic()
            ended = await self._run_once(plan)
            crashes = 0 if time.monotonic() - began > _CALM else crashes
            again = self._policy == "Always" or (self._policy == "OnFailure" and ended.exit_code)
            if self._stopping.is_set() or not again:
                self.record.done = True
                self._pod.changed()
                return
            await self._back_off(ended, crashes)
            crashes += 1
            self.record.restarts += 1

    async def stop(self, grace: float, *, hooks: bool = True) -> None:
        """Have it end within the grace period, the preStop hook included, and not start again."""
        self._stopping.set()
        self._hooks = hooks
        if self._process is not None:
            self._pod.event("Killing", f"Stopping container {self._name}")
            await self._begin_end(grace)
        self.record.done = True

    async def _planned(self) -> ProcessPlan | None:
        """Return what to run once all of it is there; None when it is stopped before."""
        pause = 1
        while not self._stopping.is_set():
            try:
                return await self._pod.plan(self._spec)
            except ImageError as error:
                self._wait("ImagePullBackOff", str(error), event="Failed")
            except (MissingObject, UnsupportedFeature) as error:
                self._wait("CreateContainerConfigError", str(error), event="Failed")
            except ApiError as error:
                self._wait("ContainerCreating", str(error))
            await self._pause(pause)
            pause = min(pause * 2, _LONGEST_RETRY)
        return None

    async def _run_once(self, plan: ProcessPlan) -> Terminated:
        record, started_at = self.record, now()
        home = self._pod.places.container(self._name)
        record.container_id = f"sandbox://{os.urandom(16).hex()}"
        message = self._pod.places.termination_message(self._name)
        message.write_bytes(b"")
        log = self._pod.places.log(self._name)
        try:
            self._process = self._start(plan)
        except StartError as error:
            self._pod.event("Failed", f"Error: {error}", warning=True)
            return self._terminated(128, "StartError", started_at, str(error))
        self._plan = plan
        record.state = Running(started_at)
        self._pod.event("Started", f"Started container {self._name}")
        watches = self._watch(plan)
        self._pod.changed()
        code = await self._process.wait()
        for task in watches:
            task.cancel()
        self._process = None
        await asyncio.to_thread(kill_members, home)
        text = files.last_lines(message, _MESSAGE_SIZE, _MESSAGE_SIZE)
        falls_back = self._spec.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        if not text and code and falls_back:
            text = files.last_lines(log, _LOG_LINES, _LOG_SIZE)
        return self._terminated(code, "Error" if code else "Completed", started_at, text)

    def _start(self, plan: ProcessPlan) -> Process:
        places = self._pod.places
        home = places.container(self._name)
        if plan.kubeconfig:
            write_file(places.kubeconfig(self._name), plan.kubeconfig)
        log = files.open_log(places.log(self._name))
        try:
            return Process(plan.command, plan.environment, plan.directory, home, log)
        finally:
            os.close(log)

    def _terminated(self, code: int, reason: str, started_at: str, message: str) -> Terminated:
        record = self.record
        ended = Terminated(code, reason, started_at, now(), message, record.container_id)
        record.state, record.ready, record.started = ended, False, False
        self._pod.changed()
        return ended

    async def _back_off(self, ended: Terminated, crashes: int) -> None:
        self.record.last = ended
        if crashes:
            pause = min(2 ** (crashes - 1), _LONGEST_PAUSE)
            message = f"back-off {pause}s restarting failed container={self._name}"
            self._wait("CrashLoopBackOff", message, event="BackOff")
            await self._pause(pause)

    def _wait(self, reason: str, message: str, event: str | None = None) -> None:
        state = Waiting(reason, message)
        if state == self.record.state:
            return
        self.record.state = state
        self._pod.changed()
        if event:
            self._pod.event(event, message, warning=True)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _watch(self, plan: ProcessPlan) -> list[asyncio.Task[None]]:
        """Start the probes; they end with the returned tasks."""
        prober = probes.Prober(
            self._spec, self._pod.address, functools.partial(self._execute, plan)
        )
        tasks: list[asyncio.Task[None]] = []

        def probe(kind: str, succeeded: Any, failed: Any) -> asyncio.Task[None]:
            def complain(reason: str) -> None:
                self._pod.event("Unhealthy", f"{kind} probe failed: {reason}", warning=True)

            spec = self._spec[f"{kind.lower()}Probe"]
            task = asyncio.create_task(probes.watch(prober, spec, succeeded, failed, complain))
            tasks.append(task)
            return task

        def begin() -> None:
            self._set(started=True, ready="readinessProbe" not in self._spec)
            if "readinessProbe" in self._spec:
                make_ready, make_unready = (
                    functools.partial(self._set, ready=ready) for ready in (True, False)
                )
                probe("Readiness", make_ready, lambda _: make_unready())
            if "livenessProbe" in self._spec and not self._stopping.is_set():
                task = probe("Liveness", lambda: None, self._killer("liveness"))
                self._liveness = [task]

        if "startupProbe" in self._spec:

            def has_started() -> None:
                self._liveness = []
                startup.cancel()
                begin()

            startup = probe("Startup", has_started, self._killer("startup"))
            self._liveness = [startup]
        else:
            begin()
        return tasks

    def _set(self, *, ready: bool | None = None, started: bool | None = None) -> None:
        record = self.record
        record.ready = record.ready if ready is None else ready
        record.started = record.started if started is None else started
        self._pod.changed()

    def _killer(self, kind: str) -> Any:
        probe = self._spec[f"{kind}Probe"]
        grace = probe.get("terminationGracePeriodSeconds", self._pod.grace)

        def kill(_: str) -> None:
            text = f"Container {self._name} failed {kind} probe, will be restarted"
            self._pod.event("Killing", text)
            self._begin_end(grace)

        return kill

    def _begin_end(self, grace: float) -> asyncio.Task[None]:
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_process(grace))
        return self._ending

    async def _end_process(self, grace: float) -> None:
        """Run the preStop hook, then end the process; both within the grace period."""
        process, plan = self._process, self._plan
        if process is None or plan is None:
            return
        for task in self._liveness:
            task.cancel()
        began = time.monotonic()
        hook = (self._spec.get("lifecycle") or {}).get("preStop")
        if hook and self._hooks:
            await self._pre_stop(process, plan, hook, grace)
        left = grace - (time.monotonic() - began)
        await process.end(max(left, _LEAST_GRACE) if grace else 0)

    async def _pre_stop(
        self, process: Process, plan: ProcessPlan, hook: Mapping[str, Any], grace: float
    ) -> None:
        execute = functools.partial(self._execute, plan)
        prober = probes.Prober(self._spec, self._pod.address, execute)
        if "sleep" in hook:
            action = asyncio.ensure_future(asyncio.sleep(hook["sleep"]["seconds"], ""))
        else:
            action = asyncio.ensure_future(prober.attempt(hook, grace))
        exit_code = asyncio.ensure_future(process.wait())
        await asyncio.wait({action, exit_code}, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        if action.done() and (reason := action.result()):
            self._pod.event("FailedPreStopHook", f"PreStopHook failed: {reason}", warning=True)
        for future in (action, exit_code):
            future.cancel()

    async def _execute(self, plan: ProcessPlan, command: list[str], timeout: float) -> int:
        """Run a command in the container; what it complains of goes to the container's log."""
        home = self._pod.places.container(self._name)
        log = os.open(self._pod.places.log(self._name), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            process = Process(
                plan.rewritten(command),
                plan.environment,
                plan.directory,
                home,
                subprocess.DEVNULL,
                log,
            )
        except StartError as error:
            raise OSError(str(error)) from None
        finally:
            os.close(log)
        try:
            return await asyncio.wait_for(process.wait(), timeout)
        finally:
            process.kill()
