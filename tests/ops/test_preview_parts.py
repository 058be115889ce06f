"""The parts of a preview report that need no engine: rights, secrets, settings, Markdown, size."""

import json
from typing import Any

import pytest

from ops.preview_report.grants import added, grants, more_of_the_same
from ops.preview_report.markdown import block, code, prose
from ops.preview_report.money import compare_costs
from ops.preview_report.reading import NotAPreview, read_preview
from ops.preview_report.redaction import Redactor, environment_secrets
from ops.preview_report.setting_changes import setting_changes
from ops.preview_report.values import SECRET, UNKNOWN, leaves, parse_path, path_text, readable

PREFIX = "litellm-gateway:"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


FROM_VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (allow("s3:GetObject", "a"), allow(["s3:GetObject", "s3:PutObject"], "a")),
        (allow("s3:GetObject", "a"), allow("s3:*", "a")),
        (allow("s3:GetObject", "arn:aws:s3:::a/x"), allow("s3:GetObject", "arn:aws:s3:::a/*")),
        (allow("s3:GetObject", "a", Condition=FROM_VPC), allow("s3:GetObject", "a")),
        (
            allow("s3:GetObject", "a", Condition=FROM_VPC),
            allow(
                "s3:GetObject",
                "a",
                Condition={"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}},
            ),
        ),
        (
            allow("sts:AssumeRole", Principal={"AWS": "arn:aws:iam::1:role/a"}),
            allow("sts:AssumeRole", Principal={"AWS": "*"}),
        ),
        (allow("s3:GetObject", "a"), {**allow("", "a"), "Action": None, "NotAction": "iam:*"}),
        (
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"},
            {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*", "Principal": "*"},
        ),
    ],
)
def test_a_wider_document_allows_more_and_the_way_back_does_not(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    old, new = grants(document(before)), grants(document(after))
    assert added(old, new)
    assert added(old, old) == []
    if "NotAction" not in after:
        assert added(new, old) == []


@pytest.mark.parametrize(
    ("statement", "boundless"),
    [
        (allow("*", "a"), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        (allow("s3:GetObject", Principal="*"), True),
        ({**allow("s3:GetObject"), "NotPrincipal": {"AWS": "arn:aws:iam::1:role/a"}}, True),
        (allow("s3:GetObject", Principal="*", Condition=FROM_VPC), False),
        (allow("s3:GetObject", Principal={"AWS": "arn:aws:iam::1:role/a"}), False),
    ],
)
def test_what_is_for_every_action_or_for_everybody_is_boundless(
    statement: dict[str, Any], boundless: bool
) -> None:
    assert {one.boundless for one in grants(document(statement))} == {boundless}


def test_statements_in_another_order_and_form_allow_the_same() -> None:
    together = document(allow(["s3:GetObject", "s3:PutObject"], ["a", "b"]))
    apart = document(
        *(allow(action, one) for one in "ba" for action in ("s3:putobject", "s3:GetObject"))
    )
    assert added(grants(together), grants(apart)) == []
    assert added(grants(apart), grants(together)) == []


KNOWN = "arn:aws:bedrock:*::foundation-model/anthropic.claude-haiku-4-5"


@pytest.mark.parametrize(
    ("resource", "same"),
    [
        ("arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0", True),
        ("arn:aws:bedrock:*::foundation-model/*", False),
        ("arn:aws:bedrock:us-east-1:1:guardrail/1", False),
    ],
)
def test_one_more_model_is_more_of_the_same_and_every_model_is_not(
    resource: str, same: bool
) -> None:
    before = grants(document(allow("bedrock:InvokeModel", KNOWN)))
    (new,) = grants(document(allow("bedrock:InvokeModel", resource)))
    assert more_of_the_same(new, before, frozenset()) is same


def test_one_more_secret_is_more_of_the_same_only_when_it_is_the_stack_s_own() -> None:
    own, other = (f"arn:aws:secretsmanager:us-east-1:1:secret:{name}" for name in ("own", "other"))
    before = grants(document(allow("secretsmanager:GetSecretValue", f"{own}-1")))
    (mine,) = grants(document(allow("secretsmanager:GetSecretValue", own)))
    (foreign,) = grants(document(allow("secretsmanager:GetSecretValue", other)))
    assert more_of_the_same(mine, before, frozenset({own}))
    assert not more_of_the_same(foreign, before, frozenset({own}))


@pytest.mark.parametrize(
    "text",
    [
        "key sk-ant-api03-abcdefghijkl ends",
        "postgresql://litellm:hunter2hunter2@db/litellm",
        "https://hooks.slack.com/services/T000/B000/abcdefghijkl",
        "-----BEGIN RSA PRIVATE KEY-----\nabcdefghijkl\n-----END RSA PRIVATE KEY-----",
        "supplied-value",
    ],
)
def test_a_secret_is_hidden_by_its_looks_or_because_it_is_known(text: str) -> None:
    hidden = Redactor(["supplied-value"]).hide(text)
    assert SECRET.text in hidden
    for part in ("abcdefghijkl", "hunter2", "supplied-value", "T000"):
        assert part not in hidden


def test_only_variables_that_hold_secrets_are_hidden() -> None:
    environment = {"GITHUB_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "k", "PATH": "/bin", "KEYS": "3"}
    assert environment_secrets(environment) == {"t", "k"}


def test_what_the_engine_marks_and_what_is_named_as_a_secret_becomes_a_word() -> None:
    marked = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    value = {"a": marked, "authToken": "t", "arn": unknown, "secretName": "master-key-1"}
    assert readable(value, str) == {
        "a": SECRET,
        "authToken": SECRET,
        "arn": UNKNOWN,
        "secretName": "master-key-1",
    }


def test_paths_are_read_as_the_engine_writes_them() -> None:
    text = 'spec.containers[0].env["a.b"].value'
    path = parse_path(text)
    assert path == ("spec", "containers", 0, "env", "a.b", "value")
    assert path_text(path) == text


def test_the_innermost_differences_are_found() -> None:
    old, new = {"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 1, "c": [1, 3]}, "d": True}
    assert [(path, after) for path, _, after in leaves(old, new)] == [
        (("a", "c", 1), 3),
        (("d",), True),
    ]


def test_settings_are_told_by_subject_and_a_new_model_as_a_whole() -> None:
    before = {
        f"{PREFIX}models": json.dumps([{"name": "a", "tier": "$"}]),
        f"{PREFIX}limits": json.dumps({"total": {"budgetUsd": 100}, "newKeys": {"rpm": 5}}),
    }
    after = {
        f"{PREFIX}models": json.dumps([{"name": "a", "tier": "$$"}, {"name": "b", "tier": "$"}]),
        f"{PREFIX}limits": json.dumps({"total": {"budgetUsd": 200}, "newKeys": {"rpm": 9}}),
        f"{PREFIX}bedrock": json.dumps({"teams": [{"id": "search", "tags": {"team": "search"}}]}),
        f"{PREFIX}gateway": json.dumps({"replicas": 2}),
    }
    found = setting_changes(before, after, str)
    assert [(one.subject, one.key, one.old) for one in found] == [
        ("Models", "models.a.tier", "$"),
        ("Models", "models.b", "[not set]"),
        ("Teams", "bedrock.teams.search", "[not set]"),
        ("Budgets", "limits.total.budgetUsd", "100"),
        ("Limits", "limits.newKeys.rpm", "5"),
        ("Other settings", "gateway.replicas", "[not set]"),
    ]
    assert json.loads(found[1].new) == {"name": "b", "tier": "$"}


def test_a_supplied_value_is_never_told_even_in_clear() -> None:
    before = {f"{PREFIX}suppliedSecrets": json.dumps({"anthropic": {"1": {"apiKey": "one"}}})}
    after = {
        f"{PREFIX}suppliedSecrets": json.dumps(
            {"anthropic": {"1": {"apiKey": "one"}, "2": {"apiKey": "two"}}}
        )
    }
    (found,) = setting_changes(before, after, str)
    assert (found.key, found.new) == ("suppliedSecrets.anthropic.2.apiKey", "[secret]")


def test_nothing_from_outside_leaves_its_place_in_the_markdown() -> None:
    assert code("a `b`\n@team") == "``a `b` @team``"
    assert "`" * 4 in block(["```", "text"])
    told = prose("[x](javascript:1) <img src=x> @team fixes #1 and `@kept`")
    assert "<img" not in told
    assert told.startswith(r"\[x\](")
    assert "@team" not in told
    assert "#1" not in told
    assert "`@kept`" in told


def estimate(total: float, **lines: float) -> dict[str, Any]:
    return {
        "monthly_total": total,
        "price_date": "2026-01-01",
        "lines": [
            {"urn": name, "type": "aws:a:B", "name": name, "monthly": monthly}
            for name, monthly in lines.items()
        ],
        "unknown": [],
    }


def test_the_cost_is_told_before_after_and_by_what_differs() -> None:
    found = compare_costs(estimate(30, a=10, b=20), estimate(45, a=10, c=35), ())
    assert (found.before, found.after, found.delta) == (30, 45, 15)
    assert [(line.resource, line.before, line.after) for line in found.lines] == [
        ("B c", None, 35),
        ("B b", 20, None),
    ]


def test_a_side_without_an_estimate_has_no_delta() -> None:
    found = compare_costs(None, estimate(45, a=45), ("the cost before (…)",))
    assert (found.before, found.after, found.delta) == (None, 45, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Previewing update (prod)\n", "line 1: not JSON; give the output of `pulumi preview"),
        ('{"resources": []}', "not what `pulumi preview --json` prints"),
        ('{"resourcePreEvent": {}}\n{"other": 1}', "line 2: not an event of the engine"),
        ("", "has no events of a preview"),
    ],
)
def test_a_file_that_is_no_preview_is_named_with_what_would_be(text: str, said: str) -> None:
    with pytest.raises(NotAPreview, match="events.json") as raised:
        read_preview(text, str, "events.json")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "message",
    [
        "error: two settings are wrong\n",
        "python inline source runtime error: two settings are wrong\nTraceback (most recent call "
        'last):\n  File "a.py", line 1\nValueError: x\n',
        "Program failed with an unhandled exception:\nTraceback (most recent call last):\n"
        '  File "a.py", line 1, in <module>\n    load()\ntwo settings are wrong\n',
    ],
)
def test_an_error_is_told_without_its_traceback(message: str) -> None:
    event = {"diagnosticEvent": {"severity": "error", "message": message}}
    assert read_preview(json.dumps(event), str).errors == ("two settings are wrong",)
