"""Answers that are given again: where they are kept, for how long, and who may read them."""

import json
from typing import Any

import pytest
import yaml
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import problems_of, settings_of, with_changes

from infra.proxy_config.document import config_context, render_litellm_config

REDIS = frozenset({"REDIS_HOST", "REDIS_USERNAME", "REDIS_PASSWORD"})
PODS = frozenset({"DRAIN_TOKEN", "LITELLM_MASTER_KEY"})
BUCKET = "litellm-dev-answers-111122223333-us-east-1"


def cached(given: dict[str, Any], more: frozenset[str] = REDIS) -> dict[str, Any]:
    """Return ``litellm_settings`` of ``dev`` with these settings of the cache."""
    context = config_context(
        settings_of("dev", {"responseCache": given}),
        environment=PODS | more,
        bucket="logs",
        log_key_arn="key",
        bedrock_role="role",
        response_bucket="answers",
    )
    read: dict[str, Any] = yaml.safe_load(render_litellm_config(context))["litellm_settings"]
    return read


@pytest.fixture(scope="module")
def in_s3() -> list[Registered]:
    changes = {"responseCache": {"backend": "s3", "ttlSeconds": 100_000}}
    return run_program("dev", with_changes("dev", changes))


def test_answers_are_not_kept_unless_somebody_wants_that() -> None:
    assert "cache" not in cached({})


@pytest.mark.parametrize("word", ["off", False])
def test_off_is_a_word_however_yaml_reads_it(word: object) -> None:
    assert "cache" not in cached({"backend": word})


def test_a_request_asks_for_a_kept_answer_by_itself() -> None:
    assert cached({"backend": "redis"})["cache_params"]["mode"] == "default_off"


def test_every_request_can_be_answered_from_the_cache() -> None:
    assert cached({"backend": "redis", "mode": "always"})["cache_params"]["mode"] == "default_on"


def test_redis_is_the_stack_s_own_with_tls_and_its_user() -> None:
    parameters = cached({"backend": "redis"}, REDIS | {"REDIS_SSL_CA_CERTS"})["cache_params"]
    assert parameters["type"] == "redis"
    assert parameters["host"] == "os.environ/REDIS_HOST"
    assert parameters["username"] == "os.environ/REDIS_USERNAME"
    assert parameters["password"] == "os.environ/REDIS_PASSWORD"
    assert parameters["ssl"] is True
    assert parameters["ssl_ca_certs"] == "os.environ/REDIS_SSL_CA_CERTS"


def test_a_public_authority_of_redis_needs_no_file() -> None:
    assert "ssl_ca_certs" not in cached({"backend": "redis"})["cache_params"]


def test_what_is_kept_and_how_long_is_said() -> None:
    parameters = cached(
        {
            "backend": "local",
            "ttlSeconds": 60,
            "namespace": "mine",
            "callTypes": ["messages"],
            "maximumMessages": 9,
        }
    )["cache_params"]
    assert parameters == {
        "type": "local",
        "mode": "default_off",
        "ttl": 60,
        "namespace": "mine",
        "supported_call_types": ["anthropic_messages", "aanthropic_messages"],
        "max_messages": 9,
    }


def test_a_bucket_is_reached_with_the_pod_s_role() -> None:
    parameters = cached({"backend": "s3"})["cache_params"]
    assert {key: value for key, value in parameters.items() if key.startswith("s3_")} == {
        "s3_bucket_name": "answers",
        "s3_region_name": "us-east-1",
        "s3_path": "answers",
    }


def test_only_answers_in_s3_have_a_bucket(dev: list[Registered]) -> None:
    assert BUCKET not in {bucket.inputs["bucket"] for bucket in of_type(dev, "s3/bucket:Bucket")}


def attached(resources: list[Registered], suffix: str) -> dict[str, Any]:
    (found,) = [one for one in of_type(resources, suffix) if one.name == "answers"]
    return found.inputs


def test_the_bucket_of_answers_is_encrypted_with_the_stack_s_key(in_s3: list[Registered]) -> None:
    assert attached(in_s3, "s3/bucket:Bucket")["bucket"] == BUCKET
    (rule,) = attached(in_s3, "BucketServerSideEncryptionConfiguration")["rules"]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"


def test_answers_are_deleted_on_the_day_after_they_have_run_out(in_s3: list[Registered]) -> None:
    (rule,) = attached(in_s3, "BucketLifecycleConfiguration")["rules"]
    assert rule["expiration"]["days"] == 2
    assert rule["noncurrentVersionExpiration"]["noncurrentDays"] == 1


def policy_of_the_pods(resources: list[Registered]) -> list[dict[str, Any]]:
    (policy,) = [one for one in of_type(resources, "RolePolicy") if one.name.startswith("gateway")]
    statements: list[dict[str, Any]] = json.loads(policy.inputs["policy"])["Statement"]
    return statements


def test_pods_read_and_write_answers_and_nothing_else_in_the_bucket(
    in_s3: list[Registered],
) -> None:
    (objects,) = [one for one in policy_of_the_pods(in_s3) if "s3:GetObject" in one["Action"]]
    assert objects["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert objects["Resource"] == [f"arn:aws:s3:::{BUCKET}/answers/*"]


def test_the_key_opens_answers_and_no_logs(in_s3: list[Registered]) -> None:
    (decrypt,) = [one for one in policy_of_the_pods(in_s3) if "kms:Decrypt" in one["Action"]]
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}"}
    }


def test_without_kept_answers_pods_may_decrypt_nothing(dev: list[Registered]) -> None:
    actions = {action for one in policy_of_the_pods(dev) for action in one["Action"]}
    assert "kms:Decrypt" not in actions
    assert "s3:GetObject" not in actions


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("dev", {"backend": "disk"}, "responseCache.backend"),
    ("dev", {"mode": "sometimes"}, "responseCache.mode"),
    ("dev", {"ttlSeconds": 0}, "responseCache.ttlSeconds"),
    ("dev", {"namespace": "a:b"}, "responseCache.namespace"),
    ("dev", {"callTypes": ["images"]}, "responseCache.callTypes[0]"),
    ("dev", {"callTypes": []}, "responseCache.callTypes"),
    (
        "prod",
        {"backend": "local"},
        "responseCache.backend: local is one pod's memory, and there are up to 8 pods",
    ),
]


@pytest.mark.parametrize(("stack", "given", "told"), WRONG, ids=[told for _, _, told in WRONG])
def test_a_wrong_setting_is_named(stack: str, given: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of(stack, {"responseCache": given}))
