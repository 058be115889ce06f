"""Every command of ``docs/runbooks``, and the test that runs it or looks it up.

A page's commands are its indented lines, and those in its text that begin with a program and leave
nothing out. :data:`RUN_IN` says of each which module runs it; the module itself proves it, with
:class:`Ran`. So a command that nobody runs fails one of two tests, whoever forgot it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.paths import PROJECT_ROOT

PAGES = {page.stem: page for page in sorted((PROJECT_ROOT / "docs" / "runbooks").glob("*.md"))}
PROGRAMS = ("aws", "curl", "docker", "helm", "kubectl", "make", "psql", "pulumi", "uv")

_BLOCK = re.compile(r"^ {4,}(\S(?:.*\\\n)*.*)$", re.MULTILINE)
_IN_TEXT = re.compile(rf"`((?:{'|'.join(PROGRAMS)}) [^`]+)`")
_LEFT_OUT = re.compile(r"…|<[a-z-]+>|\bURN\b|\bNAME\b|\bKEY\b")


@dataclass(frozen=True)
class Command:
    """One command of a page, on one line."""

    page: str
    section: str
    text: str

    @property
    def is_asked_for_help(self) -> bool:
        return RUN_IN[self.page][_row(self)].startswith("help: ")

    @property
    def module(self) -> str:
        """The test that runs it, or asks it for help, from the project's root."""
        return _HELP if self.is_asked_for_help else RUN_IN[self.page][_row(self)]


def commands(page: str, section: str | None = None, *, in_text: bool = True) -> list[Command]:
    """Return the commands of a page, or of one of its sections, in their order."""
    found = list(_commands(page, in_text))
    if section is None:
        return found
    wanted = [command for command in found if command.section == section]
    assert wanted, f"{page}.md has no section {section!r} with commands"
    return wanted


def steps(page: str, section: str) -> list[Command]:
    """Return the commands on lines of their own: what somebody who follows the page types."""
    return commands(page, section, in_text=False)


def _commands(page: str, in_text: bool) -> Iterator[Command]:
    for part in re.split(r"^(?=#+ )", PAGES[page].read_text(), flags=re.MULTILINE):
        section = part.partition("\n")[0].lstrip("# ")
        found = [(match.start(), match[1]) for match in _BLOCK.finditer(part)]
        if in_text:
            found += [
                (match.start(), match[1])
                for match in _IN_TEXT.finditer(part)
                if not _LEFT_OUT.search(match[1])
            ]
        for _, text in sorted(found):
            yield Command(page, section, " ".join(text.replace("\\\n", " ").split()))


@dataclass
class Ran:
    """What a test module has run of the pages; it must be all that is said of it."""

    module: str
    texts: set[tuple[str, str]] = field(default_factory=set)

    def note(self, command: Command) -> None:
        self.texts.add((command.page, command.text))

    def missing(self) -> list[str]:
        """Return the commands that this module is said to run and has not."""
        expected = (
            command for page in PAGES for command in commands(page) if command.module == self.module
        )
        return [
            f"{command.page}: {command.text}"
            for command in expected
            if (command.page, command.text) not in self.texts
        ]


def _row(command: Command) -> str:
    for pattern in RUN_IN[command.page]:
        if re.match(pattern, command.text):
            return pattern
    raise KeyError(f"{command.page}.md: no test runs `{command.text}`; see tests/runbooks.py")


def modules() -> Iterable[Path]:
    """Return every module that is named."""
    named = {where.removeprefix("help: ") for rows in RUN_IN.values() for where in rows.values()}
    return [PROJECT_ROOT / module for module in sorted({*named, _HELP})]


_HELP = "tests/workflows/test_runbook_commands.py"
_SANDBOX = "tests/end_to_end/test_runbooks.py"
_AWS = "tests/sandbox/test_runbooks_on_aws.py"
_DESTROY = "tests/end_to_end/test_destroy.py"
_DRILL = "tests/end_to_end/test_drill.py"
_RESTORE = "tests/sandbox/test_restore_runbook.py"
_ROTATION = "tests/end_to_end/test_rotation.py"
_UPGRADE = "tests/end_to_end/test_upgrade.py"
_UPGRADE_PAGES = "tests/sandbox/test_upgrade_runbooks.py"
_DOCTOR = {r"uv run ops doctor": "help: tests/ops/test_doctor_command.py"}
# An operation that a page only names.
_NAMED = {r"aws \S+ [a-z-]+$": f"help: {_AWS}"}

# Page → what a command begins with (the first that fits) → the module that runs it. `help: M`
# means that here it is only looked whether the command and its options exist, because it would do
# harm or needs an account, and that M does the same thing for real.
RUN_IN: dict[str, dict[str, str]] = {
    "alerts": {
        # Neither metrics nor an autoscaler is in a sandbox of one pod; the chart's tests have both.
        r"kubectl -n litellm (top|describe hpa)|kubectl -n monitoring": (
            "help: tests/test_alert_runbooks.py"
        ),
        r"pulumi": f"help: {_SANDBOX}",
        r"uv run ops (upgrade|resolve-migration)": f"help: {_UPGRADE}",
        r"": _SANDBOX,
    },
    "destroy": {
        **_NAMED,
        r"pulumi|uv run ops destroy --stack prod --without": (
            "help: tests/sandbox/test_destroy_command.py"
        ),
        r"": _DESTROY,
    },
    "doctor": {
        r"pulumi": f"help: {_SANDBOX}",
        r"uv run ops rotate": f"help: {_ROTATION}",
        r"uv run ops images": "help: tests/ops/test_image_signatures.py",
        r"": "tests/end_to_end/test_doctor.py",
    },
    "drill": {
        r"aws": _AWS,
        r"uv run|pulumi": f"help: {_DRILL}",
        r"": _DRILL,
    },
    "eks-upgrade": {
        # Neither insights nor updates of a cluster are in moto.
        r"aws|pulumi config": f"help: {_UPGRADE_PAGES}",
        r"kubectl": _UPGRADE,
        r"pulumi": f"help: {_UPGRADE}",
        r"uv run ops pipeline": "help: tests/sandbox/test_pipeline.py",
        r"uv run sandbox": "help: tests/sandbox/test_lifecycle.py",
    },
    "first-run": {
        r"aws|curl": _SANDBOX,
        r"docker": "help: tests/ops/test_image_signatures.py",
        r"make policy": "help: tests/policy/test_previews.py",
        r"uv run ops (images|pipeline)": "help: tests/sandbox/test_pipeline.py",
        r"uv run ops (cost|config)": "help: tests/ops/test_cost_of_stacks.py",
        r"uv run ops bootstrap": "help: tests/sandbox/test_bootstrap.py",
        r"uv run ops drill": f"help: {_DRILL}",
        r"uv run ops state": "help: tests/sandbox/test_state.py",
        r"pulumi": f"help: {_SANDBOX}",
    },
    "key-scheduled-for-deletion": {
        **_NAMED,
        r"pulumi": f"help: {_SANDBOX}",
        r"": _SANDBOX,
    },
    "leaked-key": {
        **_NAMED,
        r"uv run ops rotate": f"help: {_ROTATION}",
        r"": _SANDBOX,
    },
    "lost-cluster": {
        **_NAMED,
        # It takes as long as the update, and is run for the lost state.
        r"pulumi preview": f"help: {_SANDBOX}",
        r"": _SANDBOX,
    },
    "lost-database": {
        r"pulumi": f"help: {_RESTORE}",
        r"": _SANDBOX,
    },
    "lost-node": {r"": _SANDBOX},
    "lost-pod": {r"pulumi": f"help: {_SANDBOX}", r"": _SANDBOX},
    "lost-region": {
        r"curl|uv run|pulumi": f"help: {_DRILL}",
        r"": _AWS,
    },
    "lost-state": {r"pulumi up": f"help: {_SANDBOX}", r"": _SANDBOX},
    "lost-zone": {r"pulumi": f"help: {_SANDBOX}", r"": _SANDBOX},
    "restore": {r"pulumi stack --show-urns": f"help: {_RESTORE}", r"": _RESTORE},
    "rotation": {
        **_DOCTOR,
        r"pulumi": f"help: {_ROTATION}",
        r"uv run ops rotate": f"help: {_ROTATION}",
    },
    "state": {
        **_NAMED,
        r"aws s3api delete-object": f"help: {_AWS}",
        r"aws|KEY=": _AWS,
        r"": "help: tests/sandbox/test_state.py",
    },
    "upgrade": {
        r"aws": _UPGRADE_PAGES,
        r"pulumi config": f"help: {_UPGRADE_PAGES}",
        r"pulumi": f"help: {_RESTORE}",
        r"uv": f"help: {_UPGRADE}",
    },
}
