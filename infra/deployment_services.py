"""Which calls `pulumi` makes to read and to change a network and a cluster, service by service.

Reading never gives out content: no secret's value, no object, no log event, no query's result.
The tests hold this list against the operations that the resource types of the program need, and
against AWS's service authorization reference.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service's calls, and the ARNs that they may name.

    ``resources`` lack ``arn:<partition>:`` and may hold ``{account}``, ``{prefix}``, ``{stack}``
    and ``{database}``; the region is open, since copies live in a second one. ``listing`` and
    ``making`` are calls that IAM knows no resource for, by readers and by writers.
    """

    name: str
    group: str
    resources: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    listing: tuple[str, ...] = ()
    making: tuple[str, ...] = ()


TAGS = ("TagResource", "UntagResource")

NETWORK_SERVICES: tuple[Service, ...] = (
    Service(
        name="ec2",
        group="network",
        resources=(),
        reads=(),
        listing=(
            "DescribeAddresses", "DescribeAddressesAttribute", "DescribeAvailabilityZones",
            "DescribeFlowLogs", "DescribeInternetGateways", "DescribeManagedPrefixLists",
            "DescribeNatGateways", "DescribeNetworkAcls", "DescribeNetworkInterfaces",
            "DescribePrefixLists", "DescribeRouteTables", "DescribeSecurityGroupRules",
            "DescribeSecurityGroups", "DescribeSubnets", "DescribeTags",
            "DescribeVpcEndpointServices", "DescribeVpcEndpoints", "DescribeVpcs",
        ),
    ),
    Service(
        name="ec2",
        group="network",
        resources=("ec2:*:{account}:vpc/*",),
        reads=("DescribeVpcAttribute",),
    ),
    Service(
        name="acm",
        group="network",
        resources=("acm:*:{account}:certificate/*",),
        reads=("DescribeCertificate", "ListTagsForCertificate"),
        writes=("AddTagsToCertificate", "DeleteCertificate", "RemoveTagsFromCertificate"),
        listing=("ListCertificates",),
        making=("RequestCertificate",),
    ),
    Service(
        name="eks",
        group="cluster",
        resources=("eks:*:{account}:cluster/{prefix}",),
        reads=("DescribeCluster", "ListAccessEntries", "ListTagsForResource", "ListUpdates"),
        writes=(
            "CreateAccessEntry", "CreateAddon", "CreatePodIdentityAssociation", "DeleteCluster",
            "UpdateClusterConfig", "UpdateClusterVersion", *TAGS,
        ),
        making=("CreateCluster",),
    ),
    Service(
        name="eks",
        group="cluster",
        resources=("eks:*:{account}:cluster/{prefix}", "eks:*:{account}:access-entry/{prefix}/*"),
        reads=("DescribeAccessEntry", "DescribeUpdate", "ListAssociatedAccessPolicies"),
        writes=(
            "AssociateAccessPolicy", "DeleteAccessEntry", "DisassociateAccessPolicy",
            "UpdateAccessEntry", *TAGS,
        ),
    ),
    Service(
        name="eks",
        group="cluster",
        resources=(
            "eks:*:{account}:addon/{prefix}/*", "eks:*:{account}:cluster/{prefix}",
            "eks:*:{account}:podidentityassociation/{prefix}/*",
        ),
        reads=("DescribeAddon", "DescribePodIdentityAssociation"),
        writes=(
            "DeleteAddon", "DeletePodIdentityAssociation", "UpdateAddon",
            "UpdatePodIdentityAssociation", *TAGS,
        ),
    ),
    Service(
        name="elasticloadbalancing",
        group="cluster",
        resources=(
            "elasticloadbalancing:*:{account}:listener-rule/app/{prefix}/*",
            "elasticloadbalancing:*:{account}:listener/app/{prefix}/*",
            "elasticloadbalancing:*:{account}:loadbalancer/app/{prefix}/*",
            "elasticloadbalancing:*:{account}:targetgroup/{prefix}-*",
        ),
        reads=(),
        writes=(
            "AddListenerCertificates", "AddTags", "CreateListener", "CreateLoadBalancer",
            "CreateRule", "CreateTargetGroup", "DeleteListener", "DeleteLoadBalancer",
            "DeleteRule", "DeleteTargetGroup", "ModifyListener", "ModifyListenerAttributes",
            "ModifyLoadBalancerAttributes", "ModifyRule", "ModifyTargetGroup",
            "ModifyTargetGroupAttributes", "RemoveListenerCertificates", "RemoveTags",
            "SetIpAddressType", "SetSecurityGroups", "SetSubnets",
        ),
        listing=(
            "DescribeCapacityReservation", "DescribeListenerAttributes",
            "DescribeListenerCertificates", "DescribeListeners", "DescribeLoadBalancerAttributes",
            "DescribeLoadBalancers", "DescribeRules", "DescribeTags",
            "DescribeTargetGroupAttributes", "DescribeTargetGroups",
        ),
        # The load balancer asks for this in the name of who attaches a web ACL to it.
        making=("SetWebAcl",),
    ),
    Service(
        name="route53",
        group="network",
        resources=("route53:::hostedzone/*",),
        reads=("GetHostedZone", "ListResourceRecordSets", "ListTagsForResource"),
        writes=("ChangeResourceRecordSets",),
        listing=("ListHostedZones", "ListHostedZonesByName"),
    ),
    Service(name="route53", group="network", resources=("route53:::change/*",),
            reads=("GetChange",)),
    Service(
        name="wafv2",
        group="cluster",
        resources=(
            "wafv2:*:{account}:regional/managedruleset/*/*",
            "wafv2:*:{account}:regional/webacl/{prefix}/*",
        ),
        reads=("GetLoggingConfiguration", "GetWebACL", "ListTagsForResource"),
        writes=(
            "CreateWebACL", "DeleteLoggingConfiguration", "DeleteWebACL",
            "PutLoggingConfiguration", "UpdateWebACL", *TAGS,
        ),
    ),
    Service(
        name="wafv2",
        group="cluster",
        resources=(
            "elasticloadbalancing:*:{account}:loadbalancer/app/{prefix}/*",
            "wafv2:*:{account}:regional/webacl/{prefix}/*",
        ),
        reads=("GetWebACLForResource",),
        writes=("AssociateWebACL", "DisassociateWebACL"),
    ),
)  # fmt: skip
