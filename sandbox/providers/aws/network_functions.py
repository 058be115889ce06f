"""The functions of pulumi_aws that look networks up, answered by the stand-in for AWS."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.aws.session import Session
from sandbox.providers.aws.zones import zones as known_zones

Arguments = Mapping[str, Any]


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


def tag_map(described: Mapping[str, Any]) -> dict[str, str]:
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
        "tags": tag_map(vpc),
    }


def _main_route_table(client: Any, vpc: str) -> str:
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    tables = client.describe_route_tables(Filters=filters)["RouteTables"]
    return tables[0]["RouteTableId"] if tables else ""


def _vpcs(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("ec2", arguments.get("region"))
    vpcs = client.describe_vpcs(Filters=_filters(arguments))["Vpcs"]
    return {
        "id": arguments.get("region") or session.region,
        "ids": sorted(vpc["VpcId"] for vpc in vpcs),
        "tags": arguments.get("tags") or {},
    }


def _subnet(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("ec2", arguments.get("region"))
    filters = _filters(
        arguments,
        id="subnet-id",
        vpcId="vpc-id",
        cidrBlock="cidr-block",
        availabilityZone="availability-zone",
        state="state",
    )
    subnets = client.describe_subnets(Filters=filters)["Subnets"]
    if len(subnets) != 1:
        raise LookupError(f"getSubnet: {len(subnets)} subnets match, exactly one must")
    subnet = subnets[0]
    return {
        "id": subnet["SubnetId"],
        "arn": subnet["SubnetArn"],
        "assignIpv6AddressOnCreation": subnet["AssignIpv6AddressOnCreation"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "availableIpAddressCount": subnet["AvailableIpAddressCount"],
        "cidrBlock": subnet["CidrBlock"],
        "customerOwnedIpv4Pool": "",
        "defaultForAz": subnet["DefaultForAz"],
        "enableDns64": False,
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "ipv6Native": False,
        "mapCustomerOwnedIpOnLaunch": False,
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
        "outpostArn": "",
        "ownerId": subnet["OwnerId"],
        "privateDnsHostnameTypeOnLaunch": "ip-name",
        "state": subnet["State"],
        "tags": tag_map(subnet),
        "vpcId": subnet["VpcId"],
    }


def _route_tables(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("ec2", arguments.get("region"))
    filters = _filters(arguments, vpcId="vpc-id")
    tables = client.describe_route_tables(Filters=filters)["RouteTables"]
    return {
        "id": arguments.get("region") or session.region,
        "ids": sorted(table["RouteTableId"] for table in tables),
        "tags": arguments.get("tags") or {},
    }


def _vpc_endpoint_service(session: Session, arguments: Arguments) -> dict[str, Any]:
    """Answer for any service as if AWS offered it in every zone of the region."""
    region = arguments.get("region") or session.region
    service = arguments.get("service")
    name = arguments.get("serviceName") or f"com.amazonaws.{region}.{service}"
    kind = arguments.get("serviceType") or "Interface"
    return {
        "id": name,
        "arn": f"arn:{session.partition}:ec2:{region}:amazon:vpc-endpoint-service/{name}",
        "acceptanceRequired": False,
        "availabilityZones": _availability_zones(session, {"region": region})["names"],
        "baseEndpointDnsNames": [".".join(reversed(name.split(".")))],
        "managesVpcEndpoints": False,
        "owner": "amazon",
        "privateDnsName": "",
        "privateDnsNames": [],
        "serviceId": name,
        "serviceName": name,
        "serviceRegion": region,
        "serviceRegions": [region],
        "serviceType": kind,
        "supportedIpAddressTypes": ["ipv4"],
        "tags": {},
        "vpcEndpointPolicySupported": True,
    }


def _subnets(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("ec2", arguments.get("region"))
    subnets = client.describe_subnets(Filters=_filters(arguments))["Subnets"]
    return {
        "id": arguments.get("region") or session.region,
        "ids": sorted(subnet["SubnetId"] for subnet in subnets),
        "tags": arguments.get("tags") or {},
    }


FUNCTIONS: Mapping[str, Callable[[Session, Arguments], dict[str, Any]]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getVpcs:getVpcs": _vpcs,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getRouteTables:getRouteTables": _route_tables,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _vpc_endpoint_service,
}
