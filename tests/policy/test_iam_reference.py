import pytest

from policy.iam_reference import restrictable


@pytest.mark.parametrize(
    "action",
    [
        "cloudwatch:PutMetricData",
        "ec2:DescribeVolumes",
        "ECR:getauthorizationtoken",
        "ec2:DescribeV?cs",
    ],
)
def test_an_action_without_resource_types_may_name_every_resource(action: str) -> None:
    assert not restrictable(action)


@pytest.mark.parametrize(
    "action", ["s3:GetObject", "kms:Decrypt", "secretsmanager:*", "s3:NotYetInTheReference"]
)
def test_an_action_with_resource_types_or_an_unknown_one_may_not(action: str) -> None:
    assert restrictable(action)
