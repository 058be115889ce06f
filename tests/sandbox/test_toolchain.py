"""The toolchain with real builds and packages; Go's own cache makes the builds short."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from sandbox import toolchain
from sandbox.debian_packages import DebianProgram
from sandbox.go_build import GO_TOOLS, GoModule
from sandbox.paths import PROJECT_ROOT
from sandbox.tool_cache import ToolchainError, run
from sandbox.tool_versions import HELM_VERSION, KUBERNETES_VERSION, PULUMI_VERSION

HELM = {"helm": "helm.sh/helm/v3/cmd/helm"}


@pytest.mark.parametrize("tool", ["kubernetes", "kubectl"])
def test_every_part_of_kubernetes_has_one_version(tool: str) -> None:
    module = (GO_TOOLS / tool / "go.mod").read_text()
    assert f"k8s.io/kubernetes {KUBERNETES_VERSION} //" in module
    assert f"k8s.io/kubectl v0.{KUBERNETES_VERSION.removeprefix('v1.')}\n" in module


@pytest.mark.parametrize(
    ("tool", "module", "version"),
    [
        ("helm", "helm.sh/helm/v3", HELM_VERSION),
        ("pulumi", "github.com/pulumi/pulumi/pkg/v3", PULUMI_VERSION),
    ],
)
def test_a_tool_is_of_the_version_that_it_says(tool: str, module: str, version: str) -> None:
    assert f"\t{module} {version} //" in (GO_TOOLS / tool / "go.mod").read_text()


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cache = tmp_path / "cache"
    monkeypatch.setenv("SANDBOX_CACHE", str(cache))
    return cache


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """An empty folder of programs."""
    folder = tmp_path / "programs"
    folder.mkdir()
    return folder


def program(folder: Path, name: str, prints: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def before_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def command_line(*names: str, path: str | None = None) -> "subprocess.Popen[str]":
    """Run the toolchain as a user does, in a process group of its own like a shell's job."""
    environment = dict(os.environ) if path is None else {**os.environ, "PATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.toolchain", *names],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def failure(*names: str, path: str) -> str:
    """Return what the toolchain says when it cannot provide a tool."""
    process = command_line(*names, path=path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    return errors


def test_the_right_version_on_path_is_taken(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = program(programs, "helm", "v3.18.6+gb76a950")
    before_path(programs, monkeypatch)
    assert toolchain.ensure(["helm"])["helm"] == ours


def test_a_wrong_version_on_path_is_not_taken(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = program(programs, "helm", "v2.17.0")
    before_path(programs, monkeypatch)
    assert toolchain.ensure(["helm"])["helm"] != wrong


def test_a_program_on_path_that_fails_is_not_taken(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = program(programs, "helm", "v3.18.0")
    broken.write_text("#!/bin/sh\nexit 1\n")
    before_path(programs, monkeypatch)
    assert toolchain.ensure(["helm"])["helm"] != broken


def test_a_redis_without_tls_is_not_taken(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An ordinary executable which prints a version that would do.
    without_tls = Path(shutil.copy("/bin/echo", programs / "redis-server"))
    before_path(programs, monkeypatch)
    assert toolchain.ensure(["redis-server"])["redis-server"] != without_tls


def test_nothing_is_done_for_tools_in_the_cache() -> None:
    toolchain.ensure(["helm"])
    steps: list[str] = []
    toolchain.ensure(["helm"], lambda name, text: steps.append(text))
    assert steps == []


def test_an_unknown_tool_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no tool is called hammer; there are .*helm"):
        toolchain.ensure(["hammer"])


@pytest.mark.usefixtures("empty_cache")
def test_without_go_the_error_says_what_to_install(programs: Path) -> None:
    assert "there is no go on PATH. Install Go 1.24.0 or later" in failure(
        "helm", path=str(programs)
    )


@pytest.mark.usefixtures("empty_cache")
def test_a_go_that_is_too_old_is_named(programs: Path) -> None:
    program(programs, "go", '{"GOVERSION": "go1.19.8", "GOCACHE": "/x", "GOMODCACHE": "/y"}')
    text = failure("helm", path=str(programs))
    assert "need Go 1.24.0 or later" in text
    assert "is go1.19.8" in text


@pytest.mark.usefixtures("empty_cache")
def test_without_apt_the_error_says_what_to_install(programs: Path) -> None:
    text = failure("redis-server", path=str(programs))
    assert "there is no apt-get here. Install redis-server" in text


@pytest.mark.usefixtures("empty_cache")
def test_a_full_disk_is_said_before_anything_is_built() -> None:
    module = GoModule("helm", HELM, cache_bytes=10**18)
    steps: list[str] = []
    with pytest.raises(ToolchainError, match=r"building helm needs about .* GB free. Free some"):
        module.build(["helm"], 1, lambda name, text: steps.append(text))
    assert steps == []


def test_a_build_that_fails_leaves_nothing_behind(empty_cache: Path) -> None:
    module = GoModule("helm", {"helm": "helm.sh/helm/v3/cmd/no-such-command"})
    with pytest.raises(ToolchainError, match="no-such-command"):
        module.build(["helm"], 1, lambda name, text: None)
    assert [path for path in (empty_cache / "tools").iterdir() if path.suffix != ".lock"] == []


def test_an_interrupted_build_leaves_nothing_behind(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With Go's own cache warm there would be nothing left to interrupt.
    monkeypatch.setenv("GOCACHE", str(tmp_path / "go-build"))
    process = command_line("helm")
    assert process.stderr
    for line in process.stderr:
        if "compiles" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert "interrupted" in errors
    assert [path for path in (empty_cache / "tools").iterdir() if path.suffix != ".lock"] == []
    with pytest.raises(ProcessLookupError):
        # A compiler that was told to end may take a moment.
        for _ in range(100):
            os.killpg(process.pid, 0)
            time.sleep(0.1)


@pytest.mark.usefixtures("empty_cache")
def test_two_runs_at_once_build_once() -> None:
    runs = [command_line("helm") for _ in range(2)]
    errors: list[str] = []
    threads = [
        threading.Thread(target=lambda each=each: errors.append(each.communicate()[1]))
        for each in runs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.returncode for each in runs] == [0, 0]
    assert sum("helm: built in" in text for text in errors) == 1


def test_changed_pins_make_another_build(tmp_path: Path) -> None:
    shutil.copytree(GO_TOOLS / "helm", tmp_path / "helm")
    unchanged = GoModule("helm", HELM, directory=tmp_path).key
    with (tmp_path / "helm" / "go.sum").open("a") as pins:
        pins.write("\n")
    assert unchanged == GoModule("helm", HELM).key
    assert unchanged != GoModule("helm", HELM, directory=tmp_path).key


def test_changed_linker_flags_make_another_build() -> None:
    assert GoModule("helm", HELM).key != GoModule("helm", HELM, linker_flags="-s").key


def test_debian_programs_run_from_the_cache_alone(empty_cache: Path) -> None:
    redis = DebianProgram("redis-server", r"redis-(server|tools)", ("redis-server",))
    redis.fetch(lambda name, text: None)
    server = redis.launchers / "redis-server"
    assert server.is_relative_to(empty_cache)
    assert "Redis server v=" in run([server, "--version"])


@pytest.mark.usefixtures("empty_cache")
def test_a_package_that_debian_lacks_is_named() -> None:
    unheard_of = DebianProgram("no-such-database", "no-such-database", ("no-such-database",))
    with pytest.raises(ToolchainError, match="Install no-such-database and run this again"):
        unheard_of.fetch(lambda name, text: None)
