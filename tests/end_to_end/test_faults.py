"""Processes die, templates change, commands are killed: nobody notices, and nothing is orphaned."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from figures import FIGURES
from running_sandbox import (
    NAMESPACE,
    RunningSandbox,
    eventually,
    is_alive,
)

from sandbox.lifecycle import exclusively
from sandbox.paths import PROJECT_ROOT, Instance


def test_a_killed_proxy_is_brought_back(sandbox: RunningSandbox, team: dict[str, str]) -> None:
    def single() -> list[dict[str, Any]]:
        (pod,) = sandbox.pods()
        return [pod]

    # Helm is done when the new pods are ready; the old ones leave a moment later.
    (pod,) = eventually(single, wanted="the only pod")
    before = pod["status"]["containerStatuses"][0]["restartCount"]

    def restarted() -> bool:
        (same,) = sandbox.pods()
        assert same["metadata"]["uid"] == pod["metadata"]["uid"]
        state = same["status"]["containerStatuses"][0]
        return state["restartCount"] == before + 1 and state["ready"]

    with FIGURES.fault("proxy killed, of one pod"):
        for pid in sandbox.proxy_processes():
            os.kill(pid, signal.SIGKILL)
        eventually(restarted, seconds=90, wanted="restarted container")
        eventually(lambda: sandbox.complete(team["key"]).status_code == httpx.codes.OK)


def test_a_pod_that_is_told_to_stop_finishes_its_requests(sandbox: RunningSandbox) -> None:
    key = sandbox.command("master-key").stdout.strip()
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(sandbox.complete(key, "slow")))
    (pod,) = sandbox.pods()
    asking.start()
    time.sleep(2)
    sandbox.kubernetes.delete(f"{NAMESPACE}/pods/{pod['metadata']['name']}")
    asking.join()
    assert [answer.status_code for answer in answers] == [httpx.codes.OK]
    eventually(
        lambda: all(
            other["metadata"]["uid"] != pod["metadata"]["uid"]
            and other["status"]["containerStatuses"][0]["ready"]
            for other in sandbox.pods()
        ),
        seconds=90,
        wanted="ready successor",
    )


def start(sandbox: RunningSandbox, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        sandbox.command_line(*arguments),
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"{text!r} was not printed")


def test_an_up_that_was_killed_is_taken_up_by_the_next_one(
    sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    process = start(sandbox, "up", "--set", "gateway.environment.ROLLED=twice")
    wait_for(process, "Release gateway updating")
    with FIGURES.fault("up killed"):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        sandbox.command("up")
    assert sandbox.json("up")["changes"] == []
    assert sandbox.complete(team["key"]).status_code == httpx.codes.OK


def test_an_interrupted_up_says_so_and_can_be_run_again(sandbox: RunningSandbox) -> None:
    process = start(sandbox, "up", "--set", "logStorage.retentionDays=900")
    wait_for(process, "Updating")
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted; run the same command again" in errors
    sandbox.command("up")


def test_two_commands_at_once_are_refused_clearly(sandbox: RunningSandbox) -> None:
    with exclusively(sandbox.instance):
        done = sandbox.command("up", check=False)
    assert done.returncode == 1
    assert "another command works on sandbox 'end-to-end'" in done.stderr


def test_a_name_that_runs_in_another_slot_is_refused(sandbox: RunningSandbox) -> None:
    other = RunningSandbox(Instance(sandbox.instance.name, 141))
    done = other.command("up", check=False)
    assert done.returncode == 1
    assert "runs in slot 140, not in slot 141" in done.stderr


def test_wrong_settings_change_nothing(sandbox: RunningSandbox) -> None:
    done = sandbox.command("up", "--set", "network.zones=9", "--set", "modles=[]", check=False)
    assert done.returncode == 1
    assert "network.zones" in done.stderr
    assert "modles: unknown key" in done.stderr
    assert sandbox.json("up")["changes"] == []


@pytest.fixture
def second() -> Iterator[RunningSandbox]:
    """A sandbox beside the one under test, which must not notice."""
    running = RunningSandbox(Instance("second", 142))
    yield running
    running.command("down")


def test_a_taken_address_is_named_with_its_holder(second: RunningSandbox) -> None:
    with socket.socket() as taken:
        taken.bind((second.instance.address("aws"), 4566))
        taken.listen()
        done = second.command("up", check=False)
    assert done.returncode == 1
    told = f"cannot listen on {second.instance.address('aws')} port 4566"
    assert told in done.stderr
    assert f"(pid {os.getpid()})" in done.stderr


def processes_of(instance: Instance) -> list[int]:
    """Return the processes that have the sandbox's state among their arguments."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(instance.state) in arguments and entry.name != str(os.getpid()):
            found.append(int(entry.name))
    return found


def test_a_first_up_that_was_killed_leaves_nothing_after_down(
    sandbox: RunningSandbox, second: RunningSandbox, team: dict[str, str]
) -> None:
    process = start(second, "up")
    wait_for(process, "Subnet data-")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    running = processes_of(second.instance)
    assert running
    second.command("down")
    eventually(lambda: not any(is_alive(pid) for pid in running), wanted="end of its processes")
    assert processes_of(second.instance) == []
    assert sandbox.complete(team["key"]).status_code == httpx.codes.OK
