"""Deletes a stack, with its obstacles taken away meanwhile, until nothing is left in its state."""

import time
from dataclasses import dataclass, field

from ops.deployments.deployment import Deployment
from ops.destroy.journal import Journal
from ops.destroy.obstacles import Obstacles
from ops.destroy.plan import Plan
from ops.destroy.protection import Protection
from ops.destroy.remains import Remains, present
from ops.state.cluster_objects import without_cluster_objects
from ops.state.keeping import keep_copy
from sandbox.stack_operations import EngineError, Report


class DestroyError(Exception):
    """A stack cannot be deleted as things are; the message says what to do."""


@dataclass
class Destruction:
    """What a destroy did, or refused to."""

    stack: str
    protections: list[Protection] = field(default_factory=list)
    deleted: int = 0
    dropped: int = 0
    state_copy: str = ""
    cleared: list[str] = field(default_factory=list)
    stays: list[Remains] = field(default_factory=list)
    seconds: float = 0.0
    done: bool = False

    def as_document(self) -> dict[str, object]:
        return {
            "stack": self.stack,
            "done": self.done,
            "protections": [one.as_document() for one in self.protections],
            "deleted": self.deleted,
            "dropped_from_state": self.dropped,
            "state_copy": self.state_copy or None,
            "cleared": self.cleared,
            "stays": [one.as_document() for one in self.stays],
            "seconds": round(self.seconds, 1),
        }

    def lines(self) -> list[str]:
        told = [f"{self.deleted} resources deleted in {self.seconds:.0f} s"]
        if self.dropped:
            told.append(
                f"{self.dropped} objects of the lost cluster dropped from the state; "
                f"it was kept as {self.state_copy}"
            )
        told += [f"out of the way: {one}" for one in self.cleared]
        told += [f"stays: {one.line}" for one in self.stays]
        return told if self.stays else [*told, "nothing stays"]


def destroy(
    plan: Plan,
    deployment: Deployment,
    report: Report,
    *,
    patience: float,
    without_cluster: bool = False,
    keep: str = "state-copies",
) -> Destruction:
    """Delete what the plan has found, and say what was left.

    ``patience`` is for how many seconds an object of the cluster may refuse to go; ``keep`` is
    where the state goes before the objects of a lost cluster are dropped from it. Raises
    DestroyError where the cluster does not answer, and EngineError where something was not
    deleted and nothing that is known here stands in its way.
    """
    if plan.cluster_is_silent and not without_cluster and plan.cluster:
        raise DestroyError(
            f"cluster {plan.cluster.name} exists, but its API server does not answer: "
            f"{plan.cluster.trouble}. Come from a network that reaches it "
            "(docs/runbooks/first-run.md), or give --without-cluster: what is in it is then "
            "dropped from the state and goes with it"
        )
    began = time.monotonic()
    done = Destruction(stack=deployment.stack)
    expected = Journal.begin(deployment.notes, plan.stays)
    document = plan.document
    if plan.objects and (plan.cluster_is_lost or plan.cluster_is_silent):
        report(f"dropping {len(plan.objects)} objects of the lost cluster from the state")
        done.state_copy, _ = keep_copy(deployment, document, keep)
        deployment.state().put(without_cluster_objects(document))
        done.dropped = len(plan.objects)
    obstacles = Obstacles.of(document, deployment, plan.cluster, patience)
    _delete(deployment, obstacles, report)
    done.deleted = plan.count - plan.retained - done.dropped
    done.cleared = obstacles.cleared
    report("looking at what stays")
    done.stays = present(expected, deployment)
    Journal.remove(deployment.notes)
    done.done, done.seconds = True, time.monotonic() - began
    return done


def _delete(deployment: Deployment, obstacles: Obstacles, report: Report) -> None:
    """Let the engine delete, again as long as that fails and something could be cleared since."""
    while True:
        before = len(obstacles.cleared)
        try:
            with obstacles.cleared_meanwhile(report):
                deployment.destroy(report)
            return
        except EngineError as error:
            obstacles.clear(report)
            if len(obstacles.cleared) == before:
                raise
            report(f"deleting again, with what was in the way gone: {str(error).splitlines()[0]}")
