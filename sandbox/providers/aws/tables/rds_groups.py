"""Subnet groups and parameter groups of RDS instances."""

from sandbox.backing_services import Databases
from sandbox.paths import Instance
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

RDS_TAGS = Tagging(
    tag="AddTagsToResource",
    untag="RemoveTagsFromResource",
    resource={"ResourceName": "{arn}"},
)


def user_parameters(context: Context, group: str | None) -> dict[str, str]:
    """Return the parameters that a group sets; none for no group and for AWS's default ones."""
    if not group or group.startswith("default."):
        return {}
    pages = context.client("rds").get_paginator("describe_db_parameters")
    found = {}
    for page in pages.paginate(DBParameterGroupName=group):
        for parameter in page["Parameters"]:
            if parameter.get("ParameterValue") is not None:
                found[parameter["ParameterName"]] = parameter["ParameterValue"]
    return found


SUBNET_GROUP = ResourceType(
    type="aws:rds/subnetGroup:SubnetGroup",
    service="rds",
    create=Call("CreateDBSubnetGroup", result="DBSubnetGroup"),
    id="DBSubnetGroupName",
    reads=(
        Call("DescribeDBSubnetGroups", {"DBSubnetGroupName": "{id}"}, result="DBSubnetGroups[0]"),
    ),
    updates=(Call("ModifyDBSubnetGroup", {"DBSubnetGroupName": "{id}"}),),
    delete=Call("DeleteDBSubnetGroup", {"DBSubnetGroupName": "{id}"}),
    rename={"name": "DBSubnetGroupName", "description": "DBSubnetGroupDescription"},
    outputs={
        "arn": "DBSubnetGroupArn",
        "subnetIds": "Subnets[].SubnetIdentifier",
        "supportedNetworkTypes": 'SupportedNetworkTypes || `["IPV4"]`',
        "vpcId": "VpcId",
    },
    defaults={"description": "Managed by Pulumi"},
    name="name",
    name_lower_case=True,
    tagging=Tagging(
        tag=RDS_TAGS.tag,
        untag=RDS_TAGS.untag,
        resource=RDS_TAGS.resource,
        read=Call(
            "ListTagsForResource",
            {"ResourceName": "arn:{partition}:rds:{region}:{account}:subgrp:{id}"},
            result="TagList",
        ),
    ),
)


def _group_parameters(context: Context) -> Properties:
    """Return the parameters that the group sets, with the way each one is applied."""
    methods = {
        one["name"]: one.get("applyMethod", "immediate")
        for one in [
            *(context.outputs.get("parameters") or []),
            *(context.inputs.get("parameters") or []),
        ]
    }
    found = user_parameters(context, context.id)
    return {
        "parameters": [
            {"name": name, "value": value, "applyMethod": methods.get(name, "immediate")}
            for name, value in sorted(found.items())
        ]
    }


def _set_parameters(context: Context, changed: set[str] | None = None) -> None:
    wanted = context.inputs.get("parameters") or []
    if changed is not None and "parameters" not in changed:
        return
    if wanted:
        context.client().modify_db_parameter_group(
            DBParameterGroupName=context.id,
            Parameters=[
                {
                    "ParameterName": one["name"],
                    "ParameterValue": str(one["value"]),
                    "ApplyMethod": one.get("applyMethod", "immediate"),
                }
                for one in wanted
            ],
        )
    if changed and context.instance:
        _reload_users(context, context.instance)


def _reload_users(context: Context, instance: Instance) -> None:
    servers = Databases(instance)
    wanted = {one["name"]: str(one["value"]) for one in context.inputs.get("parameters") or []}
    for page in context.client().get_paginator("describe_db_instances").paginate():
        for database in page["DBInstances"]:
            groups = [one["DBParameterGroupName"] for one in database["DBParameterGroups"]]
            if context.id in groups:
                servers.change_parameters(database["DBInstanceIdentifier"], wanted)


PARAMETER_GROUP = ResourceType(
    type="aws:rds/parameterGroup:ParameterGroup",
    service="rds",
    create=Call("CreateDBParameterGroup", result="DBParameterGroup"),
    id="DBParameterGroupName",
    reads=(
        Call(
            "DescribeDBParameterGroups",
            {"DBParameterGroupName": "{id}"},
            result="DBParameterGroups[0]",
        ),
        _group_parameters,
    ),
    updated=_set_parameters,
    created=_set_parameters,
    delete=Call("DeleteDBParameterGroup", {"DBParameterGroupName": "{id}"}),
    rename={
        "name": "DBParameterGroupName",
        "family": "DBParameterGroupFamily",
    },
    outputs={"arn": "DBParameterGroupArn"},
    defaults={"description": "Managed by Pulumi", "skipDestroy": False},
    name="name",
    name_lower_case=True,
    also=("parameters", "skipDestroy"),
    tagging=Tagging(
        tag=RDS_TAGS.tag,
        untag=RDS_TAGS.untag,
        resource=RDS_TAGS.resource,
        read=Call(
            "ListTagsForResource",
            {"ResourceName": "arn:{partition}:rds:{region}:{account}:pg:{id}"},
            result="TagList",
        ),
    ),
)

TYPES = (SUBNET_GROUP, PARAMETER_GROUP)
