"""Which calls `pulumi` makes to read and to change stores and what watches them."""

from infra.deployment_services import TAGS, Service

_RDS_TAGS = ("AddTagsToResource", "RemoveTagsFromResource")

STORE_SERVICES: tuple[Service, ...] = (
    Service(
        name="rds",
        group="stores",
        resources=(
            "rds:*:{account}:auto-backup:*", "rds:*:{account}:db:{prefix}-*",
            "rds:*:{account}:og:default:*", "rds:*:{account}:pg:{prefix}-*",
            "rds:*:{account}:snapshot:{prefix}-*", "rds:*:{account}:subgrp:{prefix}-*",
        ),
        reads=(
            "DescribeDBInstanceAutomatedBackups", "DescribeDBInstances",
            "DescribeDBParameterGroups", "DescribeDBParameters", "DescribeDBSnapshots",
            "DescribeDBSubnetGroups", "ListTagsForResource",
        ),
        writes=(
            "CreateDBInstance", "CreateDBParameterGroup", "CreateDBSnapshot",
            "CreateDBSubnetGroup", "DeleteDBInstance", "DeleteDBInstanceAutomatedBackup",
            "DeleteDBParameterGroup", "DeleteDBSubnetGroup", "ModifyDBInstance",
            "ModifyDBParameterGroup", "ModifyDBSubnetGroup", "RebootDBInstance",
            "ResetDBParameterGroup", "RestoreDBInstanceFromDBSnapshot",
            "RestoreDBInstanceToPointInTime", "StartDBInstanceAutomatedBackupsReplication",
            "StopDBInstanceAutomatedBackupsReplication", *_RDS_TAGS,
        ),
    ),
    Service(
        name="elasticache",
        group="stores",
        resources=(
            "elasticache:*:{account}:cluster:{prefix}-*",
            "elasticache:*:{account}:parametergroup:*",
            "elasticache:*:{account}:replicationgroup:{prefix}-*",
            "elasticache:*:{account}:snapshot:*",
            "elasticache:*:{account}:subnetgroup:{prefix}-*",
            "elasticache:*:{account}:user:{prefix}-*",
            "elasticache:*:{account}:usergroup:{prefix}-*",
        ),
        reads=(
            "DescribeCacheClusters", "DescribeCacheParameterGroups", "DescribeCacheParameters",
            "DescribeCacheSubnetGroups", "DescribeReplicationGroups", "DescribeUserGroups",
            "DescribeUsers", "ListTagsForResource",
        ),
        writes=(
            "CreateCacheParameterGroup", "CreateCacheSubnetGroup", "CreateReplicationGroup",
            "CreateUser", "CreateUserGroup", "DecreaseReplicaCount", "DeleteCacheParameterGroup",
            "DeleteCacheSubnetGroup", "DeleteReplicationGroup", "DeleteUser", "DeleteUserGroup",
            "IncreaseReplicaCount", "ModifyCacheParameterGroup", "ModifyCacheSubnetGroup",
            "ModifyReplicationGroup", "ModifyReplicationGroupShardConfiguration", "ModifyUser",
            "ModifyUserGroup", *_RDS_TAGS,
        ),
    ),
    Service(
        name="s3",
        group="stores",
        resources=("s3:::{prefix}-*",),
        reads=(
            "GetAccelerateConfiguration", "GetAnalyticsConfiguration", "GetBucketAcl",
            "GetBucketCORS", "GetBucketLocation", "GetBucketLogging", "GetBucketNotification",
            "GetBucketObjectLockConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy",
            "GetBucketPolicyStatus", "GetBucketPublicAccessBlock", "GetBucketRequestPayment",
            "GetBucketTagging", "GetBucketVersioning", "GetBucketWebsite",
            "GetEncryptionConfiguration", "GetLifecycleConfiguration",
            "GetReplicationConfiguration", "ListBucket", "ListTagsForResource",
        ),
        writes=(
            "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "ListBucketVersions",
            "PutBucketLogging", "PutBucketNotification", "PutBucketObjectLockConfiguration",
            "PutBucketOwnershipControls", "PutBucketPolicy", "PutBucketPublicAccessBlock",
            "PutBucketTagging", "PutBucketVersioning", "PutEncryptionConfiguration",
            "PutLifecycleConfiguration", "PutReplicationConfiguration", *TAGS,
        ),
    ),
    # What `forceDestroy` empties a disposable bucket with.
    Service(name="s3", group="stores", resources=("s3:::{prefix}-*/*",), reads=(),
            writes=("DeleteObject", "DeleteObjectVersion")),
    Service(
        name="secretsmanager",
        group="stores",
        resources=("secretsmanager:*:{account}:secret:litellm/{stack}/*",),
        reads=("DescribeSecret", "GetResourcePolicy", "ListSecretVersionIds"),
        writes=(
            "CreateSecret", "DeleteResourcePolicy", "DeleteSecret",
            # The provider reads a version back after it has put it.
            "GetSecretValue",
            "PutResourcePolicy", "PutSecretValue", "RemoveRegionsFromReplication",
            "ReplicateSecretToRegions", "RestoreSecret", "UpdateSecret",
            "UpdateSecretVersionStage", *TAGS,
        ),
    ),
    # RDS keeps the administrator's password; the caller needs these two rights:
    # docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
    Service(name="secretsmanager", group="stores",
            resources=("secretsmanager:*:{account}:secret:rds!db-*",), reads=(),
            writes=("CreateSecret", "TagResource")),
    Service(
        name="athena",
        group="operations",
        resources=("athena:*:{account}:workgroup/{prefix}-*",),
        reads=("GetNamedQuery", "GetWorkGroup", "ListTagsForResource"),
        writes=(
            "CreateNamedQuery", "CreateWorkGroup", "DeleteNamedQuery", "DeleteWorkGroup",
            "UpdateNamedQuery", "UpdateWorkGroup", *TAGS,
        ),
    ),
    Service(
        name="budgets",
        group="operations",
        resources=("budgets::{account}:budget/{prefix}-*",),
        reads=("ListTagsForResource", "ViewBudget"),
        writes=("ModifyBudget", *TAGS),
    ),
    Service(
        name="cloudtrail",
        group="operations",
        resources=("cloudtrail:*:{account}:trail/{prefix}-*",),
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
        resources=("cloudwatch:*:{account}:alarm:{prefix}-*",),
        reads=("DescribeAlarms", "ListTagsForResource"),
        writes=("DeleteAlarms", "PutCompositeAlarm", "PutMetricAlarm", *TAGS),
    ),
    Service(
        name="cloudwatch",
        group="operations",
        resources=("cloudwatch::{account}:dashboard/{prefix}",),
        reads=("GetDashboard",),
        writes=("DeleteDashboards", "PutDashboard"),
    ),
    Service(
        name="events",
        group="operations",
        resources=("events:*:{account}:rule/{prefix}-*",),
        reads=("DescribeRule", "ListTagsForResource", "ListTargetsByRule"),
        writes=("DeleteRule", "PutRule", "PutTargets", "RemoveTargets", *TAGS),
    ),
    Service(
        name="glue",
        group="operations",
        resources=(
            "glue:*:{account}:catalog", "glue:*:{account}:database/{database}",
            "glue:*:{account}:database/{database}_copies",
            "glue:*:{account}:table/{database}/*", "glue:*:{account}:table/{database}_copies/*",
            "glue:*:{account}:userDefinedFunction/{database}/*",
            "glue:*:{account}:userDefinedFunction/{database}_copies/*",
        ),
        reads=("GetDatabase", "GetPartitionIndexes", "GetTable", "GetTags"),
        writes=(
            "CreateDatabase", "CreateTable", "DeleteDatabase", "DeleteTable", "UpdateDatabase",
            "UpdateTable", *TAGS,
        ),
    ),
    Service(
        name="logs",
        group="operations",
        resources=(
            "logs:*:{account}:log-group:/aws/*/{prefix}-*",
            "logs:*:{account}:log-group:/aws/*/{prefix}/*",
            "logs:*:{account}:log-group:/litellm/{stack}/*",
            "logs:*:{account}:log-group:aws-waf-logs-{prefix}",
            "logs:*:{account}:log-group:aws-waf-logs-{prefix}:*",
        ),
        reads=("DescribeMetricFilters", "DescribeSubscriptionFilters", "ListTagsForResource"),
        writes=(
            "AssociateKmsKey", "CreateLogGroup", "DeleteLogGroup", "DeleteMetricFilter",
            "DeleteRetentionPolicy", "DisassociateKmsKey", "PutMetricFilter", "PutRetentionPolicy",
            *TAGS,
        ),
        listing=("DescribeLogGroups", "DescribeResourcePolicies"),
        # The firewall's policy, and what caches and the firewall ask for in the caller's name:
        # docs.aws.amazon.com/AmazonElastiCache/latest/dg/Logging-destinations.html
        making=(
            "CreateLogDelivery", "DeleteLogDelivery", "DeleteResourcePolicy", "GetLogDelivery",
            "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery",
        ),
    ),
    Service(
        name="sns",
        group="operations",
        resources=("sns:*:{account}:{prefix}-*",),
        reads=(
            "GetSubscriptionAttributes", "GetTopicAttributes", "ListSubscriptionsByTopic",
            "ListTagsForResource",
        ),
        writes=(
            "CreateTopic", "DeleteTopic", "SetSubscriptionAttributes", "SetTopicAttributes",
            "Subscribe", "Unsubscribe", *TAGS,
        ),
    ),
)  # fmt: skip
