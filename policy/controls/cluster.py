"""Rows 1 to 8: the cluster's API server, its encryption and logs, its nodes."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import (
    ACCESS_ENTRY,
    CLUSTER,
    INTERNET_GATEWAY,
    LAUNCH_TEMPLATE,
    NODE_CLASS,
    NODE_GROUP,
    ROLE,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
)
from policy.stack import CannotTell, Resource, Stack
from policy.values import EVERYONE, at, items, own_key

# In standard support on EKS until 27 March 2027 (endoflife.date/amazon-eks). Older ones cost
# extended support; newer ones have no date yet (docs/not-confirmed.md). A list of its own: the pack
# judges the program, and is also used without it.
SUPPORTED_VERSIONS = ("1.35",)
LOG_TYPES = frozenset({"api", "audit", "authenticator", "controllerManager", "scheduler"})
_PRINCIPAL = re.compile(r"arn:[\w-]+:iam::\d{12}:(role|user)/[\w+=,.@/-]+")
# The input that says in which subnets nodes stand.
_PLACEMENT = {CLUSTER: "vpcConfig", NODE_CLASS: "spec", NODE_GROUP: "subnetIds"}


def limits_the_public_endpoint(cluster: Resource, stack: Stack) -> Iterator[str]:
    network = cluster.inputs.get("vpcConfig") or {}
    # On unless it is switched off, and open to everyone unless it is limited.
    if network.get("endpointPublicAccess") is False:
        return
    allowed = items(network.get("publicAccessCidrs"))
    if not allowed or EVERYONE & set(allowed):
        yield "the public endpoint is open to everyone; switch it off or name networks"


def has_a_private_endpoint(cluster: Resource, stack: Stack) -> Iterator[str]:
    if at(cluster.inputs, "vpcConfig", "endpointPrivateAccess") is not True:
        yield "vpcConfig.endpointPrivateAccess is not true"


def encrypts_secrets(cluster: Resource, stack: Stack) -> Iterator[str]:
    if "secrets" not in items(at(cluster.inputs, "encryptionConfig", "resources")):
        yield "encryptionConfig.resources lacks secrets"
    elif not own_key(cluster, stack, "encryptionConfig", "provider", "keyArn"):
        yield "encryptionConfig names no customer-managed key"


def keeps_every_log(cluster: Resource, stack: Stack) -> Iterator[str]:
    missing = LOG_TYPES - set(items(cluster.inputs.get("enabledClusterLogTypes")))
    if missing:
        yield f"enabledClusterLogTypes lacks {', '.join(sorted(missing))}"


def runs_a_supported_version(cluster: Resource, stack: Stack) -> Iterator[str]:
    version = cluster.inputs.get("version")
    if version not in SUPPORTED_VERSIONS:
        yield f"version is {version}; supported are {', '.join(SUPPORTED_VERSIONS)}"
    if at(cluster.inputs, "upgradePolicy", "supportType") != "STANDARD":
        yield "upgradePolicy.supportType is not STANDARD, so an old version goes on at a price"


def knows_its_administrators(cluster: Resource, stack: Stack) -> Iterator[str]:
    access = cluster.inputs.get("accessConfig") or {}
    if access.get("authenticationMode") != "API":
        yield "accessConfig.authenticationMode is not API"
    if access.get("bootstrapClusterCreatorAdminPermissions") is not False:
        yield "whoever creates the cluster becomes its administrator"
    if not stack.attached(cluster, ACCESS_ENTRY, "clusterName", "name"):
        yield "no access entry says who may enter"


def names_a_principal(entry: Resource, stack: Stack) -> Iterator[str]:
    if stack.behind(entry, "principalArn", ROLE):
        return
    if not _PRINCIPAL.fullmatch(entry.inputs.get("principalArn") or ""):
        yield "principalArn is not the ARN of one role or user"


def _subnets(resource: Resource, stack: Stack) -> list[Resource]:
    found = stack.behind(resource, _PLACEMENT[resource.type], SUBNET)
    if not found:
        raise CannotTell("its subnets are not of this stack, so their routes are out of sight")
    return found


def _reaches_the_internet(subnet: Resource, stack: Stack) -> bool:
    return any(
        stack.behind(route, "gatewayId", INTERNET_GATEWAY)
        for association in stack.attached(subnet, ROUTE_TABLE_ASSOCIATION, "subnetId", "id")
        for table in stack.behind(association, "routeTableId", ROUTE_TABLE)
        for route in stack.attached(table, ROUTE, "routeTableId", "id")
    )


def stands_in_private_subnets(resource: Resource, stack: Stack) -> Iterator[str]:
    for subnet in _subnets(resource, stack):
        if _reaches_the_internet(subnet, stack) or subnet.inputs.get("mapPublicIpOnLaunch"):
            yield f"subnet {subnet.name} is public"


def spreads_over_zones(resource: Resource, stack: Stack) -> Iterator[str]:
    zones = {subnet.inputs.get("availabilityZone") for subnet in _subnets(resource, stack)}
    wanted = 3 if stack.protected else 2
    if len(zones) < wanted:
        yield f"its subnets stand in {len(zones)} zones; {wanted} are wanted"


# Auto Mode's nodes answer IMDSv2 one hop far, and nothing can change that: issues 2498 and 2633 of
# github.com/aws/containers-roadmap. Launch templates and node groups are for nodes beside them.
def has_no_public_address(node_class: Resource, stack: Stack) -> Iterator[str]:
    if at(node_class.inputs, "spec", "advancedNetworking", "associatePublicIPAddress"):
        yield "spec.advancedNetworking.associatePublicIPAddress is true"


def has_a_launch_template(node_group: Resource, stack: Stack) -> Iterator[str]:
    if not node_group.inputs.get("launchTemplate"):
        yield "without a launch template its nodes answer IMDSv1"


def hardens_instances(template: Resource, stack: Stack) -> Iterator[str]:
    metadata = template.inputs.get("metadataOptions") or {}
    if metadata.get("httpTokens") != "required":
        yield "metadataOptions.httpTokens is not required, so IMDSv1 answers"
    if metadata.get("httpPutResponseHopLimit") != 1:
        yield "metadataOptions.httpPutResponseHopLimit is not 1, so pods reach the node's role"
    for device in items(template.inputs.get("blockDeviceMappings")):
        if str(at(device, "ebs", "encrypted")).lower() != "true":
            yield f"volume {at(device, 'deviceName')} is not encrypted"
    for interface in items(template.inputs.get("networkInterfaces")):
        if str(at(interface, "associatePublicIpAddress")).lower() == "true":
            yield "its instances get public addresses"


CONTROLS = (
    Control(
        row=1,
        name="cluster-public-endpoint",
        requires="the cluster's public endpoint is off, or limited to named networks",
        ids=("EKS.1", "CKV_AWS_38", "CKV_AWS_39", "CIS EKS 5.4.1"),
        severity=Severity.CRITICAL,
        checks={CLUSTER: (limits_the_public_endpoint,)},
    ),
    Control(
        row=2,
        name="cluster-private-endpoint",
        requires="the cluster's private endpoint is on",
        ids=("CIS EKS 5.4.2",),
        severity=Severity.HIGH,
        checks={CLUSTER: (has_a_private_endpoint,)},
    ),
    Control(
        row=3,
        name="cluster-secrets-encryption",
        requires="Kubernetes Secrets are encrypted with a customer-managed key",
        ids=("CKV_AWS_58", "CIS EKS 5.3.1"),
        severity=Severity.HIGH,
        checks={CLUSTER: (encrypts_secrets,)},
    ),
    Control(
        row=4,
        name="cluster-logs",
        requires="all five kinds of control-plane logs are kept",
        ids=("EKS.8", "CKV_AWS_37"),
        severity=Severity.MEDIUM,
        checks={CLUSTER: (keeps_every_log,)},
    ),
    Control(
        row=5,
        name="cluster-version",
        requires="the Kubernetes version is in standard support",
        ids=("EKS.2", "CKV_AWS_339"),
        severity=Severity.HIGH,
        checks={CLUSTER: (runs_a_supported_version,)},
    ),
    Control(
        row=6,
        name="cluster-access",
        requires="access entries alone say who enters; its creator is no administrator by birth",
        ids=("CIS EKS 4.1.7",),
        severity=Severity.HIGH,
        checks={CLUSTER: (knows_its_administrators,), ACCESS_ENTRY: (names_a_principal,)},
    ),
    Control(
        row=7,
        name="node-placement",
        requires="nodes stand in private subnets of two zones (production: three)",
        ids=("CIS EKS 5.4.3",),
        severity=Severity.HIGH,
        checks={
            CLUSTER: (stands_in_private_subnets, spreads_over_zones),
            NODE_CLASS: (stands_in_private_subnets, spreads_over_zones),
            NODE_GROUP: (stands_in_private_subnets, spreads_over_zones),
        },
    ),
    Control(
        row=8,
        name="node-hardening",
        requires="nodes answer IMDSv2 only, one hop far, with encrypted volumes and no public "
        "address; for its own nodes Auto Mode sees to all but the address",
        ids=("EC2.170", "CKV_AWS_79", "CKV_AWS_341", "EC2.181", "EC2.25"),
        severity=Severity.HIGH,
        checks={
            NODE_CLASS: (has_no_public_address,),
            NODE_GROUP: (has_a_launch_template,),
            LAUNCH_TEMPLATE: (hardens_instances,),
        },
    ),
)
