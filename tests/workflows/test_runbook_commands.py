"""Every command of every runbook is run by a test, or is at least a command that there is."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from aws_command import OWN, RENAMED
from botocore import xform_name
from botocore.session import Session
from click.testing import CliRunner
from runbooks import PAGES, RUN_IN, Command, commands, modules

import ops.cli
import sandbox.cli
from sandbox import toolchain
from sandbox.paths import PROJECT_ROOT

ASKED = {
    command.text: command
    for page in PAGES
    for command in commands(page)
    if page in RUN_IN and command.is_asked_for_help
}

ASKED_FOR_HELP = ("aws", "curl", "kubectl", "make", "pulumi", "uv")
# Programs that cannot be asked here; a command with its page.
MANUALS = {
    "docker buildx imagetools inspect": (
        "docs.docker.com/reference/cli/docker/buildx/imagetools/inspect"
    )
}


def of(program: str) -> list[Command]:
    return [ASKED[text] for text in sorted(ASKED) if text.startswith(f"{program} ")]


def test_every_page_with_commands_says_which_tests_run_them() -> None:
    assert {page for page in PAGES if commands(page)} <= RUN_IN.keys()


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_a_test_runs_every_command_of_a_page(page: str) -> None:
    assert [command.module for command in commands(page)]


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.stem)
def test_a_module_that_is_said_to_run_commands_is_there(module: Path) -> None:
    assert module.exists()


def test_every_page_is_in_the_index() -> None:
    index = PAGES["README"].read_text()
    assert {page for page in PAGES if f"({page}.md)" not in index} == {"README"}


@pytest.mark.parametrize("command", of("uv"), ids=lambda command: command.text)
def test_a_command_of_ours_is_there_with_its_options(command: Command) -> None:
    _, _, program, *words = shlex.split(command.text)
    root: Any = {"ops": ops.cli.main, "sandbox": sandbox.cli.main}[program]
    sub = root
    path: list[str] = []
    while words and words[0] in getattr(sub, "commands", {}):
        path.append(words.pop(0))
        sub = sub.commands[path[-1]]
    assert path, f"there is no command {words[0]}"
    told = CliRunner().invoke(root, [*path, "--help"]).stdout
    assert all(option in told for option in words if option.startswith("--"))


def told_by(program: str, *words: str, home: Path) -> str:
    done = subprocess.run(
        [toolchain.ensure([program])[program], *words, "--help"],
        env={"PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", of("pulumi"), ids=lambda command: command.text)
def test_a_command_of_the_engine_is_there_with_its_options(
    command: Command, tmp_path: Path
) -> None:
    words = shlex.split(command.text)[1:]
    named = [word for word in words if re.fullmatch(r"[a-z-]+", word) and word[0] != "-"]
    told = told_by("pulumi", *named[:2], home=tmp_path)
    assert all(option in told for option in words if option.startswith("--"))


@pytest.mark.parametrize("command", of("kubectl"), ids=lambda command: command.text)
def test_a_command_of_kubectl_is_there(command: Command, tmp_path: Path) -> None:
    words = shlex.split(command.text)
    told_by("kubectl", words[3], home=tmp_path)


@pytest.mark.parametrize("command", of("aws"), ids=lambda command: command.text)
def test_an_operation_of_aws_is_there_with_its_options(command: Command) -> None:
    _, service, operation, *words = shlex.split(command.text)
    model = Session().get_service_model({"s3api": "s3"}.get(service, service))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-") for name in shape.members}
    options = {word.removeprefix("--") for word in words if word.startswith("--")}
    assert {RENAMED.get((service, operation, one), one) for one in options} <= members | OWN


@pytest.mark.parametrize("command", of("make"), ids=lambda command: command.text)
def test_a_target_is_there(command: Command) -> None:
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    assert re.search(rf"^{command.text.removeprefix('make ')}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("command", of("curl"), ids=lambda command: command.text)
def test_a_request_is_made_for_another_page(command: Command) -> None:
    same = [one for page in PAGES for one in commands(page) if one.text == command.text]
    assert not all(one.is_asked_for_help for one in same)


def test_everything_else_that_is_not_run_is_looked_up_in_a_manual() -> None:
    looked_up = [command for program in ASKED_FOR_HELP for command in of(program)]
    assert {command.text for command in looked_up} | MANUALS.keys() == ASKED.keys()


def test_a_command_that_nobody_runs_is_named() -> None:
    with pytest.raises(KeyError, match=r"first-run\.md: no test runs `helm list`"):
        _ = Command("first-run", "Anything", "helm list").module
