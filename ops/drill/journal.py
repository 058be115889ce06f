"""The journal of a drill, by which a run that was killed is gone on with, or begun anew."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from ops.drill.evidence import Backup, Evidence
from ops.drill.proofs import Proof
from ops.drill.report import Step
from ops.drill.until import DrillError
from ops.gateway import Account
from ops.one_at_a_time import one_at_a_time
from sandbox.paths import Instance, state_directory
from sandbox.second_region.copies import Copies
from sandbox.whole_file import write_file

_JOURNAL, _COPIES = "journal.json", "copies"


@dataclass
class Journal:
    """How far a drill has come, and all that it needs after the loss.

    Stands in a folder beside both sandboxes, which only its owner may read: it holds virtual keys.
    """

    directory: Path
    recovery_slot: int
    throw_away: bool = False
    """The drill brought the sandbox up itself, so nobody works in it."""
    evidence: Evidence | None = None
    backup: Backup | None = None
    settings: dict[str, str] = field(default_factory=dict)
    """What the stack of the second region differs in: key → YAML text."""
    stack: str = ""
    """Name of that stack."""
    targets: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    """Requests that were answered until the loss."""
    lost_at: float | None = None
    """Seconds of the epoch; from now on there is no way back."""
    steps: list[Step] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    """What is proven so far."""

    @property
    def region(self) -> str:
        """The second region; DrillError before there is one."""
        if self.evidence is None:
            raise DrillError(f"the journal in {self.directory} names no second region")
        return self.evidence.region

    @property
    def copies(self) -> Copies:
        return Copies(self.directory / _COPIES)

    def of_the_lost(self) -> tuple[Evidence, Backup, float]:
        """Return what is known of the lost region, and when it was lost."""
        if self.evidence is None or self.backup is None or self.lost_at is None:
            raise DrillError(f"the journal in {self.directory} is of before the loss")
        return self.evidence, self.backup, self.lost_at

    def save(self) -> None:
        """Write it down, whole or not at all."""
        content = asdict(self)
        del content["directory"]
        write_file(self.directory / _JOURNAL, json.dumps(content))

    def close(self) -> None:
        """Delete it with the copies: the drill is over."""
        self.copies.discard()
        (self.directory / _JOURNAL).unlink(missing_ok=True)

    @classmethod
    def read(cls, directory: Path) -> Self | None:
        """Return the journal of a run that did not end; None without one."""
        file = directory / _JOURNAL
        if not file.exists():
            return None
        content = json.loads(file.read_text())
        if content["evidence"]:
            content["evidence"] = Evidence(**content["evidence"])
        if content["backup"]:
            content["backup"] = Backup(
                **{
                    moment: {name: Account(**account) for name, account in accounts.items()}
                    for moment, accounts in content["backup"].items()
                }
            )
        content["steps"] = [Step(**one) for one in content["steps"]]
        content["proofs"] = [Proof(**one) for one in content["proofs"]]
        return cls(directory=directory, **content)


def directory_of(home: Instance) -> Path:
    """Return where the journal of a sandbox's drills is; no sandbox can have such a name."""
    return state_directory() / f"{home.name}.drill"


@contextlib.contextmanager
def alone(home: Instance) -> Iterator[Path]:
    """Hold the drills of a sandbox, and yield their folder; AnotherRun if another one runs."""
    directory = directory_of(home)
    with one_at_a_time(directory, f"drill of sandbox {home.name!r}"):
        yield directory
        if not (directory / _JOURNAL).exists():
            shutil.rmtree(directory)
