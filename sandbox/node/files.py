"""Puts the files of a pod where its processes read them."""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.node.places import PodPlaces
from sandbox.node.volumes import File
from sandbox.whole_file import write_file


def prepare(pod: Mapping[str, Any], places: PodPlaces) -> None:
    """Create the directories of the pod, its volumes and its containers, for their owner only."""
    spec = pod["spec"]
    for directory in (places.logs, places.files, places.volumes):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for volume in spec.get("volumes", []):
        (places.volumes / volume["name"]).mkdir(exist_ok=True, mode=0o700)
    empty = {volume["name"] for volume in spec.get("volumes", []) if "emptyDir" in volume}
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        places.temporary(container["name"]).mkdir(parents=True, exist_ok=True, mode=0o700)
        for mount in container.get("volumeMounts", []):
            if mount["name"] in empty:
                directory = places.volumes / mount["name"] / mount.get("subPath", "")
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)


def write_volume(directory: Path, files: Iterable[File]) -> None:
    """Make the directory hold just these files; one that is unchanged is not touched."""
    wanted = {directory / file.path: file for file in files}
    for path, file in wanted.items():
        if not path.resolve().is_relative_to(directory.resolve()):
            raise ValueError(f"the path {file.path!r} leaves its volume")
        if path.is_file() and path.read_bytes() == file.content:
            continue
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(path, file.content, file.mode)
    for path in directory.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


def remove(places: PodPlaces) -> None:
    """Remove everything of a pod."""
    remove_directory(places.files)
    remove_directory(places.logs)


def remove_directory(directory: Path) -> None:
    """Remove a directory of a pod, if it is there."""
    shutil.rmtree(directory, ignore_errors=True)


def open_log(path: Path) -> int:
    """Return a descriptor that appends to a container's log; the last run's log is kept aside."""
    if path.exists():
        path.replace(path.with_name(f"{path.name}.previous"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def limit_log(path: Path, size: int) -> None:
    """Move a log that has grown beyond a size aside; the process goes on appending."""
    if path.exists() and path.stat().st_size > size:
        shutil.copyfile(path, path.with_name(f"{path.name}.previous"))
        os.truncate(path, 0)


def last_lines(path: Path, lines: int, size: int) -> str:
    """Return the end of a text file; nothing of one that is not there."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return "".join(file.read().decode(errors="replace").splitlines(keepends=True)[-lines:])
