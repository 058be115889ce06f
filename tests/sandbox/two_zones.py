"""A network with a subnet in each of two zones, for small programs of tests."""

import pulumi
import pulumi_aws as aws


def two_zones(options: pulumi.ResourceOptions) -> tuple[aws.ec2.Vpc, list[aws.ec2.Subnet]]:
    """Create a VPC in us-east-1 and its two subnets, each named like its zone."""
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16", opts=options)
    subnets = [
        aws.ec2.Subnet(
            zone,
            vpc_id=vpc.id,
            cidr_block=f"10.9.{index}.0/24",
            availability_zone=zone,
            opts=options,
        )
        for index, zone in enumerate(("us-east-1a", "us-east-1b"))
    ]
    return vpc, subnets
