"""Rules between the sections of a stack's configuration.

Each yields a sentence a violation: the key, what it is, and what would be right.
"""

from collections.abc import Callable, Iterator

from infra.capacity import capacity_problems
from infra.catalogue_rules import CATALOGUE_RULES
from infra.edge_rules import EDGE_RULES
from infra.enterprise_rules import enterprise_problems
from infra.limit_rules import alerting_problems, guardrail_problems, limit_problems
from infra.monitoring_rules import monitoring_problems
from infra.network_rules import NETWORK_RULES
from infra.observability_rules import OBSERVABILITY_RULES
from infra.providers import connections
from infra.request_logging_rules import request_logging_problems
from infra.restore_rules import RESTORE_RULES
from infra.routing_rules import ROUTING_RULES
from infra.secret_families import SALT_KEY, supplied_family
from infra.setting_sections import Durability
from infra.settings import Settings
from infra.sign_in_rules import SIGN_IN_RULES
from infra.suggestions import unknown
from infra.supplied_secrets import SUPPLIED_SECRETS_KEY, Supplied, supplied_secret_problems

# PROXY_BATCH_WRITE_AT in litellm/constants.py of 1.106.2; 60 in docs.litellm.ai/docs/proxy/prod.
_SPEND_WRITE_SECONDS = 10


def _adopted_names_are_of_adopted_families(settings: Settings, _: Supplied) -> Iterator[str]:
    secrets, adopted = settings.secrets, set()
    if secrets.salt_key == "adopt":
        adopted.add(SALT_KEY.name)
    if secrets.supplied == "adopt":
        found = (supplied_family(key) for key in settings.supplied_families)
        adopted |= {family.name for family in found if family}
    for name in sorted(secrets.adopt_names.keys() - adopted):
        yield f"secrets.adoptNames.{name}: {unknown('adopted family', name, adopted)}"


def _rotated_providers_are_used(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    with_secrets = {name for name, provider in connections(settings).items() if provider.secret}
    for name in sorted(settings.rotation.providers.keys() - with_secrets):
        yield f"rotation.providers.{name}: no model of the catalogue has such credentials"


def _protected_stacks_are_durable(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    if settings.durability is not Durability.PROTECTED:
        return
    if not settings.database.multi_zone:
        yield "database.multiZone: a protected stack needs a standby; set it to true"
    if settings.database.backup_retention_days < 30:
        yield (
            f"database.backupRetentionDays: {settings.database.backup_retention_days} is too few "
            "for a protected stack, which keeps at least 30"
        )
    if settings.cache.replicas < 1:
        yield "cache.replicas: a protected stack needs at least 1 for failover"
    if settings.gateway.replicas < 2:
        yield f"gateway.replicas: {settings.gateway.replicas} is below 2, which protection needs"
    if settings.gateway.batch_write_seconds < _SPEND_WRITE_SECONDS:
        yield (
            f"gateway.batchWriteSeconds: {settings.gateway.batch_write_seconds} is below "
            f"{_SPEND_WRITE_SECONDS}, which LiteLLM itself starts from: every pod would keep the "
            "database of a protected stack busy with writes of spend; 60 is what it recommends"
        )


def _secrets_stay_out_of_plain_settings(settings: Settings, _: Supplied) -> Iterator[str]:
    for name in settings.gateway.environment:
        if name.upper().endswith(("KEY", "PASSWORD", "SECRET", "TOKEN")):
            yield f"gateway.environment.{name}: looks like a secret; use {SUPPLIED_SECRETS_KEY}"


def _copies_go_elsewhere(settings: Settings, _: Supplied) -> Iterator[str]:
    home, other = settings.aws.region, settings.disaster_recovery.region
    if other == home:
        yield (
            f"disasterRecovery.region: {other} is the stack's own region, which would be lost with "
            "its copies; name another one"
        )
    elif other is not None and _partition(other) != _partition(home):
        yield (
            f"disasterRecovery.region: {other} and {home} belong to different partitions of AWS, "
            "between which nothing is copied; name a region of the same one"
        )


def _partition(region: str) -> str:
    """The partition of a region, by its prefix."""
    return next((name for name in ("cn", "us-gov") if region.startswith(f"{name}-")), "aws")


def _locked_objects_are_kept(settings: Settings, _: Supplied) -> Iterator[str]:
    if settings.log_storage.object_lock_days and settings.durability is Durability.DISPOSABLE:
        yield (
            f"logStorage.objectLockDays: {settings.log_storage.object_lock_days} forbids what a "
            "disposable stack promises, to delete its bucket; set durability to protected or leave "
            "objectLockDays out"
        )


def _archived_spend_outlives_the_database(settings: Settings, _: Supplied) -> Iterator[str]:
    archive, days = settings.spend_archive, settings.gateway.spend_log_retention_days
    if archive.enabled and archive.retention_days < days:
        yield (
            f"spendArchive.retentionDays: {archive.retention_days} is below "
            f"gateway.spendLogRetentionDays {days}; archive for longer, or set "
            "spendArchive.enabled to false to have old rows deleted"
        )


def _named_queries_look_where_logs_are(settings: Settings, _: Supplied) -> Iterator[str]:
    analytics, days = settings.log_analytics, settings.log_storage.retention_days
    if analytics.enabled and analytics.period_days > days:
        yield (
            f"logAnalytics.periodDays: {analytics.period_days} is beyond "
            f"logStorage.retentionDays {days}, after which logs are gone"
        )


def _bedrock_roles_have_a_use(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    bedrock = settings.bedrock
    if bedrock.external_id and not bedrock.role_arn:
        yield "bedrock.externalId: is for the role of another owner; give bedrock.roleArn too"
    if (bedrock.role_arn or bedrock.teams) and "bedrock" not in settings.providers_in_use:
        key = "roleArn" if bedrock.role_arn else "teams"
        yield f"bedrock.{key}: no model of the catalogue is on Bedrock; remove it"
    names = [team.id for team in bedrock.teams]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"bedrock.teams: {name!r} stands more than once; merge its tags"


RULES: tuple[Callable[[Settings, Supplied], Iterator[str]], ...] = (
    supplied_secret_problems,
    _adopted_names_are_of_adopted_families,
    _rotated_providers_are_used,
    *CATALOGUE_RULES,
    _protected_stacks_are_durable,
    _secrets_stay_out_of_plain_settings,
    *EDGE_RULES,
    *NETWORK_RULES,
    *SIGN_IN_RULES,
    _copies_go_elsewhere,
    *RESTORE_RULES,
    _locked_objects_are_kept,
    capacity_problems,
    _archived_spend_outlives_the_database,
    _named_queries_look_where_logs_are,
    monitoring_problems,
    *OBSERVABILITY_RULES,
    request_logging_problems,
    _bedrock_roles_have_a_use,
    *ROUTING_RULES,
    limit_problems,
    alerting_problems,
    guardrail_problems,
    enterprise_problems,
)
