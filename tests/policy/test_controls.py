"""Each check of each control has a case that keeps it and one that breaks it, over gRPC."""

import pytest
from broken_controls import BROKEN, Broken, Change, added, both, made_from, put, without
from example_stack import Example, compliant, document, permissions
from served_pack import ServedPack

from policy.controls import CONTROLS
from policy.resource_types import SECRET_ROTATION

ROWS = range(1, 33)


def told(pack: ServedPack, case: Broken, durability: str = "protected") -> list[str]:
    stack = compliant(durability)
    case.change(stack)
    policy = next(control.policy_name for control in CONTROLS if control.row == case.row)
    return [
        found.message
        for found in pack.judge(stack)
        if found.policy == policy and found.mandatory and found.message.endswith(f"[{case.check}]")
    ]


def test_a_stack_that_keeps_every_control_is_not_complained_of(pack: ServedPack) -> None:
    assert [found for found in pack.judge(compliant()) if found.policy != "waivers"] == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.row}-{case.check}")
def test_a_broken_control_is_told(pack: ServedPack, case: Broken) -> None:
    messages = told(pack, case)
    assert messages
    assert any(case.message in message for message in messages), messages


def test_every_check_has_a_case_that_breaks_it() -> None:
    # This one never breaks: it can only fail to tell.
    of_checks = {
        (control.row, check)
        for control in CONTROLS
        for check in control.check_names
        if check != "stands-in-a-vpc-of-this-stack"
    }
    assert {(case.row, case.check) for case in BROKEN} == of_checks


def test_every_row_of_the_table_is_a_control() -> None:
    assert [control.row for control in CONTROLS if control.row in ROWS] == list(ROWS)


@pytest.mark.parametrize(
    ("row", "check"),
    [
        (16, "survives"),
        (18, "survives"),
        (19, "is-not-emptied-by-force"),
        (23, "is-kept-from-deletion"),
        (24, "is-protected"),
        (28, "pins-the-digest"),
        (31, "survives-a-lost-zone"),
    ],
)
def test_a_disposable_stack_is_spared_what_production_must_have(
    pack: ServedPack, row: int, check: str
) -> None:
    cases = [case for case in BROKEN if (case.row, case.check) == (row, check)]
    assert [message for case in cases for message in told(pack, case, "disposable")] == []


@pytest.mark.parametrize(("days", "enough"), [(6, False), (7, True)])
def test_a_disposable_stack_keeps_backups_for_a_week(
    pack: ServedPack, days: int, enough: bool
) -> None:
    change = put("database", "backupRetentionPeriod", days)
    assert bool(told(pack, Broken(16, "is-backed-up", change, ""), "disposable")) is not enough


def test_a_stack_that_does_not_say_how_durable_it_is_counts_as_production(
    pack: ServedPack,
) -> None:
    change = both(put("provider", "defaultTags", "{}"), put("database", "multiAz", False))
    assert told(pack, Broken(16, "survives", change, ""))


def test_a_replica_needs_neither_user_nor_backups_of_its_own(pack: ServedPack) -> None:
    replica = both(
        put("database", "replicateSourceDb", "primary"),
        put("database", "username", None),
        put("database", "multiAz", False),
        put("database", "backupRetentionPeriod", 0),
    )
    for row, check in ((15, "knows-its-users"), (16, "survives"), (16, "is-backed-up")):
        assert told(pack, Broken(row, check, replica, "")) == []


@pytest.mark.parametrize("source", ["snapshotIdentifier", "restoreToPointInTime"])
def test_a_restored_database_has_the_master_user_of_what_it_comes_from(
    pack: ServedPack, source: str
) -> None:
    restored = both(put("database", "username", None), put("database", source, {"from": "it"}))
    assert told(pack, Broken(15, "knows-its-users", restored, "")) == []


def test_a_secret_with_a_rotation_schedule_rotates(pack: ServedPack) -> None:
    schedule = Example(SECRET_ROTATION, "schedule", {}, {"secretId": ["secret"]})
    change = both(without("version"), added("schedule", schedule))
    assert told(pack, Broken(20, "rotates", change, "")) == []


def test_every_control_is_a_mandatory_policy_with_row_ids_and_severity(pack: ServedPack) -> None:
    served = {policy.name: policy for policy in pack.policies()}
    for control in CONTROLS:
        policy = served[control.policy_name]
        assert policy.enforcementLevel == 1
        assert policy.severity
        assert policy.description.startswith(f"Row {control.row}: ")
        assert all(id_ in policy.description for id_ in control.ids)


@pytest.mark.parametrize(
    "bounded",
    [
        made_from("role", "permissionsBoundary", "iam-policy"),
        both(
            put("iam-policy", "name", "boundary"),
            put("role", "permissionsBoundary", "arn:aws:iam::111122223333:policy/x/boundary"),
        ),
    ],
    ids=["by-reference", "by-arn"],
)
def test_a_permissions_boundary_may_be_wide_for_it_grants_nothing(
    pack: ServedPack, bounded: Change
) -> None:
    boundary = both(put("iam-policy", "policy", permissions("ec2:*", "*")), bounded)
    for check in ("allows-no-whole-service", "restricts-resources"):
        assert told(pack, Broken(10, check, boundary, "")) == []
    attached = both(boundary, made_from("attachment", "policyArn", "iam-policy"))
    assert told(pack, Broken(10, "allows-no-whole-service", attached, ""))


def test_keys_of_an_exact_tag_are_as_good_as_named(pack: ServedPack) -> None:
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:*:1:key/*"}
    tagged = {"StringEquals": {"aws:ResourceTag/litellm:stack": "prod"}}
    change = put("role-policy", "policy", document({**statement, "Condition": tagged}))
    assert told(pack, Broken(10, "decrypts-with-named-keys", change, "")) == []
