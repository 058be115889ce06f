"""LiteLLM itself chooses a team's deployment and asks STS for the team's session."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from test_litellm_accepts import gateway_python as gateway_python
from test_rendering import CONFIG, HAIKU

from infra.proxy_config.document import render_litellm_config
from infra.proxy_config.model_list import AssumedRole

IRSA_ROLE = "arn:aws:iam::111122223333:role/litellm-dev-gateway"
ROLE = "arn:aws:iam::444455556666:role/models"
TEAM = replace(
    HAIKU,
    team="search",
    role=AssumedRole(
        arn=ROLE,
        session_name="litellm-search",
        external_id="litellm-dev",
        tags={"team": "search", "costCentre": "4711"},
    ),
)
CREDENTIALS = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result>
<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</{0}Result></{0}Response>"""


@contextmanager
def security_token_service() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Answer as STS does; yield the address and the requests that come in."""
    requests: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            request = {name: values[0] for name, values in parse_qs(body).items()}
            requests.append(request)
            answer = CREDENTIALS.format(request["Action"]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Calls:
    deployments: dict[str, str]
    requests: list[dict[str, str]]


@pytest.fixture(scope="module")
def calls(gateway_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """What LiteLLM does for two teams and for a caller without one."""
    folder = tmp_path_factory.mktemp("teams")
    config, token = folder / "config.yaml", folder / "token"
    context = replace(CONFIG, deployments=(*CONFIG.deployments, TEAM))
    config.write_text(render_litellm_config(context))
    token.write_text("a-token-of-the-cluster")
    teams = ["search", "mobile", ""]
    with security_token_service() as (address, requests):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ANTHROPIC_API_KEY": "placeholder",
            "AWS_ENDPOINT_URL_STS": address,
            "AWS_REGION": "us-east-1",
            "AWS_ROLE_ARN": IRSA_ROLE,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        }
        script = Path(__file__).parent / "call_as_team.py"
        done = subprocess.run(
            [gateway_python, script, config, HAIKU.model_name, *teams],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=environment,
        )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert all(line["credentials"] for line in lines)
    return Calls(dict(zip(teams, (line["id"] for line in lines), strict=True)), requests)


def test_a_team_gets_its_own_deployment_under_the_common_name(calls: Calls) -> None:
    assert calls.deployments["search"] == TEAM.identity


@pytest.mark.parametrize("caller", ["mobile", ""])
def test_everyone_else_gets_the_shared_deployments(caller: str, calls: Calls) -> None:
    assert calls.deployments[caller] in {one.identity for one in CONFIG.deployments}


def test_the_session_of_a_team_carries_its_name_and_tags(calls: Calls) -> None:
    (asked,) = [one for one in calls.requests if one["Action"] == "AssumeRole"]
    tags = {asked[f"Tags.member.{n}.Key"]: asked[f"Tags.member.{n}.Value"] for n in (1, 2)}
    assert tags == {"team": "search", "costCentre": "4711"}
    assert asked["RoleArn"] == ROLE
    assert asked["RoleSessionName"] == "litellm-search"
    assert asked["ExternalId"] == "litellm-dev"


def test_the_role_is_taken_with_the_pods_own(calls: Calls) -> None:
    with_token = "AssumeRoleWithWebIdentity"
    taken = {one["RoleArn"] for one in calls.requests if one["Action"] == with_token}
    assert taken == {IRSA_ROLE}
