"""Whether a pull request may be merged, by what the jobs before have come to. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Without these nobody knows what the change does, or nobody was told.
_REQUIRED = ("preview", "comment")


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What each job came to, and the verdict of the report; empty where there is none."""

    results: Mapping[str, str]
    verdict: str

    @classmethod
    def read(cls, text: str) -> "Needs":
        """Read the context ``needs`` of a workflow; raise ValueError for anything else."""
        try:
            document: Mapping[str, Mapping[str, Any]] = json.loads(text)
            results = {name: str(job["result"]) for name, job in document.items()}
            outputs = document["preview"]["outputs"]
            return cls(results=results, verdict=str(outputs.get("verdict", "")))
        except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not the context `needs` of a workflow ({error})") from error

    @property
    def refusal(self) -> str:
        """Why the change must not be merged; empty if it may be."""
        for name in _REQUIRED:
            if (result := self.results.get(name, "missing")) != "success":
                return f"the job {name} has come to {result!r}, not to success"
        if self.verdict == "safe":
            return ""
        if self.verdict != "approval":
            return f"the verdict is {self.verdict or 'missing'!r}, which nobody can approve"
        if (result := self.results.get("approval", "missing")) != "success":
            return f"a person must approve, and the approval has come to {result!r}"
        return ""
