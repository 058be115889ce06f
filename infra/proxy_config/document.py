"""``config.yaml`` of the proxy: everything that it is made of, rendered and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.documents import parse_yaml
from infra.providers import uses_workload_identity
from infra.proxy_config.additions import Additions
from infra.proxy_config.alerting import alerting
from infra.proxy_config.checks import check_litellm_config
from infra.proxy_config.enterprise import enterprise
from infra.proxy_config.guardrails import guardrails
from infra.proxy_config.limits import limits
from infra.proxy_config.log_sinks import LogStore, RequestLogging, log_store, request_logging
from infra.proxy_config.metrics import excluded_metrics
from infra.proxy_config.model_list import ModelDeployment, model_list
from infra.proxy_config.response_cache import ResponseCache, response_cache
from infra.proxy_config.routing import Routing, routing
from infra.settings import Settings
from infra.templates import render_text


@dataclass(frozen=True, kw_only=True)
class LiteLLMConfigContext:
    """Everything that LiteLLM's configuration is made of."""

    deployments: tuple[ModelDeployment, ...]
    environment: frozenset[str]
    """Names of all variables that the pods are given, secret or not."""
    log_store: LogStore
    request_logging: RequestLogging
    database_connections: int
    spend_write_seconds: int
    spend_retention_days: int | None
    """After how many days LiteLLM deletes spend rows; None where they are archived instead."""
    issuer_alone_signs_in: bool = False
    """Whether the admin UI's password opens nothing, because people sign in with an issuer."""
    routing: Routing = field(default_factory=Routing)
    response_cache: ResponseCache | None = None
    workload_identity: bool = False
    """Whether LiteLLM makes tokens for Entra ID out of the pods' own identity."""
    store_models: bool = False
    """Whether models of the database count beside those of the file."""
    excluded_metrics: tuple[str, ...] = ()
    additions: tuple[Additions, ...] = ()
    """Limits, alerts, and what needs a licence."""
    guardrails: tuple[Mapping[str, object], ...] = ()


def config_context(
    settings: Settings,
    *,
    environment: frozenset[str],
    bucket: str,
    log_key_arn: str,
    bedrock_role: str,
    response_bucket: str | None,
) -> LiteLLMConfigContext:
    """Return what LiteLLM's configuration is rendered from."""
    store = log_store(settings, bucket=bucket, key_arn=log_key_arn)
    return LiteLLMConfigContext(
        deployments=tuple(model_list(settings, bedrock_role)),
        environment=environment,
        log_store=store,
        request_logging=request_logging(settings),
        database_connections=settings.gateway.database_connections,
        spend_write_seconds=settings.gateway.batch_write_seconds,
        spend_retention_days=(
            None if settings.spend_archive.enabled else settings.gateway.spend_log_retention_days
        ),
        issuer_alone_signs_in=(
            settings.sign_in.method == "proxy" and not settings.sign_in.keep_password
        ),
        routing=routing(settings),
        response_cache=response_cache(settings, bucket=response_bucket, environment=environment),
        workload_identity=uses_workload_identity(settings),
        store_models=settings.gateway.store_models_in_database,
        excluded_metrics=excluded_metrics(settings),
        additions=(limits(settings), alerting(settings), enterprise(settings, store)),
        guardrails=guardrails(settings),
    )


def render_litellm_config(context: LiteLLMConfigContext) -> str:
    """Return ``config.yaml``; raise InvalidConfiguration if LiteLLM would not do what it says."""
    text = render_text("litellm_config.yaml.j2", context=context)
    check_litellm_config(parse_yaml("LiteLLM's configuration", text), context.environment)
    return text
