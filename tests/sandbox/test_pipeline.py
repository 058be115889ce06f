"""What workflows run, on a small stack of the real engine, with policies and an AWS."""

import json
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from click.testing import CliRunner, Result
from moto_client import client
from stacks import Stack, serving

from ops.cli import main
from ops.config.rendered import settings_of
from ops.config.stack_file import read_stack_file
from ops.pipeline import command
from ops.pipeline.drift import Drift
from sandbox.engine import POLICY_PACK
from sandbox.outcome import Outcome
from sandbox.providers.aws import AwsProvider
from sandbox.stack_operations import Report, StackOperations

TOPIC = "pipeline-tests"


def allowed() -> None:
    provider = aws.Provider("aws", region="us-east-1")
    aws.sns.Topic(
        "topic",
        name=TOPIC,
        kms_master_key_id="alias/aws/sns",
        tags={"of": "the test"},
        opts=pulumi_options(provider),
    )


def forbidden() -> None:
    provider = aws.Provider("aws", region="us-east-1")
    aws.ec2.SecurityGroup(
        "open",
        ingress=[{"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/0"]}],
        opts=pulumi_options(provider),
    )


def pulumi_options(provider: aws.Provider) -> Any:
    return pulumi.ResourceOptions(provider=provider)


class SmallDeployment:
    """A stack of one resource, as the commands see a deployment."""

    stack = "small"

    def __init__(self, stack: Stack) -> None:
        self._automation = stack._stack
        self.program = allowed
        self.settings = lambda: settings_of("dev", read_stack_file("dev"))

    @property
    def _operations(self) -> StackOperations:
        self._automation.workspace.program = self.program
        return StackOperations(self._automation)

    def preview(self, _: Any, report: Report, *, policies: bool = False) -> Outcome:
        # The waivers of the delivered stacks are needed by nothing here, which is forbidden too.
        asked = policies and self.program is not allowed
        return self._operations.preview(report, policy_pack=POLICY_PACK if asked else None)

    def preview_events(self) -> str:
        return self._operations.preview_text("events", POLICY_PACK)

    def up(self, report: Report) -> Outcome:
        return self._operations.up(report)

    def drift(self, report: Report, exclude: tuple[str, ...] = ()) -> Outcome:
        return self._operations.drift(report, exclude)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallDeployment]:
    # The file backend of the test stands before the bucket that dev's file names.
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'stack' / 'state'}")
    with serving("aws", AwsProvider(None)) as address:
        deployment = SmallDeployment(Stack(tmp_path / "stack", address))
        monkeypatch.setattr("ops.deployments.options.find_deployment", lambda *_: deployment)
        yield deployment


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one commit."""
    place = tmp_path / "checkout"
    place.mkdir()
    git(place, "init", "--quiet")
    (place / "file").write_text("reviewed")
    git(place, "add", ".")
    git(place, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "first")
    monkeypatch.setattr(command, "PROJECT_ROOT", place)
    return place


def git(place: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(place), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def pipeline(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["pipeline", *arguments])


def deploy(repository: Path, *more: str) -> Result:
    commit = git(repository, "rev-parse", "HEAD")
    return pipeline("deploy", "--stack", "small", "--commit", commit, *more)


def test_a_preview_keeps_an_event_a_line_with_what_would_change(
    small: SmallDeployment, tmp_path: Path
) -> None:
    events = tmp_path / "events.json"
    result = pipeline("preview", "--stack", "small", "--events", str(events))
    assert result.exit_code == 0, result.output
    read = [json.loads(line) for line in events.read_text().splitlines() if line]
    created = [one["resourcePreEvent"]["metadata"] for one in read if "resourcePreEvent" in one]
    assert {"create"} == {step["op"] for step in created}
    assert "::topic" in "".join(step["urn"] for step in created)


def test_a_preview_that_a_policy_forbids_is_kept_with_what_the_policy_says(
    small: SmallDeployment, tmp_path: Path
) -> None:
    small.program = forbidden
    events = tmp_path / "events.json"
    result = pipeline("preview", "--stack", "small", "--events", str(events))
    assert result.exit_code == 0, result.output
    read = [json.loads(line) for line in events.read_text().splitlines() if line]
    said = [one["policyEvent"] for one in read if "policyEvent" in one]
    assert any(one["enforcementLevel"] == "mandatory" for one in said)


def test_a_program_that_fails_fails_the_preview(small: SmallDeployment, tmp_path: Path) -> None:
    def broken() -> None:
        raise ValueError("a broken program")

    small.program = broken
    events = tmp_path / "events.json"
    pipeline("preview", "--stack", "small", "--events", str(events))
    assert not events.exists() or "a broken program" in events.read_text()


def test_a_reviewed_commit_is_brought_up(small: SmallDeployment, repository: Path) -> None:
    result = deploy(repository)
    assert result.exit_code == 0, result.output
    assert "small is up" in result.stdout
    assert f":{TOPIC}" in str(client("sns").list_topics()["Topics"])


def test_what_a_policy_forbids_is_not_brought_up(small: SmallDeployment, repository: Path) -> None:
    small.program = forbidden
    result = deploy(repository, "--json")
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert told["done"] is False
    assert any(violation["mandatory"] for violation in told["violations"])


def test_another_commit_than_the_reviewed_one_is_refused(
    small: SmallDeployment, repository: Path
) -> None:
    result = pipeline("deploy", "--stack", "small", "--commit", "0" * 40)
    assert result.exit_code == 1
    assert f"not at the reviewed commit {'0' * 40}" in result.stderr


def test_a_checkout_that_was_changed_is_refused(small: SmallDeployment, repository: Path) -> None:
    (repository / "file").write_text("changed")
    result = deploy(repository)
    assert result.exit_code == 1
    assert "differs from commit" in result.stderr
    assert ": file" in result.stderr


def test_without_drift_the_report_is_empty(
    small: SmallDeployment, repository: Path, tmp_path: Path
) -> None:
    deploy(repository)
    report = tmp_path / "drift.json"
    result = pipeline("drift", "--stack", "small", "--output", str(report))
    assert result.exit_code == 0, result.output
    assert Drift.read(report.read_text()).changes == []


def test_what_somebody_changed_by_hand_is_drift(
    small: SmallDeployment, repository: Path, tmp_path: Path
) -> None:
    deploy(repository)
    (arn,) = [
        one["TopicArn"] for one in client("sns").list_topics()["Topics"] if TOPIC in one["TopicArn"]
    ]
    client("sns").tag_resource(
        ResourceArn=arn, Tags=[{"Key": "of", "Value": "a-value-that-is-nowhere"}]
    )
    report = tmp_path / "drift.json"
    result = pipeline("drift", "--stack", "small", "--output", str(report))
    assert result.exit_code == 3
    (change,) = Drift.read(report.read_text()).changes
    assert change["name"] == "topic"
    page = Drift.read(report.read_text()).as_markdown()
    assert "`topic`" in page
    assert "a-value-that-is-nowhere" not in page


def test_what_the_preview_role_must_not_read_is_not_compared(
    small: SmallDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    real = small.drift
    monkeypatch.setattr(
        small, "drift", lambda report, exclude: asked.append(exclude) or real(report, exclude)
    )
    pipeline("drift", "--stack", "small")
    page = Path("docs/decisions/identity.md").read_text()
    assert asked == [("**:SecretVersion::**", "**:Release::**")]
    assert all(f"--exclude '{pattern}'" in page for pattern in asked[0])


class GitHub:
    """Enough of GitHub's issues for one repository."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.comments: list[str] = []
        self.tokens: set[str] = set()


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    kept = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer([one for one in kept.issues if one["state"] == "open"])

        def do_POST(self) -> None:
            sent = self._sent()
            if self.path.endswith("/comments"):
                kept.comments.append(sent["body"])
                return self._answer({})
            number = len(kept.issues) + 1
            user = {"type": "Bot"}
            kept.issues.append({"number": number, "state": "open", "user": user, **sent})
            return self._answer(kept.issues[-1])

        def do_PATCH(self) -> None:
            issue = kept.issues[int(self.path.rpartition("/")[2]) - 1]
            issue.update(self._sent())
            self._answer(issue)

        def _sent(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, content: Any) -> None:
            kept.tokens.add(self.headers["Authorization"])
            text = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("GITHUB_TOKEN", "token-of-the-job")
    yield kept
    server.shutdown()
    server.server_close()


def told(tmp_path: Path, *names: str) -> Result:
    changes = [
        {
            "operation": "update",
            "type": "aws:s3/bucket:Bucket",
            "name": name,
            "properties": ["tags"],
        }
        for name in names
    ]
    report = tmp_path / "drift.json"
    report.write_text(Drift(stack="prod", changes=changes).as_text())
    return pipeline("issue", "--repository", "example/gateway", "--file", str(report))


def test_drift_opens_one_issue_that_is_kept_up_to_date(github: GitHub, tmp_path: Path) -> None:
    assert told(tmp_path, "logs").stdout == "opened issue 1\n"
    assert told(tmp_path, "logs").stdout == "issue 1 tells it already\n"
    assert told(tmp_path, "logs", "copies").stdout == "wrote issue 1 anew\n"
    assert len(github.issues) == 1
    assert "`copies`" in github.issues[0]["body"]
    assert github.tokens == {"Bearer token-of-the-job"}


def test_the_issue_is_closed_when_the_drift_is_gone(github: GitHub, tmp_path: Path) -> None:
    told(tmp_path, "logs")
    assert told(tmp_path).stdout == "closed issue 1\n"
    assert github.issues[0]["state"] == "closed"
    assert told(tmp_path).stdout == "no drift, and no issue of it\n"


def test_an_issue_that_a_person_wrote_is_left_alone(github: GitHub, tmp_path: Path) -> None:
    told(tmp_path, "logs")
    github.issues[0]["user"]["type"] = "User"
    assert told(tmp_path, "logs").stdout == "opened issue 2\n"


def test_without_a_token_the_error_says_which_right_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    result = told(tmp_path, "logs")
    assert result.exit_code == 1
    assert "issues: write" in result.stderr


def test_a_file_that_is_no_report_is_called_wrongly(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    result = pipeline(
        "issue", "--repository", "example/gateway", "--file", str(tmp_path / "other.json")
    )
    assert result.exit_code == 2
    assert "no report of `ops pipeline drift`" in result.stderr


def test_the_role_is_handed_to_the_next_steps(tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    result = pipeline(
        "role", "--stack", "prod", "--purpose", "deploy", "--github-output", str(outputs)
    )
    assert result.exit_code == 0
    assert outputs.read_text().splitlines() == [
        "role=arn:aws:iam::111122223333:role/litellm-prod-github-deploy",
        "region=us-east-1",
        "backend=s3://example-pulumi-state?region=us-east-1",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"oidc_provider": "create"}, "identity.github.oidcProvider: 'create'"),
        (None, "has no identity.github"),
    ],
)
def test_a_stack_that_does_not_say_whom_to_trust_is_an_error(
    change: dict[str, str] | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of("prod", read_stack_file("prod"))
    github = settings.identity.github
    assert github is not None
    identity = settings.identity.model_copy(
        update={"github": change and github.model_copy(update=change)}
    )
    changed = settings.model_copy(update={"identity": identity})
    monkeypatch.setattr("ops.deployments.cloud.CloudDeployment.settings", lambda *_: changed)
    result = pipeline("role", "--stack", "prod", "--purpose", "deploy")
    assert result.exit_code == 1
    assert message in result.stderr
