"""Stacks on AWS as commands see them, as far as that goes without an account."""

import base64
import itertools
import os
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from infra.settings import SettingsError
from ops.deployments.cloud import CloudDeployment
from ops.deployments.deployment import DeploymentError
from ops.deployments.eks_token import RenewedToken, signed_token
from ops.deployments.options import find_deployment
from ops.deployments.sandboxed import SandboxDeployment
from sandbox.certificates import authority
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.stack_files import keep_settings, kept_settings, write_stack
from sandbox.stack_operations import EngineError


@pytest.fixture
def prod(tmp_path: Path) -> CloudDeployment:
    shutil.copyfile(PROJECT_ROOT / "Pulumi.prod.yaml", tmp_path / "Pulumi.prod.yaml")
    return CloudDeployment("prod", tmp_path)


def test_a_change_that_is_kept_is_the_only_difference_of_the_file(
    prod: CloudDeployment, tmp_path: Path
) -> None:
    before = (tmp_path / "Pulumi.prod.yaml").read_text().splitlines()
    prod.keep({"rotation.masterKey": "2"})
    after = (tmp_path / "Pulumi.prod.yaml").read_text().splitlines()
    assert [line for line in before if line not in after] == []
    assert [line.strip() for line in after if line not in before] == [
        "litellm-gateway:rotation:",
        "masterKey: 2",
    ]
    assert prod.settings().rotation.master_key == 2


def test_settings_with_changes_leave_the_file_alone(prod: CloudDeployment) -> None:
    assert prod.settings({"rotation.masterKey": "7"}).rotation.master_key == 7
    assert prod.settings().rotation.master_key == 1


def test_a_wrong_change_is_an_error_of_the_settings(prod: CloudDeployment) -> None:
    with pytest.raises(SettingsError, match="rotation.masterKey"):
        prod.settings({"rotation.masterKey": "none"})


def test_without_pulumi_s_cli_the_error_says_so(
    prod: CloudDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(DeploymentError, match="needs Pulumi's CLI on the PATH"):
        prod.outputs()


def test_what_the_engine_refuses_is_an_error_of_the_engine(
    prod: CloudDeployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Somebody is not logged in, or the stack does not exist, as Pulumi's own CLI says it."""
    cli = tmp_path / "pulumi"
    cli.write_text(
        "#!/bin/sh\n[ $1 = version ] && echo v3.259.0 && exit\n"
        "echo 'error: no stack named prod found' >&2; exit 255\n"
    )
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(EngineError, match="no stack named prod"):
        prod.outputs()


def test_the_token_of_a_cluster_is_a_signed_question_who_asks(
    prod: CloudDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    token = signed_token("litellm-prod", prod.aws("sts"))
    prefix, _, encoded = token.rpartition(".")
    assert prefix == "k8s-aws-v1"
    url = urlsplit(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode())
    asked = parse_qs(url.query)
    assert url.hostname == "sts.us-east-1.amazonaws.com"
    assert asked["Action"] == ["GetCallerIdentity"]
    assert asked["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert asked["X-Amz-Expires"] == ["60"]


def test_a_token_is_signed_anew_before_it_ends_and_where_the_server_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, refused = 1_000_000.0, set[str]()
    monkeypatch.setattr("ops.deployments.eks_token.time.time", lambda: now)
    made = (f"token-{number}" for number in itertools.count())
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"].removeprefix("Bearer "))
        return httpx.Response(401 if seen[-1] in refused else 200)

    auth = RenewedToken(lambda: next(made))
    with httpx.Client(transport=httpx.MockTransport(answer), auth=auth) as client:
        for later in (0, 590, 20):
            now += later
            assert client.get("https://cluster/").status_code == 200
        assert seen == ["token-0", "token-0", "token-1"]
        now += 100
        refused.add("token-1")
        assert client.get("https://cluster/").status_code == 200
        assert seen[3:] == ["token-1", "token-2"]


def test_a_cluster_is_found_before_the_stack_has_outputs(
    prod: CloudDeployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    asked: list[str] = []
    authority_data = authority(Instance("cluster", 9)).certificate.read_bytes()

    class Eks:
        def describe_cluster(self, name: str) -> dict[str, object]:
            asked.append(name)
            data = base64.b64encode(authority_data).decode()
            return {
                "cluster": {
                    "endpoint": "https://127.0.0.1:1",
                    "certificateAuthority": {"data": data},
                }
            }

    monkeypatch.setattr(prod, "aws", lambda _: Eks())
    monkeypatch.setattr(prod, "outputs", lambda: {})
    assert prod.kubernetes().server == "https://127.0.0.1:1"
    assert asked == ["litellm-prod"]


def test_the_stack_sandbox_is_the_named_sandbox() -> None:
    found = find_deployment("sandbox", "second", 1)
    assert isinstance(found, SandboxDeployment)
    assert found.instance == Instance("second", 1)


def test_a_sandbox_that_is_not_up_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    with pytest.raises(DeploymentError, match="run `uv run sandbox up`"):
        SandboxDeployment(Instance("absent", 9)).settings()


def test_kept_settings_hold_for_every_later_run_of_a_sandbox(tmp_path: Path) -> None:
    keep_settings(tmp_path, {"rotation.masterKey": "2"})
    keep_settings(tmp_path, {"rotation.cache": "3"})
    assert kept_settings(tmp_path) == {"rotation.masterKey": "2", "rotation.cache": "3"}
    text = write_stack(tmp_path, "sandbox", {"rotation.cache": "4"}).read_text()
    assert re.search(r"rotation:\n\s+cache: 4\n\s+masterKey: 2", text)


def test_what_a_preview_tried_is_no_setting_of_a_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    instance = Instance("tried", 9)
    authority(instance)
    project = instance.state / "project"
    keep_settings(project, {"rotation.cache": "2"})
    supplied = {"suppliedSecrets.anthropic": '{"1": {"apiKey": {"secure": "v1:a:b"}}}'}
    write_stack(project, "sandbox", {"rotation.masterKey": "7", **supplied}, instance)
    rotation = SandboxDeployment(instance).settings().rotation
    assert (rotation.master_key, rotation.cache) == (1, 2)
