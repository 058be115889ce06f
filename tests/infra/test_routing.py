"""How requests are routed: what settings may say, and what LiteLLM is told for it."""

from typing import Any

import pytest
import yaml
from test_settings import problems_of, settings_of

from infra.listener_rules import API_PATHS
from infra.pod_environment import plain_environment
from infra.proxy_config.document import config_context, render_litellm_config

PODS = frozenset({"DRAIN_TOKEN", "LITELLM_MASTER_KEY"})
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def model(name: str, *deployments: dict[str, Any], **more: Any) -> dict[str, Any]:
    places = [{"model": MODEL, **one} for one in deployments or ({},)]
    return {"name": name, "tier": "$", "provider": "bedrock", "deployments": places, **more}


PAIR = [model("one"), model("two")]


def rendered(changes: dict[str, Any]) -> dict[str, Any]:
    """Return what LiteLLM is told in ``dev`` with these changes."""
    context = config_context(
        settings_of("dev", changes),
        environment=PODS,
        bucket="logs",
        log_key_arn="key",
        bedrock_role="role",
        response_bucket=None,
    )
    read: dict[str, Any] = yaml.safe_load(render_litellm_config(context))
    return read


def router(changes: dict[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = rendered(changes)["router_settings"]
    return settings


def variables(changes: dict[str, Any]) -> dict[str, str]:
    return plain_environment(
        settings_of("dev", changes), database_host="", cache_host="", own_cache_authority=False
    )


ORDERED = {"models": [model("one", {"order": 1}, {"order": 2, "region": "us-west-2"})]}


@pytest.mark.parametrize(
    ("preset", "changes", "told"),
    [
        ("balanced", {}, {"routing_strategy": "simple-shuffle", "enable_weighted_failover": True}),
        ("cost", {}, {"routing_strategy": "cost-based-routing", "num_retries": 2}),
        (
            "latency",
            {},
            {
                "routing_strategy": "latency-based-routing",
                "routing_strategy_args": {"lowest_latency_buffer": 0.5, "ttl": 3600},
            },
        ),
        (
            "failover",
            ORDERED,
            {"routing_strategy": "simple-shuffle", "num_retries": 0, "cooldown_time": 60},
        ),
    ],
)
def test_a_preset_is_a_strategy_of_litellm_and_its_options(
    preset: str, changes: dict[str, Any], told: dict[str, Any]
) -> None:
    settings = router({**changes, "routing.preset": preset})
    assert {key: settings[key] for key in told} == told


def test_an_option_goes_before_the_preset_s() -> None:
    settings = router(
        {
            "routing.preset": "cost",
            "routing.strategy": "least-busy",
            "routing.retries": {"attempts": 5},
            "routing.cooldown": {"seconds": 7},
        }
    )
    assert settings["routing_strategy"] == "least-busy"
    assert settings["num_retries"] == 5
    assert settings["cooldown_time"] == 7


def test_retries_of_one_kind_of_error_have_litellm_s_names() -> None:
    by_error = {"rateLimitError": 4, "contentPolicyViolationError": 0, "timeoutError": 1}
    assert router({"routing.retries": {"byError": by_error}})["retry_policy"] == {
        "RateLimitErrorRetries": 4,
        "ContentPolicyViolationErrorRetries": 0,
        "TimeoutErrorRetries": 1,
    }


def test_failures_are_counted_by_deployment() -> None:
    cooldown = {"allowedFailures": 3, "byError": {"internalServerError": 1}}
    config = rendered({"routing.cooldown": cooldown})
    for deployment in config["model_list"]:
        assert deployment["model_info"]["allowed_fails"] == 3
        assert deployment["model_info"]["allowed_fails_policy"] == {
            "InternalServerErrorAllowedFails": 1
        }


def test_without_a_number_of_failures_litellm_looks_at_their_share() -> None:
    config = rendered({})
    assert "allowed_fails" not in config["router_settings"]
    assert "allowed_fails" not in config["model_list"][0]["model_info"]


def test_cooldowns_can_be_off() -> None:
    assert router({"routing.cooldown": {"enabled": False}})["disable_cooldowns"] is True


def test_time_outs_of_requests_and_streams_are_apart() -> None:
    config = rendered({"routing.timeouts": {"requestSeconds": 90, "streamSeconds": 30}})
    assert config["litellm_settings"]["request_timeout"] == 90
    assert config["router_settings"]["stream_timeout"] == 30


def test_an_attempt_may_take_as_long_as_the_longest_stream() -> None:
    config = rendered({"gateway.longestStreamSeconds": 120})
    assert config["litellm_settings"]["request_timeout"] == 120


def test_context_windows_are_checked_before_a_request_when_that_is_asked_for() -> None:
    assert "enable_pre_call_checks" not in router({})
    assert router({"routing.preCallChecks": True})["enable_pre_call_checks"] is True


def test_special_fallbacks_of_one_model_leave_those_of_others_as_they_are() -> None:
    models = [
        model("one", fallbacks=["two"]),
        model("two", fallbacks=["one"], contextWindowFallbacks=["three"]),
        model("three"),
    ]
    settings = router({"models": models, "routing.defaultFallbacks": ["three"]})
    assert settings["context_window_fallbacks"] == [
        {"one": ["two"]},
        {"two": ["three"]},
        {"*": ["three"]},
    ]


def test_without_special_fallbacks_litellm_has_the_general_ones_alone() -> None:
    settings = router({"models": [model("one", fallbacks=["two"]), model("two")]})
    assert settings["fallbacks"] == [{"one": ["two"]}]
    assert "context_window_fallbacks" not in settings
    assert "content_policy_fallbacks" not in settings


def test_an_empty_list_of_special_fallbacks_is_said() -> None:
    models = [model("one", fallbacks=["two"], contentPolicyFallbacks=[]), model("two")]
    assert router({"models": models})["content_policy_fallbacks"] == [{"one": []}]


TAGGED = [
    model("sorted", {"tags": ["batch"]}, {"tags": ["default"], "region": "us-west-2"}),
    model("plain"),
]


def test_tags_are_looked_at_for_models_that_have_some() -> None:
    config = rendered({"models": TAGGED})
    information = [deployment["model_info"] for deployment in config["model_list"]]
    assert [one.get("enable_tag_filtering") for one in information] == [True, True, None]
    assert "enable_tag_filtering" not in config["router_settings"]


def test_a_user_agent_stands_for_a_tag() -> None:
    config = rendered({"models": TAGGED, "routing.tags": {"userAgents": {"batch": ["nightly/|x"]}}})
    batch, default, _ = (deployment["litellm_params"] for deployment in config["model_list"])
    assert batch["tag_regex"] == ["^User-Agent: (?:nightly/|x)"]
    assert "tag_regex" not in default


def test_a_deployment_may_have_to_have_every_tag() -> None:
    settings = router({"models": TAGGED, "routing.tags": {"match": "all"}})
    assert settings["tag_filtering_match_any"] is False


def test_parts_of_a_request_are_marked_for_the_provider_s_cache() -> None:
    models = [model("one", promptCache=["system", "tools", "lastMessage"])]
    (deployment,) = rendered({"models": models})["model_list"]
    assert deployment["litellm_params"]["cache_control_injection_points"] == [
        {"location": "message", "role": "system"},
        {"location": "tool_config"},
        {"location": "message", "index": -1},
    ]


def test_models_are_not_asked_unless_somebody_wants_that() -> None:
    general = rendered({})["general_settings"]
    assert general["background_health_checks"] is False
    assert "DEFAULT_SHARED_HEALTH_CHECK_TTL" not in variables({})


def test_a_check_of_one_pod_holds_for_all_until_the_next() -> None:
    changes = {"routing.healthChecks": {"enabled": True, "intervalSeconds": 900}}
    general = rendered(changes)["general_settings"]
    assert general["background_health_checks"] is general["use_shared_health_check"] is True
    assert general["health_check_interval"] == 900
    assert general["health_check_staleness_threshold"] == 1800
    assert variables(changes)["DEFAULT_SHARED_HEALTH_CHECK_TTL"] == "900"


def test_a_model_is_checked_in_its_own_way() -> None:
    checks = {"model": "bedrock/x", "timeoutSeconds": 5, "maximumTokens": 1, "parameters": {"a": 1}}
    models = [model("one", healthCheck=checks), model("two", healthCheck={"enabled": False})]
    config = rendered({"models": models, "routing.healthChecks": {"enabled": True}})
    one, two = (deployment["model_info"] for deployment in config["model_list"])
    assert one["health_check_model"] == "bedrock/x"
    assert one["health_check_timeout"] == 5
    assert one["health_check_max_tokens"] == 1
    assert one["health_check_params"] == {"a": 1}
    assert two["disable_background_health_check"] is True


def test_callers_of_the_api_cannot_have_models_checked() -> None:
    assert {path for path in API_PATHS if path.startswith("/health")} == {
        "/health/liveliness",
        "/health/liveness",
    }


def test_the_log_level_reaches_the_pods() -> None:
    assert variables({})["LITELLM_LOG"] == "ERROR"
    assert variables({"gateway.logLevel": "INFO"})["LITELLM_LOG"] == "INFO"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("dev", {"routing.preset": "fastest"}, "routing.preset"),
    ("dev", {"routing.strategy": "round-robin"}, "routing.strategy"),
    ("dev", {"routing.preset": "failover"}, "no model has deployments of different order"),
    (
        "dev",
        {**ORDERED, "routing.preset": "failover", "routing.strategy": "least-busy"},
        "routing.strategy: least-busy replaces all that preset failover chooses by",
    ),
    ("dev", {"routing.latencyBuffer": 1}, "routing.latencyBuffer: only latency-based routing"),
    (
        "dev",
        {"routing.preset": "latency", "routing.strategy": "least-busy", "routing.latencyBuffer": 1},
        "routing.latencyBuffer: only latency-based routing",
    ),
    ("dev", {"routing.retries": {"attempts": 99}}, "routing.retries.attempts"),
    ("dev", {"routing.retries": {"byError": {"teapotError": 1}}}, "byError.teapotError: unknown"),
    (
        "dev",
        {"routing.cooldown": {"byError": {"badRequestError": 1}}},
        "byError.badRequestError: unknown key",
    ),
    (
        "dev",
        {"routing.cooldown": {"enabled": False, "seconds": 5}},
        "routing.cooldown: enabled is false, so seconds would do nothing",
    ),
    (
        "dev",
        {"routing.timeouts": {"streamSeconds": 900}},
        "routing.timeouts.streamSeconds: 900 is above gateway.longestStreamSeconds 600",
    ),
    (
        "dev",
        {"models": [model("one", fallbacks=["two"])]},
        "models.one.fallbacks: 'two' is not another model",
    ),
    (
        "dev",
        {"models": [model("one", contextWindowFallbacks=["one"])]},
        "models.one.contextWindowFallbacks: 'one' is not another model",
    ),
    (
        "dev",
        {"models": [model("one", contentPolicyFallbacks=["two", "two"]), model("two")]},
        "models.one.contentPolicyFallbacks: 'two' stands more than once",
    ),
    (
        "dev",
        {"models": PAIR, "routing.defaultFallbacks": ["three"]},
        "routing.defaultFallbacks: 'three' is not another model or alias; there are one, two",
    ),
    (
        "dev",
        {"models": [model("one", {"order": 1}, {})]},
        "models.one.deployments: some have an order, and those without get no request",
    ),
    (
        "dev",
        {"models": [model("one", {"weight": 1}, {})]},
        "models.one.deployments: weight decides the share of each",
    ),
    (
        "dev",
        {"models": [model("one", {"requestsPerMinute": 9}, {})]},
        "models.one.deployments: requestsPerMinute decides the share of each",
    ),
    (
        "dev",
        {"models": [model("one", {"tags": ["batch"]}, {"tags": []})]},
        "those without get no request then; give them the tag default",
    ),
    (
        "dev",
        {"models": [model("one", {"tags": ["batch"]})]},
        "models.one.deployments: none has the tag default",
    ),
    ("dev", {"models": [model("one", {"tags": ["!batch"]})]}, "models[0].deployments[0].tags[0]"),
    (
        "dev",
        {"models": TAGGED, "routing.tags": {"userAgents": {"nightly": ["x"]}}},
        "userAgents.nightly: no deployment has this tag; there are batch, default",
    ),
    (
        "dev",
        {"models": TAGGED, "routing.tags": {"userAgents": {"batch": ["("]}}},
        "batch has '(', which is no regular expression",
    ),
    (
        "dev",
        {"models": TAGGED, "routing.tags": {"userAgents": {"batch": []}}},
        "batch has no pattern",
    ),
    (
        "dev",
        {"models": TAGGED, "routing.tags": {"match": "all", "userAgents": {"batch": ["x"]}}},
        "match all would keep userAgents from matching",
    ),
    ("dev", {"routing.tags": {"match": "all"}}, "routing.tags.match: no deployment has tags"),
    ("dev", {"routing.healthChecks": {"intervalSeconds": 5}}, "healthChecks.intervalSeconds"),
    ("dev", {"models": [model("one", promptCache=["images"])]}, "models[0].promptCache[0]"),
    ("dev", {"gateway.logLevel": "LOUD"}, "gateway.logLevel"),
    ("prod", {"gateway.logLevel": "DEBUG"}, "gateway.logLevel: DEBUG prints prompts"),
    ("dev", {"gateway.environment": {"LITELLM_LOG": "DEBUG"}}, "is gateway.logLevel; set that"),
]


@pytest.mark.parametrize(("stack", "changes", "told"), WRONG, ids=[told for _, _, told in WRONG])
def test_a_wrong_setting_is_named(stack: str, changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of(stack, changes))


def test_a_disposable_stack_may_print_everything() -> None:
    assert settings_of("dev", {"gateway.logLevel": "DEBUG"}).gateway.log_level == "DEBUG"


def test_deployments_that_never_compete_need_no_common_weight() -> None:
    models = [model("one", {"order": 1, "weight": 1}, {"order": 2})]
    assert settings_of("dev", {"models": models})


def test_limits_are_no_shares_where_prices_decide() -> None:
    models = [model("one", {"requestsPerMinute": 9}, {"region": "us-west-2"})]
    assert settings_of("dev", {"models": models, "routing.preset": "cost"})
