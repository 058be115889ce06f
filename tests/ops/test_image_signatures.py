"""`ops images`: the list, and what is made of cosign's answer."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra import versions
from ops.cli import main
from ops.images import command
from sandbox.paths import PROJECT_ROOT

DIGEST = f"sha256:{'0' * 64}"
IMAGE = f"ghcr.io/berriai/litellm-non_root:{versions.LITELLM}"


def images(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["images", *arguments])


@pytest.fixture
def cosign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """Puts a cosign on the PATH that keeps what it is asked, and ends as it is told."""

    def install(code: int) -> Path:
        asked = tmp_path / "asked"
        program = tmp_path / "cosign"
        program.write_text(
            f'#!/bin/sh\necho "$@" > {asked}\necho "no matching signatures" >&2\nexit {code}\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return asked

    return install


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack prod with a digest, as its owner sets it."""
    text = (PROJECT_ROOT / "Pulumi.prod.yaml").read_text()
    gateway = "  litellm-gateway:gateway:\n"
    changed = text.replace(gateway, f"{gateway}    image: {{digest: '{DIGEST}'}}\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(changed)
    read = command.read_stack_file
    monkeypatch.setattr(command, "read_stack_file", lambda stack: read(stack, tmp_path))


def test_every_image_is_listed_with_where_it_is_pulled_from() -> None:
    result = images("list", "--stack", "prod", "--json")
    assert result.exit_code == 0
    listed = {image["user"]: image["pulled"] for image in json.loads(result.stdout)}
    assert listed["proxy"] == IMAGE
    assert listed["database users"] == versions.POSTGRES_CLIENT_IMAGE
    assert listed["grafana"] == "docker.io/grafana/grafana"


def test_a_protected_stack_without_a_digest_needs_attention(
    cosign: Callable[[int], Path],
) -> None:
    asked = cosign(0)
    result = images("verify", "--stack", "prod")
    assert result.exit_code == 3
    assert "gateway.image.digest is not set" in result.stdout
    assert not asked.exists()


@pytest.mark.usefixtures("pinned")
def test_cosign_is_asked_for_the_digest_with_litellm_s_key(cosign: Callable[[int], Path]) -> None:
    asked = cosign(0)
    result = images("verify", "--stack", "prod", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["result"] == "verified"
    assert asked.read_text().split() == [
        "verify", "--key", versions.LITELLM_SIGNING_KEY, f"{IMAGE}@{DIGEST}",
    ]  # fmt: skip


@pytest.mark.usefixtures("pinned")
def test_a_signature_that_does_not_hold_fails(cosign: Callable[[int], Path]) -> None:
    cosign(1)
    result = images("verify", "--stack", "prod")
    assert result.exit_code == 1
    assert "no matching signatures" in result.stdout
    assert "images.signingKey" in result.stdout


@pytest.mark.usefixtures("pinned")
def test_without_cosign_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = images("verify", "--stack", "prod")
    assert result.exit_code == 3
    assert result.stdout.startswith("open")
    assert f"cosign verify --key {versions.LITELLM_SIGNING_KEY}" in result.stdout


def test_a_stack_that_asks_for_no_signature_is_told_so(
    monkeypatch: pytest.MonkeyPatch, cosign: Callable[[int], Path]
) -> None:
    asked = cosign(1)
    settings = command._settings("dev")
    without = settings.images.model_copy(update={"verify_signatures": False})
    monkeypatch.setattr(
        command, "_settings", lambda _: settings.model_copy(update={"images": without})
    )
    result = images("verify", "--stack", "dev")
    assert result.exit_code == 0
    assert result.stdout.startswith("not asked")
    assert not asked.exists()


def test_an_unknown_stack_is_called_wrongly() -> None:
    assert images("list", "--stack", "prd").exit_code == 2
