"""The supervisor with real processes: restarts, ends, taken addresses, recovery."""

import contextlib
import os
import select
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.paths import Instance
from sandbox.supervisor_client import ServiceSpec, ServiceStatus, SupervisorClient, SupervisorError

SLOT = 150


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path / "state"))
    return Instance("supervised", SLOT)


@pytest.fixture
def client(instance: Instance) -> Iterator[SupervisorClient]:
    client = SupervisorClient(instance)
    client.launch()
    yield client
    client.shutdown()


def sleeper(name: str = "sleeper") -> ServiceSpec:
    return ServiceSpec(name=name, command=("sleep", "1000"))


def shell(name: str, script: str, **settings: object) -> ServiceSpec:
    return ServiceSpec(name=name, command=("sh", "-c", script), **settings)  # type: ignore[arg-type]


def web_server(instance: Instance) -> ServiceSpec:
    address = instance.address("aws")
    return ServiceSpec(
        name="web",
        command=(sys.executable, "-m", "http.server", "--bind", address, "4566"),
        directory="/usr",
        ready_url=f"http://{address}:4566/",
    )


def the_service(client: SupervisorClient, name: str) -> ServiceStatus:
    return next(each for each in client.status() if each.name == name)


def process_of(client: SupervisorClient, name: str) -> int:
    pid = the_service(client, name).pid
    assert pid is not None
    return pid


def eventually(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def supervisor_process(instance: Instance) -> int:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if b"sandbox.supervisor" in arguments and instance.name.encode() in arguments:
                return int(process.name)
    raise AssertionError("no supervisor runs")


def kill(pid: int, number: signal.Signals) -> None:
    """Send a signal and return when the process has ended."""
    descriptor = os.pidfd_open(pid)
    try:
        os.kill(pid, number)
        assert select.select([descriptor], [], [], 20)[0], f"process {pid} did not end"
    finally:
        os.close(descriptor)


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_service_that_is_killed_comes_back_as_another_process(
    client: SupervisorClient, instance: Instance
) -> None:
    client.start(web_server(instance))
    before = process_of(client, "web")
    kill(before, signal.SIGKILL)
    eventually(lambda: the_service(client, "web").restarts == 1, "it was not started again")
    client.start(web_server(instance))
    assert process_of(client, "web") != before


def test_nothing_is_left_when_the_supervisor_is_killed(
    client: SupervisorClient, instance: Instance
) -> None:
    client.start(web_server(instance))
    client.start(sleeper())
    children = [process_of(client, name) for name in ("web", "sleeper")]
    kill(supervisor_process(instance), signal.SIGKILL)
    eventually(lambda: not any(map(is_running, children)), "a service outlived the supervisor")


def test_a_sandbox_whose_supervisor_was_killed_can_be_launched_again(
    client: SupervisorClient, instance: Instance
) -> None:
    client.start(web_server(instance))
    kill(supervisor_process(instance), signal.SIGKILL)
    client.launch()
    client.start(web_server(instance))
    assert the_service(client, "web").state == "ready"


def test_a_taken_address_is_an_error_that_names_it_and_its_holder(
    client: SupervisorClient, instance: Instance
) -> None:
    with (
        socket.create_server((instance.address("aws"), 4566)),
        pytest.raises(SupervisorError) as error,
    ):
        client.start(web_server(instance))
    text = str(error.value)
    assert f"{instance.address('aws')} port 4566" in text
    assert f"(pid {os.getpid()})" in text


def test_services_are_stopped_last_started_first(client: SupervisorClient, tmp_path: Path) -> None:
    order = tmp_path / "order"
    for name in ("first", "second", "third"):
        ready = tmp_path / name
        client.start(
            shell(
                name, f"trap 'echo {name} >> {order}; exit' TERM; touch {ready}; sleep 1000 & wait"
            )
        )
        eventually(ready.exists, f"{name} did not start")
    client.shutdown()
    assert order.read_text().split() == ["third", "second", "first"]


def test_starting_what_runs_already_changes_nothing(client: SupervisorClient) -> None:
    client.start(sleeper())
    before = process_of(client, "sleeper")
    client.start(sleeper())
    assert process_of(client, "sleeper") == before


def test_another_specification_restarts_the_service(client: SupervisorClient) -> None:
    client.start(sleeper())
    before = process_of(client, "sleeper")
    client.start(shell("sleeper", "exec sleep 999"))
    assert not is_running(before)


def test_stopping_an_unknown_service_is_no_error(client: SupervisorClient) -> None:
    client.stop("unheard-of")


def test_a_stopped_service_is_gone(client: SupervisorClient) -> None:
    client.start(sleeper())
    process = process_of(client, "sleeper")
    client.stop("sleeper")
    assert not is_running(process)


def test_a_service_that_does_not_get_ready_fails_with_its_last_words(
    client: SupervisorClient, instance: Instance
) -> None:
    never_listens = shell(
        "mute",
        "echo I will not listen; exec sleep 1000",
        ready_address=(instance.address("aws"), 4566),
        ready_timeout=0.5,
    )
    with pytest.raises(SupervisorError, match=r"not ready within 0\.5 s(.|\n)*I will not listen"):
        client.start(never_listens)


def test_a_service_that_ends_at_once_fails_with_its_last_words(client: SupervisorClient) -> None:
    with pytest.raises(SupervisorError, match=r"ended with status 3(.|\n)*no such luck"):
        client.start(shell("unlucky", "echo no such luck; exit 3"))


def test_a_program_that_does_not_exist_is_named(client: SupervisorClient) -> None:
    with pytest.raises(SupervisorError, match="ghost cannot be started: no-such-program"):
        client.start(ServiceSpec(name="ghost", command=("no-such-program",)))


def test_a_service_that_ignores_its_stop_signal_is_killed(
    client: SupervisorClient, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    client.start(
        shell("stubborn", f"trap '' TERM; touch {ready}; sleep 1000 & wait; wait", stop_timeout=0.2)
    )
    eventually(ready.exists, "it did not start")
    process = process_of(client, "stubborn")
    client.stop("stubborn")
    assert not is_running(process)


def test_sigterm_ends_the_supervisor_with_its_services(
    client: SupervisorClient, instance: Instance
) -> None:
    client.start(sleeper())
    process = process_of(client, "sleeper")
    kill(supervisor_process(instance), signal.SIGTERM)
    assert not is_running(process)


def test_launching_twice_keeps_the_first_supervisor(
    client: SupervisorClient, instance: Instance
) -> None:
    client.start(sleeper())
    another = SupervisorClient(instance)
    another.launch()
    assert process_of(another, "sleeper") == process_of(client, "sleeper")


def test_launches_at_the_same_time_make_one_supervisor(instance: Instance) -> None:
    clients = [SupervisorClient(instance) for _ in range(3)]
    threads = [threading.Thread(target=each.launch) for each in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        clients[0].start(sleeper())
        assert {process_of(each, "sleeper") for each in clients} == {
            process_of(clients[0], "sleeper")
        }
    finally:
        clients[0].shutdown()


@pytest.mark.usefixtures("client")
def test_another_slot_for_a_running_sandbox_is_refused(instance: Instance) -> None:
    with pytest.raises(SupervisorError, match=f"runs in slot {SLOT}, not in slot {SLOT + 1}"):
        SupervisorClient(Instance(instance.name, SLOT + 1)).launch()


def test_services_do_not_see_the_environment_of_who_launched_them(
    instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the user")
    client = SupervisorClient(instance)
    client.launch()
    try:
        seen = tmp_path / "seen"
        client.start(shell("env", f"env > {seen}", environment={"OWN": "value"}, restart=False))
        names = {line.split("=")[0] for line in seen.read_text().splitlines()}
        assert "OWN" in names
        assert "AWS_SECRET_ACCESS_KEY" not in names
    finally:
        client.shutdown()


def test_a_state_directory_with_a_long_path_has_a_supervisor_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path / ("long" * 40)))
    client = SupervisorClient(Instance("supervised", SLOT))
    client.launch()
    try:
        assert client.running()
    finally:
        client.shutdown()


@pytest.mark.usefixtures("client")
def test_the_state_of_a_sandbox_is_not_for_others_to_list(instance: Instance) -> None:
    assert stat.S_IMODE(instance.state.stat().st_mode) & 0o066 == 0


def test_asking_a_sandbox_that_is_down_says_so(instance: Instance) -> None:
    with pytest.raises(SupervisorError, match="is the sandbox up"):
        SupervisorClient(instance).start(sleeper())


def test_the_status_of_a_sandbox_that_is_down_is_empty(instance: Instance) -> None:
    assert SupervisorClient(instance).status() == []
