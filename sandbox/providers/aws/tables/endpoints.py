"""VPC endpoints and flow logs."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.aws.tables.network import EC2_ARN, EC2_TAGS


def _endpoint_service(context: Context) -> Properties:
    """Return the prefix list of a gateway endpoint's service, which routes and rules may name."""
    answer = context.client().describe_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [context.values["serviceName"]]}]
    )
    lists = [
        one
        for one in answer["PrefixLists"]
        if one["PrefixListName"] == context.values["serviceName"]
    ]
    return (
        {"prefixListId": lists[0]["PrefixListId"], "cidrBlocks": lists[0].get("Cidrs", [])}
        if lists
        else {}
    )


def _update_endpoint(context: Context, changed: set[str]) -> None:
    """Add and remove route tables, subnets and security groups; AWS takes differences only."""
    parameters: Properties = {}
    for name, member in (
        ("routeTableIds", "RouteTableIds"),
        ("subnetIds", "SubnetIds"),
        ("securityGroupIds", "SecurityGroupIds"),
    ):
        if name in changed:
            old = set(context.outputs.get(name) or [])
            new = set(context.inputs.get(name) or [])
            parameters |= {f"Add{member}": sorted(new - old), f"Remove{member}": sorted(old - new)}
    given = {key: value for key, value in parameters.items() if value}
    if given:
        context.client().modify_vpc_endpoint(VpcEndpointId=context.id, **given)


VPC_ENDPOINT = ResourceType(
    type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    create=Call("CreateVpcEndpoint", result="VpcEndpoint"),
    id="VpcEndpointId",
    reads=(
        # A deleted endpoint stays to be seen for a while.
        Call(
            "DescribeVpcEndpoints",
            {"VpcEndpointIds": ["{id}"]},
            result="VpcEndpoints[?State!='deleted'] | [0]",
        ),
        _endpoint_service,
    ),
    updates=(
        Call(
            "ModifyVpcEndpoint",
            {"VpcEndpointId": "{id}"},
            properties=("policy", "privateDnsEnabled", "ipAddressType", "dnsOptions"),
        ),
    ),
    updated=_update_endpoint,
    in_place=("routeTableIds", "subnetIds", "securityGroupIds"),
    delete=Call("DeleteVpcEndpoints", {"VpcEndpointIds": ["{id}"]}),
    arn=EC2_ARN + "vpc-endpoint/{id}",
    rename={"policy": "PolicyDocument"},
    outputs={"securityGroupIds": "Groups[].GroupId || SecurityGroupIds"},
    defaults={"vpcEndpointType": "Gateway"},
    tagging=EC2_TAGS,
    tag_type="vpc-endpoint",
)

FLOW_LOG = ResourceType(
    type="aws:ec2/flowLog:FlowLog",
    service="ec2",
    create=Call(
        "CreateFlowLogs",
        properties=(
            "vpcId",
            "subnetId",
            "eniId",
            "trafficType",
            "logDestination",
            "logDestinationType",
            "iamRoleArn",
            "logFormat",
            "maxAggregationInterval",
            "destinationOptions",
            "deliverCrossAccountRole",
        ),
        build=lambda given: _flow_log(given),
    ),
    id="FlowLogIds[0]",
    reads=(Call("DescribeFlowLogs", {"FlowLogIds": ["{id}"]}, result="FlowLogs[0]"),),
    delete=Call("DeleteFlowLogs", {"FlowLogIds": ["{id}"]}),
    arn=EC2_ARN + "vpc-flow-log/{id}",
    rename={"iamRoleArn": "DeliverLogsPermissionArn"},
    unread=("vpcId", "subnetId", "eniId", "destinationOptions"),
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    tagging=EC2_TAGS,
    tag_type="vpc-flow-log",
)
_FLOW_LOG_RESOURCES = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
_FLOW_LOG_MEMBERS = {
    "trafficType": "TrafficType",
    "logDestination": "LogDestination",
    "logDestinationType": "LogDestinationType",
    "iamRoleArn": "DeliverLogsPermissionArn",
    "logFormat": "LogFormat",
    "maxAggregationInterval": "MaxAggregationInterval",
    "deliverCrossAccountRole": "DeliverCrossAccountRole",
}
_DESTINATION_OPTIONS = {
    "fileFormat": "FileFormat",
    "hiveCompatiblePartitions": "HiveCompatiblePartitions",
    "perHourPartition": "PerHourPartition",
}


def _flow_log(given: Properties) -> Properties:
    result: Properties = {
        _FLOW_LOG_MEMBERS[name]: value for name, value in given.items() if name in _FLOW_LOG_MEMBERS
    }
    for name, kind in _FLOW_LOG_RESOURCES.items():
        if name in given:
            result |= {"ResourceType": kind, "ResourceIds": [given[name]]}
    if options := given.get("destinationOptions"):
        result["DestinationOptions"] = {
            _DESTINATION_OPTIONS[name]: value for name, value in options.items()
        }
    return result


TYPES = (VPC_ENDPOINT, FLOW_LOG)
