"""A report that is too long for a comment: what is left out, and that it is said."""

from dataclasses import replace

import pytest

from infra.capacity import Room
from ops.preview_report.comment import LIMIT, comment
from ops.preview_report.dangers import Danger, Kind
from ops.preview_report.money import compare_costs
from ops.preview_report.preview import Difference, Preview, Step
from ops.preview_report.report import Capacity, ConfigDifference, Report


def report_of(number: int) -> Report:
    steps = tuple(
        Step(
            urn=f"urn:pulumi:prod::litellm-gateway::litellm:network:Network$aws:a/b:C::r{index}",
            action="update",
            old=None,
            new=None,
            differences=(
                Difference(path=("name",), old=f"old {index}", new="n" * 90, replaces=False),
            ),
        )
        for index in range(number)
    )
    return Report(
        stack="prod",
        commit="",
        preview=Preview(steps=steps),
        dangers=tuple(
            Danger(kind=Kind.LOSS, resource=f"Bucket b{index}", urn="", text="x" * 300)
            for index in range(number // 2)
        ),
        money=compare_costs(None, None, ("the cost",)),
        capacity=Capacity(rooms=(Room(what="vCPUs", needed=1, offered=2),)),
        config=ConfigDifference(lines=tuple(f"+line {index}" for index in range(number * 5))),
        settings=(),
    )


def test_a_small_report_is_whole() -> None:
    text = comment(report_of(4), str)
    assert "Left out" not in text
    assert "Bucket b1" in text


@pytest.mark.parametrize("number", [500, 5_000])
def test_a_report_that_is_too_long_says_what_was_left_out(number: int) -> None:
    text = comment(report_of(number), str)
    assert len(text) <= LIMIT
    assert "Left out, since a comment holds 65,536 characters: " in text
    assert "Bucket b0" in text
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0


def failed_with(lines: int) -> Report:
    error = "\n".join(f"{line:03} {'x' * 400}" for line in range(lines))
    errors = tuple(f"error {number}\n{error}" for number in range(30))
    return replace(report_of(4), preview=Preview(failed=True, errors=errors))


def test_errors_that_are_too_long_are_told_in_fewer_lines() -> None:
    text = comment(failed_with(lines=60), str)
    assert len(text) <= LIMIT
    assert "Left out, since a comment holds 65,536 characters: lines of errors." in text
    assert "… 49 more lines" in text
    assert "and 22 more errors" in text
    assert "Bucket b1" in text


def test_what_is_too_long_in_every_form_is_cut_off_and_says_how_much_is_missing() -> None:
    problems = Capacity(problems=tuple(f"problem {number}" for number in range(9_000)))
    report = replace(report_of(0), capacity=problems)
    whole, text = comment(report, str, limit=10**9), comment(report, str)
    assert len(text) <= LIMIT < len(whole)
    kept, _, rest = text.rpartition("\n\n_Cut off: a comment holds 65,536 characters, and ")
    assert whole.startswith(kept)
    assert rest == f"{len(whole) - len(kept):,} more are missing here._\n"


def test_what_is_cut_off_in_a_block_leaves_it_closed() -> None:
    text = comment(failed_with(lines=5), str, limit=2_000)
    assert len(text) <= 2_000
    assert "_Cut off" in text
    assert text.count("```") % 2 == 0


def test_dangers_are_the_last_to_be_cut() -> None:
    text = comment(report_of(200), str)
    assert "Left out" in text
    assert "Bucket b99" in text
