"""Which calls `pulumi` makes to read and to change what this program declares, service by service.

Reading never gives out content: no secret's value, no object, no log event, no query's result.
The tests hold this list against the operations that the resource types of the program need, and
against AWS's service authorization reference.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service's calls, and the ARNs that they may name.

    ``resources`` lack ``arn:<partition>:`` and may hold ``{account}``, ``{prefix}`` and
    ``{stack}``; the region is open, since copies live in a second one. ``listing`` are calls that
    IAM knows no resource for.
    """

    name: str
    group: str
    resources: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    listing: tuple[str, ...] = ()


_TAGS = ("TagResource", "UntagResource")

SERVICES = (
    Service(
        name="acm",
        group="network",
        resources=("acm:*:{account}:certificate/*",),
        reads=("DescribeCertificate", "ListTagsForCertificate"),
        writes=("AddTagsToCertificate", "DeleteCertificate", "RemoveTagsFromCertificate"),
        listing=("ListCertificates",),
    ),
    Service(
        name="eks",
        group="network",
        resources=("eks:*:{account}:*/{prefix}", "eks:*:{account}:*/{prefix}/*"),
        reads=("Describe*", "ListAssociatedAccessPolicies", "ListTagsForResource", "ListUpdates"),
        writes=(
            "AssociateAccessPolicy", "CreateAccessEntry", "CreateAddon", "CreateCluster",
            "CreatePodIdentityAssociation", "Delete*", "DisassociateAccessPolicy", "Update*",
            *_TAGS,
        ),
    ),
    Service(
        name="elasticloadbalancing",
        group="network",
        resources=(
            "elasticloadbalancing:*:{account}:loadbalancer/app/{prefix}-*",
            "elasticloadbalancing:*:{account}:listener/app/{prefix}-*",
            "elasticloadbalancing:*:{account}:listener-rule/app/{prefix}-*",
            "elasticloadbalancing:*:{account}:targetgroup/{prefix}-*",
        ),
        reads=(),
        writes=(
            "AddListenerCertificates", "AddTags", "Create*", "Delete*", "Modify*",
            "RemoveListenerCertificates", "RemoveTags", "SetSecurityGroups", "SetSubnets",
            "SetWebAcl",
        ),
        listing=("Describe*",),
    ),
    Service(
        name="route53",
        group="network",
        resources=("route53:::hostedzone/*", "route53:::change/*"),
        reads=("GetChange", "GetHostedZone", "ListResourceRecordSets", "ListTagsForResource"),
        writes=("ChangeResourceRecordSets",),
        listing=("ListHostedZones", "ListHostedZonesByName"),
    ),
    Service(
        name="wafv2",
        group="network",
        resources=(
            "wafv2:*:{account}:regional/*/{prefix}-*/*",
            "wafv2:*:{account}:regional/managedruleset/*/*",
            "elasticloadbalancing:*:{account}:loadbalancer/app/{prefix}-*",
        ),
        reads=(
            "GetIPSet", "GetLoggingConfiguration", "GetWebACL", "GetWebACLForResource",
            "ListTagsForResource",
        ),
        writes=(
            "AssociateWebACL", "CreateIPSet", "CreateWebACL", "DeleteIPSet",
            "DeleteLoggingConfiguration", "DeleteWebACL", "DisassociateWebACL",
            "PutLoggingConfiguration", "UpdateIPSet", "UpdateWebACL", *_TAGS,
        ),
    ),
    Service(
        name="rds",
        group="stores",
        resources=("rds:*:{account}:*:{prefix}-*", "rds:*:{account}:auto-backup:*"),
        reads=("Describe*", "ListTagsForResource"),
        writes=(
            "AddTagsToResource", "CreateDBInstance", "CreateDBParameterGroup", "CreateDBSnapshot",
            "CreateDBSubnetGroup", "Delete*", "Modify*", "RebootDBInstance",
            "RemoveTagsFromResource", "ResetDBParameterGroup", "RestoreDBInstanceFromDBSnapshot",
            "StartDBInstanceAutomatedBackupsReplication",
            "StopDBInstanceAutomatedBackupsReplication",
        ),
    ),
    Service(
        name="elasticache",
        group="stores",
        resources=("elasticache:*:{account}:*:{prefix}-*",),
        reads=("Describe*", "ListTagsForResource"),
        writes=(
            "AddTagsToResource", "Create*", "DecreaseReplicaCount", "Delete*",
            "IncreaseReplicaCount", "Modify*", "RemoveTagsFromResource",
        ),
    ),
    Service(
        name="s3",
        group="stores",
        resources=("s3:::{prefix}-*",),
        reads=(
            "GetAccelerateConfiguration", "GetBucket*", "GetEncryptionConfiguration",
            "GetLifecycleConfiguration", "GetReplicationConfiguration", "ListBucket",
            "ListTagsForResource",
        ),
        writes=(
            "CreateBucket", "DeleteBucket", "DeleteBucketPolicy",
            # What `forceDestroy` empties a disposable bucket with.
            "DeleteObject", "DeleteObjectVersion", "ListBucketVersions", "PutBucket*",
            "PutEncryptionConfiguration", "PutLifecycleConfiguration",
            "PutReplicationConfiguration", *_TAGS,
        ),
    ),
    Service(
        name="secretsmanager",
        group="stores",
        resources=("secretsmanager:*:{account}:secret:litellm/{stack}/*",),
        reads=("DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds"),
        writes=(
            "CreateSecret", "DeleteResourcePolicy", "DeleteSecret",
            # The provider reads a version back after it has put it.
            "GetSecretValue", "PutResourcePolicy", "PutSecretValue",
            "RemoveRegionsFromReplication", "ReplicateSecretToRegions", "RestoreSecret",
            "UpdateSecret", "UpdateSecretVersionStage", *_TAGS,
        ),
    ),
    Service(
        name="athena",
        group="operations",
        resources=("athena:*:{account}:workgroup/{prefix}*",),
        reads=("GetNamedQuery", "GetWorkGroup", "ListTagsForResource"),
        writes=(
            "CreateNamedQuery", "CreateWorkGroup", "DeleteNamedQuery", "DeleteWorkGroup",
            "UpdateNamedQuery", "UpdateWorkGroup", *_TAGS,
        ),
    ),
    Service(
        name="budgets",
        group="operations",
        resources=("budgets::{account}:budget/{prefix}*",),
        reads=("ListTagsForResource", "ViewBudget"),
        writes=("ModifyBudget", *_TAGS),
    ),
    Service(
        name="cloudtrail",
        group="operations",
        resources=("cloudtrail:*:{account}:trail/{prefix}*",),
        reads=(
            "GetEventSelectors", "GetInsightSelectors", "GetTrail", "GetTrailStatus", "ListTags",
        ),
        writes=(
            "AddTags", "CreateTrail", "DeleteTrail", "PutEventSelectors", "PutInsightSelectors",
            "RemoveTags", "StartLogging", "StopLogging", "UpdateTrail",
        ),
        listing=("DescribeTrails",),
    ),
    Service(
        name="cloudwatch",
        group="operations",
        resources=(
            "cloudwatch:*:{account}:alarm:{prefix}*",
            "cloudwatch::{account}:dashboard/{prefix}*",
        ),
        reads=("DescribeAlarms", "GetDashboard", "ListTagsForResource"),
        writes=(
            "DeleteAlarms", "DeleteDashboards", "PutCompositeAlarm", "PutDashboard",
            "PutMetricAlarm", *_TAGS,
        ),
    ),
    Service(
        name="events",
        group="operations",
        resources=("events:*:{account}:rule/{prefix}*",),
        reads=("DescribeRule", "ListTagsForResource", "ListTargetsByRule"),
        writes=("DeleteRule", "PutRule", "PutTargets", "RemoveTargets", *_TAGS),
    ),
    Service(
        name="glue",
        group="operations",
        resources=(
            "glue:*:{account}:catalog",
            "glue:*:{account}:database/litellm_*",
            "glue:*:{account}:table/litellm_*/*",
        ),
        reads=("GetDatabase", "GetPartitionIndexes", "GetTable", "GetTags"),
        writes=(
            "CreateDatabase", "CreateTable", "DeleteDatabase", "DeleteTable", "UpdateDatabase",
            "UpdateTable", *_TAGS,
        ),
    ),
    Service(
        name="logs",
        group="operations",
        resources=(
            "logs:*:{account}:log-group:*{prefix}*",
            "logs:*:{account}:log-group:*{prefix}*:*",
        ),
        reads=("DescribeMetricFilters", "DescribeSubscriptionFilters", "ListTagsForResource"),
        writes=(
            "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteMetricFilter",
            "DeleteRetentionPolicy", "DisassociateKmsKey", "PutMetricFilter",
            "PutRetentionPolicy", *_TAGS,
        ),
        listing=("DescribeLogGroups", "DescribeQueryDefinitions", "DescribeResourcePolicies"),
    ),
    Service(
        name="sns",
        group="operations",
        resources=("sns:*:{account}:{prefix}*",),
        reads=(
            "GetSubscriptionAttributes", "GetTopicAttributes", "ListSubscriptionsByTopic",
            "ListTagsForResource",
        ),
        writes=(
            "CreateTopic", "DeleteTopic", "SetSubscriptionAttributes", "SetTopicAttributes",
            "Subscribe", "Unsubscribe", *_TAGS,
        ),
    ),
)  # fmt: skip
