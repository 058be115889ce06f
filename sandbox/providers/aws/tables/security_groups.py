"""Security groups and their rules."""

from dataclasses import replace
from typing import Any

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.aws.tables.network import EC2_ARN, EC2_TAGS

_DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
_RANGES = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}


def _permission(rule: Properties, group: str) -> Properties:
    """Return an inline rule as EC2 has it."""
    result: Properties = {"IpProtocol": str(rule["protocol"])}
    if result["IpProtocol"] != "-1":
        result |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    described = {"Description": rule["description"]} if rule.get("description") else {}
    for name, (member, key) in _RANGES.items():
        if values := rule.get(name):
            result[member] = [{key: value, **described} for value in values]
    if rule.get("self"):
        result.setdefault("UserIdGroupPairs", []).append({"GroupId": group, **described})
    return result


def _rule(permission: Properties, group: str) -> Properties:
    """Return EC2's permission as an inline rule."""
    result: Properties = {
        "protocol": permission["IpProtocol"],
        "fromPort": permission.get("FromPort", 0),
        "toPort": permission.get("ToPort", 0),
    }
    for name, (member, key) in _RANGES.items():
        entries = permission.get(member) or []
        values = [entry[key] for entry in entries if entry[key] != group]
        if values:
            result[name] = values
        if any(entry[key] == group for entry in entries):
            result["self"] = True
        described = [entry["Description"] for entry in entries if entry.get("Description")]
        if described:
            result["description"] = described[0]
    return result


def _inline_rules(direction: str) -> Any:
    """Rules show on the group only where the program manages them there."""

    def read(context: Context, description: Properties) -> list[Properties] | None:
        if context.inputs.get(direction) is None:
            return None
        return [_rule(one, context.id) for one in description.get(_DIRECTIONS[direction]) or []]

    return read


def _replace_rules(context: Context, direction: str, wanted: list[Properties]) -> None:
    client = context.client()
    group = client.describe_security_groups(GroupIds=[context.id])["SecurityGroups"][0]
    present = group.get(_DIRECTIONS[direction]) or []
    if present:
        revoke = getattr(client, f"revoke_security_group_{direction}")
        revoke(GroupId=context.id, IpPermissions=present)
    if wanted:
        authorize = getattr(client, f"authorize_security_group_{direction}")
        permissions = [_permission(rule, context.id) for rule in wanted]
        authorize(GroupId=context.id, IpPermissions=permissions)


def _first_rules(context: Context) -> None:
    # EC2 lets a new group send everything; the real provider takes that back.
    _replace_rules(context, "egress", context.inputs.get("egress") or [])
    if rules := context.inputs.get("ingress"):
        _replace_rules(context, "ingress", rules)


def _changed_rules(context: Context, changed: set[str]) -> None:
    for direction in _DIRECTIONS.keys() & changed:
        _replace_rules(context, direction, context.inputs.get(direction) or [])


def _delete_rules(context: Context) -> None:
    # Groups that name each other could not be deleted in any order.
    for direction in _DIRECTIONS:
        _replace_rules(context, direction, [])


SECURITY_GROUP = ResourceType(
    type="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    create=Call("CreateSecurityGroup"),
    id="GroupId",
    reads=(Call("DescribeSecurityGroups", {"GroupIds": ["{id}"]}, result="SecurityGroups[0]"),),
    delete=Call("DeleteSecurityGroup", {"GroupId": "{id}"}),
    arn=EC2_ARN + "security-group/{id}",
    rename={"name": "GroupName"},
    outputs={direction: _inline_rules(direction) for direction in _DIRECTIONS},
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    name="name",
    also=("ingress", "egress", "revokeRulesOnDelete"),
    created=_first_rules,
    updated=_changed_rules,
    deleting=_delete_rules,
    tagging=EC2_TAGS,
    tag_type="security-group",
)


def _adopt_default_group(context: Context) -> str:
    answer = context.client().describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [context.inputs["vpcId"]]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )
    return str(answer["SecurityGroups"][0]["GroupId"])


def _adopted_rules(context: Context) -> None:
    for direction in _DIRECTIONS:
        _replace_rules(context, direction, context.inputs.get(direction) or [])


DEFAULT_SECURITY_GROUP = ResourceType(
    type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    # Adopted, not created: the call only tells what a group has.
    create=Call("CreateSecurityGroup", {"GroupName": "default", "Description": "default"}),
    id="GroupId",
    reads=SECURITY_GROUP.reads,
    arn=SECURITY_GROUP.arn,
    rename={"name": "GroupName"},
    outputs={"namePrefix": lambda _context, _description: "", **SECURITY_GROUP.outputs},
    defaults={"revokeRulesOnDelete": False},
    also=SECURITY_GROUP.also,
    creating=_adopt_default_group,
    created=_adopted_rules,
    updated=_changed_rules,
    tagging=replace(EC2_TAGS, parameter=None),
    tag_type="security-group",
)

_RULE_PROPERTIES = (
    "ipProtocol",
    "fromPort",
    "toPort",
    "cidrIpv4",
    "cidrIpv6",
    "prefixListId",
    "referencedSecurityGroupId",
    "description",
)
_SOURCES = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


def _new_rule(given: Properties) -> Properties:
    permission = {
        member: given[name]
        for name, member in (
            ("ipProtocol", "IpProtocol"),
            ("fromPort", "FromPort"),
            ("toPort", "ToPort"),
        )
        if name in given
    }
    described = {"Description": given["description"]} if given.get("description") else {}
    for name, (member, key) in _SOURCES.items():
        if name in given:
            permission[member] = [{key: given[name], **described}]
    return {"IpPermissions": [permission]}


def _changed_rule(given: Properties) -> Properties:
    members = {"referencedSecurityGroupId": "ReferencedGroupId"}
    return {
        "SecurityGroupRules": [
            {
                "SecurityGroupRule": {
                    members.get(name, name[0].upper() + name[1:]): value
                    for name, value in given.items()
                }
            }
        ]
    }


def _change_rule(context: Context, changed: set[str]) -> None:
    if not changed & set(_RULE_PROPERTIES):
        return
    given = {name: context.inputs[name] for name in _RULE_PROPERTIES if name in context.inputs}
    request = _changed_rule(given)
    request["SecurityGroupRules"][0]["SecurityGroupRuleId"] = context.id
    group = context.inputs["securityGroupId"]
    context.client().modify_security_group_rules(GroupId=group, **request)


def _one_source(inputs: Properties) -> list[tuple[str, str]]:
    given = [name for name in _SOURCES if inputs.get(name) is not None]
    if len(given) == 1:
        return []
    return [("cidrIpv4", f"exactly one of {', '.join(_SOURCES)} is needed, {len(given)} are given")]


def _rule_type(direction: str) -> ResourceType:
    return ResourceType(
        type=f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
        service="ec2",
        create=Call(
            f"AuthorizeSecurityGroup{direction}",
            {"GroupId": "{securityGroupId}"},
            properties=_RULE_PROPERTIES,
            build=_new_rule,
        ),
        id="SecurityGroupRules[0].SecurityGroupRuleId",
        reads=(
            Call(
                "DescribeSecurityGroupRules",
                {"SecurityGroupRuleIds": ["{id}"]},
                result="SecurityGroupRules[0]",
            ),
        ),
        delete=Call(
            f"RevokeSecurityGroup{direction}",
            {"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": ["{id}"]},
        ),
        arn=EC2_ARN + "security-group-rule/{id}",
        rename={"securityGroupId": "GroupId"},
        outputs={"referencedSecurityGroupId": "ReferencedGroupInfo.GroupId"},
        in_place=_RULE_PROPERTIES,
        unset_when_absent=("description", "cidrIpv4", "cidrIpv6"),
        check=_one_source,
        updated=_change_rule,
        tagging=EC2_TAGS,
        tag_type="security-group-rule",
    )


TYPES = (
    SECURITY_GROUP,
    DEFAULT_SECURITY_GROUP,
    _rule_type("Ingress"),
    _rule_type("Egress"),
)
