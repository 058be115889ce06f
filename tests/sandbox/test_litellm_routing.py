"""Where requests go, as a real proxy with a rendered configuration sends them."""

from collections.abc import Iterator

import pytest
from litellm_process import CHAT, LiteLLM
from rendered_proxy import BROKEN, RATE_LIMITED, REFUSED, TOO_LONG, ask, model, running

NETWORK = "127.214.60"

MODELS = [
    model("broken", BROKEN, fallbacks=["steady"]),
    model("steady", "hello from steady"),
    model("large", "hello from large"),
    model("lenient", "hello from lenient"),
    model("small", TOO_LONG, fallbacks=["steady"], contextWindowFallbacks=["large"]),
    model("strict", REFUSED, fallbacks=["steady"], contentPolicyFallbacks=["lenient"]),
    model("too-small", TOO_LONG, fallbacks=["steady"]),
    model("unforgiving", REFUSED, fallbacks=["steady"], contentPolicyFallbacks=[]),
    model("alone", BROKEN),
    model("left", BROKEN, fallbacks=["right"]),
    model("right", BROKEN, fallbacks=["left"]),
    model(
        "tagged",
        {"mockResponse": "hello from batch", "tags": ["batch"]},
        {"mockResponse": "hello from default", "tags": ["default"]},
    ),
]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteLLM]:
    changes = {
        "models": MODELS,
        "routing.retries": {"attempts": 0},
        "routing.defaultFallbacks": ["lenient"],
        "routing.tags.userAgents": {"batch": ["nightly/"]},
    }
    with running(f"{NETWORK}.1", tmp_path_factory.mktemp("routing"), changes) as started:
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
    answer = proxy.chat(MASTER_KEY, "unforgiving")
    assert answer.status_code == 400


def test_models_that_are_each_others_fallbacks_do_not_loop(proxy: LiteLLM) -> None:
    answer = proxy.post(CHAT, {"model": "left", "messages": [{"role": "user", "content": "x"}]})
    assert answer.status_code == 500
