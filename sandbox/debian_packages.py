"""Unpacks programs from Debian's packages into the cache, without installing anything.

Libraries which this machine lacks are unpacked with them; small launchers point to those.
"""

import json
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.tool_cache import (
    Progress,
    ToolchainError,
    locked,
    require_space,
    run,
    tools_directory,
    workspace,
)

_COMMANDS = ("apt-get", "dpkg-deb", "dpkg-query")
_UNPACKED_BYTES = 600_000_000
_FONTS = Path("usr/share/fonts")
# The C library has to be the machine's own, as its loader is; LLVM (110 MB) only compiles queries.
_LEFT_OUT = re.compile(r"^(libc6|libc-bin|libllvm.*|libjs-.*|.*-perl|libperl.*|libpam.*)$")


@dataclass(frozen=True)
class DebianProgram:
    """A package, the packages whose programs are wanted and where those are in them."""

    package: str
    unpack: str
    """Matches the names of the packages to unpack in any case."""
    programs: tuple[str, ...]
    folder: str = "usr/bin"
    """A pattern below the root: Debian has a folder for each version of PostgreSQL."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What the file of a program is called in the package, where not as the program."""
    with_packages: tuple[str, ...] = ()
    """Packages that it only recommends and that are wanted all the same."""

    @property
    def directory(self) -> Path:
        return tools_directory() / f"{self.package}-{_release()}-{platform.machine()}"

    @property
    def launchers(self) -> Path:
        return self.directory / "bin"

    def fetch(self, progress: Progress) -> None:
        """Unpack the newest version that this machine's apt offers; nothing is installed.

        Raises ToolchainError on a machine without apt, when packages cannot be downloaded, or
        when the disk is full.
        """
        if missing := [command for command in _COMMANDS if not shutil.which(command)]:
            raise ToolchainError(
                f"{self.package} is not on this machine in a version that will do, and cannot be"
                f" taken from Debian's packages: there is no {missing[0]} here. Install"
                f" {self.package} with this system's own means."
            )
        require_space({tools_directory(): _UNPACKED_BYTES}, f"unpacking {self.package}")
        with locked(self.directory.name, progress), workspace(self.directory.name) as work:
            progress(self.package, "downloads Debian's packages")
            versions = self._download(work, progress)
            root = work / "root"
            for archive in sorted(work.glob("*.deb")):
                run(["dpkg-deb", "--extract", archive, root])
            # It would fail to load without the LLVM that was left out; absent, it is not missed.
            for library in root.rglob("llvmjit.so"):
                library.unlink()
            (root / "packages.json").write_text(json.dumps(versions, indent=2))
            _write_launchers(root, self._program_paths(root), self.directory)
            if self.directory.exists():
                self.directory.rename(work / "previous")
            root.rename(self.directory)
        progress(self.package, f"unpacked {len(versions)} packages")

    def _download(self, work: Path, progress: Progress) -> dict[str, str]:
        try:
            return self._download_listed(work, ())
        except ToolchainError:
            progress(self.package, "asks Debian for its list of packages")
        lists, cache = work / "lists", work / "cache"
        for directory in (lists / "partial", cache / "archives" / "partial"):
            directory.mkdir(parents=True)
        private = (
            *("-o", f"Dir::State::lists={lists}"),
            *("-o", f"Dir::Cache={cache}"),
            *("-o", "APT::Sandbox::User="),
        )
        try:
            run(["apt-get", *private, "--quiet", "update"])
            return self._download_listed(work, private)
        except ToolchainError as error:
            raise ToolchainError(
                f"{self.package} is not on this machine in a version that will do, and Debian's"
                f" packages cannot be had: {error}\nInstall {self.package} and run this again."
            ) from None

    def _download_listed(self, work: Path, options: Sequence[str]) -> dict[str, str]:
        """Download what is wanted and not installed; return the versions of all of it."""
        nothing_installed = work / "status"
        nothing_installed.touch()
        planned = run(
            [
                *("apt-get", "--simulate", *options, "-o", "Debug::NoLocking=true"),
                *("-o", f"Dir::State::status={nothing_installed}"),
                *("--no-install-recommends", "install", self.package, *self.with_packages),
            ]
        )
        installed = _installed_packages()
        versions = {
            name: version
            for name, version in re.findall(r"^Inst (\S+) \((\S+) ", planned, re.MULTILINE)
            if re.fullmatch(self.unpack, name)
            or (name.startswith("lib") and name not in installed and not _LEFT_OUT.match(name))
        }
        named = [f"{name}={version}" for name, version in versions.items()]
        run(["apt-get", *options, "--quiet", "download", *named], directory=work)
        return versions

    def _program_paths(self, root: Path) -> dict[str, Path]:
        paths = {}
        for program in self.programs:
            file = self.files.get(program, program)
            found = sorted(root.glob(f"{self.folder}/{file}"))
            if not found:
                raise ToolchainError(f"Debian's packages of {self.package} have no {file}")
            paths[program] = found[-1].relative_to(root)
        return paths


def _write_launchers(root: Path, programs: Mapping[str, Path], installed_at: Path) -> None:
    found = sorted(
        {path.parent for path in root.rglob("lib*.so*") if "postgresql" not in path.parts}
    )
    libraries = ":".join(str(installed_at / folder.relative_to(root)) for folder in found)
    (root / "bin").mkdir(exist_ok=True)
    exports = []
    if libraries:
        inherited = "${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
        exports.append(f'export LD_LIBRARY_PATH="{libraries}{inherited}"')
    if (root / _FONTS).exists():
        (root / "fonts.conf").write_text(_font_configuration(installed_at))
        exports.append(f'export FONTCONFIG_FILE="{installed_at / "fonts.conf"}"')
    for name, program in programs.items():
        launcher = root / "bin" / name
        lines = ["#!/bin/sh", *exports, f'exec "{installed_at / program}" "$@"']
        launcher.write_text("\n".join(lines) + "\n")
        launcher.chmod(0o755)


def _font_configuration(installed_at: Path) -> str:
    """Return fontconfig's configuration of the unpacked fonts alone: pictures look alike anywhere.

    With Debian's choice of what stands for Arial and the like, and of the ordinary fonts.
    """
    choices = installed_at / "usr/share/fontconfig/conf.avail"
    included = ("30-metric-aliases.conf", "45-latin.conf", "60-latin.conf")
    return "\n".join(
        [
            '<?xml version="1.0"?>',
            '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
            "<fontconfig>",
            f"  <dir>{installed_at / _FONTS}</dir>",
            '  <cachedir prefix="xdg">fontconfig</cachedir>',
            *(f"  <include>{choices / name}</include>" for name in included),
            "</fontconfig>\n",
        ]
    )


def _installed_packages() -> set[str]:
    listing = run(["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n"])
    return {line.split()[1] for line in listing.splitlines() if line.startswith("installed ")}


def _release() -> str:
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        return "unknown"
    return f"{system.get('ID', 'unknown')}-{system.get('VERSION_ID', 'rolling')}"
