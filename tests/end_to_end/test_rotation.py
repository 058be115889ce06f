"""Three rotations of every family under a steady load, one of them killed at each of its steps."""

import json
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from command_steps import kill_at
from figures import FIGURES
from running_sandbox import DEPLOYMENT, Load, RunningSandbox, eventually, steady_load

from ops.deployments.sandboxed import SandboxDeployment
from ops.rotate.age import rotation_ages
from ops.rotate.journal import Journal
from ops.rotate.pods import secrets_of
from sandbox.node import pod_logs
from sandbox.paths import PROJECT_ROOT
from sandbox.stack_files import keep_settings, kept_settings

SUPPLIED = "providers/anthropic"
GENERATED = ("master-key", "database", "cache", "drain-token", "ui-password", "grafana-admin")
EVERY_FAMILY = (*GENERATED, SUPPLIED, "--probe-model", "claude-haiku-direct", "--value-from-stdin")
# The configuration holds a change that is not a family's when the first rotation begins.
FIRST = (*EVERY_FAMILY, "--with-other-changes")


def run(
    sandbox: RunningSandbox, *arguments: str, supplied: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``ops rotate``; a value for a supplied family comes on standard input."""
    return subprocess.run(
        sandbox.ops_line("rotate", *arguments),
        cwd=PROJECT_ROOT,
        input=supplied,
        capture_output=True,
        text=True,
        check=False,
    )


def rotate(sandbox: RunningSandbox, *arguments: str, supplied: str = "") -> dict[str, Any]:
    """Rotate families and return the report, which must be one without a fault."""
    done = run(sandbox, *arguments, "--yes", "--json", supplied=supplied)
    assert done.returncode == 0, done.stderr[-4000:] + done.stdout[-4000:]
    assert not supplied or supplied not in done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["failed_requests"] == 0, report["failures"]
    assert report["requests"] > 0
    assert [check for check in report["verified"] if not check["passed"]] == []
    return report


def epochs(report: dict[str, Any]) -> set[tuple[int, int]]:
    """Return from which epoch to which one the families went."""
    return {(one["from_epoch"], one["to_epoch"]) for one in report["families"]}


def supplied_value() -> str:
    return f"sk-{secrets.token_urlsafe(24)}"


FIRST_VALUE = supplied_value()


@pytest.fixture(scope="module", autouse=True)
def load(sandbox: RunningSandbox, team: dict[str, str]) -> Iterator[Load]:
    """Somebody's requests all the while, between the rotations and during what is killed too."""
    with steady_load(sandbox, team["key"]) as load:
        yield load


class Provider(ThreadingHTTPServer):
    """Answers completions and remembers with which key it was asked last."""

    asked_with = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Answer(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked_with = self.headers["Authorization"]
        message = {"role": "assistant", "content": "hello"}
        body = {
            **{"id": "1", "object": "chat.completion", "created": 1, "model": "any"},
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@dataclass
class StoredCredential:
    """A credential that was stored through the API, and a provider who sees it."""

    sandbox: RunningSandbox
    provider: Provider
    value: str
    """Which is its name too."""
    has_model: bool = False

    def decrypts(self) -> bool:
        """Whether the provider is asked with the value that was stored."""
        if not self.has_model:
            params = {"model": "openai/any", "litellm_credential_name": self.value}
            self.store("/model/new", model_name=self.value, litellm_params=params, model_info={})
            self.has_model = True
        return eventually(self._is_asked_with_it, wanted="call with the stored credential")

    def store(self, path: str, **body: Any) -> None:
        with self.sandbox.admin() as admin:
            admin.post(path, json=body).raise_for_status()

    def _is_asked_with_it(self) -> bool:
        self.provider.asked_with = ""
        key = self.sandbox.command("master-key").stdout.strip()
        answer = self.sandbox.complete(key, self.value)
        is_whole = answer.status_code == httpx.codes.OK
        return is_whole and self.provider.asked_with == f"Bearer {self.value}"


@pytest.fixture(scope="module")
def stored(sandbox: RunningSandbox) -> Iterator[StoredCredential]:
    with Provider() as provider:
        credential = StoredCredential(sandbox, provider, f"stored-{secrets.token_hex(8)}")
        values = {"api_key": credential.value, "api_base": provider.url}
        credential.store(
            "/credentials",
            credential_name=credential.value,
            credential_values=values,
            credential_info={"custom_llm_provider": "openai"},
        )
        yield credential


RELEASE = ("update", "gateway")


def created(*names: str) -> set[tuple[str, str]]:
    return {("create", name) for name in names}


CHANGES = {
    "masterKey": created("master-key-2") | {RELEASE},
    "database": created("database-2")
    | {RELEASE, ("update", "spend-archive")}
    | {(step, "database-users") for step in ("create-replacement", "replace")}
    | {("delete-replaced", "database-users")},
    "cache": created("cache-2") | {("update", "cache"), RELEASE},
    "drainToken": created("drain-token-2") | {RELEASE},
    "uiPassword": created("ui-password-2") | {RELEASE},
    "grafanaAdmin": created("grafana-admin-2") | {("update", "monitoring")},
}


@pytest.mark.parametrize("setting", CHANGES)
def test_raising_one_number_changes_that_family_and_what_depends_on_it(
    sandbox: RunningSandbox, setting: str
) -> None:
    changes = sandbox.json("preview", "--set", f"rotation.{setting}=2")["changes"]
    assert {(change["operation"], change["name"]) for change in changes} == CHANGES[setting]


def test_a_supplied_family_without_a_new_value_says_how_to_set_it(
    sandbox: RunningSandbox,
) -> None:
    done = run(sandbox, SUPPLIED, "--yes")
    assert done.returncode == 1
    command = "pulumi config set --secret --path 'suppliedSecrets.anthropic[\"2\"].apiKey'"
    assert command in done.stderr


def test_without_a_terminal_and_without_yes_nothing_is_rotated(sandbox: RunningSandbox) -> None:
    done = run(sandbox, "master-key")
    assert done.returncode == 2
    assert "give --yes" in done.stderr


def test_a_dry_run_shows_the_epochs_and_changes_nothing(sandbox: RunningSandbox) -> None:
    kept = kept_settings(sandbox.instance.state / "project")
    done = run(sandbox, "drain-token", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    (family,) = json.loads(done.stdout)["families"]
    assert family["to_epoch"] == family["from_epoch"] + 1
    assert f"drain-token-{family['to_epoch']}" in done.stderr
    assert kept_settings(sandbox.instance.state / "project") == kept
    assert Journal.read(sandbox.instance.state) is None


@pytest.fixture(scope="module")
def pending(sandbox: RunningSandbox) -> None:
    """A change of the configuration that nobody has brought up yet."""
    # Without it a model that is to use the stored credential is not taken.
    pending = {"gateway.storeModelsInDatabase": "true"}
    keep_settings(sandbox.instance.state / "project", pending)


def test_what_else_would_change_is_named_and_nothing_is_rotated(
    sandbox: RunningSandbox, pending: None
) -> None:
    done = run(sandbox, "master-key", "--yes")
    assert done.returncode == 3
    others = done.stderr.partition("something else would change too")[2]
    assert "ConfigMap" in others
    assert "master-key-2" not in others


def has_version(sandbox: RunningSandbox, epoch: int) -> bool:
    client = sandbox.aws("secretsmanager")
    name = sandbox.status["outputs"]["secretNames"]["database"]
    stages = client.describe_secret(SecretId=name)["VersionIdsToStages"].values()
    return any(f"epoch-{epoch}" in labels for labels in stages)


def names_secret(sandbox: RunningSandbox, name: str) -> bool:
    template = sandbox.kubernetes.get(DEPLOYMENT)["spec"]["template"]["spec"]
    return name in secrets_of(template)


KILLED_AT: dict[str, tuple[str, Callable[[RunningSandbox], bool]]] = {
    "preview": ("preview", lambda _: True),
    "virtual key": ("virtual key", lambda _: True),
    "keep": ("keep", lambda _: True),
    "new version of the secret": ("up", lambda sandbox: has_version(sandbox, 2)),
    "roll-out": ("up", lambda sandbox: names_secret(sandbox, "database-2")),
    "watch": ("watch", lambda _: True),
    "verify": ("verify", lambda _: True),
    "clean up": ("clean up", lambda _: True),
}


@pytest.mark.parametrize("at", KILLED_AT)
def test_the_first_rotation_of_every_family_may_be_killed_at_any_step(
    sandbox: RunningSandbox,
    team: dict[str, str],
    stored: StoredCredential,
    pending: None,
    at: str,
) -> None:
    step, reached = KILLED_AT[at]
    command = sandbox.ops_line("rotate", *FIRST, "--yes", "--json")
    # Somebody mistypes the value at first, and sees it before anything was changed.
    typed = "sk-mistyped" if at == "preview" else FIRST_VALUE
    kill_at(command, step, lambda: reached(sandbox), typed=typed)
    with FIGURES.fault(f"rotation killed: {at}"):
        assert sandbox.complete(team["key"]).status_code == httpx.codes.OK


def test_another_rotation_has_to_wait_for_one_that_was_killed(sandbox: RunningSandbox) -> None:
    done = run(sandbox, "cache", "--yes")
    assert done.returncode == 3
    assert "was begun and did not end; run it again first" in done.stderr


def test_a_dry_run_does_not_go_on_with_what_was_killed(sandbox: RunningSandbox) -> None:
    journal = Journal.read(sandbox.instance.state)
    done = run(sandbox, *GENERATED, SUPPLIED, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "nothing was changed" in done.stdout
    assert journal
    assert Journal.read(sandbox.instance.state) == journal


def test_the_next_run_ends_what_was_killed(
    sandbox: RunningSandbox, stored: StoredCredential
) -> None:
    report = rotate(sandbox, *FIRST, supplied=FIRST_VALUE)
    assert epochs(report) == {(1, 2)}
    assert stored.decrypts()
    assert sandbox.secret_values()["provider-anthropic-2.apiKey"] == FIRST_VALUE


def test_pods_are_connected_as_the_other_user(sandbox: RunningSandbox) -> None:
    rows = sandbox.sql("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename ~ '^litellm_'")
    assert rows == [["litellm_b"]]


def test_the_second_rotation_of_every_family_fails_no_request(
    sandbox: RunningSandbox, stored: StoredCredential
) -> None:
    report = rotate(sandbox, *EVERY_FAMILY, supplied=supplied_value())
    assert epochs(report) == {(2, 3)}
    assert stored.decrypts()


def test_the_third_rotation_of_every_family_fails_no_request(
    sandbox: RunningSandbox, stored: StoredCredential
) -> None:
    report = rotate(sandbox, *EVERY_FAMILY, supplied=supplied_value())
    assert epochs(report) == {(3, 4)}
    assert stored.decrypts()


def test_only_the_last_two_epochs_are_kept(sandbox: RunningSandbox) -> None:
    names = {place.partition(".")[0] for place in sandbox.secret_values()}
    assert {name for name in names if re.fullmatch(r"(master-key|database|cache)-\d+", name)} == {
        f"{family}-{epoch}" for family in ("master-key", "database", "cache") for epoch in (3, 4)
    }


def test_after_rotations_there_is_no_drift_and_nothing_to_do(sandbox: RunningSandbox) -> None:
    assert sandbox.json("refresh")["changes"] == []
    assert sandbox.json("preview")["changes"] == []


def test_a_roll_back_returns_to_the_epoch_before_without_a_failed_request(
    sandbox: RunningSandbox, stored: StoredCredential
) -> None:
    report = rotate(sandbox, "master-key", "database", "cache", "--rollback")
    assert epochs(report) == {(4, 3)}
    assert names_secret(sandbox, "database-3")
    assert stored.decrypts()


def test_a_second_roll_back_is_refused(sandbox: RunningSandbox) -> None:
    done = run(sandbox, "database", "--rollback", "--yes")
    assert done.returncode == 1
    assert "epoch 2 exists no longer" in done.stderr


def test_a_family_that_was_rolled_back_goes_on_from_there(
    sandbox: RunningSandbox, stored: StoredCredential
) -> None:
    report = rotate(sandbox, "master-key")
    assert (report["family"], report["from_epoch"], report["to_epoch"]) == ("master-key", 3, 4)
    assert {"preview", "keep", "up", "watch", "verify"} <= {one["name"] for one in report["steps"]}
    assert stored.decrypts()


def test_a_rotation_that_was_killed_can_be_gone_back_from(sandbox: RunningSandbox) -> None:
    kill_at(
        sandbox.ops_line("rotate", "drain-token", "--yes"),
        "up",
        lambda: names_secret(sandbox, "drain-token-5"),
    )
    report = rotate(sandbox, "drain-token", "--rollback")
    assert epochs(report) == {(5, 4)}
    assert names_secret(sandbox, "drain-token-4")


def test_every_age_is_told(sandbox: RunningSandbox) -> None:
    ages = {age.family: age for age in rotation_ages(SandboxDeployment(sandbox.instance))}
    assert ages.keys() == {*GENERATED, SUPPLIED}
    assert {age.days for age in ages.values()} == {0}
    assert (ages["database"].epoch, ages["drain-token"].epoch) == (3, 4)


def test_the_daily_job_tells_every_age_and_warns_of_none(sandbox: RunningSandbox) -> None:
    api, jobs = sandbox.kubernetes, "/apis/batch/v1/namespaces/litellm/jobs"
    template = api.get("/apis/batch/v1/namespaces/litellm/cronjobs/secret-ages")["spec"]
    # As `kubectl create job --from=cronjob/secret-ages` does.
    job = {"apiVersion": "batch/v1", "kind": "Job", "spec": template["jobTemplate"]["spec"]}
    api.create(jobs, {**job, "metadata": {"name": "ages-by-hand"}})
    eventually(
        lambda: api.get(f"{jobs}/ages-by-hand")["status"].get("succeeded"), wanted="end of the job"
    )
    lines = [
        json.loads(line)
        for log in pod_logs(sandbox.instance, "ages-by-hand")
        for line in log.read_text().splitlines()
    ]
    assert len(lines) == len(GENERATED) + 1
    assert {line["level"] for line in lines} == {"INFO"}
    assert any(line["message"].startswith("database is 0 days old at epoch 3") for line in lines)


def test_no_virtual_key_of_a_rotation_is_left(sandbox: RunningSandbox) -> None:
    with sandbox.admin() as admin:
        listed = admin.get("/key/list", params={"size": 100, "return_full_object": True}).json()
    assert [k for k in listed["keys"] if (k["key_alias"] or "").startswith("ops-rotate-")] == []


def test_nobody_noticed_any_of_it(load: Load) -> None:
    figures = {"requests": load.answered, "failed_requests": len(load.failures)}
    FIGURES.by_subject["rotation"] = figures
    assert load.failures == []
