"""The list of what a sandbox cannot really make, and keeps in Pulumi's state only.

``kept-in-state.json`` in the state directory of the instance has the reason of each by its name.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.paths import Instance
from sandbox.whole_file import write_file

_FILE = "kept-in-state.json"


def record(instance: Instance, name: str, reason: str) -> None:
    """Add something to the list, or change what is said of it."""
    with _locked(instance) as entries:
        entries[name] = reason


def forget(instance: Instance, name: str) -> None:
    """Take something off the list; no error when it is not on it."""
    with _locked(instance) as entries:
        entries.pop(name, None)


def recorded(instance: Instance) -> dict[str, str]:
    """Return the list."""
    file = instance.state / _FILE
    entries: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return entries


@contextmanager
def _locked(instance: Instance) -> Iterator[dict[str, str]]:
    with (instance.state / f".{_FILE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        entries = recorded(instance)
        yield entries
        write_file(instance.state / _FILE, json.dumps(entries, indent=2, sort_keys=True) + "\n")
