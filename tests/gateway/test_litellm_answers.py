"""Kept answers and checks of models, as a real proxy with a rendered configuration has them."""

from collections.abc import Iterator

import boto3
import pytest
import redis_server
import stand_in_provider
from litellm_process import LiteLLM, wait_until
from redis_server import Redis
from rendered_proxy import ACCESS, ask, model, running
from stand_in_provider import Provider

from sandbox.providers.aws import local_moto

NETWORK = "127.214.61"
ASKED = {"use-cache": True}
BUCKET = "answers"
MODELS = [
    model("plain", "plain"),
    model("failing", {"model": "fails"}, {"model": "well"}),
    model("unchecked", "unchecked", healthCheck={"enabled": False}),
]


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with stand_in_provider.running(f"{NETWORK}.2") as started:
        yield started


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with redis_server.running(f"{NETWORK}.3", tmp_path_factory.mktemp("redis")) as started:
        yield started


@pytest.fixture(scope="module")
def proxy(
    provider: Provider, cache: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiteLLM]:
    changes = {
        "models": MODELS,
        "routing.healthChecks": {"enabled": True},
        "responseCache": {"backend": "redis"},
    }
    with running(
        f"{NETWORK}.1",
        tmp_path_factory.mktemp("answers"),
        changes,
        provider=provider.url,
        redis=cache.environment,
    ) as started:
        yield started


@pytest.fixture(scope="module")
def checked(proxy: LiteLLM, provider: Provider, cache: Redis) -> LiteLLM:
    """The proxy after its first round of checks."""
    wait_until(lambda: cache.ask("EXISTS", "health_check_results") == ["1"], "checks of models")
    return proxy


def test_models_are_checked_in_the_background(checked: LiteLLM, provider: Provider) -> None:
    assert provider.calls["well"] >= 1
    assert provider.calls["fails"] >= 1


def test_a_model_can_be_left_out_of_the_checks(checked: LiteLLM, provider: Provider) -> None:
    assert provider.calls["unchecked"] == 0


def test_a_deployment_whose_check_failed_gets_no_requests(
    checked: LiteLLM, provider: Provider
) -> None:
    before = provider.calls["fails"]
    assert {ask(checked, "failing") for _ in range(10)} == {"hello from well"}
    assert provider.calls["fails"] == before


def from_the_provider(provider: Provider, proxy: LiteLLM, text: str, **more: object) -> bool:
    """Ask, and return whether the provider was asked for it."""
    before = provider.calls["plain"]
    assert ask(proxy, "plain", text, **more) == "hello from plain"
    return provider.calls["plain"] > before


def test_the_second_one_to_ask_gets_the_first_one_s_answer(
    checked: LiteLLM, provider: Provider
) -> None:
    assert from_the_provider(provider, checked, "the same", cache=ASKED)
    wait_until(
        lambda: not from_the_provider(provider, checked, "the same", cache=ASKED),
        "an answer from the cache",
    )


def test_who_does_not_ask_for_it_gets_an_answer_of_its_own(
    checked: LiteLLM, provider: Provider
) -> None:
    assert from_the_provider(provider, checked, "mine", cache=ASKED)
    assert from_the_provider(provider, checked, "mine")


def test_answers_lie_under_their_namespace_and_run_out(checked: LiteLLM, cache: Redis) -> None:
    ask(checked, "plain", "kept for a while", cache=ASKED)
    key = wait_until(lambda: cache.ask("--scan", "--pattern", "answers:*"), "a kept answer")[0]
    assert 0 < int(cache.ask("TTL", key)[0]) <= 600


def test_long_conversations_are_not_kept(checked: LiteLLM, provider: Provider) -> None:
    said = [{"role": "user", "content": "on and on"}] * 5
    for _ in range(2):
        before = provider.calls["plain"]
        ask(checked, "plain", messages=said, cache=ASKED)
        assert provider.calls["plain"] == before + 1


def test_a_cache_that_hangs_fails_no_request(checked: LiteLLM, cache: Redis) -> None:
    with cache.hanging():
        assert ask(checked, "plain", "while it hangs", cache=ASKED) == "hello from plain"


def test_a_cache_that_went_away_fails_no_request(checked: LiteLLM, cache: Redis) -> None:
    cache.stop()
    answers = {ask(checked, "plain", f"without it {number}", cache=ASKED) for number in range(10)}
    assert answers == {"hello from plain"}


def test_a_bucket_keeps_answers_too(
    provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=local_moto.endpoint(),
        aws_access_key_id=ACCESS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ACCESS["AWS_SECRET_ACCESS_KEY"],
        region_name=ACCESS["AWS_DEFAULT_REGION"],
    )
    s3.create_bucket(Bucket=BUCKET)
    changes = {
        "models": MODELS,
        "responseCache": {"backend": "s3", "mode": "always", "namespace": "mine"},
    }
    with running(
        f"{NETWORK}.4",
        tmp_path_factory.mktemp("bucket"),
        changes,
        provider=provider.url,
        response_bucket=BUCKET,
    ) as proxy:
        assert from_the_provider(provider, proxy, "kept in S3")
        wait_until(
            lambda: not from_the_provider(provider, proxy, "kept in S3"), "an answer from S3"
        )
        s3.delete_object(Bucket=BUCKET, Key=_only_key(s3))
        s3.delete_bucket(Bucket=BUCKET)
        assert from_the_provider(provider, proxy, "without the bucket")


def _only_key(s3: "boto3.client") -> str:
    (found,) = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    key: str = found["Key"]
    assert key.startswith("answers/mine/")
    return key
