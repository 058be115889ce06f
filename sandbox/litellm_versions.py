"""Which packages another version of LiteLLM than the locked one is made of.

Versions that tests upgrade to have their packages, with hashes, beside the image's other files. Any
other version is resolved when it is asked for, near to the lock file, and kept in the cache.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from sandbox.locked_packages import lock_file
from sandbox.paths import PROJECT_ROOT, cache_directory

GROUP = "gateway"
_LISTED = Path(__file__).parent / "image_files" / "litellm" / "versions"
_SECONDS = 600
# Releases ask for the newest bundle of certificates, which registries that hold new files back for
# a while do not have yet. It is of no matter to a proxy of this machine.
_OVERRIDES = "certifi\n"


class UnknownVersion(Exception):
    """A version cannot be had; the message says why."""


@cache
def locked_version() -> str:
    """Return the LiteLLM version that the lock file pins."""
    return _locked("litellm")


def known_requirements(version: str) -> Path | None:
    """Return the list of a version's packages; None for the locked version and unknown ones."""
    if version == locked_version():
        return None
    for file in (_LISTED / f"{version}.txt", _resolved(version)):
        if file.exists():
            return file
    return None


def requirements(version: str, progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the list of a version's packages, with hashes, resolved unless it is known.

    Packages stay at the lock file's versions where LiteLLM lets them. Raises UnknownVersion for a
    version that the registry does not have, or whose packages it lacks.
    """
    if known := known_requirements(version):
        return known
    progress(f"LiteLLM {version}: looking for its packages")
    target = _resolved(version)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        wanted, overrides, found = (Path(directory) / name for name in ("in", "overrides", "out"))
        wanted.write_text(
            f"litellm[proxy,extra_proxy,proxy-runtime]=={version}\nprisma=={_locked('prisma')}\n"
        )
        overrides.write_text(_OVERRIDES)
        # What is in the output already, uv keeps as far as it can.
        options = ("--quiet", "--no-annotate", "--no-header")
        _uv(
            *("export", "--frozen", "--only-group", GROUP, "--no-emit-project", "--no-hashes"),
            *(*options, "--project", str(PROJECT_ROOT), "--output-file", str(found)),
            version=version,
        )
        _uv(
            *("pip", "compile", str(wanted), *options, "--generate-hashes", "--universal"),
            *("--python-version", "3.11", "--override", str(overrides)),
            *("--output-file", str(found)),
            version=version,
        )
        found.replace(target)
    return target


def find_uv() -> str:
    """Return uv's executable; UnknownVersion if there is none."""
    beside = Path(sys.executable).parent / "uv"
    for candidate in (os.environ.get("UV"), shutil.which("uv"), str(beside)):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise UnknownVersion("uv is not on PATH and $UV does not name it; install it with pipx or pip")


def _locked(name: str) -> str:
    for package in lock_file()["package"]:
        if package["name"] == name:
            return str(package["version"])
    raise UnknownVersion(f"uv.lock has no package {name}; run `uv lock` in {PROJECT_ROOT}")


def _resolved(version: str) -> Path:
    return cache_directory() / "images" / f"litellm-{version}.txt"


def _uv(*arguments: str, version: str) -> None:
    done = subprocess.run(
        [find_uv(), *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        words = " ".join(done.stderr.split()).replace("error: ", "", 1)
        raise UnknownVersion(
            f"LiteLLM {version} cannot be had from the package registry: {words[:400]}"
        )
