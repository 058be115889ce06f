"""Who may read the master key in silence, and what the trail is."""

import json
from typing import Any

import pytest
from filter_patterns import matches
from recorded_program import Registered, run_program
from test_program import of_type, only
from test_settings import with_changes

from infra.audit_documents import caller, master_key_filter, trail_bucket_policy

ACCOUNT = "111122223333"
SECRET = "litellm/prod/master-key-"
ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{SECRET}0a1b2c3-AbCdEf"
USER = f"arn:aws:iam::{ACCOUNT}:user/a"
EXTERNAL_SECRETS = f"arn:aws:iam::{ACCOUNT}:role/litellm-prod-external-secrets"
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/ci/litellm-deployer"
PATTERN = master_key_filter(SECRET, [EXTERNAL_SECRETS, DEPLOYER]).pattern


def session(role: str) -> dict[str, str]:
    return {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"}


def read(
    identity: dict[str, str],
    parameters: dict[str, Any] | None,
    event: str = "GetSecretValue",
    source: str = "secretsmanager.amazonaws.com",
) -> str:
    return json.dumps(
        {
            "eventSource": source,
            "eventName": event,
            "userIdentity": identity,
            "requestParameters": parameters,
        }
    )


STRANGER = session("litellm-prod-gateway")


@pytest.mark.parametrize(
    ("event", "alarming"),
    [
        (read(session("litellm-prod-external-secrets"), {"secretId": ARN}), False),
        (read(session("litellm-deployer"), {"secretId": ARN}), False),
        (read(STRANGER, {"secretId": ARN}), True),
        (read(STRANGER, {"secretId": f"{SECRET}0a1b2c3"}), True),
        (read(STRANGER, {"secretIdList": [ARN]}, "BatchGetSecretValue"), True),
        (read(session("litellm-deployer-of-others"), {"secretId": ARN}), True),
        (read({"type": "IAMUser", "arn": USER}, {"secretId": ARN}), True),
        (read({"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}, {"secretId": ARN}), True),
        (read({"type": "AWSAccount"}, {"secretId": ARN}), True),
        (read(STRANGER, {"secretId": "litellm/prod/cache-0a1b2c3"}), False),
        (read(STRANGER, {"secretId": "litellm/dev/master-key-0a1b2c3"}), False),
        (read(STRANGER, {"secretId": ARN}, "DescribeSecret"), False),
        (read(STRANGER, None), False),
    ],
)  # fmt: skip
def test_only_strangers_who_read_the_master_key_are_counted(event: str, alarming: bool) -> None:
    assert matches(PATTERN, event) is alarming


def test_a_role_acts_under_its_name_without_its_path() -> None:
    assert caller(DEPLOYER) == f"arn:aws:sts::{ACCOUNT}:assumed-role/litellm-deployer/*"


def test_a_user_acts_under_its_own_arn() -> None:
    assert caller(USER) == USER


def test_the_longest_names_that_settings_allow_fit_into_the_pattern() -> None:
    # Role names have 64 characters at most, stacks' prefixes 24; there is a deployer, and two
    # readers can be named.
    roles = f"arn:aws-us-gov:iam::{ACCOUNT}:role"
    own = [f"{roles}/{'s' * 24}-{part}" for part in ("external-secrets", "github-deploy")]
    others = [f"{roles}/{letter * 64}" for letter in "abc"]
    longest = master_key_filter(f"litellm/{'s' * 16}/master-key-", [*own, *others])
    assert len(longest.pattern) <= 1024


def test_only_the_trail_writes_into_its_bucket() -> None:
    policy = json.loads(trail_bucket_policy("arn:aws:s3:::audit", ACCOUNT, "arn:trail"))
    allowed = [one for one in policy["Statement"] if one["Effect"] == "Allow"]
    assert all(one["Condition"]["StringEquals"]["aws:SourceArn"] == "arn:trail" for one in allowed)
    assert [one["Resource"] for one in allowed] == [
        ["arn:aws:s3:::audit"],
        [f"arn:aws:s3:::audit/AWSLogs/{ACCOUNT}/*"],
    ]


def test_the_trail_covers_all_regions_and_signs_its_files(prod: list[Registered]) -> None:
    trail = only(prod, "trail:Trail").inputs
    assert trail["isMultiRegionTrail"] is True
    assert trail["enableLogFileValidation"] is True
    assert trail["kmsKeyId"] == "arn:aws:kms:us-east-1:111122223333:key/logs"


def test_the_trail_leaves_out_key_operations_and_nothing_else(prod: list[Registered]) -> None:
    (selector,) = only(prod, "trail:Trail").inputs["advancedEventSelectors"]
    assert selector["fieldSelectors"] == [
        {"field": "eventCategory", "equals": ["Management"]},
        {"field": "eventSource", "notEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]},
    ]


def test_external_secrets_and_the_deployer_read_in_silence(prod: list[Registered]) -> None:
    filters = {r.name: r.inputs for r in of_type(prod, "LogMetricFilter")}
    pattern = filters["master-key-reads"]["pattern"]
    quiet = read(session("litellm-prod-external-secrets"), {"secretId": ARN})
    assert not matches(pattern, quiet)
    assert not matches(pattern, read(session("litellm-deployer"), {"secretId": ARN}))
    assert matches(pattern, read(STRANGER, {"secretId": ARN}))


def test_githubs_deploy_role_reads_in_silence_where_there_is_one() -> None:
    secret = {"secretId": "litellm/dev/master-key-0a1b2c3"}
    deploy = read(session("litellm-dev-github-deploy"), secret)
    preview = read(session("litellm-dev-github-preview"), secret)
    for settings, alarming in (({}, False), ({"identity.github": None}, True)):
        resources = run_program("dev", with_changes("dev", settings))
        filters = {r.name: r.inputs for r in of_type(resources, "LogMetricFilter")}
        pattern = filters["master-key-reads"]["pattern"]
        assert matches(pattern, deploy) is alarming
        assert matches(pattern, preview)


def test_an_organisation_s_trail_is_watched_instead_of_one_of_our_own() -> None:
    changes = {"audit.organizationTrailLogGroup": "/organization/trail"}
    resources = run_program("dev", with_changes("dev", changes))
    assert of_type(resources, "trail:Trail") == []
    assert [r for r in of_type(resources, "s3/bucket:Bucket") if r.name == "audit"] == []
    filters = {r.name: r.inputs for r in of_type(resources, "LogMetricFilter")}
    assert filters["master-key-reads"]["logGroupName"] == "/organization/trail"


def test_without_an_audit_there_is_neither_trail_nor_alarm() -> None:
    resources = run_program("dev", with_changes("dev", {"audit.enabled": False}))
    assert of_type(resources, "trail:Trail") == []
    assert "master-key-read" not in {r.name for r in of_type(resources, "MetricAlarm")}


def test_files_of_the_trail_can_be_locked() -> None:
    resources = run_program("dev", with_changes("dev", {"audit.objectLockDays": 30}))
    buckets = {r.name: r.inputs for r in of_type(resources, "s3/bucket:Bucket")}
    assert buckets["audit"]["objectLockEnabled"] is True
    locks = {r.name: r.inputs for r in of_type(resources, "BucketObjectLockConfiguration")}
    retention = locks["audit"]["rule"]["defaultRetention"]
    assert retention == {"mode": "COMPLIANCE", "days": 30}
