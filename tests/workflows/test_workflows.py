"""The workflows: what they may do, whom they trust, and that what they call is there."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from workflow_files import FILES, Job, jobs, load

from infra.deployment_policies import github_trust
from infra.setting_sections import GitHubSettings
from ops.cli import main
from ops.config.rendered import settings_of
from ops.config.stack_file import read_stack_file
from ops.pipeline.identity import workflow_identity
from sandbox import toolchain
from sandbox.paths import PROJECT_ROOT

JOBS = list(jobs())
STACKS = ("dev", "prod")
# What each job may be granted; a job that is not here reads the repository or has nothing.
GRANTS = {
    "preview": {"contents": "read", "id-token": "write"},
    "comment": {"contents": "read", "pull-requests": "write"},
    "approval": {},
    "deploy": {"contents": "read", "id-token": "write"},
    "drift": {"contents": "read", "id-token": "write"},
    "issue": {"contents": "read", "issues": "write"},
}
REVIEWED = "${{ github.event.pull_request.base.sha }}"
with_jobs = pytest.mark.parametrize("job", JOBS, ids=lambda job: job.title)
with_files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
TAKING_A_ROLE = [job for job in JOBS if job.permissions.get("id-token") == "write"]


def github(stack: str) -> GitHubSettings:
    found = settings_of(stack, read_stack_file(stack)).identity.github
    assert found is not None
    return found


def used(document: Any) -> list[str]:
    """Return what a workflow's jobs and steps use."""
    if isinstance(document, dict):
        own = [document["uses"]] if isinstance(document.get("uses"), str) else []
        return own + [one for value in document.values() for one in used(value)]
    return [one for value in document for one in used(value)] if isinstance(document, list) else []


@with_files
def test_every_action_is_pinned_by_a_commit_and_says_which_version_that_is(path: Path) -> None:
    actions = [one for one in used(load(path)) if not one.startswith("$/")]
    assert all(re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", one) for one in actions)
    pinned = re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", path.read_text(), re.M)
    assert len(pinned) == len(actions)


def test_an_action_has_the_same_commit_everywhere() -> None:
    pins = {one for path in FILES for one in used(load(path)) if "@" in one}
    names = [one.partition("@")[0] for one in pins]
    assert sorted(names) == sorted(set(names))


@with_files
def test_a_workflow_grants_nothing_of_itself(path: Path) -> None:
    assert load(path)["permissions"] == {}


@with_jobs
def test_a_job_has_what_it_needs_and_no_more(job: Job) -> None:
    expected = GRANTS.get(job.name.rpartition("/")[2], {"contents": "read"})
    assert job.permissions == expected


@with_files
def test_a_call_grants_what_the_called_jobs_have_together(path: Path) -> None:
    for content in load(path)["jobs"].values():
        if called := str(content.get("uses", "")).removeprefix("$/.github/workflows/"):
            inner = load(path.parent / called)["jobs"].values()
            needed = {key: value for job in inner for key, value in job["permissions"].items()}
            assert content["permissions"] == needed


@pytest.mark.parametrize("job", TAKING_A_ROLE, ids=lambda job: job.title)
def test_who_may_take_a_role_cannot_write_to_the_repository(job: Job) -> None:
    assert "write" not in {value for name, value in job.permissions.items() if name != "id-token"}


@with_jobs
def test_no_job_of_a_pull_request_from_elsewhere_gets_a_role_or_may_write(job: Job) -> None:
    if "pull_request" not in job.events or "write" not in job.permissions.values():
        return
    caller = load(PROJECT_ROOT / ".github/workflows" / job.file)["jobs"][job.name.split("/")[0]]
    assert caller["if"] == "github.event.pull_request.head.repo.full_name == github.repository"


@with_files
def test_no_workflow_runs_with_rights_for_code_that_nobody_reviewed(path: Path) -> None:
    assert not {"pull_request_target", "workflow_run", "issue_comment"} & set(load(path)["on"])


@with_jobs
def test_checkouts_leave_no_credentials_behind(job: Job) -> None:
    for step in job.steps:
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@with_jobs
def test_every_job_ends_by_itself(job: Job) -> None:
    assert 0 < job.content["timeout-minutes"] <= 120


@with_jobs
def test_a_step_is_one_command_with_nothing_interpolated(job: Job) -> None:
    for step in job.steps:
        if command := step.get("run"):
            assert "${{" not in command
            assert len(command.strip().splitlines()) == 1
            assert not re.search(r"[|;&<>`]|\$\(", command)


@with_jobs
def test_no_secret_of_the_repository_is_read(job: Job) -> None:
    assert "secrets." not in json.dumps(job.content)


@pytest.mark.parametrize("job", TAKING_A_ROLE, ids=lambda job: job.title)
def test_a_job_s_environment_is_the_one_that_its_role_trusts(job: Job) -> None:
    stack = job.inputs["stack"]
    purpose = "deploy" if job.name.endswith("/deploy") else "preview"
    identity = workflow_identity(stack, settings_of(stack, read_stack_file(stack)), purpose)
    assert job.environment == identity.environment
    assert f"uv run ops pipeline role --stack {stack} --purpose {purpose}" in job.commands


@pytest.mark.parametrize("job", TAKING_A_ROLE, ids=lambda job: job.title)
def test_a_job_s_token_has_the_audience_and_subject_of_the_role_s_trust(job: Job) -> None:
    settings = github(job.inputs["stack"])
    action = job.action("aws-actions/configure-aws-credentials")
    assert action is not None
    assert job.environment is not None
    token = {
        "token.actions.githubusercontent.com:aud": action["with"]["audience"],
        "token.actions.githubusercontent.com:sub": (
            f"repo:{settings.repository}:environment:{job.environment}"
        ),
    }
    trust = json.loads(github_trust(settings.oidc_provider, settings.repository, job.environment))
    assert trust["Statement"][0]["Condition"] == {"StringEquals": token}


@pytest.mark.parametrize("purpose", ["preview", "deploy"])
@pytest.mark.parametrize("stack", STACKS)
def test_the_role_that_a_job_takes_is_the_one_that_the_program_makes(
    stack: str, purpose: Any
) -> None:
    identity = workflow_identity(stack, settings_of(stack, read_stack_file(stack)), purpose)
    assert identity.role == f"arn:aws:iam::111122223333:role/litellm-{stack}-github-{purpose}"
    assert identity.backend == "s3://example-pulumi-state?region=us-east-1"


@with_jobs
def test_credentials_are_taken_of_the_step_that_reads_the_stack_s_file(job: Job) -> None:
    if action := job.action("aws-actions/configure-aws-credentials"):
        assert action["with"]["role-to-assume"] == "${{ steps.role.outputs.role }}"
        assert action["with"]["aws-region"] == "${{ steps.role.outputs.region }}"


def test_prod_waits_for_dev_and_for_an_environment_of_its_own() -> None:
    deploy = load(PROJECT_ROOT / ".github/workflows/deploy.yml")
    assert deploy["on"] == {"push": {"branches": ["main"]}}
    assert deploy["jobs"]["prod"]["needs"] == "dev"
    assert deploy["jobs"]["prod"]["with"]["environment"] == github("prod").deploy_environment


def test_a_deployment_is_never_cut_off_by_the_next_one() -> None:
    (deployment,) = load(PROJECT_ROOT / ".github/workflows/deploy-stack.yml")["jobs"].values()
    assert deployment["concurrency"]["cancel-in-progress"] is False


@pytest.mark.parametrize("name", ["comment", "gate"])
def test_who_writes_and_who_lets_pass_is_the_reviewed_code(name: str) -> None:
    for job in JOBS:
        if job.name.endswith(f"/{name}"):
            checkout = job.action("actions/checkout")
            assert checkout is not None
            assert checkout["with"]["ref"] == REVIEWED


def test_the_report_is_made_by_the_reviewed_code() -> None:
    for job in JOBS:
        if job.name.endswith("/preview"):
            (report,) = (step for step in job.steps if step.get("id") == "report")
            (reviewed,) = (
                step["with"]["path"]
                for step in job.steps
                if step.get("with", {}).get("ref") == REVIEWED
            )
            assert report["working-directory"] == reviewed


@pytest.mark.parametrize(
    ("action", "key", "file", "wanted"),
    [
        ("astral-sh/setup-uv", "version", "bootstrap.sh", r"uv_version=(\S+)"),
        ("pulumi/actions", "pulumi-version", "tool_versions.py", r'PULUMI_VERSION = "v([\d.]+)"'),
    ],
)
def test_the_tools_are_those_of_the_project(action: str, key: str, file: str, wanted: str) -> None:
    given = {step["with"][key] for job in JOBS if (step := job.action(action)) is not None}
    assert given == set(re.findall(wanted, (PROJECT_ROOT / "sandbox" / file).read_text()))


@pytest.mark.parametrize("command", sorted({command for job in JOBS for command in job.commands}))
def test_what_a_step_calls_is_there(command: str) -> None:
    words = shlex.split(command)
    if words[:3] == ["uv", "run", "ops"]:
        named = [word for word in words[3:] if not word.startswith("--")]
        options = {word for word in words[3:] if word.startswith("--")}
        sub: Any = main
        path = []
        while named and named[0] in getattr(sub, "commands", {}):
            path.append(named.pop(0))
            sub = sub.commands[path[-1]]
        assert path, f"there is no command {words[3]}"
        result = CliRunner().invoke(main, [*path, "--help"])
        assert result.exit_code == 0
        assert all(option in result.stdout for option in options)
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (PROJECT_ROOT / "Makefile").read_text(), re.M)
    else:
        assert words == ["true"] or (PROJECT_ROOT / words[0]).stat().st_mode & 0o111


def test_zizmor_finds_nothing_with_the_eyes_of_an_auditor() -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "zizmor"),
            *("--offline", "--persona=auditor", "--strict-collection", "--no-progress"),
            str(PROJECT_ROOT / ".github"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(
        [toolchain.ensure(["actionlint"])["actionlint"], "-no-color", *map(str, FILES)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_what_zizmor_passes_over_is_nothing() -> None:
    assert not any("zizmor: ignore" in path.read_text() for path in FILES)
    assert not (PROJECT_ROOT / ".github" / "zizmor.yml").exists()


def test_the_hooks_before_a_commit_look_at_the_workflows() -> None:
    hooks = yaml.safe_load((PROJECT_ROOT / ".pre-commit-config.yaml").read_text())
    assert "workflows" in [hook["id"] for repo in hooks["repos"] for hook in repo["hooks"]]
