"""Runs the whole program against Pulumi's mocks and keeps what it registered.

No engine, no account and no plugin: what AWS would choose is made up here, and everything else is
what ``pulumi up`` would register.
"""

import runpy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from sandbox.paths import PROJECT_ROOT
from sandbox.stack_files import PROJECT


@dataclass
class Registered:
    """One resource that the program asked for."""

    type: str
    name: str
    inputs: dict[str, Any]


ACCOUNT, REGION = "111122223333", "us-east-1"
# What AWS would put behind a `namePrefix`.
CHOSEN = "20260101"
MASTER_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1-AbCdEf"

# Type → service and resource of an ARN, for those whose ARNs stand in policies.
_ARNS = {
    "aws:acm/certificate:Certificate": "acm:{region}:{account}:certificate/{name}",
    "aws:eks/cluster:Cluster": "eks:{region}:{account}:cluster/{name}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "iam::{account}:oidc-provider/{name}",
    "aws:iam/policy:Policy": "iam::{account}:policy/{name}",
    "aws:lb/loadBalancer:LoadBalancer": "elasticloadbalancing:{region}:{account}:loadbalancer/"
    "app/{name}/0123456789abcdef",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/{name}",
    "aws:s3/bucket:Bucket": "s3:::{bucket}",
    "aws:sns/topic:Topic": "sns:{region}:{account}:{name}",
    "aws:secretsmanager/secret:Secret": "secretsmanager:{region}:{account}:secret:{name}-AbCdEf",
}


def arn_of(type_: str, name: str, inputs: dict[str, Any]) -> str:
    """Return an ARN of the form that AWS gives to a resource of the type."""
    pattern = _ARNS.get(type_, "mock:{region}:{account}:{name}")
    region = inputs.get("region") or REGION
    if prefix := inputs.get("namePrefix"):
        name = f"{prefix}{CHOSEN}"
    known = {"name": name, **inputs, "region": region, "account": ACCOUNT}
    return "arn:aws:" + pattern.format_map(known)


def chosen_by_aws(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return the outputs of a resource that the program looks at, made up where AWS chooses."""
    outputs = {**inputs, "arn": arn_of(type_, name, inputs)}
    if type_ == "aws:eks/cluster:Cluster":
        outputs |= {
            "identities": [{"oidcs": [{"issuer": "https://oidc.example/id/1"}]}],
            "endpoint": "https://cluster.example",
            "certificateAuthority": {"data": "Y2E="},
            "vpcConfig": {**inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster"},
        }
    if type_ == "aws:rds/instance:Instance":
        outputs |= {
            "address": "database.example",
            "resourceId": f"db-{name}",
            "masterUserSecrets": [{"secretArn": MASTER_SECRET}],
        }
    if type_ == "aws:elasticache/replicationGroup:ReplicationGroup":
        outputs["primaryEndpointAddress"] = "cache.example"
    if type_ == "aws:lb/loadBalancer:LoadBalancer":
        outputs |= {"dnsName": "balancer.example", "zoneId": "ZBALANCER"}
    if type_ == "aws:acm/certificate:Certificate":
        names = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
        outputs["domainValidationOptions"] = [
            {
                "domainName": name,
                "resourceRecordName": f"_check.{name}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_value.{name}.",
            }
            # In another order than that of the request.
            for name in reversed(names)
        ]
    if type_ == "aws:route53/record:Record":
        outputs["fqdn"] = inputs["name"].removesuffix(".")
    if type_ == "aws:secretsmanager/secretVersion:SecretVersion":
        outputs["versionId"] = f"version-of-{name}"
    return outputs


class RecordingMocks(pulumi.runtime.Mocks):
    """Answers as AWS would, as far as the program looks."""

    def __init__(self) -> None:
        self.resources: list[Registered] = []

    def new_resource(
        self, args: pulumi.runtime.MockResourceArgs
    ) -> tuple[str | None, dict[str, Any]]:
        self.resources.append(Registered(args.typ, args.name, args.inputs))
        outputs = chosen_by_aws(args.typ, args.name, args.inputs)
        if args.typ == "random:index/randomPassword:RandomPassword":
            outputs["result"] = f"generated-{args.name}"
        if args.typ == "random:index/randomId:RandomId":
            outputs["hex"] = "0a1b2c3d"
        return f"{args.name}-id", outputs

    def call(
        self, args: pulumi.runtime.MockCallArgs
    ) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": {
                "accountId": ACCOUNT,
                "arn": "arn:aws:sts::111122223333:assumed-role/deployer/session",
            },
            "aws:index/getAvailabilityZones:getAvailabilityZones": {
                "names": ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]
            },
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:iam/getSessionContext:getSessionContext": {
                "issuerArn": "arn:aws:iam::111122223333:role/ci/deployer"
            },
            "aws:ec2/getVpcEndpointService:getVpcEndpointService": {
                "availabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"]
            },
            "aws:secretsmanager/getSecret:getSecret": {
                "arn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
                f"{args.args.get('name')}-AbCdEf",
                "name": args.args.get("name"),
                "kmsKeyId": "adopted-key",
            },
            "aws:kms/getKey:getKey": {
                "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
                f"{str(args.args.get('keyId')).replace('/', '-')}"
            },
        }
        return answers[args.token], []


def run_program(stack: str, configuration: Mapping[str, str]) -> list[Registered]:
    """Run ``infra/__main__.py`` to its end and return every resource it registered."""
    mocks = RecordingMocks()
    pulumi.runtime.set_mocks(mocks, project=PROJECT, stack=stack, preview=False)
    pulumi.runtime.set_all_config(dict(configuration))

    @pulumi.runtime.test
    def run() -> None:
        runpy.run_path(str(PROJECT_ROOT / "infra" / "__main__.py"), run_name="__main__")

    run()
    return mocks.resources
