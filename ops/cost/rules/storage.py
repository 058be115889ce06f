"""S3 with its tiers and copies, ECR."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.cost.lines import Costs, Item
from ops.cost.usage import DAYS_PER_MONTH
from sandbox.planned_resources import PlannedResource, Unknown

_LIFECYCLES = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
# Smallest billed object, and what an archive adds to each (32 KB of index in its own class; the
# 8 KB that stay in Standard are left out): docs.aws.amazon.com/AmazonS3/latest/userguide/
# storage-class-intro.html
_LEAST_KILOBYTES = {"STANDARD_IA": 128.0, "GLACIER_IR": 128.0}
_ADDED_KILOBYTES = {"DEEP_ARCHIVE": 32.0}
_KILOBYTES_PER_GB = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Tier:
    """Days, from the writing of an object, that it spends in one storage class."""

    storage_class: str
    first_day: float
    last_day: float

    def months(self, age_days: float) -> float:
        """Months' worth of objects that the tier holds in a stack of an age."""
        return max(min(self.last_day, age_days) - self.first_day, 0) / DAYS_PER_MONTH


def tiers(transitions: list[tuple[float, str]], expiry_days: float) -> list[Tier]:
    """Return where objects are between writing and expiry."""
    steps = [(0.0, "STANDARD"), *sorted(transitions)]
    ends = [days for days, _ in steps[1:]] + [expiry_days]
    return [
        Tier(storage_class=storage_class, first_day=first, last_day=last)
        for (first, storage_class), last in zip(steps, ends, strict=True)
    ]


def billed_kilobytes(storage_class: str, kilobytes: float) -> float:
    """Return the billed size of an object, which small ones exceed in colder classes."""
    least = max(kilobytes, _LEAST_KILOBYTES.get(storage_class, 0.0))
    return least + _ADDED_KILOBYTES.get(storage_class, 0.0)


def _bucket(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    if _holds_request_logs(resource):
        yield from _request_logs(resource, costs)
        return
    gigabytes = costs.usage.bucket_gigabytes
    yield costs.used("storage", "s3.storage:STANDARD", gigabytes)
    # Logs and reports come in files of about a megabyte.
    yield costs.used("requests", "s3.put", gigabytes)


def _request_logs(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    usage = costs.usage
    objects = usage.log_objects
    kilobytes = usage.log_gigabytes * _KILOBYTES_PER_GB / objects if objects else 0.0
    age = usage.months_in_service * DAYS_PER_MONTH
    yield costs.used("writes", "s3.put", objects / 1000)
    transitions, expiry = _lifecycle(resource, costs)
    for tier in tiers(transitions, expiry):
        held = objects * tier.months(age)
        size = billed_kilobytes(tier.storage_class, kilobytes)
        if not held:
            continue
        yield costs.used(
            f"{tier.storage_class} storage",
            f"s3.storage:{tier.storage_class}",
            held * size / _KILOBYTES_PER_GB,
        )
        if tier.first_day:
            price = costs.prices.first(
                f"s3.transition:{tier.storage_class}", f"s3.transition.instant:{tier.storage_class}"
            )
            yield costs.used(f"transitions to {tier.storage_class}", price, objects / 1000)


def _holds_request_logs(resource: PlannedResource) -> bool:
    """The log bucket and its copy in another region; infra/log_storage.py names them."""
    return resource.name in ("logs", "log-copies")


def _lifecycle(resource: PlannedResource, costs: Costs) -> tuple[list[tuple[float, str]], float]:
    """Return the transitions of a bucket and the day on which its objects expire."""
    transitions: list[tuple[float, str]] = []
    expiry = float("inf")
    for configuration in costs.plan.resources:
        if configuration.type not in _LIFECYCLES or resource.urn not in configuration.waits_for:
            continue
        for rule in configuration.inputs.get("rules") or ():
            transitions += [
                (float(step["days"]), str(step["storageClass"]))
                for step in _list(rule.get("transitions"))
            ]
            days = (rule.get("expiration") or {}).get("days")
            if days and not isinstance(days, Unknown):
                expiry = min(expiry, float(days))
    return transitions, expiry


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _replication(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    gigabytes = costs.usage.log_gigabytes
    yield costs.used("traffic to the other region", "transfer.between-regions", gigabytes)
    yield costs.used("replicated writes", "s3.put", costs.usage.log_objects / 1000)


def _repository(resource: PlannedResource, costs: Costs) -> Iterator[Item]:
    yield costs.used("images", "ecr.storage", 5 * costs.usage.image_gigabytes)


RULES = {
    "aws:ecr/repository:Repository": _repository,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketV2:BucketV2": _bucket,
    _REPLICATION: _replication,
}
