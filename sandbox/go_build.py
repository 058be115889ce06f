"""Builds tools from the Go module proxy, from modules pinned by the go.mod and go.sum here."""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sandbox.paths import PROJECT_ROOT
from sandbox.tool_cache import (
    Progress,
    ToolchainError,
    locked,
    remove,
    require_space,
    run,
    tools_directory,
    workspace,
)

GO_TOOLS = PROJECT_ROOT / "sandbox" / "go_tools"
_PROGRESS_INTERVAL = 2.0
# A workspace file or another module mode would make other builds of the same pins.
_ENVIRONMENT = {"GOWORK": "off", "GOFLAGS": "-buildvcs=false -mod=readonly"}
# The linker leaves it out; not making it takes a tenth of the time and a fifth of the cache.
_NO_DEBUG_INFORMATION = "-gcflags=all=-dwarf=false"


@dataclass(frozen=True)
class GoModule:
    """A folder of pins and the executables that are built from it.

    Files in the folder beside go.mod and go.sum say that the tool is built inside its own module:
    they take the place of the files with the same path there.
    """

    name: str
    packages: Mapping[str, str]
    """The main package of each executable."""
    linker_flags: str = "-s -w"
    cache_bytes: int = 0
    """What its cold build adds to Go's build cache, as measured."""
    module_bytes: int = 0
    """What its sources take in Go's module cache, as measured."""
    directory: Path = field(default=GO_TOOLS, repr=False)

    @property
    def pins(self) -> Path:
        return self.directory / self.name

    @cached_property
    def replacements(self) -> tuple[Path, ...]:
        """The paths, relative to the module, of the files that replace its own."""
        files = (path.relative_to(self.pins) for path in self.pins.rglob("*") if path.is_file())
        return tuple(sorted(each for each in files if each.name not in ("go.mod", "go.sum")))

    @cached_property
    def go(self) -> Mapping[str, str]:
        """Go's own settings for this module; ToolchainError when Go is missing or too old."""
        executable = shutil.which("go")
        if not executable:
            raise ToolchainError(
                f"{', '.join(self.packages)} must be built, and there is no go on PATH. Install"
                f" Go {self.go_version} or later (https://go.dev/doc/install), or put the tools"
                " themselves on PATH."
            )
        command = [executable, "env", "-json", "GOVERSION", "GOCACHE", "GOMODCACHE"]
        settings: dict[str, str] = json.loads(run(command, directory=self.pins))
        found = settings["GOVERSION"]
        if _numbers(found) < _numbers(self.go_version):
            raise ToolchainError(
                f"{', '.join(self.packages)} need Go {self.go_version} or later, and {executable}"
                f" is {found}. Install a newer one (https://go.dev/doc/install), or let Go fetch it"
                " with GOTOOLCHAIN=auto."
            )
        return settings | {"executable": executable}

    @property
    def go_version(self) -> str:
        match = re.search(r"^go (\S+)", (self.pins / "go.mod").read_text(), re.MULTILINE)
        return match[1] if match else "1.21"

    @cached_property
    def key(self) -> str:
        """Names the module together with everything its build depends on."""
        digest = hashlib.sha256()
        for path in (Path("go.mod"), Path("go.sum"), *self.replacements):
            digest.update(f"{path}\0".encode() + (self.pins / path).read_bytes())
        digest.update(f"{self.linker_flags}\0{self.go['GOVERSION']}".encode())
        return f"{self.name}-{digest.hexdigest()[:16]}"

    def built(self, executable: str) -> Path | None:
        """Return the path of an executable that is in the cache."""
        path = tools_directory() / self.key / executable
        return path if path.exists() else None

    def prepare(self, executables: Sequence[str], progress: Progress) -> int:
        """Download the sources that a build needs; return how many packages it compiles at most."""
        self._require_space()
        with locked(self.key, progress):
            return len(self._packages(executables, progress))

    def build(self, executables: Sequence[str], total: int, progress: Progress) -> None:
        """Build executables into the cache, each put in place whole.

        Raises ToolchainError when the disk is too full or the build fails.
        """
        with locked(self.key, progress):
            wanted = [each for each in executables if not self.built(each)]
            if not wanted:
                return
            self._require_space()
            with workspace(self.key) as output:
                self._compile(wanted, output, total, progress)
                target = tools_directory() / self.key
                target.mkdir(exist_ok=True)
                for executable in wanted:
                    (output / _default_name(self.packages[executable])).replace(target / executable)
            remove(self._source)

    def _compile(
        self, executables: Sequence[str], output: Path, total: int, progress: Progress
    ) -> None:
        began = time.monotonic()
        shown = 0.0
        done = 0

        def show(line: str) -> None:
            nonlocal shown, done
            done += 1
            if time.monotonic() - shown > _PROGRESS_INTERVAL:
                shown = time.monotonic()
                progress(
                    self.name,
                    f"compiles, {shown - began:.0f} s, {done} of {total} packages: {line}",
                )

        progress(self.name, f"compiles {', '.join(executables)}")
        packages = [self.packages[each] for each in executables]
        run(
            [
                *(self.go["executable"], "build", "-v", _NO_DEBUG_INFORMATION, "-o", f"{output}/"),
                *("-ldflags", self.linker_flags, *packages),
            ],
            directory=self._build_directory,
            environment=_ENVIRONMENT,
            on_error_line=show,
        )
        progress(self.name, f"built in {time.monotonic() - began:.0f} s ({done} packages)")

    def _packages(self, executables: Sequence[str], progress: Progress) -> list[str]:
        progress(self.name, "downloads its modules")
        if self.replacements:
            self._copy_source()
        packages = [self.packages[each] for each in executables]
        return run(
            [self.go["executable"], "list", "-deps", *packages],
            directory=self._build_directory,
            environment=_ENVIRONMENT,
        ).splitlines()

    def _copy_source(self) -> None:
        """Copy the tool's module to where it can be changed.

        The folder's name is always the same, so that a build that was interrupted can be resumed.
        """
        module = json.loads(
            run(
                [self.go["executable"], "mod", "download", "-json"],
                directory=self.pins,
                environment=_ENVIRONMENT,
            )
        )
        remove(self._source)
        # The module cache is read-only, files and folders; only what they hold is wanted.
        for path in sorted(Path(module["Dir"]).rglob("*")):
            if path.suffix in (".go", ".mod", ".sum") and not path.name.endswith("_test.go"):
                target = self._source / path.relative_to(module["Dir"])
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        for path in self.replacements:
            shutil.copyfile(self.pins / path, self._source / path)

    @property
    def _source(self) -> Path:
        return tools_directory() / f".{self.key}.source"

    @property
    def _build_directory(self) -> Path:
        return self._source if self.replacements else self.pins

    def _require_space(self) -> None:
        require_space(
            {
                tools_directory(): 200_000_000 * len(self.packages),
                Path(self.go["GOCACHE"]): self.cache_bytes,
                Path(self.go["GOMODCACHE"]): self.module_bytes,
                Path(os.environ.get("GOTMPDIR") or os.environ.get("TMPDIR") or "/tmp"): 500_000_000,  # noqa: S108
            },
            f"building {', '.join(self.packages)}",
        )


def _default_name(package: str) -> str:
    """Return what `go build` calls a package's executable: a last part like v3 does not count."""
    parts = package.split("/")
    return parts[-2] if re.fullmatch(r"v[0-9]+", parts[-1]) else parts[-1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version))
