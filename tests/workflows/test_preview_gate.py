"""The gate of a pull request: what lets it pass, and what does not."""

import json

import pytest
from click.testing import CliRunner, Result
from workflow_files import FOLDER, load

from ops.cli import main

WORKFLOW = FOLDER / "preview-stack.yml"


def test_the_gate_runs_whatever_became_of_the_jobs_before_it_and_knows_of_all() -> None:
    inner = load(WORKFLOW)["jobs"]
    last = inner.pop("gate")
    assert last["if"] == "always()"
    assert set(last["needs"]) == set(inner)
    assert last["steps"][-1]["env"] == {"NEEDS": "${{ toJSON(needs) }}"}


def test_only_the_verdict_that_a_person_may_approve_asks_for_approval() -> None:
    inner = load(WORKFLOW)["jobs"]
    assert inner["preview"]["outputs"] == {"verdict": "${{ steps.report.outputs.verdict }}"}
    assert inner["approval"]["if"] == "needs.preview.outputs.verdict == 'approval'"


def needs(verdict: str, **results: str) -> str:
    """The context of the gate; jobs that are not given came to success."""
    jobs = dict.fromkeys(("preview", "comment", "approval"), "success") | results
    return json.dumps(
        {
            name: {"result": result, "outputs": {"verdict": verdict} if name == "preview" else {}}
            for name, result in jobs.items()
        }
    )


def gate(context: str) -> Result:
    return CliRunner().invoke(main, ["pipeline", "gate", "--needs", context])


@pytest.mark.parametrize("context", [needs("safe", approval="skipped"), needs("approval")])
def test_a_pull_request_passes_that_is_safe_or_approved(context: str) -> None:
    assert gate(context).exit_code == 0


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (needs("", preview="failure", comment="skipped", approval="skipped"), "job preview"),
        (needs("safe", preview="cancelled", approval="skipped"), "'cancelled'"),
        (needs("safe", comment="failure", approval="skipped"), "job comment"),
        (needs("approval", approval="skipped"), "a person must approve"),
        (needs("approval", approval="failure"), "a person must approve"),
        (needs("failed"), "'failed', which nobody can approve"),
        (needs("forbidden"), "'forbidden', which nobody can approve"),
        (needs(""), "'missing', which nobody can approve"),
    ],
)
def test_a_pull_request_does_not_pass_for_want_of_a_job_or_an_approval(
    context: str, said: str
) -> None:
    done = gate(context)
    assert done.exit_code == 1
    assert said in done.stderr


def test_what_is_no_context_is_called_wrongly() -> None:
    assert gate("{}").exit_code == 2
