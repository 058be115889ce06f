"""Environment of the proxy's pods, secret and not. Pure: settings in, variables out."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.cache import PORT as CACHE_PORT
from infra.cache import USER as CACHE_USER
from infra.credentials import StoredEpoch
from infra.database import DATABASE_NAME
from infra.database import PORT as DATABASE_PORT
from infra.providers import provider_environment
from infra.proxy_config.alerting import mail_environment
from infra.proxy_config.enterprise import jwt_environment
from infra.proxy_config.log_sinks import sink_environment
from infra.secret_families import database_user
from infra.settings import Settings
from infra.sign_in import sign_in_environment

# For Python's garbage collector, which LiteLLM sets (configure_gc_thresholds in
# litellm/proxy/common_utils/debug_utils.py). By Python's own, 700 new objects start a collection,
# which is several for each request, and every hundredth looks through all that LiteLLM has loaded;
# they take a sixth of the time (`python -m benchmarks gateway_throughput`).
_COLLECTION_THRESHOLDS = "20000,10,50"

CERTIFICATES = "/etc/gateway/certificates"


@dataclass(frozen=True, kw_only=True)
class SecretVariable:
    """An environment variable whose value is a key of a Kubernetes Secret."""

    name: str
    secret: str
    key: str


def plain_environment(
    settings: Settings, *, database_host: str, cache_host: str, own_cache_authority: bool
) -> dict[str, str]:
    """Return the variables of the pods that are no secrets.

    The database's certificate and name are always verified: ``sslmode=require`` with a strict
    ``sslaccept`` and an authority is Prisma's spelling of ``verify-full``.
    """
    user = database_user(settings.rotation.serving("database"))
    environment = {
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": settings.gateway.log_level,
        "PYTHON_GC_THRESHOLD": _COLLECTION_THRESHOLDS,
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
        **provider_environment(settings),
    }
    if admin := settings.load_balancer.admin_host_name:
        environment["PROXY_BASE_URL"] = f"https://{admin}"
    if own_cache_authority:
        environment["REDIS_SSL_CA_CERTS"] = f"{CERTIFICATES}/cache.pem"
    if settings.routing.health_checks.enabled:
        # For as long a check that one pod made is the others' too: LiteLLM's constants.py.
        environment["DEFAULT_SHARED_HEALTH_CHECK_TTL"] = str(
            settings.routing.health_checks.interval_seconds
        )
    if settings.aws.endpoint:
        environment["AWS_ENDPOINT_URL"] = settings.aws.endpoint
    environment |= sink_environment(settings.request_logging)
    environment |= mail_environment(settings.alerting) | jwt_environment(settings.jwt)
    return {**environment, **sign_in_environment(settings), **settings.gateway.environment}


def secret_environment(serving: Sequence[StoredEpoch]) -> tuple[SecretVariable, ...]:
    """Return the variables whose values pods take from the Secrets of the serving epochs."""
    return tuple(
        SecretVariable(name=variable, secret=stored.family.secret_name(stored.epoch), key=field)
        for stored in serving
        for field, variable in stored.family.environment.items()
    )
