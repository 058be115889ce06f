"""Keys, secrets, the audit trail."""

from collections.abc import Iterator

from ops.cost.lines import CannotPrice, Costs, Item
from sandbox.planned_resources import PlannedResource, Unknown

_KEY = "aws:kms/key:Key"
_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type


def _key(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("key", "kms.key")
    share = costs.usage.kms_requests_per_month / len(costs.plan.of_type(_KEY))
    yield costs.used("requests, an equal share", "kms.requests", share / 10_000)


def _replica_key(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.fixed("replica key", "kms.key")


def _secret(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    replicas = resource.inputs.get("replicas") or []
    if isinstance(replicas, Unknown):
        raise CannotPrice("replicas are not known in a preview")
    yield costs.fixed("secret", "secretsmanager.secret")
    if replicas:
        yield costs.fixed("replicas of it", "secretsmanager.secret", len(replicas))
    share = costs.usage.secret_reads_per_month / len(costs.plan.of_type(_SECRET))
    yield costs.used("requests, an equal share", "secretsmanager.requests", share / 10_000)


def _trail(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.used(
        "management events beyond the first copy",
        "cloudtrail.management-events",
        costs.usage.management_events_per_month / 100_000,
    )
    yield costs.used(
        "data events", "cloudtrail.data-events", costs.usage.data_events_per_month / 100_000
    )
    if resource.inputs.get("insightSelectors"):
        yield costs.used(
            "events that insights read",
            "cloudtrail.insights",
            costs.usage.management_events_per_month / 100_000,
        )


RULES = {
    "aws:cloudtrail/trail:Trail": _trail,
    _KEY: _key,
    "aws:kms/replicaKey:ReplicaKey": _replica_key,
    _SECRET: _secret,
}
