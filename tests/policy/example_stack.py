"""A stack that keeps every control, for the cases to break one thing at a time."""

import json
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy import resource_types as types

PROVIDER = "pulumi:providers:aws"
DIGEST = "sha256:" + "0" * 64
_ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/1"
_GITHUB = "token.actions.githubusercontent.com"


@dataclass
class Example:
    """One resource; ``made_from`` has the keys of the resources behind an input."""

    type: str
    name: str
    inputs: dict[str, Any]
    made_from: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False

    @property
    def urn(self) -> str:
        return f"urn:pulumi:example::litellm-gateway::{self.type}::{self.name}"


Examples = dict[str, Example]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def web_identity(provider: str, subject: str, **more: Any) -> str:
    return document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{provider}"},
            "Condition": {
                "StringEquals": {f"{provider}:sub": subject, f"{provider}:aud": "sts.amazonaws.com"}
            },
            **more,
        }
    )


def service_account_trust(subject: str = "system:serviceaccount:litellm:litellm-gateway") -> str:
    return web_identity(_ISSUER, subject)


def github_trust(subject: str = "repo:example/gateway:environment:prod") -> str:
    return web_identity(_GITHUB, subject)


def permissions(action: str, resource: str) -> str:
    return document({"Effect": "Allow", "Action": [action], "Resource": [resource]})


def key_policy(principal: str = "arn:aws:iam::111122223333:root") -> str:
    return document(
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": principal}}
    )


def tls_only(transport: str = "false") -> str:
    return document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"],
            "Condition": {"Bool": {"aws:SecureTransport": transport}},
        }
    )


def compliant(durability: str = "protected") -> Examples:
    """Return the stack by short keys; every call makes it anew."""
    tags = json.dumps({"tags": {"litellm:durability": durability}})
    return {
        "provider": Example(PROVIDER, "aws", {"defaultTags": tags}),
        **_keys(),
        **_network(),
        **_cluster(),
        **_identity(),
        **_data(),
        **_bucket(),
        **_edge(),
        **_workloads(),
    }


def _keys() -> Examples:
    key = {"enableKeyRotation": True, "policy": key_policy()}
    return {
        "key": Example(types.KEY, "data", key, protect=True),
        "replica-key": Example(types.REPLICA_KEY, "dr", {"policy": key_policy()}, protect=True),
        "log-group": Example(
            types.LOG_GROUP, "cluster", {"retentionInDays": 90}, {"kmsKeyId": ["key"]}
        ),
        "secret": Example(
            types.SECRET, "master-key", {"recoveryWindowInDays": 30}, {"kmsKeyId": ["key"]}
        ),
        "version": Example(
            types.SECRET_VERSION,
            "master-key-1",
            {"versionStages": ["epoch-1"]},
            {"secretId": ["secret"]},
        ),
        "salt": Example(
            types.SECRET,
            "salt-key",
            {"tags": {"litellm:rotation": "exempt: changing it loses what it encrypts"}},
            {"kmsKeyId": ["key"]},
            protect=True,
        ),
    }


def _network() -> Examples:
    made: Examples = {
        "vpc": Example(types.VPC, "vpc", {"cidrBlock": "10.0.0.0/16"}),
        "flow-log": Example(types.FLOW_LOG, "vpc", {"trafficType": "ALL"}, {"vpcId": ["vpc"]}),
        "default-group": Example(
            types.DEFAULT_SECURITY_GROUP,
            "closed",
            {"ingress": [], "egress": []},
            {"vpcId": ["vpc"]},
        ),
        "internet": Example(types.INTERNET_GATEWAY, "internet", {}, {"vpcId": ["vpc"]}),
        "public-table": Example(types.ROUTE_TABLE, "public", {}, {"vpcId": ["vpc"]}),
        "public-route": Example(
            types.ROUTE,
            "public-out",
            {"destinationCidrBlock": "0.0.0.0/0"},
            {"gatewayId": ["internet"], "routeTableId": ["public-table"]},
        ),
        "private-table": Example(types.ROUTE_TABLE, "private", {}, {"vpcId": ["vpc"]}),
        "s3": Example(
            types.VPC_ENDPOINT,
            "s3",
            {"serviceName": "com.amazonaws.us-east-1.s3", "vpcEndpointType": "Gateway"},
            {"vpcId": ["vpc"]},
        ),
    }
    for zone in "abc":
        made[f"subnet-{zone}"] = Example(
            types.SUBNET,
            f"private-{zone}",
            {"availabilityZone": f"us-east-1{zone}", "mapPublicIpOnLaunch": False},
            {"vpcId": ["vpc"]},
        )
        made[f"association-{zone}"] = Example(
            types.ROUTE_TABLE_ASSOCIATION,
            f"private-{zone}",
            {},
            {"subnetId": [f"subnet-{zone}"], "routeTableId": ["private-table"]},
        )
    for service in (
        "bedrock-runtime",
        "ecr.api",
        "ecr.dkr",
        "kms",
        "logs",
        "secretsmanager",
        "sts",
    ):
        made[service] = Example(
            types.VPC_ENDPOINT,
            service,
            {
                "serviceName": f"com.amazonaws.us-east-1.{service}",
                "vpcEndpointType": "Interface",
                "privateDnsEnabled": True,
            },
            {"vpcId": ["vpc"]},
        )
    return made


def _cluster() -> Examples:
    subnets = ["subnet-a", "subnet-b", "subnet-c"]
    logs = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
    return {
        "cluster": Example(
            types.CLUSTER,
            "cluster",
            {
                "name": "example",
                "version": "1.35",
                "upgradePolicy": {"supportType": "STANDARD"},
                "accessConfig": {
                    "authenticationMode": "API",
                    "bootstrapClusterCreatorAdminPermissions": False,
                },
                "vpcConfig": {"endpointPrivateAccess": True, "endpointPublicAccess": False},
                "encryptionConfig": {
                    "resources": ["secrets"],
                    "provider": {"keyArn": "arn:aws:kms:us-east-1:111122223333:key/1"},
                },
                "enabledClusterLogTypes": logs,
            },
            {"vpcConfig": subnets},
        ),
        "entry": Example(
            types.ACCESS_ENTRY,
            "administrator-0",
            {"principalArn": "arn:aws:iam::111122223333:role/deployer", "clusterName": "example"},
        ),
        "node-class": Example(types.NODE_CLASS, "nodes", {"spec": {}}, {"spec": subnets}),
        "node-group": Example(
            types.NODE_GROUP, "extra", {"launchTemplate": {"version": "1"}}, {"subnetIds": subnets}
        ),
        "template": Example(
            types.LAUNCH_TEMPLATE,
            "extra",
            {
                "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
                "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}],
                "networkInterfaces": [{"associatePublicIpAddress": "false"}],
            },
        ),
    }


def _identity() -> Examples:
    inline = {"name": "read", "policy": permissions("s3:GetObject", "arn:aws:s3:::logs/*")}
    return {
        "role": Example(
            types.ROLE,
            "gateway",
            {"assumeRolePolicy": service_account_trust(), "inlinePolicies": [inline]},
        ),
        "github": Example(types.ROLE, "deploy", {"assumeRolePolicy": github_trust()}),
        "role-policy": Example(
            types.ROLE_POLICY,
            "gateway",
            {"policy": permissions("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/1")},
            {"role": ["role"]},
        ),
        "iam-policy": Example(
            types.IAM_POLICY, "metrics", {"policy": permissions("cloudwatch:PutMetricData", "*")}
        ),
        "attachment": Example(
            types.POLICY_ATTACHMENT,
            "cluster",
            {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"},
        ),
    }


def _data() -> Examples:
    return {
        "pods": Example(types.SECURITY_GROUP, "pods", {}, {"vpcId": ["vpc"]}),
        "data-group": Example(types.SECURITY_GROUP, "data", {}, {"vpcId": ["vpc"]}),
        "from-pods": Example(
            types.INGRESS_RULE,
            "from-pods",
            {"fromPort": 5432, "toPort": 5432},
            {"securityGroupId": ["data-group"], "referencedSecurityGroupId": ["pods"]},
        ),
        "parameters": Example(
            types.DATABASE_PARAMETERS,
            "database",
            {"parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        ),
        "database": Example(
            types.DATABASE,
            "database-1",
            {
                "instanceClass": "db.m7g.large",
                "publiclyAccessible": False,
                "storageEncrypted": True,
                "iamDatabaseAuthenticationEnabled": True,
                "username": "litellm_admin",
                "manageMasterUserPassword": True,
                "multiAz": True,
                "deletionProtection": True,
                "skipFinalSnapshot": False,
                "finalSnapshotIdentifier": "final",
                "backupRetentionPeriod": 35,
                "copyTagsToSnapshot": True,
                "monitoringInterval": 60,
                "performanceInsightsEnabled": True,
                "enabledCloudwatchLogsExports": ["postgresql"],
                "autoMinorVersionUpgrade": True,
            },
            {
                "kmsKeyId": ["key"],
                "parameterGroupName": ["parameters"],
                "vpcSecurityGroupIds": ["data-group"],
            },
            protect=True,
        ),
        "cache-subnets": Example(types.CACHE_SUBNETS, "cache", {}),
        "cache-user": Example(
            types.CACHE_USER, "cache", {"authenticationMode": {"type": "password"}}
        ),
        "cache": Example(
            types.CACHE,
            "cache",
            {
                "atRestEncryptionEnabled": True,
                "transitEncryptionEnabled": True,
                "userGroupIds": ["cache"],
                "automaticFailoverEnabled": True,
                "multiAzEnabled": True,
                "snapshotRetentionLimit": 1,
            },
            {"subnetGroupName": ["cache-subnets"], "securityGroupIds": ["data-group"]},
        ),
    }


def _bucket() -> Examples:
    blocks = {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    encryption = {
        "applyServerSideEncryptionByDefault": {
            "sseAlgorithm": "aws:kms",
            "kmsMasterKeyId": UNKNOWN_STRING_VALUE,
        },
        "bucketKeyEnabled": True,
    }
    abort = {"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}
    of_bucket = {"bucket": ["bucket"]}
    return {
        "bucket": Example(types.BUCKET, "logs", {"forceDestroy": False}, protect=True),
        "public-access": Example(types.BUCKET_PUBLIC_ACCESS, "logs", blocks, of_bucket),
        "bucket-policy": Example(types.BUCKET_POLICY, "logs", {"policy": tls_only()}, of_bucket),
        "encryption": Example(
            types.BUCKET_ENCRYPTION,
            "logs",
            {"rules": [encryption]},
            {**of_bucket, "rules": ["key"]},
        ),
        "versioning": Example(
            types.BUCKET_VERSIONING,
            "logs",
            {"versioningConfiguration": {"status": "Enabled"}},
            of_bucket,
        ),
        "lifecycle": Example(types.BUCKET_LIFECYCLE, "logs", {"rules": [abort]}, of_bucket),
        "ownership": Example(
            types.BUCKET_OWNERSHIP,
            "logs",
            {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
            of_bucket,
        ),
    }


def _edge() -> Examples:
    redirect = {"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}
    policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    return {
        "balancer": Example(
            types.LOAD_BALANCER,
            "gateway",
            {
                "internal": True,
                "dropInvalidHeaderFields": True,
                "accessLogs": {"enabled": True},
                "enableDeletionProtection": True,
            },
        ),
        "https": Example(
            types.LISTENER, "https", {"port": 443, "protocol": "HTTPS", "sslPolicy": policy}
        ),
        "http": Example(
            types.LISTENER, "http", {"port": 80, "protocol": "HTTP", "defaultActions": [redirect]}
        ),
        "admission": Example(types.INGRESS_RULE, "from-office", {"cidrIpv4": "10.0.0.0/8"}, {}),
        "old-rule": Example(
            types.SECURITY_GROUP_RULE, "old", {"type": "ingress", "cidrBlocks": ["10.0.0.0/8"]}
        ),
    }


def container() -> dict[str, Any]:
    probe = {"httpGet": {"path": "/", "port": 1}}
    return {
        "name": "main",
        "image": "registry.example/tool:1.2.3",
        "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **{f"{kind}Probe": probe for kind in ("startup", "readiness", "liveness")},
    }


def _pods() -> dict[str, Any]:
    pod = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container()],
    }
    return {"spec": {"template": {"spec": pod}}}


def _workloads() -> Examples:
    values = {
        "image": {"tag": "1.106.2", "digest": DIGEST},
        "replicaCount": 3,
        "autoscaling": {"maximumReplicas": 8},
        "resources": {"memory": "4096Mi"},
        "environment": {"REDIS_HOST": "cache.example"},
        "topologySpread": {"zone": "DoNotSchedule"},
        "networkPolicy": {"clientCidrs": ["10.0.0.0/18"]},
    }
    namespace = {"name": "litellm", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    return {
        "namespace": Example(types.NAMESPACE, "gateway", {"metadata": namespace}),
        "switch": Example(
            types.CONFIG_MAP,
            "network-policies",
            {
                "metadata": {"name": "amazon-vpc-cni"},
                "data": {"enable-network-policy-controller": "true"},
            },
        ),
        "config": Example(
            types.CONFIG_MAP,
            "config",
            {
                "metadata": {"name": "config"},
                "data": {"config.yaml": "general_settings: {database_connection_pool_limit: 10}"},
            },
        ),
        "account": Example(
            types.SERVICE_ACCOUNT, "gateway", {"automountServiceAccountToken": False}
        ),
        "release": Example(
            types.RELEASE,
            "gateway",
            {"chart": "../charts/litellm-gateway", "namespace": "litellm", "values": values},
            {"values": ["config", "database"]},
        ),
        "other-release": Example(
            types.RELEASE, "external-secrets", {"chart": "external-secrets", "version": "0.20.4"}
        ),
        "job": Example(types.JOB, "some-job", _pods()),
        "cron-job": Example(types.CRON_JOB, "archive", {"spec": {"jobTemplate": _pods()}}),
        "deployment": Example(types.DEPLOYMENT, "agent", _pods()),
        "stateful-set": Example(types.STATEFUL_SET, "store", _pods()),
        "daemon-set": Example(types.DAEMON_SET, "agent", _pods()),
    }
