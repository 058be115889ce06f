"""What a stack's settings make of the places of request records."""

import json
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import settings_of, with_changes

from infra.helm_values import HelmValuesContext, values_context
from infra.proxy_config.log_sinks import (
    hook_settings,
    request_logging,
    sink_environment,
    sink_ports,
)
from infra.subnets import plan_subnets
from proxy_hooks.settings import HookSettings, SinkSettings

SUPPLIED = {
    "langfuse": {"1": {"publicKey": "pk-lf-1", "secretKey": "sk-lf-1"}},
    "langsmith": {"1": {"apiKey": "ls-1"}},
    "openTelemetry": {"1": {"headers": "x-key=1"}},
}
EVERYWHERE = {
    "requestLogging.langfuse": {"host": "http://langfuse.internal:3000", "content": True},
    "requestLogging.langsmith": {"project": "gateway", "outcomes": ["failure"]},
    "requestLogging.openTelemetry": {"endpoint": "http://collector.internal", "headers": True},
    "suppliedSecrets": SUPPLIED,
}


def settings_with(changes: dict[str, Any]) -> HookSettings:
    return hook_settings(settings_of("dev", changes))


def test_metadata_alone_goes_to_the_database_and_the_bucket_unless_more_is_asked_for() -> None:
    assert settings_with({}).sinks == {"database": SinkSettings(), "s3": SinkSettings()}
    assert request_logging(settings_of("dev")).content is False


@pytest.mark.parametrize("place", ["database", "s3", "langfuse"])
def test_content_goes_to_the_one_place_that_asks_for_it(place: str) -> None:
    changes: dict[str, Any] = {
        "requestLogging.langfuse": {"host": "https://langfuse.example"},
        "suppliedSecrets": {"langfuse": SUPPLIED["langfuse"]},
        "spendArchive.enabled": False,
    }
    changes[f"requestLogging.{place}.content"] = True
    sinks = settings_with(changes).sinks
    assert [name for name, sink in sinks.items() if sink.content] == [place]


def test_each_place_says_which_outcomes_it_gets() -> None:
    sinks = settings_with(EVERYWHERE).sinks
    assert sinks["langsmith"].outcomes == ("failure",)
    assert sinks["openTelemetry"].outcomes == ("success", "failure")


def test_a_callback_is_loaded_for_each_place() -> None:
    assert request_logging(settings_of("dev", EVERYWHERE)).callbacks == (
        "prometheus",
        "proxy_hooks.session_metadata.hook",
        "proxy_hooks.database_log.sink",
        "proxy_hooks.s3_log.sink",
        "proxy_hooks.langfuse_log.sink",
        "proxy_hooks.langsmith_log.sink",
        "proxy_hooks.opentelemetry_log.sink",
    )


def test_sessions_can_be_left_alone() -> None:
    settings = settings_of("dev", {"sessionMetadata.enabled": False})
    assert "proxy_hooks.session_metadata.hook" not in request_logging(settings).callbacks
    assert hook_settings(settings).session_keys == ()


def test_further_names_of_metadata_join_those_that_are_always_kept() -> None:
    keys = settings_with({"sessionMetadata.keys": ["ticket", "agent_name"]}).session_keys
    assert keys == ("session_id", "agent_name", "conversation_name", "workspace_id", "ticket")


def test_settings_come_to_the_callbacks_as_they_were_written() -> None:
    written = settings_with({**EVERYWHERE, "requestLogging.masking.patterns": {"t": r"T-\d+"}})
    assert HookSettings.from_json(written.to_json()) == written


def test_addresses_are_variables_and_keys_are_not_among_them() -> None:
    environment = sink_environment(settings_of("dev", EVERYWHERE).request_logging)
    assert environment["LANGFUSE_HOST"] == "http://langfuse.internal:3000"
    assert environment["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] == "NO_CONTENT"
    assert not [name for name in environment if name.endswith(("KEY", "HEADERS"))]


def test_pods_may_reach_the_ports_of_their_sinks() -> None:
    settings = settings_of("dev", EVERYWHERE)
    assert sink_ports(settings.request_logging) == (80, 3000)
    plan = plan_subnets("10.40.0.0/16", 2)
    context: HelmValuesContext = values_context(
        settings, environment={}, secrets=(), config_map="", certificates="", plan=plan
    )
    assert {one.port for one in context.additional_destinations} == {80, 3000}


def test_a_program_with_every_sink_gives_pods_their_keys_from_secrets() -> None:
    resources: list[Registered] = run_program("dev", with_changes("dev", EVERYWHERE))
    (release,) = [r for r in of_type(resources, "helm.sh/v3:Release") if r.name == "gateway"]
    secret = {
        item["name"]: item["secret"] for item in release.inputs["values"]["secretEnvironment"]
    }
    assert secret["LANGFUSE_SECRET_KEY"] == "langfuse-1"
    assert secret["LANGSMITH_API_KEY"] == "langsmith-1"
    assert secret["OTEL_EXPORTER_OTLP_HEADERS"] == "open-telemetry-1"


def test_the_callbacks_and_their_settings_are_files_of_the_configuration(
    dev: list[Registered],
) -> None:
    (config,) = [r for r in of_type(dev, "core/v1:ConfigMap") if r.name == "config"]
    (release,) = [r for r in of_type(dev, "helm.sh/v3:Release") if r.name == "gateway"]
    mounted = release.inputs["values"]["configMap"]
    data = config.inputs["data"]
    assert data.keys() == {"config.yaml", mounted["hookSettings"], *mounted["hookFiles"]}
    assert json.loads(data[mounted["hookSettings"]])["sinks"]["s3"]["content"] is False
