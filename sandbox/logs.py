"""Finds and prints the logs of services and pods."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sandbox.node.places import pod_logs
from sandbox.paths import Instance

_POLL_SECONDS = 0.5


class LogNotFound(Exception):
    """No service or pod has a name that starts so."""


def log_files(instance: Instance, name: str) -> list[Path]:
    """Return the log of the service ``name``, or those of all pods whose names start so."""
    service = instance.logs / f"{name}.log"
    if service.exists():
        return [service]
    if found := sorted(pod_logs(instance, name)):
        return found
    services = ", ".join(sorted(file.stem for file in instance.logs.glob("*.log")))
    raise LogNotFound(f"no service or pod is named {name!r}; services are: {services or 'none'}")


def follow(
    files: Sequence[Path], lines: int, following: bool, write: Callable[[str], None]
) -> None:
    """Write the last ``lines`` of each file, then what is added, until interrupted."""
    positions = {}
    for file in files:
        if len(files) > 1:
            write(f"==> {file.parent.name}/{file.name} <==")
        content = file.read_text(errors="replace").splitlines()
        for line in content[-lines:]:
            write(line)
        positions[file] = file.stat().st_size
    while following:
        time.sleep(_POLL_SECONDS)
        for file in files:
            with file.open(errors="replace") as stream:
                stream.seek(positions[file])
                for line in stream:
                    write(line.rstrip("\n"))
                positions[file] = stream.tell()
