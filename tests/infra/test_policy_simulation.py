"""What the roles of pods may do, and what they are refused, as AWS would judge it."""

from dataclasses import replace
from typing import Any

import pytest
from iam_evaluator import Request, results
from policy_documents import Document, Role, documents, roles
from recorded_program import ACCOUNT, CHOSEN, MASTER_SECRET, Registered

STACKS = ("dev", "prod", "with_teams", "across_accounts")
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = f"arn:aws:bedrock:us-east-1:{ACCOUNT}:inference-profile/us.{HAIKU}"
THROUGH_PROFILE = {"bedrock:InferenceProfileArn": PROFILE}
SECURE = {"aws:SecureTransport": "true"}
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key"
FOREIGN_SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:payroll/prod-AbCdEf"

# Workloads that read the objects of the log bucket, each with the reason. The proxy writes them and
# needs none back: LiteLLM's UI reads spend from the database. docs/decisions/identity.md
READERS_OF_LOGS = {
    "request-copy": "turns log objects into the table that Athena reads",
}

# Refused to whatever runs in the cluster.
NOBODYS = [
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/mallory"),
    ("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/litellm-dev-gateway"),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/litellm-dev-gateway"),
    ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/litellm-dev-gateway"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/litellm-dev-node"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/litellm-deployer"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/litellm-dev-github-deploy"),
    ("sts:AssumeRole", "arn:aws:iam::999999999999:role/anything"),
    ("s3:GetObject", "arn:aws:s3:::somebody-elses/file"),
    ("s3:PutObject", "arn:aws:s3:::somebody-elses/file"),
    ("s3:ListBucket", "arn:aws:s3:::somebody-elses"),
    ("s3:GetObject", "arn:aws:s3:::example-pulumi-state/.pulumi/stacks/litellm-gateway/dev.json"),
    ("secretsmanager:GetSecretValue", FOREIGN_SECRET),
    ("secretsmanager:PutSecretValue", MASTER_SECRET),
    ("kms:Decrypt", f"{KEY}/somebody-elses"),
    ("kms:Decrypt", f"{KEY}/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("kms:PutKeyPolicy", f"{KEY}/logs"),
    ("kms:ScheduleKeyDeletion", f"{KEY}/logs"),
    ("bedrock:InvokeModel", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"),
    ("bedrock:CreateInferenceProfile", PROFILE),
    ("bedrock:PutModelInvocationLoggingConfiguration", "*"),
    ("bedrock:GetInferenceProfile", PROFILE),
    ("rds:DeleteDBInstance", f"arn:aws:rds:us-east-1:{ACCOUNT}:db:litellm-dev-database-1"),
    ("rds-db:connect", f"arn:aws:rds-db:us-east-1:{ACCOUNT}:dbuser:db-1/litellm_admin"),
    ("eks:DescribeCluster", f"arn:aws:eks:us-east-1:{ACCOUNT}:cluster/litellm-dev"),
    ("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"),
    ("cloudtrail:StopLogging", f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit"),
    ("logs:DeleteLogGroup", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/eks/x"),
]


def ask(role: Role, action: str, resource: str, **context: Any) -> Request:
    """Ask what the role's own policies allow, where the other side leaves it to them."""
    return Request(
        action=action,
        resource=resource,
        context=context,
        principal=role.arn,
        account=resource.split(":")[4] or ACCOUNT if resource != "*" else ACCOUNT,
        identity=role.identity,
        boundary=role.boundary,
        resource_policy=_willing(action),
    )


def _willing(action: str) -> Document | None:
    """What hands the decision to the asker's account: keys and roles refuse without a word."""
    service = action.split(":")[0]
    if service not in ("kms", "sts"):
        return None
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": f"{service}:*",
    }
    if service == "kms":
        statement["Resource"] = "*"
    return {"Version": "2012-10-17", "Statement": [statement]}


def workloads(resources: list[Registered]) -> list[Role]:
    return [role for role in roles(resources).values() if role.is_a_workloads]


def log_objects(resources: list[Registered]) -> str:
    (bucket,) = [r for r in resources if (r.type, r.name) == ("aws:s3/bucket:Bucket", "logs")]
    return f"arn:aws:s3:::{bucket.inputs['bucket']}"


def policy_of(resources: list[Registered], type_: str, name: str) -> Document:
    (found,) = [
        one.content for one in documents(resources) if (one.type, one.name) == (type_, name)
    ]
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_no_workload_may_do_what_is_nobodys(stack: str, request: pytest.FixtureRequest) -> None:
    judged = workloads(request.getfixturevalue(stack))
    assert {"gateway", "external-secrets"} <= {role.name for role in judged}
    asked = [(role, *what) for role in judged for what in NOBODYS]
    answers = results([ask(*each) for each in asked])
    allowed = [
        f"{role.name}: {action} {resource}"
        for (role, action, resource), answer in zip(asked, answers, strict=True)
        if answer == "Allowed"
    ]
    assert allowed == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_gateway_may_do_what_it_does(stack: str, request: pytest.FixtureRequest) -> None:
    resources = request.getfixturevalue(stack)
    gateway, objects = roles(resources)["gateway"], log_objects(resources)
    answers = results(
        [
            ask(gateway, "bedrock:InvokeModel", PROFILE),
            ask(gateway, "bedrock:InvokeModelWithResponseStream", PROFILE),
            *(
                ask(gateway, action, model, **THROUGH_PROFILE)
                for action in ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")
                for region in ("us-east-1", "us-east-2", "us-west-2")
                for model in [f"arn:aws:bedrock:{region}::foundation-model/{HAIKU}"]
            ),
            ask(
                gateway,
                "bedrock:CountTokens",
                f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}",
            ),
            ask(gateway, "s3:PutObject", f"{objects}/logs/search/2026-01-01/a.json", **SECURE),
            ask(gateway, "kms:GenerateDataKey", f"{KEY}/logs"),
        ]
    )
    assert set(answers) == {"Allowed"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_gateway_is_refused_the_rest(stack: str, request: pytest.FixtureRequest) -> None:
    resources = request.getfixturevalue(stack)
    gateway, objects = roles(resources)["gateway"], log_objects(resources)
    model = f"foundation-model/{HAIKU}"
    asked = [
        # The model itself, past the profile; the profile's model outside its geography.
        ask(gateway, "bedrock:InvokeModel", f"arn:aws:bedrock:us-east-1::{model}"),
        ask(
            gateway, "bedrock:InvokeModel", f"arn:aws:bedrock:eu-west-1::{model}", **THROUGH_PROFILE
        ),
        ask(gateway, "bedrock:InvokeModel", PROFILE.replace("/us.", "/eu.")),
        ask(gateway, "bedrock:InvokeModel", PROFILE.replace(ACCOUNT, "999999999999")),
        ask(gateway, "s3:GetObject", f"{objects}/logs/search/2026-01-01/a.json"),
        ask(gateway, "s3:ListBucket", objects),
        ask(gateway, "s3:DeleteObject", f"{objects}/logs/search/2026-01-01/a.json"),
        ask(gateway, "s3:PutObject", f"{objects}/archive/2026-01-01.parquet"),
        ask(gateway, "s3:PutObjectAcl", f"{objects}/logs/a.json"),
        ask(gateway, "s3:PutBucketPolicy", objects),
        ask(gateway, "kms:Decrypt", f"{KEY}/logs"),
        *(
            ask(gateway, "kms:GenerateDataKey", f"{KEY}/{other}")
            for other in ("secrets", "database")
        ),
        ask(gateway, "secretsmanager:GetSecretValue", MASTER_SECRET),
    ]
    assert "Allowed" not in results(asked)


@pytest.mark.parametrize("stack", STACKS)
def test_only_named_workloads_read_log_objects(stack: str, request: pytest.FixtureRequest) -> None:
    resources = request.getfixturevalue(stack)
    judged, objects = workloads(resources), log_objects(resources)
    answers = results(
        [ask(role, "s3:GetObject", f"{objects}/logs/a/2026-01-01/b.json") for role in judged]
    )
    readers = {
        role.name for role, answer in zip(judged, answers, strict=True) if answer == "Allowed"
    }
    assert readers == set(READERS_OF_LOGS)
    # People's right to query is a policy of its own, which no role of the stack has.
    attached = {arn for role in roles(resources).values() for arn in role.attached}
    assert [arn for arn in attached if arn.endswith("-log-reader")] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_external_secrets_reads_the_stacks_secrets_and_no_others(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources = request.getfixturevalue(stack)
    reader = roles(resources)["external-secrets"]
    kind = "aws:secretsmanager/secret:Secret"
    entries = [one.inputs for one in resources if one.type == kind]
    names = [one.get("name") or one["namePrefix"] + CHOSEN for one in entries]
    secrets = [f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:{n}-AbCdEf" for n in names]
    read = "secretsmanager:GetSecretValue"
    allowed = [ask(reader, read, secret) for secret in (*secrets, MASTER_SECRET)]
    allowed += [ask(reader, "kms:Decrypt", f"{KEY}/{name}") for name in ("secrets", "database")]
    refused = [ask(reader, read, secret.replace(":litellm/", ":other/")) for secret in secrets]
    refused += [ask(reader, "secretsmanager:DeleteSecret", secret) for secret in secrets]
    refused += [ask(reader, "kms:Decrypt", f"{KEY}/{name}") for name in ("logs", "cluster")]
    refused += [ask(reader, "kms:Encrypt", f"{KEY}/secrets")]
    assert len(secrets) >= 5
    assert set(results(allowed)) == {"Allowed"}
    assert "Allowed" not in results(refused)


def test_plain_http_is_refused_whatever_the_role_may(dev: list[Registered]) -> None:
    gateway = roles(dev)["gateway"]
    put = Request(
        action="s3:PutObject",
        resource=f"{log_objects(dev)}/logs/a.json",
        context={"aws:SecureTransport": "false"},
        principal=gateway.arn,
        identity=gateway.identity,
        resource_policy=policy_of(dev, "aws:s3/bucketPolicy:BucketPolicy", "logs"),
    )
    assert results([put]) == ["ExplicitlyDenied"]


def test_a_key_gives_nothing_to_a_role_without_rights_of_its_own(dev: list[Registered]) -> None:
    key_policy = policy_of(dev, "aws:kms/key:Key", "logs")
    gateway, reader = roles(dev)["gateway"], roles(dev)["external-secrets"]

    def generate(role: Role) -> Request:
        return Request(
            action="kms:GenerateDataKey",
            resource=f"{KEY}/logs",
            principal=role.arn,
            identity=role.identity,
            resource_policy=key_policy,
        )

    assert results([generate(gateway), generate(reader)]) == ["Allowed", "ImplicitlyDenied"]


def test_teams_call_bedrock_through_a_role_that_does_nothing_else(
    with_teams: list[Registered],
) -> None:
    found = roles(with_teams)
    gateway, bedrock = found["gateway"], found["bedrock"]
    tags = {"aws:TagKeys": ["team", "costCentre"]}
    allowed = [
        ask(gateway, "sts:AssumeRole", bedrock.arn),
        ask(gateway, "sts:TagSession", bedrock.arn, **tags),
        ask(bedrock, "bedrock:InvokeModelWithResponseStream", PROFILE),
    ]
    refused = [
        ask(gateway, "sts:TagSession", bedrock.arn, **{"aws:TagKeys": ["team", "admin"]}),
        ask(bedrock, "s3:PutObject", f"{log_objects(with_teams)}/logs/a.json"),
        ask(bedrock, "kms:GenerateDataKey", f"{KEY}/logs"),
    ]
    assert set(results(allowed)) == {"Allowed"}
    assert "Allowed" not in results(refused)


@pytest.mark.parametrize(
    ("action", "principal", "context", "answer"),
    [
        ("sts:AssumeRole", "gateway", {}, "Allowed"),
        ("sts:TagSession", "gateway", {"aws:TagKeys": ["team"]}, "Allowed"),
        ("sts:TagSession", "gateway", {"aws:TagKeys": ["admin"]}, "ImplicitlyDenied"),
        ("sts:AssumeRole", "external-secrets", {}, "ImplicitlyDenied"),
    ],
)
def test_the_role_of_the_teams_is_for_the_gateway_and_their_tags(
    action: str,
    principal: str,
    context: dict[str, Any],
    answer: str,
    with_teams: list[Registered],
) -> None:
    found = roles(with_teams)
    taken = Request(
        action=action,
        resource=found["bedrock"].arn,
        context=context,
        principal=found[principal].arn,
        identity=found["gateway"].identity,
        resource_policy=found["bedrock"].trust,
    )
    assert results([taken]) == [answer]


def test_a_role_of_another_account_is_taken_with_its_external_id_and_is_the_only_way(
    across_accounts: list[Registered],
) -> None:
    found = roles(across_accounts)
    gateway = found["gateway"]
    theirs = "arn:aws:iam::444455556666:role/models"
    assert "bedrock" not in found
    principal = {"AWS": gateway.arn}
    # The trust that docs/decisions/identity.md asks of the other account.
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": principal,
                "Condition": {"StringEquals": {"sts:ExternalId": "litellm-dev"}},
            },
            {"Effect": "Allow", "Action": "sts:TagSession", "Principal": principal},
        ],
    }
    allowed = [
        ask(gateway, "sts:AssumeRole", theirs, **{"sts:ExternalId": "litellm-dev"}),
        ask(gateway, "sts:TagSession", theirs, **{"aws:TagKeys": ["team"]}),
    ]
    trusted = [replace(one, resource_policy=trust) for one in allowed]
    assert results(trusted) == ["Allowed", "Allowed"]
    refused = [
        ask(gateway, "sts:AssumeRole", theirs),
        ask(gateway, "sts:AssumeRole", theirs, **{"sts:ExternalId": "another"}),
        ask(gateway, "sts:AssumeRole", f"{theirs}-2", **{"sts:ExternalId": "litellm-dev"}),
        ask(gateway, "bedrock:InvokeModel", PROFILE),
    ]
    assert "Allowed" not in results([replace(one, resource_policy=trust) for one in refused])
