"""What a drill has shown: figures, proofs, steps; as text and as data."""

from dataclasses import asdict, dataclass, field
from typing import Any

import click

from ops.drill.proofs import Proof

RTO, RPO = "rto_seconds", "rpo_seconds"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a drill, and how long it took."""

    name: str
    seconds: float
    since_loss: float | None
    """Seconds from the loss of the region to its end; None for one that ended before."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of one drill. A figure is None where the drill ended before it could be taken."""

    proofs: list[Proof]
    targets: dict[str, int]
    steps: list[Step]
    rto_seconds: float | None = None
    """From the loss of the region to the first answer to an old virtual key."""
    rpo_seconds: float | None = None
    """From the newest request whose row of spend survived to the loss."""
    answered: int = 0
    survived: int = 0
    resumed: bool = False
    gateway_url: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every proof holds and no figure misses its target."""
        return all(proof.passed for proof in self.proofs) and not self.missed

    @property
    def missed(self) -> list[str]:
        """Return the figures that were not taken, or are above their targets."""
        figures = {RTO: self.rto_seconds, RPO: self.rpo_seconds}
        return [
            name
            for name, target in self.targets.items()
            if (figure := figures[name]) is None or figure > target
        ]

    def as_dictionary(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "passed": self.passed,
            RTO: self.rto_seconds,
            RPO: self.rpo_seconds,
            "targets": self.targets,
            "proofs": [asdict(proof) for proof in self.proofs],
            "steps": [asdict(step) for step in self.steps],
            "requests": {"answered": self.answered, "survived": self.survived},
            "resumed": self.resumed,
            "gateway_url": self.gateway_url,
            "notes": self.notes,
        }

    def as_text(self) -> str:
        """Return the report for people."""
        lines = ["steps, with the seconds since the loss"]
        for step in self.steps:
            since = "" if step.since_loss is None else f"{step.since_loss:.1f} s"
            lines.append(f"  {step.seconds:7.1f} s  {since:>9}  {step.name}")
        lines += ["", "proofs"]
        for proof in self.proofs:
            mark = (
                click.style("passed", fg="green")
                if proof.passed
                else click.style("FAILED", fg="red")
            )
            lines.append(f"  {mark}  {proof.name}{f': {proof.detail}' if proof.detail else ''}")
        lines += ["", "figures"]
        for name, figure in ((RTO, self.rto_seconds), (RPO, self.rpo_seconds)):
            verdict = click.style("missed", fg="red") if name in self.missed else "kept"
            measured = "not measured" if figure is None else f"{figure:.1f} s"
            lines.append(
                f"  {name.partition('_')[0].upper()}  {measured}, target"
                f" {self.targets[name]:,} s: {verdict}"
            )
        if self.rpo_seconds is not None:
            lines.append(
                f"  {self.answered} requests of the drill's stream were answered before the loss,"
                f" {self.survived} of them are in the restored database"
            )
        return "\n".join([*lines, *(["", *self.notes] if self.notes else [])])
