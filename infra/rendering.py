"""Renders what the gateway reads: LiteLLM's configuration, Helm values and alert rules.

Every function is pure: context in, text or values out. A template that asks for what the context
lacks fails, and each result is parsed and checked before it is returned. Secrets never pass
through here, only the names of the variables and Secrets that hold them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import jinja2

from infra.litellm_config import InvalidConfiguration, check_litellm_config, parse_yaml

_ROOT = Path(__file__).resolve().parent.parent
_CHART_VALUES = _ROOT / "charts" / "litellm-gateway" / "values.yaml"
# Values of the chart whose keys are up to the caller.
_FREE_VALUES = frozenset({"environment", "nodeSelector"})


def _yaml(value: object) -> str:
    """Return a value as JSON, which is YAML but for exponents: it takes ``3e-06`` for a text."""
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return json.dumps(value, ensure_ascii=False)


_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_ROOT / "config_templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - YAML, in which every value is written as JSON
)
_TEMPLATES.filters["yaml"] = _yaml
# Prometheus' own templates are written with braces as well.
_RULE_TEMPLATES = _TEMPLATES.overlay(variable_start_string="[[", variable_end_string="]]")

# simple-shuffle is what LiteLLM recommends; the others keep their state in the cache.
RoutingStrategy = Literal[
    "simple-shuffle", "least-busy", "latency-based-routing", "cost-based-routing",
    "usage-based-routing-v2",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ModelDeployment:
    """One place where a model runs, as an entry of LiteLLM's model list."""

    model_name: str
    """What developers ask for."""
    model: str
    """Route and model of the provider, such as ``bedrock/us.anthropic.claude-…``."""
    provider: str
    tier: int
    """Relative cost, 1 to 3."""
    name: str = ""
    """Tells deployments apart that agree in model name, provider and region."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """LiteLLM parameter → name of the environment variable that holds its value."""
    region: str | None = None
    api_base: str | None = None
    order: int | None = None
    weight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tags: tuple[str, ...] = ()
    mock_response: str | None = None
    mock_delay_seconds: int | None = None
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None

    @property
    def identity(self) -> str:
        """Stays the same when limits, prices or the provider's model version change."""
        parts = (self.model_name, self.provider, self.region or "", self.name)
        return ".".join(part for part in parts if part)

    @property
    def access_groups(self) -> tuple[str, str]:
        return f"provider:{self.provider}", f"tier:{self.tier}"

    @property
    def parameters(self) -> dict[str, object]:
        """``litellm_params`` of the deployment, without those that are not set."""
        given: dict[str, object] = {
            "model": self.model,
            **{name: f"os.environ/{variable}" for name, variable in self.credentials.items()},
            "api_base": self.api_base,
            "aws_region_name": self.region,
            "order": self.order,
            "weight": self.weight,
            "rpm": self.requests_per_minute,
            "tpm": self.tokens_per_minute,
            "tags": list(self.tags) or None,
            "mock_response": self.mock_response,
            "mock_delay": self.mock_delay_seconds,
            "input_cost_per_token": self.input_cost_per_token,
            "output_cost_per_token": self.output_cost_per_token,
        }
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Routing:
    """How the proxy chooses among deployments, and what it does when one fails."""

    strategy: RoutingStrategy = "simple-shuffle"
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Model → models that answer in its place, in this order."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Further name → model."""
    retries: int = 2
    allowed_failures: int = 3
    cooldown_seconds: int = 30


@dataclass(frozen=True, kw_only=True)
class LogStore:
    """The bucket that gets a record of every request."""

    bucket: str
    region: str
    kms_key_arn: str
    path: str = "logs"
    endpoint: bool = False
    """Whether ``AWS_ENDPOINT_URL`` names the store; LiteLLM's S3 client reads no such variable."""


@dataclass(frozen=True, kw_only=True)
class LiteLLMConfigContext:
    """Everything that LiteLLM's configuration is made of."""

    deployments: tuple[ModelDeployment, ...]
    environment: frozenset[str]
    """Names of all variables that the pods are given, secret or not."""
    log_store: LogStore
    request_timeout_seconds: int
    database_connections: int
    spend_write_seconds: int
    spend_retention_days: int
    log_messages: bool = False
    """Whether prompts and answers go to the log store, or metadata alone."""
    routing: Routing = field(default_factory=Routing)

    @property
    def tags_in_use(self) -> bool:
        return any(deployment.tags for deployment in self.deployments)


@dataclass(frozen=True, kw_only=True)
class SecretVariable:
    """An environment variable whose value is a key of a Kubernetes Secret."""

    name: str
    secret: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where pods may connect to."""

    cidrs: tuple[str, ...]
    port: int


@dataclass(frozen=True, kw_only=True)
class HelmValuesContext:
    """What a stack decides about the chart; all else is the chart's default."""

    image_repository: str
    image_tag: str
    service_account: str
    config_map: str
    certificates_config_map: str
    environment: Mapping[str, str]
    secret_environment: tuple[SecretVariable, ...]
    replicas: int
    maximum_replicas: int
    cpu: str
    memory_mib: int
    idle_timeout_seconds: int
    deregistration_seconds: int
    longest_request_seconds: int
    minimum_ready_seconds: int
    client_cidrs: tuple[str, ...]
    database: Destination
    cache: Destination
    monitoring_namespace: str
    image_digest: str = ""
    additional_destinations: tuple[Destination, ...] = ()
    zone_spread: Literal["DoNotSchedule", "ScheduleAnyway"] = "DoNotSchedule"
    minimum_zones: int = 1
    migration_secrets: tuple[str, ...] = ("DATABASE_PASSWORD",)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class AlertRulesContext:
    """Where the rules look, and from which figure on they tell."""

    namespace: str
    failure_ratio: float = 0.05
    latency_seconds: float = 60
    remaining_budget_ratio: float = 0.1


def render_litellm_config(context: LiteLLMConfigContext) -> str:
    """Return ``config.yaml``; raise InvalidConfiguration if LiteLLM would not do what it says."""
    text = _TEMPLATES.get_template("litellm_config.yaml.j2").render(context=context)
    check_litellm_config(parse_yaml("LiteLLM's configuration", text), context.environment)
    return text


def render_helm_values(context: HelmValuesContext) -> dict[str, Any]:
    """Return values for the chart; raise InvalidConfiguration if it lacks one of them."""
    text = _TEMPLATES.get_template("helm_values.yaml.j2").render(context=context)
    values = parse_yaml("the chart's values", text)
    defaults = parse_yaml("values.yaml", _CHART_VALUES.read_text(encoding="utf-8"))
    if unknown := tuple(_unknown_values(values, defaults, "")):
        raise InvalidConfiguration("the chart's values", unknown)
    return values


def render_alert_rules(context: AlertRulesContext) -> str:
    """Return a Prometheus rule file, in which each alert is named once and says what to do."""
    text = _RULE_TEMPLATES.get_template("alert_rules.yaml.j2").render(context=context)
    groups = parse_yaml("the alert rules", text)["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    names = [rule["alert"] for rule in rules]
    problems = [f"{name} stands twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for rule in rules:
        for part in ("summary", "description"):
            if not rule.get("annotations", {}).get(part):
                problems.append(f"{rule['alert']} has no {part}")
        if rule.get("labels", {}).get("severity") not in ("critical", "warning"):
            problems.append(f"{rule['alert']} is neither critical nor a warning")
    if problems:
        raise InvalidConfiguration("the alert rules", problems)
    return text


def _unknown_values(
    values: Mapping[str, Any], defaults: Mapping[str, Any], path: str
) -> Iterator[str]:
    for key, value in values.items():
        if key not in defaults:
            yield f"{path}{key}: the chart has no such value"
        elif key not in _FREE_VALUES and isinstance(value, dict):
            yield from _unknown_values(value, defaults[key], f"{path}{key}.")
