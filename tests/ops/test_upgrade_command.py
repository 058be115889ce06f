"""What an upgrade changes, refuses and makes of what serves; none of it needs a stack."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from test_settings import problems_of, settings_of

from infra import versions
from ops.cli import main
from ops.deployments.cloud import CloudDeployment
from ops.deployments.deployment import DeploymentError
from ops.deployments.image_pins import pinned_image
from ops.images.signature import SignatureError
from ops.steady_load import Load
from ops.steps import Step, Steps
from ops.upgrade import scratch, smoke
from ops.upgrade.journal import Journal
from ops.upgrade.plan import (
    Plan,
    VersionError,
    check_direction,
    others,
    previous,
    release,
    version_of,
)
from ops.upgrade.pods import PodFailed, results
from ops.upgrade.report import Check, Report
from sandbox.outcome import Change

DIGEST = f"sha256:{'4' * 64}"
IMAGE = f"ghcr.io/berriai/litellm-non_root:1.108.5@{DIGEST}"
PLAN = Plan(
    from_version="1.106.2",
    to_version="1.108.5",
    changes={"gateway.image.tag": '"1.108.5"', "gateway.image.digest": f'"{DIGEST}"'},
    previous={"gateway.image.tag": "null", "gateway.image.digest": "null"},
)


def change(kind: str, *properties: str) -> Change:
    return Change("update", f"urn:pulumi:prod::litellm-gateway::{kind}::one", properties)


@pytest.mark.parametrize("text", ["1.108.5", "v1.108.5"])
def test_a_release_is_three_numbers(text: str) -> None:
    assert release(text) == "1.108.5"


@pytest.mark.parametrize("text", ["latest", "1.108", "1.108.0-rc.1", "main-v1.108.5", ""])
def test_what_is_no_release_is_named(text: str) -> None:
    with pytest.raises(VersionError, match="is no release of LiteLLM; give one such as"):
        release(text)


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/berriai/litellm-non_root:1.106.2",
        f"mirror.example:5000/ghcr.io/berriai/litellm:main-v1.106.2-stable@{DIGEST}",
    ],
)
def test_the_running_version_is_read_off_the_image(image: str) -> None:
    assert version_of(image) == "1.106.2"


def test_an_image_without_a_version_is_named() -> None:
    with pytest.raises(VersionError, match="registry.example:5000/proxy names no version"):
        version_of("registry.example:5000/proxy")


def test_a_newer_version_is_one_by_number_and_not_by_letters() -> None:
    check_direction("1.99.4", "1.106.2")


def test_a_downgrade_is_refused_with_the_reason_and_the_way_out() -> None:
    with pytest.raises(VersionError, match="do not go back.*Restore the snapshot.*Go back"):
        check_direction("1.106.2", "1.99.4")


def test_the_version_that_runs_is_no_upgrade() -> None:
    with pytest.raises(VersionError, match="1.106.2 runs already"):
        check_direction("1.106.2", "1.106.2")


def test_a_change_of_images_is_the_upgrade() -> None:
    container = "spec.jobTemplate.spec.template.spec.containers[0].image"
    assert not others(
        [
            change("kubernetes:helm.sh/v3:Release", "values.image.tag", "values.image.digest"),
            change("kubernetes:batch/v1:CronJob", container),
        ]
    )


@pytest.mark.parametrize(
    "other",
    [
        change("kubernetes:helm.sh/v3:Release", "values.image.tag", "values.replicaCount"),
        change("kubernetes:helm.sh/v3:Release"),
        change("aws:rds/instance:Instance", "instanceClass"),
        change("kubernetes:batch/v1:CronJob", "spec.schedule"),
    ],
)
def test_any_other_change_is_none_of_it(other: Change) -> None:
    assert others([other]) == [other]


def test_settings_go_back_to_what_they_were() -> None:
    old = {"gateway": {"image": {"tag": "1.106.2"}}}
    settings = settings_of("dev", old)
    assert previous(settings, PLAN.changes) == {
        "gateway.image.tag": '"1.106.2"',
        "gateway.image.digest": "null",
    }


@pytest.fixture
def cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a cosign on the PATH that knows one signer, and keeps what it is asked."""

    def install(signer: str, digest: str = DIGEST) -> Path:
        asked, program = tmp_path / "asked", tmp_path / "cosign"
        answer = json.dumps([{"critical": {"image": {"docker-manifest-digest": digest}}}])
        program.write_text(
            "#!/bin/sh\n"
            f'echo "$@" >> {asked}\n'
            f"case \"$*\" in *{signer}*) echo '{answer}';; "
            "*) echo 'no matching signatures' >&2; exit 1;; esac\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return asked

    return install


def pin(digest: str | None = None, **images: Any) -> dict[str, str]:
    settings = settings_of("prod", {"images": images} if images else {})
    return dict(pinned_image(settings, "1.108.5", digest, lambda _: None))


def test_an_image_is_pinned_by_the_digest_that_was_signed(cosign: Callable[[str], Path]) -> None:
    asked = cosign(versions.LITELLM_SIGNING_KEY)
    assert pin() == {"gateway.image.tag": '"1.108.5"', "gateway.image.digest": f'"{DIGEST}"'}
    assert asked.read_text().split() == [
        "verify", "--key", versions.LITELLM_SIGNING_KEY, IMAGE.partition("@")[0],
    ]  # fmt: skip


def test_the_signing_key_is_set_to_the_one_that_fits(cosign: Callable[[str], Path]) -> None:
    cosign(versions.LITELLM_NEXT_SIGNING_KEY)
    changes = pin()
    assert changes["images.signingKey"] == f'"{versions.LITELLM_NEXT_SIGNING_KEY}"'
    assert settings_of("prod", {"images": {"signingKey": versions.LITELLM_NEXT_SIGNING_KEY}})


def test_a_release_that_a_workflow_signed_is_asked_for_its_certificate(
    cosign: Callable[[str], Path],
) -> None:
    cosign("project-releaser")
    changes = pin(signingKey=versions.LITELLM_NEXT_SIGNING_KEY)
    assert changes["images.signingKey"] == "null"
    assert changes["images.signingIdentity"] == f'"{versions.LITELLM_SIGNING_IDENTITY}"'


def test_a_signature_of_nobody_known_is_refused_with_what_each_was_answered(
    cosign: Callable[[str], Path],
) -> None:
    cosign("somebody-else")
    with pytest.raises(SignatureError, match="nobody known has signed") as refused:
        pin()
    assert str(refused.value).count("no matching signatures") == 3


def test_an_image_of_one_s_own_is_held_to_one_s_own_key(cosign: Callable[[str], Path]) -> None:
    asked = cosign(versions.LITELLM_SIGNING_KEY)
    with pytest.raises(SignatureError, match="own.pub: no matching signatures"):
        pin(signingKey="keys/own.pub")
    assert len(asked.read_text().splitlines()) == 1


def test_a_given_digest_is_what_the_signature_must_be_of(cosign: Callable[[str], Path]) -> None:
    asked = cosign(versions.LITELLM_SIGNING_KEY)
    pin(DIGEST)
    assert asked.read_text().split()[-1] == IMAGE


def test_without_cosign_a_stack_is_not_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text(
        (Path(__file__).parents[2] / "Pulumi.dev.yaml").read_text()
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeploymentError, match="cosign is not on the PATH"):
        CloudDeployment("dev", tmp_path).obtain_image("1.108.5", None, lambda _: None)


def test_a_protected_stack_without_signatures_needs_a_digest() -> None:
    with pytest.raises(SignatureError, match="give it with --digest"):
        pin(verifySignatures=False)
    assert pin(DIGEST, verifySignatures=False)["gateway.image.digest"] == f'"{DIGEST}"'


def test_an_image_bears_one_signature() -> None:
    both = {"signingKey": "own.pub", "signingIdentity": "https://example.com/workflow"}
    (problem,) = problems_of("dev", {"images": both})
    assert "an image bears one signature" in problem


JOB: dict[str, Any] = {
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "litellm-gateway"}},
            "spec": {
                "priorityClassName": "litellm-gateway",
                "containers": [
                    {
                        "name": "migration",
                        "image": "old:1.106.2",
                        "env": [
                            {
                                "name": "DATABASE_URL",
                                "value": "postgresql://litellm_a:$(DATABASE_PASSWORD)@old.example"
                                ":5432/litellm?sslmode=require",
                            }
                        ],
                    }
                ],
            },
        }
    }
}


def serving() -> dict[str, Any]:
    proxy: dict[str, Any] = {
        "name": "proxy",
        "image": "old:1.106.2",
        "lifecycle": {"preStop": {}},
        "securityContext": {"runAsNonRoot": True},
        "env": [
            *JOB["spec"]["template"]["spec"]["containers"][0]["env"],
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "REDIS_HOST", "value": "cache.example"},
            {
                "name": "LITELLM_MASTER_KEY",
                "valueFrom": {"secretKeyRef": {"name": "master-key-1", "key": "key"}},
            },
        ],
    }
    labels = {
        "app.kubernetes.io/name": "litellm-gateway",
        "app.kubernetes.io/instance": "gateway",
        "app.kubernetes.io/component": "proxy",
        "pod-template-hash": "abc",
    }
    volume = {"name": "config", "configMap": {"name": "gateway-config-1"}}
    spec = {"containers": [proxy], "volumes": [volume], "topologySpreadConstraints": [{}]}
    return {"spec": {"template": {"metadata": {"labels": labels}, "spec": spec}}}


def test_the_migration_runs_as_the_last_one_but_on_the_copy() -> None:
    pod = scratch.migration_pod(JOB, IMAGE, "copy.example")
    (container,) = pod["spec"]["containers"]
    assert container["image"] == IMAGE
    assert container["env"][0]["value"] == (
        "postgresql://litellm_a:$(DATABASE_PASSWORD)@copy.example:5432/litellm?sslmode=require"
    )
    assert "priorityClassName" not in pod["spec"]
    assert JOB["spec"]["template"]["spec"]["containers"][0]["image"] == "old:1.106.2"


def test_a_failed_migration_is_resolved_on_the_database_of_the_last_one() -> None:
    pod = scratch.resolution_pod(JOB, ["--rolled-back", "20261009000100_reports"])
    (container,) = pod["spec"]["containers"]
    (before,) = JOB["spec"]["template"]["spec"]["containers"]
    assert container["command"][-2:] == ["--rolled-back", "20261009000100_reports"]
    assert (container["image"], container["env"]) == (before["image"], before["env"])
    assert "args" not in container


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["20261009000100_reports"], "--rolled-back or --applied"),
        (["reports", "--applied"], "'reports' is no migration"),
        (["20261009000100_reports", "--applied"], "give --yes"),
    ],
)
def test_what_came_of_a_migration_has_to_be_said_rightly(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(main, ["resolve-migration", *arguments, "--stack", "sandbox"])
    assert done.exit_code == 2
    assert told in done.stderr


def test_no_service_and_no_controller_takes_the_pod_for_one_of_its_own() -> None:
    pod = scratch.smoke_pod(serving(), IMAGE, "copy.example", None, 60)
    labels = pod["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "upgrade-smoke"
    assert "pod-template-hash" not in labels


def test_the_proxy_of_the_trial_has_no_cache_to_share() -> None:
    pod = scratch.smoke_pod(serving(), IMAGE, "copy.example", None, 60)
    proxy, _ = pod["spec"]["containers"]
    assert "REDIS_HOST" not in {one["name"] for one in proxy["env"]}
    policy = scratch.network_policy(
        {"spec": {"egress": [{"ports": [{"port": 6379}]}, {"ports": [{"port": 443}]}]}}
    )
    assert policy["spec"]["egress"] == [{"ports": [{"port": 443}]}]


def test_the_configuration_of_the_trial_neither_shares_nor_alerts() -> None:
    golden = (Path(__file__).parents[1] / "golden" / "prod" / "litellm_config.yaml").read_text()
    live, alone = yaml.safe_load(golden), yaml.safe_load(scratch.alone(golden))
    assert "coordination_redis" in live["general_settings"]
    assert not [key for key in alone["general_settings"] if "redis" in key or "alert" in key]
    assert alone["model_list"] == live["model_list"]
    assert alone["litellm_settings"]["callbacks"] == live["litellm_settings"]["callbacks"]


def test_what_is_asked_with_is_in_a_secret_and_not_in_the_pod() -> None:
    pod = scratch.smoke_pod(serving(), IMAGE, "copy.example", "claude", 60)
    named = scratch.secrets_named(pod)
    assert ("upgrade-smoke", "SMOKE_KEY") in named
    assert ("master-key-1", "key") in named
    made = scratch.secret({"SMOKE_KEY": "sk-known"})
    assert made["stringData"] == {"SMOKE_KEY": "sk-known"}


def test_pods_without_a_database_of_their_own_are_named() -> None:
    job = json.loads(json.dumps(JOB).replace("DATABASE_URL", "OTHER"))
    with pytest.raises(DeploymentError, match="no variable DATABASE_URL"):
        scratch.migration_pod(job, IMAGE, "copy.example")


class Proxy(ThreadingHTTPServer):
    """Answers as a proxy does, or wrongly on one path."""

    daemon_threads = True

    def __init__(self, wrong: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.wrong = wrong
        self.spend = 0.5
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        bodies: dict[str, object] = {
            "/health/readiness": {"db": "connected"},
            "/team/list": [{"max_budget": 50, "spend": 1.5}],
            "/key/list": {
                "keys": [{"max_budget": None, "spend": self.server.spend}],
                "total_pages": 1,
            },
            "/credentials/one/jwks": {"keys": ["os.environ/ONE"]},
        }
        if path == self.server.wrong:
            # What no report may show: the key that it was asked with.
            self._send(500, {"error": self.headers["Authorization"]})
        else:
            self._send(200, bodies[path])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.spend += 0.1  # a completion of the trial's own
        self._send(500 if self.path == self.server.wrong else 200, {})

    def _send(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-litellm-version", "1.108.5")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Callable[[str], tuple[int, dict[str, Any]]]]:
    """Runs the questions, as their container does, against a proxy that answers one wrongly."""
    servers: list[Proxy] = []

    def run(wrong: str = "") -> tuple[int, dict[str, Any]]:
        servers.append(Proxy(wrong))
        result = tmp_path / "result"
        done = subprocess.run(
            [sys.executable, "-c", Path(smoke.__file__).read_text(), str(result), "5", "claude"],
            env={
                "POD_IP": "127.0.0.1",
                "SMOKE_PORT": str(servers[-1].server_port),
                "LITELLM_MASTER_KEY": "sk-admin",
                "SMOKE_KEY": "sk-user",
                "SMOKE_CREDENTIAL": "one",
                "SMOKE_VALUE": "os.environ/ONE",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert "sk-" not in done.stdout + done.stderr
        return done.returncode, results(result.read_text())

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


Ask = Callable[..., tuple[int, dict[str, Any]]]


def test_a_proxy_that_answers_rightly_passes_every_question(ask: Ask) -> None:
    code, told = ask()
    assert code == 0
    assert {one["name"]: one["passed"] for one in told["checks"]} == {
        "the proxy is ready with its database": True,
        "a virtual key of before gets a completion of claude": True,
        "budgets and spend are read": True,
        "a stored credential decrypts": True,
    }
    assert told["accounts"] == {"teams": 1, "keys": 1, "budget": 50, "spend": 2.0}
    assert told["version"] == "1.108.5"


@pytest.mark.parametrize(
    ("wrong", "question"),
    [
        ("/health/readiness", "the proxy is ready with its database"),
        ("/v1/chat/completions", "a virtual key of before gets a completion of claude"),
        ("/team/list", "budgets and spend are read"),
        ("/key/list", "budgets and spend are read"),
        ("/credentials/one/jwks", "a stored credential decrypts"),
    ],
)
def test_a_wrong_answer_fails_its_question_and_shows_no_key(
    ask: Ask, wrong: str, question: str
) -> None:
    code, told = ask(wrong)
    assert code == 1
    assert [one["name"] for one in told["checks"] if not one["passed"]] == [question]


def test_a_trial_without_a_result_is_told_by_its_last_words() -> None:
    with pytest.raises(PodFailed, match="without a result: No module named json"):
        results("No module named json")


def journal(**more: Any) -> Journal:
    return Journal(
        from_version=PLAN.from_version,
        to_version=PLAN.to_version,
        changes=PLAN.changes,
        previous=PLAN.previous,
        snapshot="litellm-prod-before-1-108-5-1",
        name="ops-upgrade-1",
        value="os.environ/ONE",
        **more,
    )


def test_a_note_is_found_again_and_says_how_to_go_on(tmp_path: Path) -> None:
    assert Journal.read(tmp_path) is None
    journal().write(tmp_path).mark_tried(tmp_path)
    assert Journal.read(tmp_path) == journal(tried=True)
    assert journal().command == "ops upgrade --to 1.108.5"
    Journal.remove(tmp_path)
    assert Journal.read(tmp_path) is None


def report(*, passed: bool) -> Report:
    checks = [Check(where="trial", name="a stored credential decrypts", passed=passed, detail="x")]
    return Report(
        plan=PLAN,
        snapshot="litellm-prod-before-1-108-5-1",
        steps=[Step(name="snapshot", seconds=61.25)],
        checks=checks,
        load=Load(requests=12),
    )


def test_the_report_for_programs_has_what_was_asked_and_counted() -> None:
    told = report(passed=True).as_document()
    assert told["passed"]
    assert (told["requests"], told["failed_requests"]) == (12, 0)
    assert told["settings"]["gateway.image.tag"] == "1.108.5"
    assert told["steps"] == [{"name": "snapshot", "seconds": 61.2}]


def test_the_report_for_people_names_what_is_wrong_and_the_snapshot() -> None:
    text = click.unstyle(report(passed=False).as_text())
    assert "wrong  trial: a stored credential decrypts (x)" in text
    assert "litellm-prod-before-1-108-5-1" in text


def test_the_first_step_that_failed_is_the_one_that_is_told() -> None:
    steps = Steps()
    with pytest.raises(ZeroDivisionError), steps.step("migrate"):
        _ = 1 / 0
    with steps.step("remove the copy"):
        pass
    assert steps.failed == "migrate"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "newest"], "'newest' is no release of LiteLLM"),
        (["--to", "1.108.5", "--digest", "sha256:1"], "is no digest; one is sha256: and 64"),
        (["--to", "1.108.5", "--probe-model", "gpt"], "the catalogue has no model 'gpt'"),
        ([], "Missing option '--to'"),
        (["--to", "1.108.5"], "nobody can be asked here; look at --dry-run, then give --yes"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_asked(
    arguments: list[str], told: str
) -> None:
    done = CliRunner().invoke(main, ["upgrade", *arguments, "--stack", "dev"])
    assert done.exit_code == 2
    assert told in done.output
