"""Where requests go, as a real proxy with a rendered configuration sends them."""

from collections.abc import Iterator
from typing import Any

import pytest
import stand_in_provider
from litellm_process import CHAT, LiteLLM, wait_until
from rendered_proxy import ask, model, question, running
from stand_in_provider import Provider

NETWORK = "127.214.60"
HAIKU = "claude-haiku-4-5-20251001"
IN_BEDROCK = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PARTS = ["system", "tools", "lastMessage"]

MODELS = [
    model("broken", "fails", fallbacks=["steady"]),
    model("steady", "steady"),
    model("large", "large"),
    model("lenient", "lenient"),
    model("small", "short", fallbacks=["steady"], contextWindowFallbacks=["large"]),
    model("strict", "refuses", fallbacks=["steady"], contentPolicyFallbacks=["lenient"]),
    model("too-small", "short-too", fallbacks=["steady"]),
    model("unforgiving", "refuses-too", fallbacks=["steady"], contentPolicyFallbacks=[]),
    model("alone", "fails-alone"),
    model("left", "fails-left", fallbacks=["right"]),
    model("right", "fails-right", fallbacks=["left"]),
    model("ordered", {"model": "first", "order": 1}, {"model": "second", "order": 2}),
    model("failing", {"model": "fails-first", "order": 1}, {"model": "second", "order": 2}),
    model("tagged", {"model": "batch", "tags": ["batch"]}, {"model": "rest", "tags": ["default"]}),
    model("marked", HAIKU, provider="anthropic", promptCache=PARTS),
    model("marked-in-bedrock", IN_BEDROCK, provider="bedrock", promptCache=PARTS),
]
MARK = {"type": "ephemeral"}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with stand_in_provider.running(f"{NETWORK}.2") as started:
        yield started


@pytest.fixture(scope="module")
def proxy(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteLLM]:
    changes = {
        "models": MODELS,
        "routing.preset": "failover",
        "routing.cooldown": {"allowedFailures": 1},
        "routing.defaultFallbacks": ["lenient"],
        "routing.tags": {"userAgents": {"batch": ["nightly/"]}},
    }
    folder = tmp_path_factory.mktemp("routing")
    with running(f"{NETWORK}.1", folder, changes, provider=provider.url) as started:
        yield started


def test_a_fallback_answers_for_a_model_that_fails(proxy: LiteLLM) -> None:
    assert ask(proxy, "broken") == "hello from steady"


def test_a_model_without_fallbacks_has_the_default_ones(proxy: LiteLLM) -> None:
    assert ask(proxy, "alone") == "hello from lenient"


def test_a_request_that_is_too_long_goes_to_the_larger_model(proxy: LiteLLM) -> None:
    assert ask(proxy, "small") == "hello from large"


def test_a_model_without_context_window_fallbacks_keeps_its_fallbacks(proxy: LiteLLM) -> None:
    assert ask(proxy, "too-small") == "hello from steady"


def test_a_refused_prompt_goes_to_the_model_that_is_named_for_it(proxy: LiteLLM) -> None:
    assert ask(proxy, "strict") == "hello from lenient"


def test_an_empty_list_lets_the_refusal_stand(proxy: LiteLLM) -> None:
    answer = proxy.post(CHAT, question("unforgiving"))
    assert answer.status_code == 400
    assert "safety system" in answer.text


def test_models_that_are_each_others_fallbacks_are_tried_once_each(
    proxy: LiteLLM, provider: Provider
) -> None:
    answer = proxy.post(CHAT, question("left", num_retries=0, max_retries=0))
    assert answer.status_code == 500
    assert provider.calls["fails-right"] == 1


def test_the_lowest_order_answers_alone(proxy: LiteLLM, provider: Provider) -> None:
    assert {ask(proxy, "ordered") for _ in range(5)} == {"hello from first"}


def test_the_next_order_answers_when_the_first_fails(proxy: LiteLLM) -> None:
    assert ask(proxy, "failing") == "hello from second"


def test_a_deployment_that_has_failed_too_often_is_left_alone(
    proxy: LiteLLM, provider: Provider
) -> None:
    def passed_over() -> bool:
        before = provider.calls["fails-first"]
        assert ask(proxy, "failing") == "hello from second"
        return provider.calls["fails-first"] == before

    wait_until(passed_over, "the failing deployment to be left alone")


def test_a_request_with_a_tag_goes_where_the_tag_is(proxy: LiteLLM) -> None:
    headers = {"x-litellm-tags": "batch"}
    assert ask(proxy, "tagged", headers=headers) == "hello from batch"


def test_a_tag_can_stand_in_the_request_s_metadata(proxy: LiteLLM) -> None:
    assert ask(proxy, "tagged", metadata={"tags": ["batch"]}) == "hello from batch"


def test_a_user_agent_can_stand_for_a_tag(proxy: LiteLLM) -> None:
    assert ask(proxy, "tagged", headers={"user-agent": "nightly/1.0"}) == "hello from batch"
    assert ask(proxy, "tagged", headers={"user-agent": "not nightly/"}) == "hello from rest"


@pytest.mark.parametrize("tags", [{}, {"x-litellm-tags": "cost-centre-7"}])
def test_a_request_without_a_tag_that_routes_goes_to_the_default(
    proxy: LiteLLM, tags: dict[str, str]
) -> None:
    assert {ask(proxy, "tagged", headers=tags) for _ in range(5)} == {"hello from rest"}


def test_a_tag_means_nothing_to_a_model_without_tags(proxy: LiteLLM) -> None:
    assert ask(proxy, "steady", headers={"x-litellm-tags": "batch"}) == "hello from steady"


def chat_with_a_tool(model: str) -> dict[str, Any]:
    function = {"name": "f", "description": "d", "parameters": {"type": "object"}}
    body = question(model, tools=[{"type": "function", "function": function}])
    body["messages"].insert(0, {"role": "system", "content": "be brief"})
    return body


def test_the_provider_is_told_what_to_cache_of_a_chat(proxy: LiteLLM, provider: Provider) -> None:
    assert proxy.post(CHAT, chat_with_a_tool("marked")).status_code == 200
    assert_marked(provider)


def test_bedrock_is_told_what_to_cache_in_its_own_way(proxy: LiteLLM, provider: Provider) -> None:
    assert proxy.post(CHAT, chat_with_a_tool("marked-in-bedrock")).status_code == 200
    sent, mark = provider.bodies(IN_BEDROCK)[-1], {"cachePoint": {"type": "default"}}
    assert sent["system"][-1] == mark
    assert sent["toolConfig"]["tools"][-1] == mark
    assert sent["messages"][-1]["content"][-1] == mark


def test_the_provider_is_told_what_to_cache_of_a_message(
    proxy: LiteLLM, provider: Provider
) -> None:
    tool = {"name": "f", "description": "d", "input_schema": {"type": "object"}}
    body = question("marked", system="be brief", tools=[tool], max_tokens=5)
    assert proxy.post("/v1/messages", body).status_code == 200
    assert_marked(provider)


def assert_marked(provider: Provider) -> None:
    sent = provider.bodies(HAIKU)[-1]
    assert sent["system"][-1]["cache_control"] == MARK
    assert sent["tools"][-1]["cache_control"] == MARK
    assert sent["messages"][-1]["content"][-1]["cache_control"] == MARK
