"""What an examination found, as text and as data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ops.console import FAILED, NEEDS_ATTENTION
from ops.doctor.examination import Examined
from ops.doctor.findings import Finding, Result, worst

_COLOURS = {
    Result.OK: "green",
    Result.ATTENTION: "yellow",
    Result.FAILED: "red",
    Result.UNKNOWN: "magenta",
}
_WIDTH = max(len(result) for result in Result)
_EXIT_CODES = {
    Result.OK: 0,
    Result.ATTENTION: NEEDS_ATTENTION,
    Result.UNKNOWN: NEEDS_ATTENTION,
    Result.FAILED: FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Report:
    """Every check of one examination."""

    stack: str
    examined: Sequence[Examined]

    @property
    def result(self) -> Result:
        return worst(one.result for one in self.examined)

    @property
    def exit_code(self) -> int:
        """0 all is well, 3 something needs attention or could not be told, 1 something failed."""
        return _EXIT_CODES[self.result]

    def as_document(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "stack": self.stack,
            "result": self.result.value,
            "checks": [
                {
                    "name": one.check.name,
                    "result": one.result.value,
                    "seconds": round(one.seconds, 1),
                    "findings": [
                        {
                            "result": finding.result.value,
                            "text": finding.text,
                            "advice": finding.advice,
                        }
                        for finding in one.findings
                    ],
                    "page": one.check.page,
                }
                for one in self.examined
            ],
        }

    def as_text(self) -> str:
        """Return the table for people: a line for each check, more where something is wrong."""
        width = max(len(one.check.name) for one in self.examined)
        lines = [line for one in self.examined for line in _lines(one, width)]
        counts = [
            f"{sum(one.result is result for one in self.examined)} {result.value}"
            for result in Result
            if any(one.result is result for one in self.examined)
        ]
        return "\n".join([*lines, "", f"{self.stack}: {', '.join(counts)}"])


def _lines(one: Examined, width: int) -> Iterable[str]:
    wrong = [finding for finding in one.findings if finding.result is not Result.OK]
    mark = click.style(f"{one.result.value:{_WIDTH}}", fg=_COLOURS[one.result])
    if not wrong:
        said = "; ".join(finding.text for finding in one.findings)
        yield f"{mark}  {one.check.name:{width}}  {said}"
        return
    indent = " " * (_WIDTH + width + 4)
    for number, finding in enumerate(sorted(wrong, key=_severity)):
        start = indent if number else f"{mark}  {one.check.name:{width}}  "
        yield f"{start}{finding.text}"
        yield f"{indent}{click.style(f'→ {finding.advice or one.check.page}', dim=True)}"


def _severity(finding: Finding) -> int:
    return [Result.FAILED, Result.ATTENTION, Result.UNKNOWN].index(finding.result)
