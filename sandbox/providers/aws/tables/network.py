"""VPCs and what lies in them."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

EC2_TAGS = Tagging(
    tag="CreateTags",
    untag="DeleteTags",
    resource={"Resources": ["{id}"]},
    parameter="TagSpecifications",
    form="ec2",
    keys="Tags",
)
EC2_ARN = "arn:{partition}:ec2:{region}:{account}:"


def _vpc_attribute(name: str) -> Call:
    return Call(
        "ModifyVpcAttribute",
        {"VpcId": "{id}"},
        properties=(name,),
        build=lambda given: {name[0].upper() + name[1:]: {"Value": given[name]}},
    )


def _read_vpc_attribute(name: str) -> Call:
    member = name[0].upper() + name[1:]
    return Call(
        "DescribeVpcAttribute",
        {"VpcId": "{id}", "Attribute": name},
        result=f"{{{name}: {member}.Value}}",
    )


_VPC_ATTRIBUTES = ("enableDnsSupport", "enableDnsHostnames")
_IN_VPC = [{"Name": "vpc-id", "Values": ["{id}"]}]

VPC = ResourceType(
    type="aws:ec2/vpc:Vpc",
    service="ec2",
    create=Call("CreateVpc", result="Vpc"),
    id="VpcId",
    reads=(
        Call("DescribeVpcs", {"VpcIds": ["{id}"]}, result="Vpcs[0]"),
        *(_read_vpc_attribute(name) for name in _VPC_ATTRIBUTES),
        Call(
            "DescribeRouteTables",
            {"Filters": [*_IN_VPC, {"Name": "association.main", "Values": ["true"]}]},
            result="{mainRouteTableId: RouteTables[0].RouteTableId}",
        ),
        Call(
            "DescribeNetworkAcls",
            {"Filters": [*_IN_VPC, {"Name": "default", "Values": ["true"]}]},
            result="{defaultNetworkAclId: NetworkAcls[0].NetworkAclId}",
        ),
        Call(
            "DescribeSecurityGroups",
            {"Filters": [*_IN_VPC, {"Name": "group-name", "Values": ["default"]}]},
            result="{defaultSecurityGroupId: SecurityGroups[0].GroupId}",
        ),
    ),
    settings=tuple(_vpc_attribute(name) for name in _VPC_ATTRIBUTES),
    delete=Call("DeleteVpc", {"VpcId": "{id}"}),
    arn=EC2_ARN + "vpc/{id}",
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    outputs={"defaultRouteTableId": "mainRouteTableId", "ownerId": "OwnerId"},
    tagging=EC2_TAGS,
    tag_type="vpc",
)

SUBNET = ResourceType(
    type="aws:ec2/subnet:Subnet",
    service="ec2",
    create=Call("CreateSubnet", result="Subnet"),
    id="SubnetId",
    reads=(Call("DescribeSubnets", {"SubnetIds": ["{id}"]}, result="Subnets[0]"),),
    settings=tuple(
        Call(
            "ModifySubnetAttribute",
            {"SubnetId": "{id}"},
            properties=(name,),
            build=lambda given, name=name: {name[0].upper() + name[1:]: {"Value": given[name]}},
        )
        for name in ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation")
    ),
    delete=Call("DeleteSubnet", {"SubnetId": "{id}"}),
    outputs={"arn": "SubnetArn"},
    defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
    tagging=EC2_TAGS,
    tag_type="subnet",
)


def _attach_internet_gateway(context: Context) -> None:
    if vpc := context.inputs.get("vpcId"):
        context.client().attach_internet_gateway(InternetGatewayId=context.id, VpcId=vpc)


def _detach_internet_gateway(context: Context) -> None:
    if vpc := context.outputs.get("vpcId"):
        context.client().detach_internet_gateway(InternetGatewayId=context.id, VpcId=vpc)


def _move_internet_gateway(context: Context, changed: set[str]) -> None:
    if "vpcId" in changed:
        _detach_internet_gateway(context)
        _attach_internet_gateway(context)


INTERNET_GATEWAY = ResourceType(
    type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    create=Call("CreateInternetGateway", result="InternetGateway"),
    id="InternetGatewayId",
    reads=(
        Call(
            "DescribeInternetGateways",
            {"InternetGatewayIds": ["{id}"]},
            result="InternetGateways[0]",
        ),
    ),
    delete=Call("DeleteInternetGateway", {"InternetGatewayId": "{id}"}),
    arn=EC2_ARN + "internet-gateway/{id}",
    outputs={"vpcId": "Attachments[0].VpcId"},
    also=("vpcId",),
    unset_when_absent=("vpcId",),
    created=_attach_internet_gateway,
    updated=_move_internet_gateway,
    deleting=_detach_internet_gateway,
    tagging=EC2_TAGS,
    tag_type="internet-gateway",
)

EIP = ResourceType(
    type="aws:ec2/eip:Eip",
    service="ec2",
    create=Call("AllocateAddress"),
    id="AllocationId",
    reads=(Call("DescribeAddresses", {"AllocationIds": ["{id}"]}, result="Addresses[0]"),),
    delete=Call("ReleaseAddress", {"AllocationId": "{id}"}),
    arn=EC2_ARN + "elastic-ip/{id}",
    # A NAT gateway that takes the address later is no change of the address.
    unread=("associationId", "networkInterface", "instance", "privateIp"),
    tagging=EC2_TAGS,
    tag_type="elastic-ip",
)

NAT_GATEWAY = ResourceType(
    type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    create=Call("CreateNatGateway", result="NatGateway"),
    id="NatGatewayId",
    # A deleted gateway stays to be seen for an hour.
    reads=(
        Call(
            "DescribeNatGateways",
            {"NatGatewayIds": ["{id}"]},
            result="NatGateways[?State!='deleted'] | [0]",
        ),
    ),
    delete=Call("DeleteNatGateway", {"NatGatewayId": "{id}"}),
    outputs={
        "allocationId": "NatGatewayAddresses[0].AllocationId",
        "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
        "privateIp": "NatGatewayAddresses[0].PrivateIp",
        "publicIp": "NatGatewayAddresses[0].PublicIp",
    },
    defaults={"connectivityType": "public"},
    tagging=EC2_TAGS,
    tag_type="natgateway",
)

ROUTE_TABLE = ResourceType(
    type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    create=Call("CreateRouteTable", result="RouteTable"),
    id="RouteTableId",
    reads=(Call("DescribeRouteTables", {"RouteTableIds": ["{id}"]}, result="RouteTables[0]"),),
    delete=Call("DeleteRouteTable", {"RouteTableId": "{id}"}),
    arn=EC2_ARN + "route-table/{id}",
    # Routes are resources of their own here; listing them would show each as drift of the table.
    unread=("routes", "propagatingVgws"),
    tagging=EC2_TAGS,
    tag_type="route-table",
)


_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")


def _destination(context: Context) -> Properties:
    given = {**context.outputs, **context.inputs}
    return {name[0].upper() + name[1:]: given[name] for name in _DESTINATIONS if given.get(name)}


def _create_route(context: Context) -> str:
    context.call(ROUTE.create)
    return f"{context.inputs['routeTableId']}_{next(iter(_destination(context).values()))}"


def _read_route(context: Context) -> Properties | None:
    table = context.values["routeTableId"]
    answer = context.client().describe_route_tables(RouteTableIds=[table])
    wanted = _destination(context).items()
    routes = answer["RouteTables"][0]["Routes"]
    return next((route for route in routes if wanted <= route.items()), None)


def _delete_route(context: Context) -> None:
    context.client().delete_route(
        RouteTableId=context.values["routeTableId"], **_destination(context)
    )


ROUTE = ResourceType(
    type="aws:ec2/route:Route",
    service="ec2",
    create=Call("CreateRoute"),
    id="{routeTableId}_{destinationCidrBlock}",
    reads=(_read_route,),
    updates=(Call("ReplaceRoute"),),
    rename={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
    replace=("routeTableId", *_DESTINATIONS),
    delete_before_replace=True,
    creating=_create_route,
    deleting=_delete_route,
)


def _read_association(context: Context) -> Properties | None:
    answer = context.client().describe_route_tables(
        Filters=[{"Name": "association.route-table-association-id", "Values": [context.id]}]
    )
    associations = [one for table in answer["RouteTables"] for one in table["Associations"]]
    return next((a for a in associations if a["RouteTableAssociationId"] == context.id), None)


ROUTE_TABLE_ASSOCIATION = ResourceType(
    type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    create=Call("AssociateRouteTable"),
    id="AssociationId",
    reads=(_read_association,),
    delete=Call("DisassociateRouteTable", {"AssociationId": "{id}"}),
    delete_before_replace=True,
)


TYPES = (
    VPC,
    SUBNET,
    INTERNET_GATEWAY,
    EIP,
    NAT_GATEWAY,
    ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
)
