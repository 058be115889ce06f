"""ElastiCache replication groups, users and user groups.

In a sandbox a replication group is one Redis server of this machine: replicas and failover are
described, not run. moto has the groups and users, but not all that can be done with them.
"""

from typing import Any

from sandbox.backing_services import Cache, Caches
from sandbox.backing_services.redis import password_hash
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_NO_READ = "moto's ElastiCache has no such resource"


def _tags(kind: str) -> Tagging:
    arn = f"arn:{{partition}}:elasticache:{{region}}:{{account}}:{kind}:{{id}}"
    return Tagging(
        tag="AddTagsToResource",
        untag="RemoveTagsFromResource",
        resource={"ResourceName": arn},
        read=Call("ListTagsForResource", {"ResourceName": arn}, result="TagList"),
    )


def _arn(kind: str) -> str:
    return f"arn:{{partition}}:elasticache:{{region}}:{{account}}:{kind}:{{id}}"


def _kept_arn(kind: str) -> Any:
    return lambda context, _found: _arn(kind).format_map(
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


def _encrypted(inputs: Properties) -> list[tuple[str, str]]:
    needs = [name for name in ("userGroupIds", "authToken") if inputs.get(name)]
    if needs and inputs.get("transitEncryptionEnabled") is not True:
        return [("transitEncryptionEnabled", f"must be true where {needs[0]} is given")]
    return []


REPLICATION_GROUP = ResourceType(
    token="aws:elasticache/replicationGroup:ReplicationGroup",
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
    arn=_arn("replicationgroup"),
    created=_start_cache,
    updated=_change_cache,
    deleting=_delete_cache,
    check=_encrypted,
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
        "numCacheClusters": "length(MemberClusters)",
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
    tagging=_tags("replicationgroup"),
)

SUBNET_GROUP = ResourceType(
    token="aws:elasticache/subnetGroup:SubnetGroup",
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
    lacking={
        "ModifyCacheSubnetGroup": "moto cannot change a cache subnet group",
        "DeleteCacheSubnetGroup": "moto cannot delete a cache subnet group",
    },
    arn=_arn("subnetgroup"),
    rename={"name": "CacheSubnetGroupName", "description": "CacheSubnetGroupDescription"},
    defaults={"description": "Managed by Pulumi"},
    unread=("subnetIds", "description"),
    name="name",
    name_prefix=None,
    name_lower_case=True,
    tagging=_tags("subnetgroup"),
)

PARAMETER_GROUP = ResourceType(
    token="aws:elasticache/parameterGroup:ParameterGroup",
    service="elasticache",
    create=Call("CreateCacheParameterGroup"),
    id="{name}",
    rename={"name": "CacheParameterGroupName", "family": "CacheParameterGroupFamily"},
    outputs={"arn": _kept_arn("parametergroup")},
    defaults={"description": "Managed by Pulumi"},
    name="name",
    name_prefix=None,
    name_lower_case=True,
    also=("parameters",),
    replace=("family", "description"),
    kept_in_state=_NO_READ + "; its parameters do not reach the local server",
    tagging=_tags("parametergroup"),
)


def _authentication(inputs: Properties) -> Properties:
    """Return the inputs with the passwords where ElastiCache takes them."""
    mode = inputs.get("authenticationMode")
    if mode or inputs.get("passwords") is None:
        return inputs
    return {key: value for key, value in inputs.items() if key != "passwords"} | {
        "authenticationMode": {"type": "password", "passwords": inputs["passwords"]}
    }


def _write_user(context: Context, changed: set[str] | None = None) -> None:
    if context.instance is None or (changed is not None and not changed - {"tags", "tagsAll"}):
        return
    inputs = _authentication(context.inputs)
    mode = inputs.get("authenticationMode") or {}
    open_to_all = inputs.get("noPasswordRequired") or mode.get("type") == "no-password-required"
    Caches(context.instance).put_user(
        context.id,
        inputs["userName"],
        inputs["accessString"],
        mode.get("passwords") or [],
        bool(open_to_all),
    )


def _delete_user(context: Context) -> None:
    if context.instance:
        Caches(context.instance).delete_user(context.id)


# "Passwords of an ElastiCache user": one or two, each of 16 to 128 characters (CreateUser).
_SHORTEST, _LONGEST, _MOST = 16, 128, 2


def _passwords(inputs: Properties) -> list[tuple[str, str]]:
    mode = inputs.get("authenticationMode")
    passwords = inputs.get("passwords")
    if isinstance(mode, dict):
        passwords = mode.get("passwords", passwords)
    if not isinstance(passwords, list):
        return []
    if len(passwords) > _MOST:
        return [("authenticationMode", f"has {len(passwords)} passwords, the most is {_MOST}")]
    lengths = [len(password) for password in passwords if isinstance(password, str)]
    if any(not _SHORTEST <= length <= _LONGEST for length in lengths):
        return [("authenticationMode", f"has a password not of {_SHORTEST} to {_LONGEST} characters")]
    return []


USER = ResourceType(
    token="aws:elasticache/user:User",
    service="elasticache",
    create=Call("CreateUser"),
    id="UserId",
    reads=(Call("DescribeUsers", {"UserId": "{id}"}, result="Users[0]"),),
    updates=(
        Call(
            "ModifyUser",
            {"UserId": "{id}"},
            properties=(
                "accessString",
                "authenticationMode",
                "engine",
                "noPasswordRequired",
                "passwords",
            ),
        ),
    ),
    lacking={"ModifyUser": "moto cannot change a user; the local server's access list does change"},
    delete=Call("DeleteUser", {"UserId": "{id}"}),
    arn=_arn("user"),
    prepare=_authentication,
    created=_write_user,
    updated=_write_user,
    deleted=_delete_user,
    check=_passwords,
    replace=("userId", "userName"),
    unread=("accessString", "authenticationMode", "noPasswordRequired", "passwords"),
    tagging=_tags("user"),
)


def _write_group(context: Context) -> None:
    if context.instance:
        Caches(context.instance).put_group(context.id, context.inputs.get("userIds") or [])


def _delete_group(context: Context) -> None:
    if context.instance:
        Caches(context.instance).delete_group(context.id)


USER_GROUP = ResourceType(
    token="aws:elasticache/userGroup:UserGroup",
    service="elasticache",
    create=Call("CreateUserGroup"),
    id="{userGroupId}",
    outputs={"arn": _kept_arn("usergroup")},
    replace=("userGroupId", "engine"),
    kept_in_state=_NO_READ + "; the local server's access list has its users",
    created=_write_group,
    updated=lambda context, _changed: _write_group(context),
    deleting=_delete_group,
    tagging=_tags("usergroup"),
)

TYPES = (REPLICATION_GROUP, SUBNET_GROUP, PARAMETER_GROUP, USER, USER_GROUP)
