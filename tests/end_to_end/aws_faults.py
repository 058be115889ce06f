"""Faults of AWS, made and undone; what is left over goes by the commands of the doctor's page."""

import contextlib
from collections.abc import Iterator
from typing import Any

from doctor_page import Patient


@contextlib.contextmanager
def no_backups(patient: Patient) -> Iterator[None]:
    rds = patient.sandbox.aws("rds")
    name = patient.sandbox.status["outputs"]["databaseIdentifier"]
    (database,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=0)
    try:
        yield
    finally:
        days = database["BackupRetentionPeriod"]
        rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=days)


@contextlib.contextmanager
def orphans(patient: Patient) -> Iterator[None]:
    """A load balancer, an interface, a security group and a volume, as a cluster leaves them."""
    sandbox = patient.sandbox
    ec2, elb = sandbox.aws("ec2"), sandbox.aws("elbv2")
    tag = {"Key": "eks:eks-cluster-name", "Value": sandbox.status["outputs"]["clusterName"]}

    def tagged(kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [tag]}]

    (one, other, *_) = ec2.describe_subnets(
        Filters=[{"Name": "tag:litellm:stack", "Values": ["sandbox"]}]
    )["Subnets"]
    interface = ec2.create_network_interface(
        SubnetId=one["SubnetId"], TagSpecifications=tagged("network-interface")
    )["NetworkInterface"]["NetworkInterfaceId"]
    group = ec2.create_security_group(
        GroupName="left-over",
        Description="left over",
        VpcId=one["VpcId"],
        TagSpecifications=tagged("security-group"),
    )["GroupId"]
    volume = ec2.create_volume(
        AvailabilityZone=one["AvailabilityZone"], Size=1, TagSpecifications=tagged("volume")
    )["VolumeId"]
    (balancer,) = elb.create_load_balancer(
        Name="left-over",
        Subnets=[one["SubnetId"], other["SubnetId"]],
        Scheme="internal",
        Tags=[tag],
    )["LoadBalancers"]
    try:
        yield
    finally:
        patient.do(
            "orphans",
            BALANCER=balancer["LoadBalancerArn"],
            INTERFACE=interface,
            GROUP=group,
            VOLUME=volume,
        )
