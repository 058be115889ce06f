"""Runs checks beside each other; one that fails, hangs or cannot look stops none of the others."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ops.doctor.findings import Finding, Result, unknown, worst
from ops.doctor.registry import Check
from ops.doctor.running_stack import RunningStack

# Time in which interrupted checks delete what they made.
_LEAVE_SECONDS = 15
_MESSAGE = 400


@dataclass(frozen=True, kw_only=True)
class Examined:
    """One check after its end."""

    check: Check
    findings: Sequence[Finding]
    seconds: float

    @property
    def result(self) -> Result:
        return worst(finding.result for finding in self.findings)


@dataclass
class _Running:
    check: Check
    began: float
    thread: threading.Thread | None = None
    findings: list[Finding] = field(default_factory=list)


def examine(
    stack: RunningStack,
    checks: Sequence[Check],
    hide: Callable[[str], str],
    ended: Callable[[Examined, int], None] = lambda _one, _left: None,
) -> list[Examined]:
    """Return what every check found, in their order; secrets are hidden by ``hide``.

    ``ended`` is told of each as it ends, and how many are left. An interrupt lets the checks tidy
    up before it goes on.
    """
    events: queue.Queue[_Running] = queue.Queue()
    running = {check.name: _Running(check, time.monotonic()) for check in checks}
    for one in running.values():
        # A daemon: a check that hangs does not keep the command from ending.
        one.thread = threading.Thread(target=_run, args=(stack, one, events), daemon=True)
        one.thread.start()
    done: dict[str, Examined] = {}
    try:
        while len(done) < len(running):
            for one in _next(events, [r for name, r in running.items() if name not in done]):
                if one.check.name in done:
                    continue  # it was given up before
                result = _hidden(one, hide)
                done[one.check.name] = result
                ended(result, len(running) - len(done))
    finally:
        stack.stopping.set()
        deadline = time.monotonic() + _LEAVE_SECONDS
        for name, one in running.items():
            if one.thread and name not in done:
                one.thread.join(max(0.0, deadline - time.monotonic()))
    return [done[check.name] for check in checks]


def _run(stack: RunningStack, one: _Running, events: "queue.Queue[_Running]") -> None:
    try:
        for finding in one.check.examine(stack):
            one.findings.append(finding)
    except Exception as error:
        words = " ".join(str(error).split())[:_MESSAGE]
        one.findings.append(unknown(f"{type(error).__name__}: {words}" if words else repr(error)))
    events.put(one)


def _next(events: "queue.Queue[_Running]", waiting: Sequence[_Running]) -> list[_Running]:
    """Return the checks that have ended, or are given up: within a second at most."""
    try:
        return [events.get(timeout=1)]
    except queue.Empty:
        pass
    late = [one for one in waiting if time.monotonic() - one.began > one.check.seconds]
    given_up = []
    for one in late:
        note = unknown(f"it did not end within {one.check.seconds:.0f} s")
        # What it finds from now on is nobody's any more.
        given_up.append(replace(one, findings=[*one.findings, note]))
    return given_up


def _hidden(one: _Running, hide: Callable[[str], str]) -> Examined:
    return Examined(
        check=one.check,
        findings=[
            replace(finding, text=hide(finding.text), advice=hide(finding.advice))
            for finding in one.findings
        ],
        seconds=time.monotonic() - one.began,
    )
