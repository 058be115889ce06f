"""From settings to what the templates take. Pure: no resources, no outputs."""

from collections.abc import Sequence

from infra import versions
from infra.cache import PORT as CACHE_PORT
from infra.cache import USER as CACHE_USER
from infra.credentials import StoredEpoch
from infra.database import DATABASE_NAME
from infra.database import PORT as DATABASE_PORT
from infra.log_storage import LOG_PREFIX
from infra.model_catalogue import provider_of
from infra.rendering import (
    Destination,
    HelmValuesContext,
    LiteLLMConfigContext,
    LogStore,
    ModelDeployment,
    Routing,
    SecretVariable,
)
from infra.secret_families import database_user
from infra.settings import Settings
from infra.subnets import SubnetPlan

CERTIFICATES = "/etc/gateway/certificates"
SERVICE_ACCOUNT = "litellm-gateway"
RELEASE = "gateway"

# Field of a provider's credentials → LiteLLM's parameter.
_PARAMETERS = {"apiKey": "api_key"}


def plain_environment(
    settings: Settings, *, database_host: str, cache_host: str, own_cache_authority: bool
) -> dict[str, str]:
    """Return the variables of the pods that are no secrets.

    The database's certificate and name are always verified: ``sslmode=require`` with a strict
    ``sslaccept`` and an authority is Prisma's spelling of ``verify-full``.
    """
    user = database_user(settings.rotation.database)
    environment = {
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "AWS_REGION": settings.aws.region,
        "DATABASE_URL": (
            f"postgresql://{user}:$(DATABASE_PASSWORD)@{database_host}:{DATABASE_PORT}/"
            f"{DATABASE_NAME}?sslmode=require&sslaccept=strict&sslcert={CERTIFICATES}/database.pem"
        ),
        "REDIS_HOST": cache_host,
        "REDIS_PORT": str(CACHE_PORT),
        "REDIS_USERNAME": CACHE_USER,
        "REDIS_SSL": "True",
        "DEFAULT_S3_FLUSH_INTERVAL_SECONDS": str(settings.gateway.log_flush_seconds),
    }
    if admin := settings.load_balancer.admin_host_name:
        environment["PROXY_BASE_URL"] = f"https://{admin}"
    if not settings.gateway.admin_ui:
        environment["DISABLE_ADMIN_UI"] = "True"
    if own_cache_authority:
        environment["REDIS_SSL_CA_CERTS"] = f"{CERTIFICATES}/cache.pem"
    if settings.aws.endpoint:
        environment["AWS_ENDPOINT_URL"] = settings.aws.endpoint
    if settings.integrations.langfuse_host:
        environment["LANGFUSE_HOST"] = settings.integrations.langfuse_host
    if sso := settings.integrations.sso:
        environment |= {
            "GENERIC_AUTHORIZATION_ENDPOINT": sso.authorization_endpoint,
            "GENERIC_TOKEN_ENDPOINT": sso.token_endpoint,
            "GENERIC_USERINFO_ENDPOINT": sso.userinfo_endpoint,
        }
    return {**environment, **settings.gateway.environment}


def secret_environment(serving: Sequence[StoredEpoch]) -> tuple[SecretVariable, ...]:
    """Return the variables whose values pods take from the Secrets of the serving epochs."""
    return tuple(
        SecretVariable(name=variable, secret=stored.family.secret_name(stored.epoch), key=field)
        for stored in serving
        for field, variable in stored.family.environment.items()
    )


def config_context(
    settings: Settings, *, environment: frozenset[str], bucket: str, log_key_arn: str
) -> LiteLLMConfigContext:
    """Return what LiteLLM's configuration is rendered from."""
    return LiteLLMConfigContext(
        deployments=tuple(_deployments(settings)),
        environment=environment,
        log_store=LogStore(
            bucket=bucket,
            region=settings.aws.region,
            kms_key_arn=log_key_arn,
            path=LOG_PREFIX,
            endpoint=settings.aws.endpoint is not None,
        ),
        request_timeout_seconds=settings.gateway.longest_stream_seconds,
        database_connections=settings.gateway.database_connections,
        spend_write_seconds=settings.gateway.batch_write_seconds,
        spend_retention_days=settings.gateway.spend_log_retention_days,
        routing=Routing(
            fallbacks={model.name: model.fallbacks for model in settings.models if model.fallbacks}
        ),
    )


def _deployments(settings: Settings) -> list[ModelDeployment]:
    result = []
    for model in settings.models:
        provider = provider_of(model.provider)
        credentials = {
            _PARAMETERS[field]: variable for field, variable in provider.credentials.items()
        }
        for index, deployment in enumerate(model.deployments, start=1):
            region = (
                deployment.region or settings.aws.region if model.provider == "bedrock" else None
            )
            result.append(
                ModelDeployment(
                    model_name=model.name,
                    model=f"{provider.route}/{deployment.model}",
                    provider=model.provider,
                    tier=len(model.tier),
                    name=str(index) if len(model.deployments) > 1 else "",
                    credentials=credentials,
                    region=region,
                    order=deployment.order,
                    weight=deployment.weight,
                    requests_per_minute=deployment.requests_per_minute,
                    tokens_per_minute=deployment.tokens_per_minute,
                    mock_response=deployment.mock_response,
                    mock_delay_seconds=deployment.mock_delay_seconds,
                )
            )
    return result


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
    own_endpoint = ()
    if settings.aws.endpoint:
        host, _, port = settings.aws.endpoint.split("//", 1)[1].partition(":")
        own_endpoint = (Destination(cidrs=(f"{host}/32",), port=int(port or 80)),)
    return HelmValuesContext(
        image_repository=gateway.image.repository,
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
        deregistration_seconds=balancer.propagation_seconds,
        longest_request_seconds=gateway.longest_stream_seconds,
        minimum_ready_seconds=gateway.minimum_ready_seconds,
        client_cidrs=plan.edge,
        database=Destination(cidrs=plan.data, port=DATABASE_PORT),
        cache=Destination(cidrs=plan.data, port=CACHE_PORT),
        monitoring_namespace="monitoring",
        additional_destinations=own_endpoint,
        # A small stack may run in fewer zones than it has subnets in.
        zone_spread="DoNotSchedule" if gateway.replicas > 1 else "ScheduleAnyway",
        minimum_zones=gateway.minimum_zones or min(gateway.replicas, settings.network.zone_count),
        node_selector={"kubernetes.io/arch": settings.cluster.architecture},
    )
