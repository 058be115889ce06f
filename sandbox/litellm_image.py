"""Builds what the LiteLLM container image holds, as a directory of this machine.

The Python environment is the dependency group ``gateway`` of the project's own lock file, or for
another version of LiteLLM what :mod:`sandbox.litellm_versions` says. Prisma's query engine comes
from npm, because the executables of the real image cannot be had from a package registry. The
result lives in the cache and is shared by every checkout and sandbox.
"""

import hashlib
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.litellm_image_tools import (
    ImageBuildError,
    exclusively,
    find,
    find_node,
    run_command,
    uv,
)
from sandbox.litellm_versions import (
    GROUP,
    UnknownVersion,
    known_requirements,
    locked_version,
    requirements,
)
from sandbox.locked_packages import locked_packages
from sandbox.paths import PROJECT_ROOT, cache_directory

FILES = Path(__file__).parent / "image_files" / "litellm"

# Without byte code the proxy needs twice the time to start.
_UV_OPTIONS = ("--frozen", "--only-group", GROUP, "--no-install-project", "--compile-bytecode")
_NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
_PACKAGE_FILES = ("package.json", "package-lock.json")
_PROGRAM_FOLDERS = ("bin", "database", "engine", "migrate")
# Beside the packages; each module is imported when Python starts.
_PYTHON_FOLDER = "python"
_PACKAGES, _COMPLETE = "packages", "complete"
# Nothing listens there: Prisma's command line must fail at once where it would download.
_NO_DOWNLOADS = "http://127.0.0.1:9"


@dataclass(frozen=True, kw_only=True)
class LiteLLMImage:
    """Where the parts of a built image are."""

    version: str
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
def built_image(version: str | None = None) -> LiteLLMImage:
    """Return where the image of a version is, or is going to be, for these sources.

    None is the version of the lock file. Raises ImageBuildError for another one whose packages
    nobody has asked for yet.
    """
    version = version or locked_version()
    directory = cache_directory() / "images" / f"litellm-{_dependencies_digest(version)}"
    return LiteLLMImage(
        version=version, directory=directory, programs=directory / f"programs-{_programs_digest()}"
    )


def is_built(version: str | None = None) -> bool:
    """Whether :func:`ensure` would have nothing to do."""
    version = version or locked_version()
    if version != locked_version() and known_requirements(version) is None:
        return False
    image = built_image(version)
    return (image.directory / _COMPLETE).exists() and image.node.exists()


def ensure(
    progress: Callable[[str], None] = lambda _: None, version: str | None = None
) -> LiteLLMImage:
    """Build the image unless it is there. An interrupted build is taken up by the next call.

    Of several callers at once one builds and the others wait. Raises ImageBuildError, also for a
    version that the package registry does not have.
    """
    version = version or locked_version()
    if version != locked_version():
        try:
            requirements(version, progress)
        except UnknownVersion as error:
            raise ImageBuildError(str(error)) from error
    image = built_image(version)
    if is_built(version):
        return image
    image.directory.parent.mkdir(parents=True, exist_ok=True)
    with exclusively(image.directory, progress) as lock:
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
        with exclusively(image.directory, progress) as lock:
            _install_packages(image, progress, lock)
    return image.python


def _has_packages(image: LiteLLMImage) -> bool:
    return any((image.directory / mark).exists() for mark in (_COMPLETE, _PACKAGES))


def _install_packages(image: LiteLLMImage, progress: Callable[[str], None], lock: int) -> None:
    if _has_packages(image):  # by now
        return
    progress(f"LiteLLM {image.version}: Python packages")
    program, venv = uv(), str(image.directory / "venv")

    def run(*command: str, environment: Mapping[str, str] | None = None) -> None:
        run_command(
            "Python packages", [program, *command], image.directory, environment or {}, lock
        )

    if listed := known_requirements(image.version):
        run("venv", "--quiet", "--allow-existing", "--python", sys.executable, venv)
        options = ("--compile-bytecode", "--require-hashes", "--python", str(image.python))
        run("pip", "sync", *options, str(listed))
    else:
        where = ("--project", str(PROJECT_ROOT), "--python", sys.executable)
        run("sync", *_UV_OPTIONS, *where, environment={"UV_PROJECT_ENVIRONMENT": venv})
    (image.directory / _PACKAGES).touch()


def _build(image: LiteLLMImage, progress: Callable[[str], None], lock: int) -> None:
    npm, node = find("npm"), find_node()
    image.directory.mkdir(exist_ok=True)
    for name in _PACKAGE_FILES:
        shutil.copyfile(FILES / name, image.directory / name)

    def run(step: str, command: list[str], environment: Mapping[str, str]) -> None:
        progress(f"LiteLLM {image.version}: {step}")
        run_command(step, command, image.directory, environment, lock)

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
    packages = _site_packages(image.directory / "venv")
    for module in (FILES / _PYTHON_FOLDER).glob("*.py"):
        shutil.copyfile(module, packages / module.name)
        (packages / f"{module.stem}.pth").write_text(f"import {module.stem}\n")
    if image.programs.is_dir():  # but Node has moved away
        image.node.unlink(missing_ok=True)
        image.node.symlink_to(find_node())
        return
    staging = Path(tempfile.mkdtemp(prefix="programs-", dir=image.directory))
    try:
        for folder in _PROGRAM_FOLDERS:
            shutil.copytree(FILES / folder, staging / folder)
        (staging / "bin" / "node").symlink_to(find_node())
        staging.chmod(0o755)
        staging.rename(image.programs)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _dependencies_digest(version: str) -> str:
    digest = hashlib.sha256()
    if version == locked_version():
        for package in _locked():
            digest.update(f"{package}\n".encode())
    elif listed := known_requirements(version):
        digest.update(listed.read_bytes())
    else:
        raise ImageBuildError(f"LiteLLM {version} is not built; `sandbox up` builds it")
    for name in _PACKAGE_FILES:
        digest.update((FILES / name).read_bytes())
    interpreter = (platform.python_version(), platform.machine(), sys.base_prefix)
    digest.update(repr(interpreter).encode())
    return digest.hexdigest()[:12]


@cache
def _locked() -> list[str]:
    return sorted(locked_packages(GROUP))


@cache
def _programs_digest() -> str:
    digest = hashlib.sha256()
    for folder in (*_PROGRAM_FOLDERS, _PYTHON_FOLDER):
        for file in sorted(file for file in (FILES / folder).iterdir() if file.is_file()):
            digest.update(f"{folder}/{file.name}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _site_packages(venv: Path) -> Path:
    names = {"base": str(venv), "platbase": str(venv)}
    return Path(sysconfig.get_path("purelib", scheme="venv", vars=names))
