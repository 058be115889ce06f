"""Azure without a key: LiteLLM gets tokens from Entra ID for an application, by secret or trust."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import provider_stack
import pytest
import upstream
from upstream import Upstream

from sandbox import litellm_image
from sandbox.paths import Instance

SCRIPT = Path(__file__).resolve().parents[1] / "call_models.py"
AZURE = "example.openai.azure.com"
LOGIN = "login.microsoftonline.com"
MODELS = [one for one in provider_stack.MODELS if one["provider"] == "azure"]
IDENTITY = {"tenantId": provider_stack.TENANT, "clientId": provider_stack.CLIENT}


@pytest.fixture
def providers() -> Iterator[Upstream]:
    litellm_image.ensure(print)
    with upstream.running(Instance("providers")) as running:
        yield running


def call(providers: Upstream, folder: Path, azure: dict[str, Any], **extra: str) -> None:
    """Let LiteLLM ask both of Azure's models with the rendered configuration."""
    settings = provider_stack.stack(
        models=MODELS,
        aliases={},
        bedrock={},
        providers={"azure": {**provider_stack.AZURE, **azure}},
    )
    secrets = provider_stack.secret_values(settings)
    config = folder / "config.yaml"
    config.write_text(provider_stack.rendered(settings, secrets))
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        **secrets,
        **provider_stack.pod_variables(settings),
        **providers.environment,
        **extra,
    }
    python = str(litellm_image.built_image().python)
    done = subprocess.run(
        [python, str(SCRIPT), str(config), "chat:gpt-azure", "embedding:azure-embedding"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def login(providers: Upstream) -> dict[str, str]:
    """Return the form with which a token was asked for."""
    asked = [one for one in providers.requests if one.path.endswith("/oauth2/v2.0/token")]
    assert {one.path.split("/")[1] for one in asked} == {provider_stack.TENANT}
    return {name: values[0] for name, values in parse_qs(asked[-1].text).items()}


def tokens(providers: Upstream) -> set[str]:
    asked = [one for one in providers.requests if one.host == AZURE]
    assert len(asked) == 2
    assert not any("api-key" in one.headers for one in asked)
    return {one.headers["authorization"] for one in asked}


def test_an_application_s_secret_becomes_a_token(providers: Upstream, tmp_path: Path) -> None:
    call(providers, tmp_path, {"authentication": "clientSecret", **IDENTITY})
    form = login(providers)
    assert (form["client_id"], form["client_secret"]) == (
        provider_stack.CLIENT,
        "secret-of-azureClient",
    )
    assert tokens(providers) == {f"Bearer token-of-{LOGIN}"}


def test_the_cluster_s_token_becomes_one_of_entra_id(providers: Upstream, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("token-of-the-cluster")
    azure = {"authentication": "workloadIdentity", **IDENTITY}
    call(providers, tmp_path, azure, AZURE_FEDERATED_TOKEN_FILE=str(token))
    form = login(providers)
    assert form["client_id"] == provider_stack.CLIENT
    assert form["client_assertion"] == "token-of-the-cluster"
    assert tokens(providers) == {f"Bearer token-of-{LOGIN}"}
