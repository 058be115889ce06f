"""What the templates make of a stack, and what they refuse."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.alert_rules import AlertRulesContext, render_alert_rules
from infra.documents import InvalidConfiguration, parse_yaml
from infra.helm_values import Destination, HelmValuesContext, render_helm_values
from infra.pod_environment import SecretVariable
from infra.proxy_config.checks import check_litellm_config
from infra.proxy_config.document import LiteLLMConfigContext, render_litellm_config
from infra.proxy_config.log_sinks import LogStore, RequestLogging
from infra.proxy_config.metrics import UNREAD_METRICS
from infra.proxy_config.model_list import ModelDeployment
from infra.proxy_config.routing import Routing

GOLDEN = Path(__file__).parent / "golden" / "templates"

HAIKU = ModelDeployment(
    model_name="claude-haiku-4-5",
    model="bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
    provider="bedrock",
    tier=1,
    region="us-east-1",
    order=1,
    weight=3,
    requests_per_minute=600,
    tokens_per_minute=400_000,
)
SONNET = ModelDeployment(
    model_name="claude-sonnet-4-5",
    model="anthropic/claude-sonnet-4-5-20250929",
    provider="anthropic",
    tier=2,
    credentials={"api_key": "ANTHROPIC_API_KEY"},
    costs={"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05},
)
CONFIG = LiteLLMConfigContext(
    deployments=(HAIKU, replace(HAIKU, region="us-west-2", order=2), SONNET),
    environment=frozenset(
        {
            "ANTHROPIC_API_KEY",
            "DRAIN_TOKEN",
            "LITELLM_MASTER_KEY",
            "REDIS_HOST",
            "REDIS_PASSWORD",
            "REDIS_SSL_CA_CERTS",
            "REDIS_USERNAME",
        }
    ),
    log_store=LogStore(
        bucket="litellm-logs",
        region="us-east-1",
        kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    ),
    request_logging=RequestLogging(callbacks=("prometheus", "proxy_hooks.s3_log.sink")),
    database_connections=10,
    spend_write_seconds=60,
    spend_retention_days=90,
    routing=Routing(
        fallbacks={"claude-sonnet-4-5": ("claude-haiku-4-5",)},
        aliases={"default": "claude-sonnet-4-5"},
    ),
    excluded_metrics=UNREAD_METRICS,
)
VALUES = HelmValuesContext(
    image_repository="ghcr.io/berriai/litellm-non_root",
    image_tag="1.106.2",
    service_account="litellm-gateway",
    config_map="gateway-config-0123456789",
    certificates_config_map="gateway-certificates-0123456789",
    environment={"DATABASE_URL": "postgresql://a:$(DATABASE_PASSWORD)@b/c?d=e&f=g"},
    secret_environment=(
        SecretVariable(name="LITELLM_MASTER_KEY", secret="master-key-1", key="key"),
        SecretVariable(name="DATABASE_PASSWORD", secret="database-1", key="password"),
    ),
    replicas=2,
    maximum_replicas=6,
    cpu="1",
    memory_mib=4096,
    idle_timeout_seconds=600,
    propagation_seconds=120,
    longest_request_seconds=600,
    minimum_ready_seconds=20,
    client_cidrs=("10.40.0.0/20", "10.40.16.0/20"),
    database=Destination(cidrs=("10.40.64.0/24",), port=5432),
    cache=Destination(cidrs=("10.40.65.0/24",), port=6379),
    monitoring_namespace="monitoring",
    node_selector={"kubernetes.io/arch": "arm64"},
)


def config(**changes: Any) -> dict[str, Any]:
    """Render the configuration with these changes of the context, and read it."""
    rendered: dict[str, Any] = yaml.safe_load(render_litellm_config(replace(CONFIG, **changes)))
    return rendered


def problems(action: Callable[[], object]) -> str:
    with pytest.raises(InvalidConfiguration) as caught:
        action()
    return str(caught.value)


GOLDEN_FILES: dict[str, Callable[[], str]] = {
    "litellm_config.yaml": lambda: render_litellm_config(CONFIG),
    "helm_values.yaml": lambda: yaml.safe_dump(render_helm_values(VALUES), sort_keys=False),
    "alert_rules.yaml": lambda: render_alert_rules(AlertRulesContext(namespace="litellm")),
}


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_the_templates_render_what_was_reviewed(name: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(GOLDEN_FILES[name]())
    assert GOLDEN_FILES[name]() == (GOLDEN / name).read_text()


def test_rendering_twice_gives_the_same_text() -> None:
    assert render_litellm_config(CONFIG) == render_litellm_config(replace(CONFIG))


def test_a_deployment_keeps_its_identity_when_its_limits_change() -> None:
    changed = replace(HAIKU, requests_per_minute=1, model="bedrock/other", weight=None)
    assert changed.identity == HAIKU.identity == "claude-haiku-4-5.bedrock.us-east-1"


def test_models_can_be_granted_by_provider_and_by_tier() -> None:
    info = config()["model_list"][0]["model_info"]
    assert info["access_groups"] == ["provider:bedrock", "tier:1"]


def test_credentials_are_names_of_variables() -> None:
    assert config()["model_list"][2]["litellm_params"]["api_key"] == "os.environ/ANTHROPIC_API_KEY"


def test_what_is_not_set_is_not_written() -> None:
    assert config()["model_list"][2]["litellm_params"].keys() == {
        "model",
        "api_key",
        "input_cost_per_token",
        "output_cost_per_token",
    }


@pytest.mark.parametrize(
    "text", ["it's: #1", '<b>"x"</b>', "a\nb", "os.environ", "yes", "1.10", "déjà 😀"]
)
def test_a_text_survives_whatever_is_in_it(text: str) -> None:
    mocked = replace(HAIKU, mock_response=text)
    rendered = config(deployments=(mocked, SONNET))
    assert rendered["model_list"][0]["litellm_params"]["mock_response"] == text


def test_a_small_price_stays_a_number() -> None:
    price = config()["model_list"][2]["litellm_params"]["input_cost_per_token"]
    assert price == 3e-06


def test_prompts_stay_out_of_the_logs_unless_they_are_asked_for() -> None:
    assert config()["litellm_settings"]["turn_off_message_logging"] is True
    asked = RequestLogging(callbacks=("prometheus", "proxy_hooks.s3_log.sink"), content=True)
    settings = config(request_logging=asked)
    assert settings["litellm_settings"]["turn_off_message_logging"] is False
    assert settings["general_settings"]["store_prompts_in_spend_logs"] is False


def test_the_database_gets_prompts_only_by_its_own_switch() -> None:
    asked = RequestLogging(
        callbacks=("prometheus", "proxy_hooks.s3_log.sink"), content=True, database_content=True
    )
    assert config(request_logging=asked)["general_settings"]["store_prompts_in_spend_logs"] is True


def test_callbacks_are_loaded_after_what_they_read() -> None:
    keys = list(config()["litellm_settings"])
    assert keys.index("s3_callback_params") < keys.index("callbacks")


def test_log_objects_lie_under_team_and_key_and_are_encrypted() -> None:
    parameters = config()["litellm_settings"]["s3_callback_params"]
    assert parameters["s3_use_team_prefix"] is True
    assert parameters["s3_use_key_prefix"] is True
    assert parameters["s3_server_side_encryption"] == "aws:kms"
    assert parameters["s3_sse_kms_key_id"] == CONFIG.log_store.kms_key_arn


def test_the_store_s_endpoint_is_named_only_where_it_is_not_aws() -> None:
    parameters = config()["litellm_settings"]["s3_callback_params"]
    assert "s3_endpoint_url" not in parameters
    elsewhere = config(
        log_store=replace(CONFIG.log_store, endpoint=True),
        environment=CONFIG.environment | {"AWS_ENDPOINT_URL"},
    )
    parameters = elsewhere["litellm_settings"]["s3_callback_params"]
    assert parameters["s3_endpoint_url"] == "os.environ/AWS_ENDPOINT_URL"


def test_labels_that_name_clients_and_people_are_left_out_of_the_metrics() -> None:
    excluded = config()["litellm_settings"]["prometheus_exclude_labels"]
    assert excluded == ["client_ip", "user_agent", "user_email"]


def test_metrics_that_nothing_reads_are_left_out() -> None:
    excluded = config()["litellm_settings"]["prometheus_exclude_metrics"]
    assert "litellm_requests_metric" in excluded
    assert "prometheus_exclude_metrics" not in config(excluded_metrics=())["litellm_settings"]


def test_without_its_database_the_gateway_lets_nobody_in() -> None:
    assert config()["general_settings"]["allow_requests_on_db_unavailable"] is False


def test_the_drain_endpoint_wants_a_token() -> None:
    settings = config()["general_settings"]
    assert settings["enable_drain_endpoint"] is True
    assert settings["drain_endpoint_token"] == "os.environ/DRAIN_TOKEN"


def test_pods_share_their_limits_through_the_cache() -> None:
    redis = config()["general_settings"]["coordination_redis"]
    assert redis["host"] == "os.environ/REDIS_HOST"
    assert redis["ssl"] is True
    assert redis["ssl_ca_certs"] == "os.environ/REDIS_SSL_CA_CERTS"


def test_public_authorities_need_no_file() -> None:
    environment = CONFIG.environment - {"REDIS_SSL_CA_CERTS"}
    assert (
        "ssl_ca_certs"
        not in config(environment=environment)["general_settings"]["coordination_redis"]
    )


def test_without_a_cache_none_is_named() -> None:
    environment = CONFIG.environment - {"REDIS_HOST"}
    assert "coordination_redis" not in config(environment=environment)["general_settings"]


def test_a_variable_that_no_pod_has_is_refused_by_name() -> None:
    environment = CONFIG.environment - {"ANTHROPIC_API_KEY"}
    text = problems(lambda: config(environment=environment))
    assert (
        "model_list[2].litellm_params.api_key: the pods have no variable ANTHROPIC_API_KEY" in text
    )


def test_a_fallback_to_nowhere_is_refused_by_name() -> None:
    text = problems(lambda: config(routing=Routing(fallbacks={"claude-haiku-4-5": ("gpt-9",)})))
    assert "router_settings.fallbacks.claude-haiku-4-5: there is no model gpt-9" in text


def test_a_fallback_to_itself_is_refused() -> None:
    routing = Routing(fallbacks={"claude-haiku-4-5": ("claude-haiku-4-5",)})
    assert "claude-haiku-4-5: falls back to itself" in problems(lambda: config(routing=routing))


def test_a_fallback_to_an_alias_is_one_to_its_model() -> None:
    routing = Routing(
        fallbacks={"claude-haiku-4-5": ("default",)}, aliases={"default": "claude-sonnet-4-5"}
    )
    assert config(routing=routing)["router_settings"]["fallbacks"] == [
        {"claude-haiku-4-5": ["default"]}
    ]


def test_an_alias_of_nothing_is_refused_by_name() -> None:
    text = problems(lambda: config(routing=Routing(aliases={"default": "gpt-9"})))
    assert "router_settings.model_group_alias.default: there is no model gpt-9" in text


def test_an_alias_cannot_hide_a_model() -> None:
    routing = Routing(aliases={"claude-haiku-4-5": "claude-sonnet-4-5"})
    text = problems(lambda: config(routing=routing))
    assert "model_group_alias.claude-haiku-4-5: is the name of a model already" in text


def test_two_deployments_with_one_identity_are_refused_by_name() -> None:
    text = problems(lambda: config(deployments=(HAIKU, HAIKU, SONNET)))
    assert "2 deployments have the identity claude-haiku-4-5.bedrock.us-east-1" in text


def test_a_name_tells_deployments_apart() -> None:
    rendered = config(deployments=(HAIKU, replace(HAIKU, name="2"), SONNET))
    ids = [model["model_info"]["id"] for model in rendered["model_list"]]
    assert len(set(ids)) == 3


def test_a_gateway_without_models_is_refused() -> None:
    text = problems(lambda: config(deployments=(), routing=Routing()))
    assert "model_list: it is empty" in text


def test_all_problems_are_told_at_once() -> None:
    routing = Routing(aliases={"a": "x"}, fallbacks={"b": ("y",)})
    with pytest.raises(InvalidConfiguration) as caught:
        config(routing=routing, environment=frozenset())
    assert len(caught.value.problems) >= 5


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (
            "litellm_settings",
            "litellm_settings.dorp_params: unknown key; did you mean drop_params?",
        ),
        ("general_settings", "general_settings.dorp_params: unknown key"),
        ("router_settings", "router_settings.dorp_params: unknown key; known are"),
    ],
)
def test_a_key_that_litellm_would_ignore_is_refused_by_name(path: str, named: str) -> None:
    rendered = config()
    rendered[path]["dorp_params"] = True
    text = problems(lambda: check_litellm_config(rendered, CONFIG.environment))
    assert named in text


def test_a_section_that_litellm_would_ignore_is_refused_by_name() -> None:
    rendered = {**config(), "generel_settings": {}}
    text = problems(lambda: check_litellm_config(rendered, CONFIG.environment))
    assert "generel_settings: unknown section" in text


def test_a_parameter_that_a_deployment_does_not_have_is_refused_by_name() -> None:
    rendered = config()
    rendered["model_list"][0]["litellm_params"]["rpn"] = 1
    text = problems(lambda: check_litellm_config(rendered, CONFIG.environment))
    assert "model_list[0].litellm_params.rpn: unknown key; did you mean rpm?" in text


def test_a_key_that_stands_twice_is_refused_by_name() -> None:
    text = problems(lambda: parse_yaml("the document", "a: {b: 1, b: 2}"))
    assert "the key b stands twice" in text


def test_a_text_that_is_no_yaml_is_refused() -> None:
    assert "the document is not valid" in problems(lambda: parse_yaml("the document", "a: ["))


def test_the_chart_s_values_carry_names_of_secrets_only() -> None:
    values = render_helm_values(VALUES)
    assert values["secretEnvironment"][0] == {
        "name": "LITELLM_MASTER_KEY",
        "secret": "master-key-1",
        "key": "key",
    }


def test_a_variable_reaches_the_chart_unchanged() -> None:
    values = render_helm_values(VALUES)
    assert values["environment"] == VALUES.environment


def test_the_proxy_keeps_connections_longer_than_the_load_balancer() -> None:
    values = render_helm_values(replace(VALUES, idle_timeout_seconds=300))
    assert values["keepAliveSeconds"] > 300


def test_the_grace_period_grows_with_the_longest_request() -> None:
    values = render_helm_values(replace(VALUES, longest_request_seconds=1000))
    assert values["terminationGracePeriodSeconds"] >= 1000 + VALUES.propagation_seconds + 15


def test_a_stack_of_fixed_size_has_no_autoscaler() -> None:
    values = render_helm_values(replace(VALUES, replicas=2, maximum_replicas=2))
    assert values["autoscaling"]["enabled"] is False


def test_further_destinations_reach_the_chart() -> None:
    further = (Destination(cidrs=("192.0.2.7/32",), port=4566),)
    values = render_helm_values(replace(VALUES, additional_destinations=further))
    assert values["networkPolicy"]["additional"] == [{"cidrs": ["192.0.2.7/32"], "port": 4566}]


def test_a_sink_s_port_is_opened_but_not_to_the_node_s_own_services() -> None:
    further = (Destination(cidrs=("0.0.0.0/0",), port=3000, excluded=("169.254.169.254/32",)),)
    values = render_helm_values(replace(VALUES, additional_destinations=further))
    assert values["networkPolicy"]["additional"] == [
        {"cidrs": ["0.0.0.0/0"], "except": ["169.254.169.254/32"], "port": 3000}
    ]
