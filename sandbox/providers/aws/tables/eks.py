"""EKS clusters, who may enter them, and add-ons. moto knows the clusters only."""

import base64
from typing import Any

from sandbox import certificates
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_CLUSTER = {"name": "{id}"}


def _with_api_names(inputs: Properties) -> Properties:
    result = dict(inputs)
    if types := inputs.get("enabledClusterLogTypes"):
        result["enabledClusterLogTypes"] = [{"types": types, "enabled": True}]
    return result


def _security_group_name(context: Context) -> str:
    return f"eks-cluster-sg-{context.id}"


def _cluster_security_group(context: Context) -> Properties | None:
    answer = context.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": [_security_group_name(context)]}]
    )
    groups = answer["SecurityGroups"]
    return groups[0] if groups else None


def _create_security_group(context: Context) -> None:
    """Make the group that EKS makes for a cluster's network interfaces and nodes."""
    client = context.client("ec2")
    subnet = context.inputs["vpcConfig"]["subnetIds"][0]
    vpc = client.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"]
    group = client.create_security_group(
        GroupName=_security_group_name(context),
        Description="EKS created security group applied to ENI that is attached to EKS Control "
        "Plane master nodes, as well as any managed workloads.",
        VpcId=vpc,
    )["GroupId"]
    itself = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=itself)


def _delete_security_group(context: Context) -> None:
    if group := _cluster_security_group(context):
        context.client("ec2").delete_security_group(GroupId=group["GroupId"])


def _vpc_config(context: Context, description: Properties) -> Properties:
    group = _cluster_security_group(context) or {}
    asked = context.inputs.get("vpcConfig") or context.outputs.get("vpcConfig") or {}
    # moto keeps the request; AWS says as well what it chose.
    return {
        "endpointPublicAccess": True,
        "endpointPrivateAccess": False,
        "publicAccessCidrs": ["0.0.0.0/0"] if asked.get("endpointPublicAccess", True) else [],
        **description.get("resourcesVpcConfig", {}),
        "clusterSecurityGroupId": group.get("GroupId"),
        "vpcId": group.get("VpcId"),
    }


def _endpoint(context: Context, description: Properties) -> str:
    return context.instance.api_server_url if context.instance else str(description["endpoint"])


def _authority(context: Context, description: Properties) -> Properties:
    if context.instance is None:
        return dict(description["certificateAuthority"])
    content = certificates.authority(context.instance).certificate.read_bytes()
    return {"data": base64.b64encode(content).decode()}


def _identities(context: Context, description: Properties) -> list[Properties]:
    issuer = description["identity"]["oidc"]["issuer"]
    if context.instance:
        issuer = context.instance.service_account_issuer
    return [{"oidcs": [{"issuer": issuer}]}]


_UPDATES_MISSING = "moto has no such operation; the cluster in it keeps its first version"

CLUSTER = ResourceType(
    type="aws:eks/cluster:Cluster",
    service="eks",
    create=Call("CreateCluster", result="cluster"),
    id="name",
    reads=(Call("DescribeCluster", _CLUSTER, result="cluster"),),
    updates=(
        Call("UpdateClusterConfig", _CLUSTER),
        Call("UpdateClusterVersion", _CLUSTER, properties=("version",)),
    ),
    lacking={"UpdateClusterVersion": _UPDATES_MISSING},
    delete=Call("DeleteCluster", _CLUSTER),
    rename={
        "vpcConfig": "resourcesVpcConfig",
        "enabledClusterLogTypes": "logging.clusterLogging",
    },
    replace=("encryptionConfig", "bootstrapSelfManagedAddons", "name", "roleArn"),
    outputs={
        "vpcConfig": _vpc_config,
        "endpoint": _endpoint,
        "certificateAuthority": _authority,
        "identities": _identities,
        "enabledClusterLogTypes": "logging.clusterLogging[?enabled].types[]",
        "clusterId": lambda _context, _description: "",
    },
    chosen_members={"vpcConfig": ("clusterSecurityGroupId", "vpcId")},
    # moto describes a cluster without most of what Auto Mode is configured by.
    unread=(
        "accessConfig",
        "computeConfig",
        "deletionProtection",
        "kubernetesNetworkConfig",
        "storageConfig",
        "upgradePolicy",
        "version",
        "zonalShiftConfig",
    ),
    defaults={"bootstrapSelfManagedAddons": True},
    name="name",
    name_prefix=None,
    name_length=100,
    prepare=_with_api_names,
    created=_create_security_group,
    deleting=_delete_security_group,
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource={"resourceArn": "{arn}"},
        parameter="tags",
        form="map",
        values="tags",
        keys="tagKeys",
    ),
)

_TAGGED_IN_STATE = Tagging(tag="", untag="", resource={}, parameter="tags", form="map")
_EPOCH = "1970-01-01T00:00:00Z"


def _kept(kind: str, operation: str, identifier: str, **more: Any) -> ResourceType:
    return ResourceType(
        type=kind,
        service="eks",
        create=Call(operation),
        id=identifier,
        kept_in_state="moto's EKS has clusters, node groups and Fargate profiles only",
        **more,
    )


def _cluster_arn(kind: str, *names: str) -> Any:
    """Return a maker of the ARNs that EKS gives to what belongs to a cluster."""
    parts = "/".join(f"{{{name}}}" for name in names)
    template = f"arn:{{partition}}:eks:{{region}}:{{account}}:{kind}/{{clusterName}}/{parts}"
    return lambda context, _description: template.format_map(
        {name: context.values[name] for name in ("partition", "region", "account", "clusterName")}
        | {name: context.values[name] for name in names}
    )


ACCESS_ENTRY = _kept(
    "aws:eks/accessEntry:AccessEntry",
    "CreateAccessEntry",
    "{clusterName}:{principalArn}",
    rename={"userName": "username"},
    defaults={"type": "STANDARD"},
    replace=("clusterName", "principalArn", "type"),
    outputs={
        "accessEntryArn": _cluster_arn("access-entry", "principalArn"),
        "userName": lambda context, _description: context.inputs["principalArn"],
        "kubernetesGroups": lambda _context, _description: [],
        "createdAt": _EPOCH,
        "modifiedAt": _EPOCH,
    },
    tagging=_TAGGED_IN_STATE,
)

ACCESS_POLICY_ASSOCIATION = _kept(
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "AssociateAccessPolicy",
    "{clusterName}#{principalArn}#{policyArn}",
    replace=("clusterName", "principalArn", "policyArn", "accessScope"),
    outputs={"associatedAt": _EPOCH, "modifiedAt": _EPOCH},
)

ADDON = _kept(
    "aws:eks/addon:Addon",
    "CreateAddon",
    "{clusterName}:{addonName}",
    rename={"resolveConflictsOnCreate": "resolveConflicts"},
    also=("preserve", "resolveConflictsOnUpdate"),
    replace=("clusterName", "addonName"),
    outputs={
        "arn": _cluster_arn("addon", "addonName"),
        "createdAt": _EPOCH,
        "modifiedAt": _EPOCH,
        "addonVersion": "default",
        "configurationValues": "",
    },
    tagging=_TAGGED_IN_STATE,
)

POD_IDENTITY_ASSOCIATION = _kept(
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "CreatePodIdentityAssociation",
    "{clusterName},{namespace},{serviceAccount}",
    replace=("clusterName", "namespace", "serviceAccount"),
    outputs={
        "associationArn": _cluster_arn("podidentityassociation", "namespace", "serviceAccount"),
        "associationId": "{id}",
    },
    tagging=_TAGGED_IN_STATE,
)

TYPES = (
    CLUSTER,
    ACCESS_ENTRY,
    ACCESS_POLICY_ASSOCIATION,
    ADDON,
    POD_IDENTITY_ASSOCIATION,
)
