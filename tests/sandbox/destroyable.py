"""Small stacks for ``ops destroy``: a protected one with data, and one with a cluster."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import yaml
from moto_client import client
from stacks import Program, Refused, Stack
from two_zones import two_zones

from infra.database import Database, DatabaseArgs
from infra.durability import POLICIES
from infra.naming import Naming
from infra.network import DataStorePlacement
from infra.private_bucket import PrivateBucket, PrivateBucketArgs, expiry
from infra.setting_sections import DatabaseSettings, Durability, RestoreSettings
from ops.deployments.deployment import DeploymentError
from ops.state.stack_state import StackState
from sandbox.kube_api import KubeApi
from sandbox.outcome import Outcome
from sandbox.paths import Instance
from sandbox.stack_operations import EngineError

NAMESPACE = "to-be-destroyed"


class SmallDeployment:
    """A stack of a test as the commands see one."""

    stack = "test"

    def __init__(self, stack: Stack, program: Program, instance: Instance | None = None) -> None:
        self.held = stack
        self._program = program
        self._instance = instance

    @property
    def notes(self) -> Path:
        return self.held.directory / "notes"

    def state(self) -> StackState:
        return self.held.as_kept()

    def destroy(self, report: Callable[[str], None]) -> Outcome:
        try:
            self.held.destroy(self._program)
        except Refused as refused:
            raise EngineError(str(refused)) from refused
        return Outcome()

    def aws(self, service: str, region: str | None = None) -> Any:
        return client(service, region or "us-east-1")

    def kubernetes(self) -> KubeApi:
        if self._instance is None:
            raise DeploymentError("this stack has no cluster")
        return KubeApi(self._instance)


def protected(*, salt: str | None = None, suffix: str = "") -> Program:
    """A protected database, bucket and salt key; ``salt`` is the name of one to adopt."""
    durability = POLICIES[Durability.PROTECTED]
    naming = Naming(stack="destroyed", bucket_suffix=suffix)

    def run() -> None:
        in_aws = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
        vpc, subnets = two_zones(in_aws)
        key = aws.kms.Key("key", description="x: database", deletion_window_in_days=30, opts=in_aws)
        placement = DataStorePlacement(
            vpc_id=vpc.id,
            subnet_ids=[subnet.id for subnet in subnets],
            client_security_group_id=aws.ec2.SecurityGroup(
                "clients", vpc_id=vpc.id, opts=in_aws
            ).id,
        )
        args = DatabaseArgs(
            naming=naming,
            settings=DatabaseSettings(),
            restore=RestoreSettings(),
            durability=durability,
            partition="aws",
            placement=placement,
            key_arn=key.arn,
            log_key_arn=key.arn,
        )
        Database("database", args, in_aws)
        bucket = PrivateBucketArgs(
            bucket_name=naming.bucket("logs", "123456789012", "us-east-1"),
            partition="aws",
            durability=durability,
            key_arn=key.arn,
            lifecycle_rules=[expiry(30, noncurrent_days=1)],
        )
        PrivateBucket("logs", bucket, in_aws)
        kept = pulumi.ResourceOptions.merge(
            in_aws, pulumi.ResourceOptions(protect=True, retain_on_delete=True)
        )
        if salt is None:
            name = naming.secret_path("salt-key")
            aws.secretsmanager.Secret("salt-key", name=name, recovery_window_in_days=30, opts=kept)
        else:
            aws.secretsmanager.get_secret_output(
                name=salt, opts=pulumi.InvokeOptions(provider=in_aws.provider)
            )
        aws.secretsmanager.Secret(
            "master-key",
            name=naming.secret_path("master-key"),
            recovery_window_in_days=30,
            opts=in_aws,
        )

    return run


def with_cluster(instance: Instance) -> Program:
    """A cluster, an object in it, a security group and two subnets below it."""
    configuration = yaml.safe_load(instance.kubeconfig.read_text())

    def run() -> None:
        in_aws = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
        vpc, subnets = two_zones(in_aws)
        group = aws.ec2.SecurityGroup("nodes", vpc_id=vpc.id, opts=in_aws)
        role = aws.iam.Role(
            "cluster",
            name="to-be-destroyed",
            assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}),
            opts=in_aws,
        )
        cluster = aws.eks.Cluster(
            "cluster",
            name="to-be-destroyed",
            role_arn=role.arn,
            vpc_config={
                "subnet_ids": [subnet.id for subnet in subnets],
                "security_group_ids": [group.id],
            },
            opts=in_aws,
        )
        provider = kubernetes.Provider(
            "objects",
            kubeconfig=json.dumps(configuration),
            cluster_identifier="tests",
            opts=pulumi.ResourceOptions(depends_on=[cluster]),
        )
        kubernetes.core.v1.Namespace(
            "held",
            metadata={"name": NAMESPACE},
            opts=pulumi.ResourceOptions(
                provider=provider, custom_timeouts=pulumi.CustomTimeouts(delete="60s")
            ),
        )

    return run
