"""Replays a graph of tasks that wait for each other, as the engine works through a stack."""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# 4 for each processor (defaultParallel in cmd/pulumi/operations/up.go of Pulumi 3.259), of which
# GitHub's hosted runners for Linux have four.
ENGINE_PARALLELISM = 16


class Cycle(Exception):
    """Tasks that wait for each other, or for a task that is not there."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What takes time and waits for other tasks.

    One without work, or that is not the ``engine``'s, takes no place among its operations.
    """

    name: str
    seconds: float
    waits_for: frozenset[str] = field(default_factory=frozenset)
    engine: bool = True

    @property
    def takes_place(self) -> bool:
        return self.engine and self.seconds > 0


@dataclass(frozen=True, kw_only=True)
class Span:
    """When a task could start, when it did, and when it ended."""

    ready: float
    start: float
    end: float


def replay(tasks: Iterable[Task], parallel: int = ENGINE_PARALLELISM) -> dict[str, Span]:
    """Return the span of each task: those that are ready first, at most ``parallel`` at once.

    Raises :class:`Cycle` if some can never start.
    """
    by_name = {task.name: task for task in tasks}
    missing = {name: set(task.waits_for) for name, task in by_name.items()}
    waiting = deque(name for name, others in missing.items() if not others)
    ready_at = dict.fromkeys(waiting, 0.0)
    running: list[tuple[float, int, str]] = []
    spans: dict[str, Span] = {}
    now, started, busy = 0.0, 0, 0
    while waiting or running:
        while waiting:
            task = by_name[waiting[0]]
            if task.takes_place and busy >= parallel:
                break
            waiting.popleft()
            busy += task.takes_place
            started += 1
            end = now + task.seconds
            spans[task.name] = Span(ready=ready_at[task.name], start=now, end=end)
            heapq.heappush(running, (end, started, task.name))
        now, _, ended = heapq.heappop(running)
        busy -= by_name[ended].takes_place
        for name, others in missing.items():
            if ended in others:
                others.discard(ended)
                if not others:
                    ready_at[name] = now
                    waiting.append(name)
    if stuck := sorted(set(by_name) - set(spans)):
        raise Cycle(f"never started: {', '.join(stuck)}")
    return spans


def critical_path(tasks: Iterable[Task], spans: Mapping[str, Span], target: str) -> list[str]:
    """Return the tasks that the target waited for, from the first to itself.

    Each is the one that ended last among those that the next one waits for.
    """
    by_name = {task.name: task for task in tasks}
    path = [target]
    while others := by_name[path[-1]].waits_for:
        path.append(max(others, key=lambda name: (spans[name].end, spans[name].start, name)))
    return path[::-1]


def longest_chain(tasks: Iterable[Task]) -> tuple[float, list[str]]:
    """Return how long tasks take without any limit, and the chain that takes so long."""
    given = list(tasks)
    spans = replay(given, parallel=len(given))
    last = max(spans, key=lambda name: spans[name].end)
    return spans[last].end, critical_path(given, spans, last)
