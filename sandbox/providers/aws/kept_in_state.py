"""The record of what this provider keeps in Pulumi's state alone, for want of a stand-in."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path


class KeptInState:
    """Resource types that were used without being created anywhere, with the reasons.

    With a path the record is a JSON file, which survives the process.
    """

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()
        self._reasons: dict[str, str] = {}
        if path and path.is_file():
            self._reasons = json.loads(path.read_text())

    @property
    def reasons(self) -> Mapping[str, str]:
        return dict(self._reasons)

    def record(self, token: str, reason: str) -> None:
        """Note that a resource of the type lives in the state alone."""
        with self._lock:
            if self._reasons.get(token) == reason:
                return
            self._reasons[token] = reason
            if self._path:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                partial = self._path.with_suffix(".partial")
                partial.write_text(json.dumps(self._reasons, indent=2, sort_keys=True) + "\n")
                partial.replace(self._path)
