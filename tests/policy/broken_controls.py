"""For every check, what breaks it: a change to the example stack and what is said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from example_stack import (
    Example,
    Examples,
    document,
    github_trust,
    key_policy,
    permissions,
    service_account_trust,
    tls_only,
    web_identity,
)

from policy import resource_types as types

Change = Callable[[Examples], None]


@dataclass(frozen=True)
class Broken:
    row: int
    check: str
    change: Change
    message: str


def put(key: str, path: str, value: Any) -> Change:
    """Set a resource's input, by the dotted path to it."""

    def change(stack: Examples) -> None:
        *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        target: Any = stack[key].inputs
        for step in way:
            target = target[step]
        target[last] = value

    return change


def without(*keys: str) -> Change:
    def change(stack: Examples) -> None:
        for key in keys:
            del stack[key]

    return change


def made_from(key: str, property_: str, *keys: str) -> Change:
    def change(stack: Examples) -> None:
        stack[key].made_from[property_] = list(keys)

    return change


def unprotected(key: str) -> Change:
    def change(stack: Examples) -> None:
        stack[key].protect = False

    return change


def added(key: str, example: Example) -> Change:
    def change(stack: Examples) -> None:
        stack[key] = example

    return change


def both(*changes: Change) -> Change:
    def change(stack: Examples) -> None:
        for one in changes:
            one(stack)

    return change


def _amazon_key(key: str, property_: str = "kmsKeyId") -> Change:
    return both(made_from(key, property_), put(key, property_, "alias/aws/service"))


_POD = "spec/template/spec"
_CONTAINER = f"{_POD}/containers/0"
_LIKE = {"StringLike": {"issuer:sub": "system:serviceaccount:*:*"}}
_OPEN_EGRESS = Example(
    types.EGRESS_RULE, "out", {"cidrIpv4": "0.0.0.0/0"}, {"securityGroupId": ["data-group"]}
)

BROKEN = [
    Broken(
        1,
        "limits-the-public-endpoint",
        put("cluster", "vpcConfig", {"endpointPrivateAccess": True}),
        "open to everyone",
    ),
    Broken(
        1,
        "limits-the-public-endpoint",
        put(
            "cluster",
            "vpcConfig",
            {"endpointPublicAccess": True, "publicAccessCidrs": ["192.0.2.0/24", "0.0.0.0/0"]},
        ),
        "open to everyone",
    ),
    Broken(
        2,
        "has-a-private-endpoint",
        put("cluster", "vpcConfig/endpointPrivateAccess", False),
        "endpointPrivateAccess",
    ),
    Broken(
        3,
        "encrypts-secrets",
        put("cluster", "encryptionConfig/resources", []),
        "lacks secrets",
    ),
    Broken(
        3,
        "encrypts-secrets",
        put("cluster", "encryptionConfig/provider/keyArn", "alias/aws/eks"),
        "no customer-managed key",
    ),
    Broken(4, "keeps-every-log", put("cluster", "enabledClusterLogTypes", ["api"]), "lacks audit"),
    Broken(5, "runs-a-supported-version", put("cluster", "version", "1.33"), "version is 1.33"),
    Broken(
        5,
        "runs-a-supported-version",
        put("cluster", "upgradePolicy", {"supportType": "EXTENDED"}),
        "not STANDARD",
    ),
    Broken(
        6,
        "knows-its-administrators",
        put("cluster", "accessConfig/authenticationMode", "API_AND_CONFIG_MAP"),
        "authenticationMode is not API",
    ),
    Broken(
        6,
        "knows-its-administrators",
        put("cluster", "accessConfig", {"authenticationMode": "API"}),
        "becomes its administrator",
    ),
    Broken(6, "knows-its-administrators", without("entry"), "no access entry"),
    Broken(
        6,
        "names-a-principal",
        put("entry", "principalArn", "arn:aws:iam::111122223333:root"),
        "one role or user",
    ),
    Broken(
        7,
        "stands-in-private-subnets",
        made_from("association-a", "routeTableId", "public-table"),
        "subnet private-a is public",
    ),
    Broken(
        7, "spreads-over-zones", made_from("node-class", "spec", "subnet-a"), "stand in 1 zones"
    ),
    Broken(
        8,
        "has-no-public-address",
        put("node-class", "spec", {"advancedNetworking": {"associatePublicIPAddress": True}}),
        "is true",
    ),
    Broken(8, "has-a-launch-template", put("node-group", "launchTemplate", None), "IMDSv1"),
    Broken(
        8, "hardens-instances", put("template", "metadataOptions/httpTokens", "optional"), "IMDSv1"
    ),
    Broken(
        8,
        "hardens-instances",
        put("template", "metadataOptions/httpPutResponseHopLimit", 2),
        "is not 1",
    ),
    Broken(
        8,
        "hardens-instances",
        put("template", "blockDeviceMappings/0/ebs/encrypted", "false"),
        "/dev/xvda is not encrypted",
    ),
    Broken(
        8,
        "hardens-instances",
        put("template", "networkInterfaces/0/associatePublicIpAddress", "true"),
        "public addresses",
    ),
    Broken(
        9,
        "trusts-one-service-account",
        put("role", "assumeRolePolicy", service_account_trust("system:serviceaccount:litellm:*")),
        "exact sub",
    ),
    Broken(
        9,
        "trusts-one-service-account",
        put("role", "assumeRolePolicy", web_identity("issuer", "x", Condition=_LIKE)),
        "by pattern",
    ),
    Broken(
        9,
        "trusts-no-one-at-large",
        put(
            "role",
            "assumeRolePolicy",
            document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}),
        ),
        "every principal",
    ),
    Broken(
        10,
        "allows-no-whole-service",
        put("role-policy", "policy", permissions("s3:*", "arn:aws:s3:::logs")),
        "it allows s3:*",
    ),
    Broken(
        10,
        "allows-no-whole-service",
        put("role", "inlinePolicies/0/policy", permissions("*", "arn:aws:s3:::logs")),
        "it allows *",
    ),
    Broken(
        10,
        "names-what-it-allows",
        put(
            "iam-policy",
            "policy",
            document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::logs"}),
        ),
        "all but a list",
    ),
    Broken(
        10,
        "restricts-resources",
        put("role-policy", "policy", permissions("s3:GetObject", "*")),
        "s3:GetObject on every resource",
    ),
    Broken(
        10,
        "decrypts-with-named-keys",
        put("role-policy", "policy", permissions("kms:Decrypt", "arn:aws:kms:*:1:key/*")),
        "kms:Decrypt with every key",
    ),
    Broken(
        10,
        "attaches-no-administration",
        put("attachment", "policyArn", "arn:aws:iam::aws:policy/AdministratorAccess"),
        "attaches AdministratorAccess",
    ),
    Broken(
        11,
        "trusts-a-repository-and-environment",
        put("github", "assumeRolePolicy", github_trust("repo:example/gateway:ref:refs/heads/main")),
        "both a repository and an environment",
    ),
    Broken(
        11,
        "trusts-a-repository-and-environment",
        put("github", "assumeRolePolicy", github_trust("repo:example/*:environment:prod")),
        "exact sub",
    ),
    Broken(12, "has-flow-logs", without("flow-log"), "no flow log"),
    Broken(
        12, "closes-the-default-security-group", without("default-group"), "left as AWS makes it"
    ),
    Broken(
        12,
        "closes-the-default-security-group",
        put("default-group", "ingress", [{"self": True}]),
        "has rules",
    ),
    Broken(
        12,
        "gives-no-public-addresses",
        put("subnet-a", "mapPublicIpOnLaunch", True),
        "mapPublicIpOnLaunch",
    ),
    Broken(
        13, "admits-named-networks", put("admission", "cidrIpv4", "0.0.0.0/0"), "admits everyone"
    ),
    Broken(13, "admits-named-networks", put("admission", "cidrIpv6", "::/0"), "admits everyone"),
    Broken(
        13, "admits-named-networks", put("old-rule", "cidrBlocks", ["0.0.0.0/0"]), "admits everyone"
    ),
    Broken(
        13,
        "has-no-open-inline-rule",
        put("pods", "ingress", [{"cidrBlocks": ["0.0.0.0/0"]}]),
        "inline rule admits everyone",
    ),
    Broken(
        13,
        "admits-security-groups-only",
        put("from-pods", "cidrIpv4", "10.0.0.0/16"),
        "rule from-pods admits a network",
    ),
    Broken(13, "has-no-open-way-out", added("out", _OPEN_EGRESS), "rule out lets it connect"),
    Broken(14, "reaches-s3-privately", without("s3"), "leads to S3"),
    Broken(14, "reaches-services-privately", without("sts", "kms"), "leads to kms, sts"),
    Broken(
        14, "reaches-services-privately", put("sts", "privateDnsEnabled", False), "no private DNS"
    ),
    Broken(15, "is-private", put("database", "publiclyAccessible", True), "publiclyAccessible"),
    Broken(15, "is-encrypted", put("database", "storageEncrypted", False), "storageEncrypted"),
    Broken(15, "is-encrypted", _amazon_key("database"), "not a customer-managed key"),
    Broken(15, "is-encrypted", put("database", "kmsKeyId", None), "not a customer-managed key"),
    Broken(15, "forces-tls", put("parameters", "parameters/0/value", "0"), "rds.force_ssl"),
    Broken(15, "forces-tls", made_from("database", "parameterGroupName"), "no parameter group"),
    Broken(
        15,
        "knows-its-users",
        put("database", "iamDatabaseAuthenticationEnabled", False),
        "iamDatabaseAuthenticationEnabled",
    ),
    Broken(15, "knows-its-users", put("database", "username", "postgres"), "default name"),
    Broken(
        15, "knows-its-users", put("database", "manageMasterUserPassword", False), "in the state"
    ),
    Broken(16, "survives", put("database", "multiAz", False), "multiAz"),
    Broken(16, "survives", put("database", "deletionProtection", False), "deletionProtection"),
    Broken(16, "survives", put("database", "skipFinalSnapshot", True), "skipFinalSnapshot"),
    Broken(16, "survives", put("database", "finalSnapshotIdentifier", None), "deletion fails"),
    Broken(16, "is-backed-up", put("database", "backupRetentionPeriod", 14), "30 are wanted"),
    Broken(16, "is-backed-up", put("database", "copyTagsToSnapshot", False), "copyTagsToSnapshot"),
    Broken(17, "is-observed", put("database", "monitoringInterval", 0), "monitoringInterval"),
    Broken(
        17,
        "is-observed",
        put("database", "performanceInsightsEnabled", False),
        "performanceInsightsEnabled",
    ),
    Broken(
        17, "is-observed", put("database", "enabledCloudwatchLogsExports", []), "lacks postgresql"
    ),
    Broken(
        17,
        "upgrades-itself",
        put("database", "autoMinorVersionUpgrade", False),
        "autoMinorVersionUpgrade",
    ),
    Broken(18, "is-encrypted", put("cache", "atRestEncryptionEnabled", False), "atRest"),
    Broken(18, "is-encrypted", put("cache", "transitEncryptionEnabled", False), "transit"),
    Broken(18, "is-encrypted", put("cache", "transitEncryptionMode", "preferred"), "in clear"),
    Broken(18, "asks-who-connects", put("cache", "userGroupIds", []), "neither"),
    Broken(
        18,
        "has-passwords",
        put("cache-user", "authenticationMode", {"type": "no-password-required"}),
        "without a password",
    ),
    Broken(18, "survives", put("cache", "automaticFailoverEnabled", False), "automaticFailover"),
    Broken(18, "survives", put("cache", "multiAzEnabled", False), "multiAzEnabled"),
    Broken(18, "is-backed-up", put("cache", "snapshotRetentionLimit", 0), "no snapshot"),
    Broken(18, "has-its-own-subnets", put("cache", "subnetGroupName", None), "default subnet"),
    Broken(
        19,
        "is-not-public",
        put("public-access", "restrictPublicBuckets", False),
        "restrictPublicBuckets is not true",
    ),
    Broken(19, "is-not-public", without("public-access"), "blockPublicAcls"),
    Broken(19, "refuses-plain-requests", without("bucket-policy"), "without TLS"),
    Broken(
        19,
        "refuses-plain-requests",
        put("bucket-policy", "policy", tls_only("true")),
        "without TLS",
    ),
    Broken(19, "is-encrypted-with-its-own-key", without("encryption"), "not configured"),
    Broken(
        19,
        "is-encrypted-with-its-own-key",
        put("encryption", "rules/0/applyServerSideEncryptionByDefault", {"sseAlgorithm": "AES256"}),
        "AES256 instead of aws:kms",
    ),
    Broken(
        19,
        "is-encrypted-with-its-own-key",
        put("encryption", "rules/0/applyServerSideEncryptionByDefault/kmsMasterKeyId", None),
        "not a customer-managed one",
    ),
    Broken(
        19,
        "is-encrypted-with-its-own-key",
        put("encryption", "rules/0/bucketKeyEnabled", False),
        "bucketKeyEnabled",
    ),
    Broken(
        19,
        "keeps-versions",
        put("versioning", "versioningConfiguration/status", "Suspended"),
        "versioning",
    ),
    Broken(
        19,
        "aborts-unfinished-uploads",
        put("lifecycle", "rules/0/status", "Disabled"),
        "unfinished",
    ),
    Broken(
        19,
        "owns-its-objects",
        put("ownership", "rule/objectOwnership", "ObjectWriter"),
        "BucketOwnerEnforced",
    ),
    Broken(19, "is-not-emptied-by-force", put("bucket", "forceDestroy", True), "forceDestroy"),
    Broken(20, "is-encrypted", _amazon_key("secret"), "not a customer-managed key"),
    Broken(20, "can-be-recovered", put("secret", "recoveryWindowInDays", 7), "30 are wanted"),
    Broken(20, "rotates", without("version"), "never rotates"),
    Broken(20, "rotates", put("salt", "tags/litellm:rotation", "exempt:"), "never rotates"),
    Broken(21, "rotates", put("key", "enableKeyRotation", False), "enableKeyRotation"),
    Broken(21, "trusts-no-one-at-large", put("key", "policy", key_policy("*")), "every principal"),
    Broken(
        21,
        "trusts-no-one-at-large",
        put("replica-key", "policy", key_policy("*")),
        "every principal",
    ),
    Broken(22, "keeps-logs-for-a-time", put("log-group", "retentionInDays", 0), "without end"),
    Broken(22, "is-encrypted", put("log-group", "kmsKeyId", None), "not a customer-managed key"),
    Broken(23, "is-internal", put("balancer", "internal", False), "internal"),
    Broken(
        23,
        "drops-invalid-headers",
        put("balancer", "dropInvalidHeaderFields", False),
        "dropInvalidHeaderFields",
    ),
    Broken(23, "keeps-access-logs", put("balancer", "accessLogs/enabled", False), "accessLogs"),
    Broken(
        23,
        "is-kept-from-deletion",
        put("balancer", "enableDeletionProtection", False),
        "enableDeletionProtection",
    ),
    Broken(
        23, "speaks-tls", put("https", "sslPolicy", "ELBSecurityPolicy-2016-08"), "TLS below 1.2"
    ),
    Broken(
        23,
        "speaks-tls",
        put("https", "sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06"),
        "TLS below 1.2",
    ),
    Broken(23, "speaks-tls", put("http", "defaultActions", [{"type": "forward"}]), "plain HTTP"),
    Broken(24, "is-protected", unprotected("database"), "Instance::database-1"),
    Broken(24, "is-protected", unprotected("key"), "Key::data"),
    Broken(24, "is-protected", unprotected("replica-key"), "ReplicaKey::dr"),
    Broken(24, "is-protected-if-it-holds-logs", unprotected("bucket"), "Bucket::logs"),
    Broken(24, "is-protected-if-it-is-the-salt", unprotected("salt"), "Secret::salt-key"),
    Broken(
        25,
        "enforces-pod-security",
        put("namespace", "metadata/labels", {"pod-security.kubernetes.io/enforce": "baseline"}),
        "baseline",
    ),
    Broken(
        26,
        "runs-without-privileges",
        put("job", f"{_POD}/securityContext/runAsNonRoot", False),
        "as root",
    ),
    *(
        Broken(
            26, "runs-without-privileges", put(key, f"{path}/securityContext/{name}", value), said
        )
        for key, path, name, value, said in (
            ("job", _CONTAINER, "allowPrivilegeEscalation", True, "gain privileges"),
            ("cron-job", f"spec/jobTemplate/{_CONTAINER}", "capabilities", {}, "capabilities"),
            ("deployment", _POD, "seccompProfile", {}, "seccomp"),
            ("daemon-set", _CONTAINER, "readOnlyRootFilesystem", False, "root filesystem"),
        )
    ),
    Broken(
        27,
        "is-probed",
        put("stateful-set", f"{_CONTAINER}/startupProbe", None),
        "lacks startupProbe",
    ),
    Broken(
        27,
        "has-resources",
        put("job", f"{_CONTAINER}/resources/limits", {}),
        "lacks resources.limits.memory",
    ),
    *(
        Broken(28, "runs-exact-images", put("job", f"{_CONTAINER}/image", image), image)
        for image in ("registry.example:5000/tool", "tool:latest", "tool:main-stable")
    ),
    Broken(
        28,
        "installs-an-exact-version",
        put("other-release", "version", "^0.20"),
        "chart is not exact",
    ),
    Broken(
        28,
        "installs-an-exact-version",
        put("release", "values/image/tag", "main-stable"),
        "main-stable",
    ),
    Broken(28, "pins-the-digest", put("release", "values/image/digest", ""), "not pinned"),
    Broken(
        29,
        "mounts-no-token",
        put("job", f"{_POD}/automountServiceAccountToken", True),
        "Job::some-job",
    ),
    Broken(
        29,
        "mounts-no-token",
        put("account", "automountServiceAccountToken", None),
        "ServiceAccount::gateway",
    ),
    Broken(
        30, "denies-by-default", put("release", "values/networkPolicy", None), "denies by default"
    ),
    Broken(
        30,
        "admits-named-networks",
        put("release", "values/networkPolicy/clientCidrs", ["0.0.0.0/0"]),
        "admits everyone",
    ),
    Broken(
        30,
        "admits-named-networks",
        put("release", "values/networkPolicy/enabled", False),
        "enabled is false",
    ),
    Broken(30, "enforces-network-policies", without("switch"), "amazon-vpc-cni"),
    Broken(31, "survives-a-lost-zone", put("release", "values/replicaCount", 1), "below 2"),
    Broken(
        31,
        "survives-a-lost-zone",
        put("release", "values/topologySpread/zone", "ScheduleAnyway"),
        "DoNotSchedule",
    ),
    Broken(
        31,
        "survives-a-lost-zone",
        put("release", "values/podDisruptionBudget", {"enabled": False}),
        "podDisruptionBudget",
    ),
    Broken(
        32,
        "fits-into-the-database",
        both(
            put("database", "instanceClass", "db.t4g.micro"),
            put("release", "values/autoscaling/maximumReplicas", 12),
        ),
        "open 120 connections; database-1 takes 112",
    ),
    Broken(
        32,
        "has-the-documented-memory",
        put("release", "values/resources/memory", "2Gi"),
        "below 4096 MiB",
    ),
    Broken(
        32,
        "shares-limits-between-replicas",
        put("release", "values/environment", {}),
        "without Redis",
    ),
    Broken(
        33,
        "reads-secrets-from-files",
        put(
            "job",
            f"{_CONTAINER}/env",
            [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}}],
        ),
        "environment variables",
    ),
]
