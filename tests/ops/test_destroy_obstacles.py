"""What a deletion meets that is not let go, beside a deletion in a sandbox (tests/sandbox)."""

from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from ops.destroy.obstacles import Obstacles


class Ec2:
    """Two interfaces that nothing uses, of which AWS keeps the first."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    def describe_network_interfaces(self, **_: Any) -> dict[str, Any]:
        return {"NetworkInterfaces": [{"NetworkInterfaceId": f"eni-{name}"} for name in "ab"]}

    def delete_network_interface(self, NetworkInterfaceId: str) -> None:
        if NetworkInterfaceId == "eni-a":
            refusal = {"Error": {"Code": "OperationNotPermitted", "Message": "AWS keeps it"}}
            raise ClientError(refusal, "DeleteNetworkInterface")
        self.deleted.append(NetworkInterfaceId)


class Deployment:
    """As much of one as the interfaces of a stack whose cluster is gone need."""

    def __init__(self) -> None:
        self.ec2 = Ec2()

    def aws(self, service: str, region: str | None) -> Ec2:
        assert (service, region) == ("ec2", "us-east-1")
        return self.ec2


def test_an_interface_that_aws_keeps_does_not_hold_up_the_others() -> None:
    deployment, told = Deployment(), list[str]()
    obstacles = Obstacles(
        deployment=deployment,  # type: ignore[arg-type]
        cluster=None,
        patience=timedelta(seconds=1),
        networks={"vpc-id": ["vpc-1"]},
        region="us-east-1",
    )
    assert obstacles.clear(told.append) == 1
    assert deployment.ec2.deleted == ["eni-b"]
    assert obstacles.cleared == ["interface eni-b (no description)"]
    assert any("eni-a stays" in line and "AWS keeps it" in line for line in told)
