"""Every executable a sandbox needs: ``python -m sandbox.toolchain [NAME…]``.

One that is on PATH in the right version is taken from there. The others are built from the Go
module proxy or unpacked from Debian's packages into a cache that all checkouts share.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sandbox.debian_packages import DebianProgram
from sandbox.go_build import GoModule
from sandbox.tool_cache import Progress, ToolchainError
from sandbox.tool_versions import (
    HELM_VERSION,
    KUBERNETES_VERSION,
    PULUMI_VERSION,
    at_least,
    minor,
    series,
)

__all__ = ["NAMES", "Progress", "ToolchainError", "Tools", "ensure", "main"]

Tools = Mapping[str, Path]
"""The path of each executable; that of `postgres` is the folder of all PostgreSQL programs."""

_PULUMI = "github.com/pulumi/pulumi/sdk/v3/go/common/version"
_HELM = "helm.sh/helm/v3/internal/version"
_COMPONENT = "-X k8s.io/component-base/version"
_MAJOR, _MINOR = minor(KUBERNETES_VERSION)
_KUBERNETES_FLAGS = (
    f"-s -w {_COMPONENT}.gitVersion={KUBERNETES_VERSION}"
    f" {_COMPONENT}.gitMajor={_MAJOR} {_COMPONENT}.gitMinor={_MINOR}"
)

_VERSIONS = {
    "pulumi": series(*minor(PULUMI_VERSION), arguments=("version",)),
    "kube-apiserver": series(*minor(KUBERNETES_VERSION)),
    "kube-controller-manager": series(*minor(KUBERNETES_VERSION)),
    "kube-scheduler": series(*minor(KUBERNETES_VERSION)),
    # https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/
    "etcd": at_least(3, 5, 11),
    # What its commands say to the API server has been the same for years.
    "kubectl": at_least(1, 30, arguments=("version", "--client")),
    "helm": series(*minor(HELM_VERSION), arguments=("version", "--short")),
    "postgres": at_least(15),
    "redis-server": at_least(7, 0),
    "prometheus": at_least(2, 42),
    "promtool": at_least(2, 42),
    "amtool": at_least(0, 25),
    "actionlint": at_least(1, 7, 12),
    # What Debian 12 came to have before the security update that Playwright was tried with.
    "chromium": at_least(150),
}

_GO_MODULES = (
    GoModule(
        "kubernetes",
        {
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
            # Of the version whose client the API server has, so that they share their packages.
            "etcd": "go.etcd.io/etcd/server/v3",
        },
        linker_flags=_KUBERNETES_FLAGS,
        cache_bytes=2_900_000_000,
        module_bytes=500_000_000,
    ),
    GoModule(
        "pulumi",
        {"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        linker_flags=f"-s -w -X {_PULUMI}.Version={PULUMI_VERSION}",
        cache_bytes=1_700_000_000,
        module_bytes=1_300_000_000,
    ),
    GoModule(
        "external-secrets",
        {"external-secrets": "github.com/external-secrets/external-secrets"},
        cache_bytes=1_100_000_000,
        module_bytes=250_000_000,
    ),
    GoModule(
        "helm",
        {"helm": "helm.sh/helm/v3/cmd/helm"},
        linker_flags=f"-s -w -X {_HELM}.version={HELM_VERSION}",
        cache_bytes=800_000_000,
        module_bytes=400_000_000,
    ),
    # Runs the commands of the runbooks in tests; the sandbox itself does without.
    GoModule(
        "kubectl",
        {"kubectl": "k8s.io/kubernetes/cmd/kubectl"},
        linker_flags=_KUBERNETES_FLAGS,
        cache_bytes=700_000_000,
        module_bytes=300_000_000,
    ),
    # Reads the workflows for a test; the sandbox itself does without.
    GoModule(
        "actionlint",
        {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"},
        linker_flags="-s -w -X github.com/rhysd/actionlint.version=1.7.12",
        cache_bytes=100_000_000,
        module_bytes=30_000_000,
    ),
)

POSTGRES_PROGRAMS = (
    *("postgres", "initdb", "pg_ctl", "pg_isready", "psql"),
    *("pg_dump", "pg_restore", "pg_basebackup", "pg_config"),
)
_DEBIAN_PROGRAMS = (
    DebianProgram("redis-server", r"redis-(server|tools)", ("redis-server", "redis-cli")),
    DebianProgram(
        "postgresql",
        r"postgresql(-client)?-\d+",
        POSTGRES_PROGRAMS,
        folder="usr/lib/postgresql/*/bin",
    ),
    DebianProgram("prometheus", "prometheus", ("prometheus", "promtool")),
    DebianProgram("prometheus-alertmanager", "prometheus-alertmanager", ("amtool",)),
    # What Playwright itself runs for pages that nobody looks at: no GTK, half of the packages.
    DebianProgram(
        "chromium-headless-shell",
        r"chromium-(headless-shell|common)|fontconfig-config|fonts-.*",
        ("chromium",),
        folder="usr/lib/chromium",
        files={"chromium": "chromium-headless-shell"},
        with_packages=("fonts-liberation",),
    ),
    DebianProgram("wrk", "wrk", ("wrk",)),
)
_DEBIAN_TOOLS = {
    "redis-server": _DEBIAN_PROGRAMS[0],
    "postgres": _DEBIAN_PROGRAMS[1],
    "prometheus": _DEBIAN_PROGRAMS[2],
    "promtool": _DEBIAN_PROGRAMS[2],
    "amtool": _DEBIAN_PROGRAMS[3],
    "chromium": _DEBIAN_PROGRAMS[4],
    "wrk": _DEBIAN_PROGRAMS[5],
}
_GO_TOOLS = {executable: module for module in _GO_MODULES for executable in module.packages}
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
NAMES = (*_GO_TOOLS, *_DEBIAN_TOOLS)


def ensure(names: Iterable[str] = NAMES, progress: Progress | None = None) -> Tools:
    """Return the path of each named executable, having built or unpacked those that are missing.

    ToolchainError names what stands in the way: no Go, no apt, a full disk, a failed build.
    KeyError for a name that is not in NAMES.
    """
    report = progress or (lambda name, text: None)
    wanted = list(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in NAMES]:
        raise KeyError(f"no tool is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    tools = {name: path for name in wanted if (path := find(name))}
    missing = [name for name in wanted if name not in tools]
    if missing:
        _provide(missing, report)
        tools |= {name: _provided(name) for name in missing}
    return {name: tools[name] for name in wanted}


def find(name: str) -> Path | None:
    """Return where an executable is, on PATH or in the cache; None when it is in neither."""
    for candidate in _candidates(name):
        if _suits(name, candidate):
            return candidate
    with contextlib.suppress(ToolchainError):
        path = _provided(name)
        # What was built from pins is known; what was unpacked needs libraries of the machine.
        if name in _GO_TOOLS or _suits(name, path):
            return path
    return None


def version_of(name: str, path: Path) -> str:
    """Return the version of a tool that :func:`ensure` found, for people to read."""
    if name not in _VERSIONS:
        return "as pinned"
    executable = path / name if path.is_dir() else path
    return _VERSIONS[name].of(executable) or "unknown"


def _candidates(name: str) -> Iterator[Path]:
    if name in _VERSIONS:
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            if folder and os.access(Path(folder) / name, os.X_OK):
                yield Path(folder) if name == "postgres" else Path(folder) / name
    if name == "postgres":
        by_version = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_by_number)
        yield from reversed(by_version)


def _by_number(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _suits(name: str, candidate: Path) -> bool:
    if name == "postgres":
        return (
            all((candidate / program).exists() for program in POSTGRES_PROGRAMS)
            and _VERSIONS[name].suits(candidate / name)
            and _has_tls(candidate)
        )
    if name == "redis-server" and not _knows_tls(candidate):
        return False
    # wrk tells its version with an error; Debian has had one that serves for years.
    return name not in _VERSIONS or _VERSIONS[name].suits(candidate)


def _knows_tls(redis_server: Path) -> bool:
    """Tell whether it was built with TLS: without, the names of those settings are not in it."""
    content = redis_server.read_bytes()
    is_launcher = content.startswith(b"#!")  # ours lead to Debian's server, which has it
    return is_launcher or b"tls-auth-clients" in content


def _has_tls(postgres_programs: Path) -> bool:
    done = subprocess.run(
        [postgres_programs / "pg_config", "--configure"],
        capture_output=True,
        text=True,
        check=False,
    )
    return re.search(r"--with-(openssl|ssl=openssl)", done.stdout) is not None


def _provided(name: str) -> Path:
    """Return where the cache has a tool; ToolchainError when it does not."""
    if module := _GO_TOOLS.get(name):
        if path := module.built(name):
            return path
    else:
        launchers = _DEBIAN_TOOLS[name].launchers
        path = launchers if name == "postgres" else launchers / name
        if path.exists():
            return path
    raise ToolchainError(f"{name} is not in the cache")


def _provide(missing: list[str], progress: Progress) -> None:
    """Build one after another, because each build uses every core, and download meanwhile."""
    builds = [
        (module, [name for name in missing if _GO_TOOLS.get(name) is module])
        for module in _GO_MODULES
    ]
    builds = [(module, executables) for module, executables in builds if executables]
    programs = [
        program
        for program in _DEBIAN_PROGRAMS
        if any(_DEBIAN_TOOLS.get(name) is program for name in missing)
    ]
    for module, _ in builds:
        _ = module.go  # a Go that is missing or too old is said before anything is downloaded
    progress("toolchain", f"provides {', '.join(missing)}")
    with ThreadPoolExecutor(1) as sources, ThreadPoolExecutor(1) as packages:
        prepared: list[Future[int]] = [
            sources.submit(module.prepare, executables, progress) for module, executables in builds
        ]
        fetched = [packages.submit(program.fetch, progress) for program in programs]
        try:
            for (module, executables), total in zip(builds, prepared, strict=True):
                module.build(executables, total.result(), progress)
            for future in fetched:
                future.result()
        finally:
            for executor in (sources, packages):
                executor.shutdown(wait=False, cancel_futures=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.toolchain", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    arguments = parser.parse_args()
    began = time.monotonic()

    def show(name: str, text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {name}: {text}", file=sys.stderr, flush=True)

    try:
        tools = ensure(arguments.names or NAMES, show)
    except KeyError as error:
        parser.error(error.args[0])
    except ToolchainError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; what is built already is kept")
    for name, path in tools.items():
        print(f"{name:24} {version_of(name, path):12} {path}")


if __name__ == "__main__":
    main()
