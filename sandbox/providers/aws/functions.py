"""The functions of pulumi_aws that look things up, answered by the stand-in for AWS."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.aws.session import Session
from sandbox.providers.aws.zones import zones as known_zones

Arguments = Mapping[str, Any]


class UnknownFunction(Exception):
    """A program calls a function that the table does not have."""


def invoke(session: Session, token: str, arguments: Arguments) -> dict[str, Any]:
    """Return the function's result.

    Raises UnknownFunction, LookupError where nothing or too much is found, or botocore's
    ClientError.
    """
    if token not in _FUNCTIONS:
        raise UnknownFunction(
            f"the function {token} is not known to the aws provider of the sandbox; "
            "an entry in sandbox/providers/aws/functions.py makes it known"
        )
    result = _FUNCTIONS[token](session, arguments)
    return {**arguments, "region": arguments.get("region") or session.region, **result}


def _caller_identity(session: Session, _arguments: Arguments) -> dict[str, Any]:
    if session.is_offline:
        account, arn = (
            session.account,
            f"arn:{session.partition}:iam::{session.account}:user/preview",
        )
        return {"accountId": account, "arn": arn, "userId": "preview", "id": account}
    answer = session.client("sts").get_caller_identity()
    account = answer["Account"]
    return {"accountId": account, "arn": answer["Arn"], "userId": answer["UserId"], "id": account}


def _region(session: Session, arguments: Arguments) -> dict[str, Any]:
    name = arguments.get("region") or arguments.get("name") or session.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "description": name,
    }


def _partition(session: Session, _arguments: Arguments) -> dict[str, Any]:
    suffix = "amazonaws.com.cn" if session.partition == "aws-cn" else "amazonaws.com"
    return {
        "id": session.partition,
        "partition": session.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _availability_zones(session: Session, arguments: Arguments) -> dict[str, Any]:
    region = arguments.get("region") or session.region
    if session.is_offline:
        zones = known_zones(region)
    else:
        zones = session.client("ec2", region).describe_availability_zones()["AvailabilityZones"]
    # moto does not filter zones by all of these; what is asked for is looked at here.
    members = {
        "opt-in-status": "OptInStatus",
        "zone-name": "ZoneName",
        "zone-type": "ZoneType",
        "region-name": "RegionName",
        "state": "State",
    }
    defaults = {"OptInStatus": "opt-in-not-required", "ZoneType": "availability-zone"}
    filters = [(one["name"], one["values"]) for one in arguments.get("filters") or []]
    if state := arguments.get("state"):
        filters.append(("state", [state]))
    for name, values in filters:
        if name not in members:
            raise LookupError(f"getAvailabilityZones: the filter {name} is not known here")
        member = members[name]
        zones = [zone for zone in zones if zone.get(member, defaults.get(member)) in values]
    excluded = {*(arguments.get("excludeNames") or []), *(arguments.get("excludeZoneIds") or [])}
    zones = [z for z in zones if not excluded & {z["ZoneName"], z["ZoneId"]}]
    return {
        "id": region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or region for zone in zones}),
    }


def _filters(arguments: Arguments, **direct: str) -> list[dict[str, Any]]:
    found = [
        {"Name": name, "Values": [str(arguments[key])]}
        for key, name in direct.items()
        if arguments.get(key)
    ]
    found += [{"Name": f["name"], "Values": f["values"]} for f in arguments.get("filters") or []]
    tags = arguments.get("tags") or {}
    return found + [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]


def _tags(described: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in described.get("Tags") or []}


def _vpc(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("ec2", arguments.get("region"))
    filters = _filters(arguments, id="vpc-id", cidrBlock="cidr", state="state")
    if arguments.get("default"):
        filters.append({"Name": "is-default", "Values": ["true"]})
    vpcs = client.describe_vpcs(Filters=filters)["Vpcs"]
    if len(vpcs) != 1:
        raise LookupError(f"getVpc: {len(vpcs)} VPCs match, exactly one must")
    vpc = vpcs[0]

    def attribute(name: str) -> bool:
        answer = client.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=name)
        return bool(answer[name[0].upper() + name[1:]]["Value"])

    associations = vpc.get("CidrBlockAssociationSet") or []
    return {
        "id": vpc["VpcId"],
        "arn": f"arn:{session.partition}:ec2:{client.meta.region_name}:{session.account}:"
        f"vpc/{vpc['VpcId']}",
        "cidrBlock": vpc["CidrBlock"],
        "cidrBlockAssociations": [
            {
                "associationId": one["AssociationId"],
                "cidrBlock": one["CidrBlock"],
                "state": one["CidrBlockState"]["State"],
            }
            for one in associations
        ],
        "default": vpc["IsDefault"],
        "dhcpOptionsId": vpc.get("DhcpOptionsId", ""),
        "enableDnsHostnames": attribute("enableDnsHostnames"),
        "enableDnsSupport": attribute("enableDnsSupport"),
        "enableNetworkAddressUsageMetrics": False,
        "instanceTenancy": vpc["InstanceTenancy"],
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "mainRouteTableId": _main_route_table(client, vpc["VpcId"]),
        "ownerId": vpc.get("OwnerId") or session.account,
        "state": vpc["State"],
        "tags": _tags(vpc),
    }


def _main_route_table(client: Any, vpc: str) -> str:
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    tables = client.describe_route_tables(Filters=filters)["RouteTables"]
    return tables[0]["RouteTableId"] if tables else ""


def _subnets(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("ec2", arguments.get("region"))
    subnets = client.describe_subnets(Filters=_filters(arguments))["Subnets"]
    return {
        "id": arguments.get("region") or session.region,
        "ids": sorted(subnet["SubnetId"] for subnet in subnets),
        "tags": arguments.get("tags") or {},
    }


def _secret(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("secretsmanager", arguments.get("region"))
    found = client.describe_secret(SecretId=arguments.get("arn") or arguments["name"])
    policy = client.get_resource_policy(SecretId=found["ARN"]).get("ResourcePolicy")
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "createdDate": found["CreatedDate"].isoformat(),
        "lastChangedDate": found["LastChangedDate"].isoformat(),
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "policy": policy or "",
        "tags": _tags(found),
    }


def _key(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("kms", arguments.get("region"))
    found = client.describe_key(KeyId=arguments["keyId"])["KeyMetadata"]
    return {
        "id": found["KeyId"],
        "arn": found["Arn"],
        "awsAccountId": found["AWSAccountId"],
        "cloudHsmClusterId": "",
        "creationDate": found["CreationDate"].isoformat(),
        "customKeyStoreId": "",
        "customerMasterKeySpec": found["KeySpec"],
        "deletionDate": "",
        "description": found["Description"],
        "enabled": found["Enabled"],
        "expirationModel": "",
        "keyManager": found["KeyManager"],
        "keySpec": found["KeySpec"],
        "keyState": found["KeyState"],
        "keyUsage": found["KeyUsage"],
        "multiRegion": found["MultiRegion"],
        "multiRegionConfigurations": [],
        "origin": found["Origin"],
        "pendingDeletionWindowInDays": 0,
        "validTo": "",
        "xksKeyConfigurations": [],
    }


_STATEMENT = {
    "sid": "Sid",
    "effect": "Effect",
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def _policy_document(_session: Session, arguments: Arguments) -> dict[str, Any]:
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if policy_id := arguments.get("policyId"):
        document["Id"] = policy_id
    sources = [json.loads(text) for text in arguments.get("sourcePolicyDocuments") or []]
    overrides = [json.loads(text) for text in arguments.get("overridePolicyDocuments") or []]
    statements = [one for source in sources for one in source["Statement"]]
    statements += [_statement(one) for one in arguments.get("statements") or []]
    for override in overrides:
        sids = {one.get("Sid") for one in override["Statement"]} - {None}
        statements = [one for one in statements if one.get("Sid") not in sids]
        statements += override["Statement"]
    document["Statement"] = statements
    return {
        "id": str(int(hashlib.sha256(json.dumps(document).encode()).hexdigest()[:8], 16)),
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statement(statement: Arguments) -> dict[str, Any]:
    result: dict[str, Any] = {"Effect": "Allow"}
    for name, member in _STATEMENT.items():
        value = statement.get(name)
        if value:
            result[member] = value[0] if isinstance(value, list) and len(value) == 1 else value
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if principals := statement.get(name):
            result[member] = _principals(principals)
    for condition in statement.get("conditions") or []:
        values = condition["values"]
        result.setdefault("Condition", {}).setdefault(condition["test"], {})[
            condition["variable"]
        ] = values[0] if len(values) == 1 else values
    return result


def _principals(principals: list[Arguments]) -> Any:
    result: dict[str, Any] = {}
    for principal in principals:
        if principal["type"] == "*" and principal["identifiers"] == ["*"]:
            return "*"
        known = [*result.get(principal["type"], []), *principal["identifiers"]]
        result[principal["type"]] = known
    return {kind: found[0] if len(found) == 1 else found for kind, found in result.items()}


_FUNCTIONS: Mapping[str, Callable[[Session, Arguments], dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:kms/getKey:getKey": _key,
    "aws:secretsmanager/getSecret:getSecret": _secret,
}
