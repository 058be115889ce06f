"""Every check of a configuration in turn: the settings, the gateway's own rules, LiteLLM."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from infra.documents import InvalidConfiguration, parse_yaml
from infra.proxy_config.checks import problems_of
from infra.settings import SettingsError
from ops.config.litellm_part import CannotAsk, ask_litellm
from ops.config.rendered import STAND_INS, Rendered, render, settings_of
from ops.config.stack_file import read_stack_file

Part = Literal["settings", "config", "litellm"]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the part that found it, its key, and what would be right."""

    part: Part
    key: str
    message: str


@dataclass
class Verdict:
    """What the checks of one configuration found, and what was left out and why."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    deployments: int | None = None
    litellm_version: str | None = None
    not_asked: str | None = None
    """Why LiteLLM itself was not asked."""
    could_not_ask: bool = False
    """Whether that was nobody's wish."""

    def add(self, part: Part, problems: Iterable[str]) -> None:
        """Take up problems, but for those of keys that an earlier part has told already."""
        told = {problem.key for problem in self.problems if problem.part != part}
        for text in problems:
            key, separator, message = text.partition(": ")
            if not separator:
                key, message = "", text
            if not key or key not in told:
                self.problems.append(Problem(part, key, message))

    def as_document(self) -> dict[str, Any]:
        """Return the verdict for programs."""
        return {
            "valid": not self.problems and not self.could_not_ask,
            "problems": [vars(problem) for problem in self.problems],
            "notes": self.notes,
            "deployments": self.deployments,
            "litellm": {"version": self.litellm_version, "not_asked": self.not_asked},
        }


def judge(stack: str | None, text: str | None, *, litellm: bool, report: Report) -> Verdict:
    """Check a stack's file and what it renders, or a given text in its place.

    Without a stack the variables of the pods are not known. Raises UnknownStack.
    """
    verdict = Verdict()
    rendered = _of_stack(stack, verdict, report) if stack else None
    if text is None and rendered is not None:
        text = rendered.text
        verdict.notes.append(STAND_INS)
    if text is None:
        verdict.not_asked = "there is no configuration to ask about until the settings hold"
        return verdict
    if rendered is None:
        verdict.notes.append("which variables the pods have is not known without --stack")
    _of_text(text, rendered.variables if rendered else None, verdict)
    if litellm:
        _of_litellm(text, verdict, report)
    else:
        verdict.not_asked = "--without-litellm"
    return verdict


def _of_stack(stack: str, verdict: Verdict, report: Report) -> Rendered | None:
    try:
        file = read_stack_file(stack)
        verdict.add("settings", file.problems)
        verdict.notes += [f"{key}: is encrypted and was not looked at" for key in file.encrypted]
        settings = settings_of(stack, file)
        report("running the program for this stack, with no account")
        return render(stack, file, settings)
    except SettingsError as error:
        verdict.add("settings", error.problems)
    except InvalidConfiguration as error:
        verdict.add("config", error.problems)
    return None


def _of_text(text: str, variables: frozenset[str] | None, verdict: Verdict) -> None:
    try:
        verdict.add("config", problems_of(parse_yaml("config.yaml", text), variables))
    except InvalidConfiguration as error:
        verdict.add("config", error.problems)


def _of_litellm(text: str, verdict: Verdict, report: Report) -> None:
    report("asking LiteLLM itself")
    try:
        answer = ask_litellm(text, report)
    except CannotAsk as error:
        verdict.not_asked, verdict.could_not_ask = str(error), True
        return
    verdict.litellm_version, verdict.deployments = answer.version, answer.deployments
    verdict.add("litellm", answer.problems)
