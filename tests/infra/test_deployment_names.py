"""GitHub's deploy role changes what bears its stack's names, and nothing of another stack."""

import pytest
from iam_evaluator import results
from policy_documents import roles
from recorded_program import ACCOUNT, Registered
from test_policy_simulation import ask

# A change of each kind of resource that has a name, and the ARN that AWS gives such a resource.
_CHANGES_BY_NAME = {
    "aws:athena/workgroup:Workgroup": (
        "athena:UpdateWorkGroup",
        "athena:us-east-1:{account}:workgroup/{name}",
    ),
    "aws:budgets/budget:Budget": ("budgets:ModifyBudget", "budgets::{account}:budget/{name}"),
    "aws:cloudtrail/trail:Trail": (
        "cloudtrail:UpdateTrail",
        "cloudtrail:us-east-1:{account}:trail/{name}",
    ),
    "aws:cloudwatch/dashboard:Dashboard": (
        "cloudwatch:PutDashboard",
        "cloudwatch::{account}:dashboard/{dashboardName}",
    ),
    "aws:cloudwatch/logGroup:LogGroup": (
        "logs:PutRetentionPolicy",
        "logs:us-east-1:{account}:log-group:{name}",
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": (
        "logs:PutMetricFilter",
        "logs:us-east-1:{account}:log-group:{logGroupName}",
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:us-east-1:{account}:alarm:{name}",
    ),
    "aws:eks/addon:Addon": (
        "eks:UpdateAddon",
        "eks:us-east-1:{account}:addon/{clusterName}/{addonName}/1",
    ),
    "aws:eks/cluster:Cluster": (
        "eks:UpdateClusterConfig",
        "eks:us-east-1:{account}:cluster/{name}",
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        "elasticache:ModifyReplicationGroup",
        "elasticache:us-east-1:{account}:replicationgroup:{replicationGroupId}",
    ),
    "aws:elasticache/user:User": (
        "elasticache:ModifyUser",
        "elasticache:us-east-1:{account}:user:{userId}",
    ),
    "aws:glue/catalogTable:CatalogTable": (
        "glue:UpdateTable",
        "glue:us-east-1:{account}:table/{databaseName}/{name}",
    ),
    "aws:iam/role:Role": ("iam:UpdateAssumeRolePolicy", "iam::{account}:role/{name}"),
    "aws:lb/loadBalancer:LoadBalancer": (
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:us-east-1:{account}:loadbalancer/app/{name}/50dc6c495c0c9188",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:us-east-1:{account}:targetgroup/{name}/73e2d6bc24d8a067",
    ),
    "aws:rds/instance:Instance": (
        "rds:ModifyDBInstance",
        "rds:us-east-1:{account}:db:{identifier}",
    ),
    "aws:rds/parameterGroup:ParameterGroup": (
        "rds:ModifyDBParameterGroup",
        "rds:us-east-1:{account}:pg:{name}",
    ),
    "aws:s3/bucket:Bucket": ("s3:PutBucketPolicy", "s3:::{bucket}"),
    "aws:sns/topic:Topic": ("sns:SetTopicAttributes", "sns:us-east-1:{account}:{name}"),
    "aws:wafv2/webAcl:WebAcl": (
        "wafv2:UpdateWebACL",
        "wafv2:us-east-1:{account}:regional/webacl/{name}/a1b2c3d4",
    ),
}


@pytest.mark.parametrize(("stack", "other"), [("dev", "prod"), ("prod", "dev")])
def test_the_deploy_role_changes_what_bears_the_stacks_names_and_nothing_of_another_stack(
    stack: str, other: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(stack)
    deploy = roles(resources)["github-deploy"]

    def refused(owned: list[Registered]) -> dict[str, bool]:
        asked = [
            ask(deploy, action, "arn:aws:" + arn.format(account=ACCOUNT, **one.inputs))
            for one in owned
            if one.type in _CHANGES_BY_NAME and not one.name.startswith("github-")
            for action, arn in [_CHANGES_BY_NAME[one.type]]
        ]
        found = zip(asked, results(asked), strict=True)
        return {one.resource: answer != "Allowed" for one, answer in found}

    own, foreign = refused(resources), refused(request.getfixturevalue(other))
    assert [arn for arn, is_refused in own.items() if is_refused] == []
    assert [arn for arn, is_refused in foreign.items() if not is_refused] == []
