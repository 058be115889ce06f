"""What is left of what has gone: it costs money, or holds up the next destroy."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ops.doctor.findings import Finding, attention, ok, shortened
from ops.doctor.running_stack import RunningStack

_PAGE = "docs/runbooks/doctor.md#orphans"
_TAGS_A_CALL = 20


def orphans(stack: RunningStack) -> Iterator[Finding]:
    """No load balancer, interface, security group or volume is the stack's and in no use of it."""
    ec2, owned = stack.aws("ec2"), _Owned(stack)
    interfaces = list(_pages(ec2, "describe_network_interfaces", "NetworkInterfaces"))
    found = {
        "load balancers": list(_load_balancers(stack, owned)),
        "network interfaces": [
            one["NetworkInterfaceId"]
            for one in interfaces
            if one["Status"] == "available" and owned.by_cluster(one.get("TagSet", []))
        ],
        "security groups": list(_security_groups(ec2, owned, interfaces)),
        "volumes": list(_volumes(stack, ec2, owned)),
    }
    for kind, names in found.items():
        if names:
            yield attention(f"{kind} that nothing uses: {shortened(names)}", _PAGE)
    yield ok("looked for " + ", ".join(found))


class _Owned:
    """Whose a resource of AWS is, by its tags and by the stack's state."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack.deployment.stack
        self._cluster = str(stack.outputs.get("clusterName"))
        self._known = {str(one.get("id")) for one in stack.resources}

    def by_cluster(self, tags: Iterable[Mapping[str, str]]) -> bool:
        """Whether the cluster made it.

        ``eks:eks-cluster-name`` is Auto Mode's, the second the VPC CNI's (aws/amazon-vpc-cni-k8s,
        pkg/awsutils), the others those of controllers before it.
        """
        given = {tag["Key"]: tag["Value"] for tag in tags}
        named = ("eks:eks-cluster-name", "cluster.k8s.amazonaws.com/name", "elbv2.k8s.aws/cluster")
        return any(given.get(name) == self._cluster for name in named) or (
            f"kubernetes.io/cluster/{self._cluster}" in given
        )

    def left_over(self, name: str, tags: list[dict[str, str]]) -> bool:
        """Whether it was made by the stack or its cluster, and the stack does not know it."""
        ours = {"Key": "litellm:stack", "Value": self._stack} in tags or self.by_cluster(tags)
        return ours and name not in self._known


def _load_balancers(stack: RunningStack, owned: _Owned) -> Iterator[str]:
    client = stack.aws("elbv2")
    names = {
        one["LoadBalancerArn"]: one["LoadBalancerName"]
        for one in _pages(client, "describe_load_balancers", "LoadBalancers")
    }
    arns = list(names)
    for start in range(0, len(arns), _TAGS_A_CALL):
        some = arns[start : start + _TAGS_A_CALL]
        for described in client.describe_tags(ResourceArns=some)["TagDescriptions"]:
            if owned.left_over(described["ResourceArn"], described["Tags"]):
                yield names[described["ResourceArn"]]


def _security_groups(ec2: Any, owned: _Owned, interfaces: list[dict[str, Any]]) -> Iterator[str]:
    used = {group["GroupId"] for one in interfaces for group in one["Groups"]}
    for group in _pages(ec2, "describe_security_groups", "SecurityGroups"):
        name, tags = group["GroupId"], group.get("Tags", [])
        # EKS makes this one and deletes it with the cluster.
        of_eks = group["GroupName"].startswith("eks-cluster-sg-")
        if name not in used and not of_eks and owned.left_over(name, tags):
            yield f"{name} ({group['GroupName']})"


def _volumes(stack: RunningStack, ec2: Any, owned: _Owned) -> Iterator[str]:
    loose = [
        volume["VolumeId"]
        for volume in _pages(ec2, "describe_volumes", "Volumes")
        if volume["State"] == "available" and owned.by_cluster(volume.get("Tags", []))
    ]
    if loose:
        claimed = {
            one["spec"].get("csi", {}).get("volumeHandle")
            for one in stack.kubernetes.list("/api/v1/persistentvolumes")
        }
        yield from (volume for volume in loose if volume not in claimed)


def _pages(client: Any, operation: str, key: str) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate():
        yield from page[key]
