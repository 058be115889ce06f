"""RDS and ElastiCache."""

from collections.abc import Iterator

from ops.cost.lines import CannotPrice, Costs, Item, known
from sandbox.planned_resources import PlannedResource

# Kept free of charge; more is billed by vCPU.
_FREE_INSIGHTS_DAYS = 7


def _database(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    if (engine := known(resource, "engine", default="postgres")) != "postgres":
        raise CannotPrice(f"there is no rule for the engine {engine}")
    if (storage_type := known(resource, "storageType", default="gp3")) != "gp3":
        raise CannotPrice(f"there is no rule for storage of type {storage_type}")
    instance_class = known(resource, "instanceClass")
    # A standby costs what its primary does.
    copies = 2 if known(resource, "multiAz", default=False) else 1
    suffix = ", with a standby" if copies == 2 else ""
    price = costs.prices.first(
        f"rds.postgres.single-zone:{instance_class}",
        f"rds.postgres.single-zone.larger:{instance_class}",
    )
    yield costs.fixed(f"{instance_class}{suffix}", price, copies)
    storage = known(resource, "allocatedStorage", default=0)
    yield costs.fixed(f"{storage} GiB storage{suffix}", "rds.storage.gp3", storage * copies)
    if known(resource, "manageMasterUserPassword", default=False):
        yield costs.fixed("the master user's secret", "secretsmanager.secret")
    if known(resource, "monitoringInterval", default=0):
        yield costs.used(
            "enhanced monitoring",
            "cloudwatch.logs.ingested",
            costs.usage.enhanced_monitoring_gib * copies,
        )
    kept = known(resource, "performanceInsightsRetentionPeriod", default=_FREE_INSIGHTS_DAYS)
    if kept > _FREE_INSIGHTS_DAYS:
        raise CannotPrice(f"there is no rule for {kept} days of Performance Insights")
    days = known(resource, "backupRetentionPeriod", default=0)
    changes = costs.usage.database_change_gib_per_month * days / 30
    # Backups are free up to the size of the storage; before it is full they are not more.
    yield costs.used("backups beyond the storage's size", "rds.backup", max(changes - storage, 0))


def _backup_copies(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    storage = costs.settings.database.storage_gib
    days = known(resource, "retentionPeriod", default=7)
    monthly = costs.usage.database_change_gib_per_month
    yield costs.used("copies of backups", "rds.backup", storage + monthly * days / 30)
    yield costs.used("traffic to the other region", "transfer.between-regions", monthly)


def _cache(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    engine = known(resource, "engine", default="redis")
    node_type = known(resource, "nodeType")
    groups = known(resource, "numNodeGroups", default=1)
    nodes = known(resource, "numCacheClusters")
    if nodes is None:
        nodes = groups * (1 + known(resource, "replicasPerNodeGroup", default=0))
    yield costs.fixed(
        f"{nodes} x {node_type}, {engine}", f"elasticache.{engine}:{node_type}", nodes
    )
    kept = known(resource, "snapshotRetentionLimit", default=0)
    # One snapshot of each cluster is free; a rate-limit cache is small.
    yield costs.used("snapshots beyond the first", "elasticache.snapshot", max(kept - 1, 0) * 0.5)


RULES = {
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
    "aws:rds/instance:Instance": _database,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        _backup_copies
    ),
}
