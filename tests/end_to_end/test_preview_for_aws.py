"""The stacks for AWS preview whole through the real engine, with no account and no sandbox."""

import json
import subprocess
import sys

import pytest

from sandbox.paths import PROJECT_ROOT


def preview(stack: str, *settings: str) -> dict[str, object]:
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.cli", "preview", "--stack", stack, "--json", *arguments],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("stack", ["dev", "prod", "prod-dr"])
def test_a_stack_for_aws_previews_whole(stack: str) -> None:
    changes = preview(stack)["changes"]
    assert {change["operation"] for change in changes} == {"create"}
    types = {change["type"] for change in changes}
    assert {
        "aws:eks/cluster:Cluster",
        "aws:rds/instance:Instance",
        "kubernetes:helm.sh/v3:Release",
    } <= types


def test_settings_errors_are_told_before_anything_is_previewed() -> None:
    done = subprocess.run(
        [
            *[sys.executable, "-m", "sandbox.cli", "preview", "--stack", "dev"],
            *["--set", "network.zones=9", "--set", "cache.replicas=77", "--set", "modles=[]"],
        ],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    for key in ("network.zones", "cache.replicas", "modles: unknown key"):
        assert key in done.stderr
