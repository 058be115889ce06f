"""Where moto 5.2.5 does less than AWS, or refuses what AWS allows, and the sandbox needs it."""

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any


def apply() -> None:
    """Adjust the moto of this process; to be done once."""
    _judge_bucket_policies_by_their_conditions()
    _find_log_delivery_in_bucket_policies()
    _delete_what_belongs_to_caches()


def _judge_bucket_policies_by_their_conditions() -> None:
    """Pass over statements whose conditions do not hold.

    FakeBucket.get_permission asks for no condition values, so that the usual Deny of plain HTTP
    refuses every object. The loopback interface counts as secure transport; a statement with any
    other condition is passed over, because nothing here knows its values.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(self.policy)
        statements = policy["Statement"]
        if isinstance(statements, Mapping):
            statements = [statements]
        kept = [
            {key: value for key, value in statement.items() if key != "Condition"}
            for statement in statements
            if _holds(statement.get("Condition") or {})
        ]
        judged = IAMPolicy(json.dumps({**policy, "Statement": kept}))
        return judged.is_action_permitted(action, resource) if kept else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission


def _holds(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(
        operator in ("Bool", "BoolIfExists")
        and key.lower() == "aws:securetransport"
        and str(value).lower() == "true"
        for operator, keys in conditions.items()
        for key, value in keys.items()
    )


def _find_log_delivery_in_bucket_policies() -> None:
    """Let a bucket take the access logs of others where its policy allows the prefix.

    moto fails on a principal that is no mapping, and wants the very prefix for the resource.
    """
    from moto.s3.models import LOGGING_SERVICE_PRINCIPAL, FakeBucket

    def log_permissions_enabled_policy(target_bucket: Any, target_prefix: str | None) -> bool:
        if not target_bucket.policy:
            return False
        written = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}/{target_prefix or ''}"
        return any(
            statement["Effect"] == "Allow"
            and statement["Principal"] == {"Service": LOGGING_SERVICE_PRINCIPAL}
            and "s3:PutObject" in _listed(statement["Action"])
            and any(fnmatchcase(written, one) for one in _listed(statement["Resource"]))
            for statement in json.loads(target_bucket.policy)["Statement"]
        )

    FakeBucket._log_permissions_enabled_policy = staticmethod(log_permissions_enabled_policy)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _delete_what_belongs_to_caches() -> None:
    """Have a deleted replication group and user be gone, and subnet groups be deleted at all."""
    from moto.core.responses import ActionResult
    from moto.elasticache.exceptions import CacheSubnetGroupNotFound
    from moto.elasticache.models import ElastiCacheBackend
    from moto.elasticache.responses import ElastiCacheResponse

    delete_group, delete_user = (
        ElastiCacheBackend.delete_replication_group,
        ElastiCacheBackend.delete_user,
    )

    def delete_replication_group(
        self: Any, replication_group_id: str, retain_primary_cluster: bool | None
    ) -> Any:
        group = delete_group(self, replication_group_id, retain_primary_cluster)
        del self.replication_groups[replication_group_id]
        return group

    def delete_one_user(self: Any, user_id: str) -> Any:
        user = delete_user(self, user_id)
        del self.users[user_id]
        return user

    def delete_cache_subnet_group(response: Any) -> Any:
        groups = response.elasticache_backend.cache_subnet_groups
        name = response._get_param("CacheSubnetGroupName")
        if name not in groups:
            raise CacheSubnetGroupNotFound(name)
        del groups[name]
        return ActionResult({})

    ElastiCacheBackend.delete_replication_group = delete_replication_group
    ElastiCacheBackend.delete_user = delete_one_user
    ElastiCacheResponse.delete_cache_subnet_group = delete_cache_subnet_group
