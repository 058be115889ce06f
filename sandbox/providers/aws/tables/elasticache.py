"""ElastiCache replication groups, their subnet groups and parameter groups.

In a sandbox a replication group is one Redis server of this machine: replicas and failover are
described, not run.
"""

from typing import Any

from sandbox.backing_services import Cache, Caches
from sandbox.backing_services.redis import password_hash
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

NOT_IN_MOTO = "moto's ElastiCache has no such resource"


def elasticache_tags(kind: str) -> Tagging:
    arn = f"arn:{{partition}}:elasticache:{{region}}:{{account}}:{kind}:{{id}}"
    return Tagging(
        tag="AddTagsToResource",
        untag="RemoveTagsFromResource",
        resource={"ResourceName": arn},
        read=Call("ListTagsForResource", {"ResourceName": arn}, result="TagList"),
    )


def elasticache_arn(kind: str) -> str:
    return f"arn:{{partition}}:elasticache:{{region}}:{{account}}:{kind}:{{id}}"


def kept_arn(kind: str) -> Any:
    return lambda context, _found: elasticache_arn(kind).format_map(
        {name: context.values[name] for name in ("partition", "region", "account", "id")}
    )


def _cache(context: Context) -> Cache:
    inputs = context.inputs
    token = inputs.get("authToken")
    return Cache(
        identifier=context.id,
        port=inputs.get("port") or 6379,
        encrypted=bool(inputs.get("transitEncryptionEnabled")),
        user_groups=list(inputs.get("userGroupIds") or []),
        token_hashes=[password_hash(token)] if token else [],
    )


def _start_cache(context: Context) -> None:
    if context.instance:
        Caches(context.instance).create(_cache(context))


def _change_cache(context: Context, changed: set[str]) -> None:
    concerned = {"userGroupIds", "authToken", "port", "transitEncryptionEnabled"}
    if context.instance and changed & concerned:
        Caches(context.instance).change(_cache(context))


def _delete_cache(context: Context) -> None:
    if context.instance:
        Caches(context.instance).delete(context.id)


def _host(member: str) -> Any:
    def read(context: Context, description: Properties) -> str | None:
        if context.instance:
            return Caches(context.instance).address(context.id)
        group = description["NodeGroups"][0]
        return (group.get(member) or {}).get("Address")

    return read


_DESTINATIONS = {
    "cloudwatch-logs": ("cloudWatchLogsDetails", "logGroup"),
    "kinesis-firehose": ("kinesisFirehoseDetails", "deliveryStream"),
}


def _log_deliveries(inputs: Properties) -> Properties:
    """Return the inputs with the destinations of logs where ElastiCache takes them."""
    deliveries = inputs.get("logDeliveryConfigurations")
    if not isinstance(deliveries, list):
        return inputs
    return {**inputs, "logDeliveryConfigurations": [_delivery(one) for one in deliveries]}


def _delivery(given: Any) -> Any:
    if not isinstance(given, dict) or given.get("destinationType") not in _DESTINATIONS:
        return given
    details, name = _DESTINATIONS[given["destinationType"]]
    rest = {key: value for key, value in given.items() if key != "destination"}
    return {**rest, "destinationDetails": {details: {name: given["destination"]}}}


def _encrypted(inputs: Properties) -> list[tuple[str, str]]:
    needs = [name for name in ("userGroupIds", "authToken") if inputs.get(name)]
    if needs and inputs.get("transitEncryptionEnabled") is not True:
        return [("transitEncryptionEnabled", f"must be true where {needs[0]} is given")]
    return []


REPLICATION_GROUP = ResourceType(
    type="aws:elasticache/replicationGroup:ReplicationGroup",
    service="elasticache",
    create=Call("CreateReplicationGroup", result="ReplicationGroup"),
    id="ReplicationGroupId",
    reads=(
        Call(
            "DescribeReplicationGroups",
            {"ReplicationGroupId": "{id}"},
            result="ReplicationGroups[0]",
        ),
    ),
    updates=(
        Call(
            "ModifyReplicationGroup",
            {"ReplicationGroupId": "{id}", "ApplyImmediately": True},
        ),
    ),
    delete=Call("DeleteReplicationGroup", {"ReplicationGroupId": "{id}"}),
    arn=elasticache_arn("replicationgroup"),
    created=_start_cache,
    updated=_change_cache,
    deleting=_delete_cache,
    check=_encrypted,
    prepare=_log_deliveries,
    rename={
        "replicationGroupId": "ReplicationGroupId",
        "description": "ReplicationGroupDescription",
        "nodeType": "CacheNodeType",
        "parameterGroupName": "CacheParameterGroupName",
        "subnetGroupName": "CacheSubnetGroupName",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "multiAzEnabled": "MultiAZEnabled",
        "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
    },
    outputs={
        "description": "Description",
        "nodeType": "CacheNodeType",
        "automaticFailoverEnabled": lambda _c, found: found["AutomaticFailover"] == "enabled",
        "multiAzEnabled": lambda _c, found: found["MultiAZ"] == "enabled",
        "primaryEndpointAddress": _host("PrimaryEndpoint"),
        "readerEndpointAddress": _host("ReaderEndpoint"),
        "configurationEndpointAddress": lambda _c, _found: "",
        "numNodeGroups": "length(NodeGroups)",
        "replicasPerNodeGroup": lambda _c, found: len(found["MemberClusters"]) - 1,
        "engineVersionActual": lambda context, _found: context.inputs.get("engineVersion"),
        "clusterEnabled": "ClusterEnabled",
    },
    # moto does not describe these, or does not change them.
    unread=(
        "applyImmediately",
        "authToken",
        "autoMinorVersionUpgrade",
        "engineVersion",
        "logDeliveryConfigurations",
        "nodeGroupConfigurations",
        "numCacheClusters",
        "port",
        "securityGroupIds",
        "securityGroupNames",
        "snapshotWindow",
        "subnetGroupName",
        "userGroupIds",
    ),
    defaults={"automaticFailoverEnabled": False, "multiAzEnabled": False},
    name="replicationGroupId",
    name_prefix=None,
    name_length=40,
    name_lower_case=True,
    # How many nodes there are changes by operations that moto lacks.
    also=("applyImmediately", "authTokenUpdateStrategy", "finalSnapshotIdentifier", "userGroupIds"),
    replace=(
        "replicationGroupId",
        "atRestEncryptionEnabled",
        "kmsKeyId",
        "port",
        "subnetGroupName",
        "transitEncryptionEnabled",
    ),
    in_place=(
        "numCacheClusters",
        "numNodeGroups",
        "preferredCacheClusterAzs",
        "replicasPerNodeGroup",
        "userGroupIds",
    ),
    tagging=elasticache_tags("replicationgroup"),
)

SUBNET_GROUP = ResourceType(
    type="aws:elasticache/subnetGroup:SubnetGroup",
    service="elasticache",
    create=Call("CreateCacheSubnetGroup", result="CacheSubnetGroup"),
    id="CacheSubnetGroupName",
    reads=(
        Call(
            "DescribeCacheSubnetGroups",
            {"CacheSubnetGroupName": "{id}"},
            result="CacheSubnetGroups[0]",
        ),
    ),
    updates=(Call("ModifyCacheSubnetGroup", {"CacheSubnetGroupName": "{id}"}),),
    delete=Call("DeleteCacheSubnetGroup", {"CacheSubnetGroupName": "{id}"}),
    lacking={"ModifyCacheSubnetGroup": "moto cannot change a cache subnet group"},
    arn=elasticache_arn("subnetgroup"),
    rename={"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"},
    defaults={"description": "Managed by Pulumi"},
    unread=("subnetIds", "description"),
    name="name",
    name_prefix=None,
    name_lower_case=True,
    tagging=elasticache_tags("subnetgroup"),
)

PARAMETER_GROUP = ResourceType(
    type="aws:elasticache/parameterGroup:ParameterGroup",
    service="elasticache",
    create=Call("CreateCacheParameterGroup"),
    id="{name}",
    rename={"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"},
    outputs={"arn": kept_arn("parametergroup")},
    defaults={"description": "Managed by Pulumi"},
    name="name",
    name_prefix=None,
    name_lower_case=True,
    also=("parameters",),
    replace=("family", "description"),
    kept_in_state=NOT_IN_MOTO + "; its parameters do not reach the local server",
    tagging=elasticache_tags("parametergroup"),
)

TYPES = (REPLICATION_GROUP, SUBNET_GROUP, PARAMETER_GROUP)
