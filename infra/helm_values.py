"""Values of the gateway's chart: what a stack decides about it. Pure: settings in, values out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from infra import versions
from infra.cache import PORT as CACHE_PORT
from infra.database import PORT as DATABASE_PORT
from infra.documents import InvalidConfiguration, parse_yaml
from infra.images import proxy_repository
from infra.naming import PRIORITY_CLASS, PROJECT_ROOT, SERVICE_ACCOUNT
from infra.pod_environment import SecretVariable
from infra.providers import identity_tokens
from infra.proxy_config.log_sinks import HOOK_FILES, HOOK_SETTINGS, sink_ports
from infra.settings import Settings
from infra.subnets import SubnetPlan
from infra.templates import render_text

_CHART_VALUES = PROJECT_ROOT / "charts" / "litellm-gateway" / "values.yaml"
# Values of the chart whose keys are up to the caller.
_FREE_VALUES = frozenset({"environment", "nodeSelector"})


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where pods may connect to."""

    cidrs: tuple[str, ...]
    port: int
    excluded: tuple[str, ...] = ()


# Instance metadata, and EKS Pod Identity's agent (see the chart's `networkPolicy.internet`).
_OF_THE_NODE = ("169.254.169.254/32", "169.254.170.23/32")


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
    propagation_seconds: int
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
    identity_tokens: tuple[Mapping[str, str], ...] = ()
    """Tokens of the service account for others than AWS, each with name and audience."""
    migration_secrets: tuple[str, ...] = ("DATABASE_PASSWORD",)
    priority_class: str = PRIORITY_CLASS
    hook_files: tuple[str, ...] = HOOK_FILES
    """Keys of the ConfigMap that are modules of the proxy's callbacks."""
    hook_settings: str = HOOK_SETTINGS
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, str], ...] = ()


def values_context(
    settings: Settings,
    *,
    environment: dict[str, str],
    secrets: tuple[SecretVariable, ...],
    config_map: str,
    certificates: str,
    plan: SubnetPlan,
) -> HelmValuesContext:
    """Return what the chart's values are rendered from."""
    gateway, balancer = settings.gateway, settings.load_balancer
    return HelmValuesContext(
        image_repository=proxy_repository(settings),
        image_tag=gateway.image.tag or versions.LITELLM,
        image_digest=gateway.image.digest or "",
        service_account=SERVICE_ACCOUNT,
        config_map=config_map,
        certificates_config_map=certificates,
        environment=environment,
        secret_environment=secrets,
        replicas=gateway.replicas,
        maximum_replicas=gateway.maximum_replicas,
        cpu=gateway.cpu,
        memory_mib=gateway.memory_mib,
        idle_timeout_seconds=balancer.idle_timeout_seconds,
        propagation_seconds=balancer.propagation_seconds,
        longest_request_seconds=gateway.longest_stream_seconds,
        minimum_ready_seconds=gateway.minimum_ready_seconds,
        client_cidrs=plan.edge,
        database=Destination(cidrs=plan.data, port=DATABASE_PORT),
        cache=Destination(cidrs=plan.data, port=CACHE_PORT),
        monitoring_namespace=settings.observability.namespace,
        additional_destinations=tuple(_further_destinations(settings)),
        identity_tokens=identity_tokens(settings),
        # A small stack may run in fewer zones than it has subnets in.
        zone_spread="DoNotSchedule" if gateway.replicas > 1 else "ScheduleAnyway",
        minimum_zones=gateway.minimum_zones or min(gateway.replicas, settings.network.zone_count),
        node_selector={"kubernetes.io/arch": settings.cluster.architecture},
    )


def _further_destinations(settings: Settings) -> Iterator[Destination]:
    """What has a port of its own: the sandbox's AWS, endpoints, sinks of logs, a mail server."""
    if settings.aws.endpoint:
        host, _, port = settings.aws.endpoint.split("//", 1)[1].partition(":")
        yield Destination(cidrs=(f"{host}/32",), port=int(port or 80))
    for endpoint in settings.providers.endpoints:
        if endpoint.name in settings.providers_in_use and endpoint.cidrs:
            yield Destination(cidrs=endpoint.cidrs, port=endpoint.port)
    for port in sink_ports(settings.request_logging):
        yield Destination(cidrs=("0.0.0.0/0",), port=port, excluded=_OF_THE_NODE)
    if email := settings.alerting.email:
        yield Destination(cidrs=email.networks, port=email.port)


def render_helm_values(context: HelmValuesContext) -> dict[str, Any]:
    """Return values for the chart; raise InvalidConfiguration if it lacks one of them."""
    text = render_text("helm_values.yaml.j2", context=context)
    values = parse_yaml("the chart's values", text)
    defaults = parse_yaml("values.yaml", _CHART_VALUES.read_text(encoding="utf-8"))
    if unknown := tuple(_unknown_values(values, defaults, "")):
        raise InvalidConfiguration("the chart's values", unknown)
    return values


def _unknown_values(
    values: Mapping[str, Any], defaults: Mapping[str, Any], path: str
) -> Iterator[str]:
    for key, value in values.items():
        if key not in defaults:
            yield f"{path}{key}: the chart has no such value"
        elif key not in _FREE_VALUES and isinstance(value, dict):
            yield from _unknown_values(value, defaults[key], f"{path}{key}.")
