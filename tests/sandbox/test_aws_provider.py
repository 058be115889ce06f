"""The life of AWS resources through the real engine, the provider stand-in and moto."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto_client import client
from stacks import Outcome, Stack, serving

from sandbox.providers.aws import AwsProvider

SECRET_TEXT = "open-sesame-4711"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    },
    indent=4,
)


@dataclass(frozen=True)
class Settings:
    """What the tests change in their program."""

    retention: int = 30
    log_class: str = "STANDARD"
    group_description: str = "application"
    secret: str = SECRET_TEXT
    epochs: tuple[int, ...] = (1,)
    tags: dict[str, str] = field(default_factory=lambda: {"team": "platform"})


def program(settings: Settings = Settings()) -> Callable[[], None]:
    def resources() -> None:
        provider = aws.Provider("aws", region="us-east-1", default_tags={"tags": {"stack": "life"}})
        options = pulumi.ResourceOptions(provider=provider)
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16", opts=options)
        group = aws.ec2.SecurityGroup(
            "group", description=settings.group_description, vpc_id=vpc.id, opts=options
        )
        aws.vpc.SecurityGroupIngressRule(
            "rule",
            security_group_id=group.id,
            cidr_ipv4="10.0.0.0/8",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=options,
        )
        aws.ec2.SecurityGroup(
            "inline",
            vpc_id=vpc.id,
            ingress=[
                {
                    "protocol": "tcp",
                    "from_port": 80,
                    "to_port": 80,
                    "cidr_blocks": ["10.0.0.0/8"],
                }
            ],
            opts=options,
        )
        bucket = aws.s3.Bucket(
            "bucket", bucket="life-of-a-bucket", tags=settings.tags, opts=options
        )
        aws.s3.BucketLifecycleConfiguration(
            "lifecycle",
            bucket=bucket.id,
            rules=[
                {
                    "id": "age",
                    "status": "Enabled",
                    "filter": {"and_": {"prefix": "logs/", "object_size_greater_than": 1}},
                    "expiration": {"days": 365},
                }
            ],
            opts=options,
        )
        aws.cloudwatch.LogGroup(
            "logs",
            name="/life/logs",
            retention_in_days=settings.retention,
            log_group_class=settings.log_class,
            opts=options,
        )
        role = aws.iam.Role("role", assume_role_policy=TRUST, opts=options)
        aws.iam.RolePolicy("policy", role=role.name, policy=POLICY, opts=options)
        aws.sns.Topic("topic", opts=options)
        secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=7, opts=options)
        aws.secretsmanager.SecretVersion(
            "version",
            secret_id=secret.id,
            secret_string=pulumi.Output.secret(settings.secret),
            version_stages=["epoch-1", "AWSCURRENT"],
            opts=options,
        )
        rotated = aws.secretsmanager.Secret("rotated", recovery_window_in_days=7, opts=options)
        for epoch in settings.epochs:
            aws.secretsmanager.SecretVersion(
                f"epoch-{epoch}",
                secret_id=rotated.id,
                secret_string=pulumi.Output.secret(f"value-{epoch}"),
                version_stages=[f"epoch-{epoch}"],
                opts=pulumi.ResourceOptions(provider=provider, ignore_changes=["versionStages"]),
            )

    return resources


@dataclass
class Story:
    """What the engine did with one program, one operation after another."""

    first: Outcome
    second: Outcome
    refreshed: Outcome
    state: dict[str, Any]
    state_text: str
    bucket_tags: dict[str, str]
    drifted: Outcome
    repaired: Outcome
    repaired_refresh: Outcome
    changed: Outcome
    stages: set[tuple[str, ...]]
    changed_refresh: Outcome
    left: list[str]


@pytest.fixture(scope="module")
def stack_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stack]]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        yield lambda name: Stack(tmp_path_factory.mktemp(name) / "stack", debug_providers)


@pytest.fixture(scope="module")
def story(stack_of: Callable[[str], Stack]) -> Story:
    stack, settings = stack_of("life"), Settings()
    before = _in_moto()  # what other tests keep there
    first = stack.up(program())
    second = stack.up(program())
    refreshed = stack.refresh(program())
    state, text = stack.state(), stack.state_text()
    tags = client("s3").get_bucket_tagging(Bucket="life-of-a-bucket")["TagSet"]
    _change_things_behind_its_back(state)
    drifted = stack.refresh(program())
    repaired = stack.up(program())
    repaired_refresh = stack.refresh(program())
    other = replace(
        settings,
        retention=90,
        group_description="another",
        secret="another-value",
        log_class="INFREQUENT_ACCESS",
        epochs=(1, 2),
        tags={"team": "platform", "cost": "1"},
    )
    changed = stack.up(program(other))
    versions = client("secretsmanager").list_secret_version_ids(SecretId=state["rotated"]["id"])
    stages = {tuple(sorted(version["VersionStages"])) for version in versions["Versions"]}
    changed_refresh = stack.refresh(program(other))
    stack.destroy(program(other))
    return Story(
        first,
        second,
        refreshed,
        state,
        text,
        {tag["Key"]: tag["Value"] for tag in tags},
        drifted,
        repaired,
        repaired_refresh,
        changed,
        stages,
        changed_refresh,
        [name for name in _in_moto() if name not in before],
    )


def _change_things_behind_its_back(state: dict[str, Any]) -> None:
    ec2, s3 = client("ec2"), client("s3")
    rule, inline = state["rule"], state["inline"]["id"]
    ec2.revoke_security_group_ingress(
        GroupId=rule["inputs"]["securityGroupId"], SecurityGroupRuleIds=[rule["id"]]
    )
    ec2.authorize_security_group_ingress(
        GroupId=inline, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="0.0.0.0/0"
    )
    s3.delete_bucket_lifecycle(Bucket="life-of-a-bucket")
    s3.put_bucket_tagging(
        Bucket="life-of-a-bucket",
        Tagging={"TagSet": [{"Key": "team", "Value": "somebody"}, {"Key": "x", "Value": "y"}]},
    )
    client("logs").put_retention_policy(logGroupName="/life/logs", retentionInDays=1)
    client("sns").delete_topic(TopicArn=state["topic"]["id"])


def _in_moto() -> list[str]:
    ec2 = client("ec2")
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    buckets = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    groups = [group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]]
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    topics = [topic["TopicArn"] for topic in client("sns").list_topics()["Topics"]]
    kept = client("secretsmanager").list_secrets()["SecretList"]
    return [*vpcs, *buckets, *groups, *roles, *topics, *(one["Name"] for one in kept)]


def test_the_first_up_creates_every_resource(story: Story) -> None:
    assert {"vpc", "rule", "lifecycle", "version"} <= story.first.named("create")


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_right_after_creation_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_default_tags_of_the_provider_reach_the_resource(story: Story) -> None:
    assert story.bucket_tags == {"stack": "life", "team": "platform"}


def test_a_resource_without_a_name_gets_its_logical_name_and_seven_hex_digits(
    story: Story,
) -> None:
    name = story.state["role"]["outputs"]["name"]
    stem, _, digits = name.rpartition("-")
    assert stem == "role"
    assert len(digits) == 7
    assert int(digits, 16) >= 0


def test_a_secret_value_does_not_stand_in_clear_in_the_state(story: Story) -> None:
    assert "secretString" in story.state_text
    assert SECRET_TEXT not in story.state_text


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("rule", "deleted"),
        ("lifecycle", "deleted"),
        ("topic", "deleted"),
        ("logs", "retentionInDays"),
        ("bucket", "tags.team"),
        ("bucket", "tags.x"),
    ],
)
def test_a_refresh_finds_what_was_changed_behind_its_back(
    story: Story, resource: str, path: str
) -> None:
    assert path in story.drifted.drift[resource]


def test_a_refresh_finds_a_rule_that_was_added_to_an_inline_list(story: Story) -> None:
    assert any(path.startswith("ingress") for path in story.drifted.drift["inline"])


def test_a_refresh_leaves_what_was_not_changed_alone(story: Story) -> None:
    assert set(story.drifted.drift) == {"rule", "lifecycle", "topic", "logs", "bucket", "inline"}


def test_the_next_up_repairs_the_drift_and_nothing_else(story: Story) -> None:
    assert story.repaired.named("create") == {"rule", "lifecycle", "topic"}
    assert story.repaired.named("update") == {"logs", "bucket", "inline"}


def test_what_was_repaired_shows_no_more_drift(story: Story) -> None:
    assert story.repaired_refresh.drift == {}


def test_tags_change_in_place(story: Story) -> None:
    assert "bucket" in story.changed.named("update")
    assert story.changed.differences["bucket"] == {"tags.cost"}


def test_what_no_operation_can_change_replaces_the_resource(story: Story) -> None:
    assert {"group", "version", "logs"} <= story.changed.named("replace")


def test_a_resource_whose_own_name_is_given_is_deleted_before_it_is_made_again(
    story: Story,
) -> None:
    steps = [operation for operation, name in story.changed.steps if name == "logs"]
    assert steps.index("delete-replaced") < steps.index("create-replacement")


def test_a_resource_with_an_automatic_name_is_made_again_before_it_is_deleted(
    story: Story,
) -> None:
    steps = [operation for operation, name in story.changed.steps if name == "group"]
    assert steps.index("create-replacement") < steps.index("delete-replaced")


def test_every_version_of_a_secret_keeps_its_own_stage_and_the_first_one_is_current(
    story: Story,
) -> None:
    assert story.stages == {("AWSCURRENT", "epoch-1"), ("epoch-2",)}


def test_a_refresh_after_a_rotation_finds_no_drift(story: Story) -> None:
    assert story.changed_refresh.drift == {}


def test_destroy_leaves_nothing_in_moto(story: Story) -> None:
    assert story.left == []


def test_a_preview_knows_the_inputs_and_leaves_the_rest_unknown(
    stack_of: Callable[[str], Stack],
) -> None:
    found: dict[str, bool] = {}

    def resources() -> None:
        topic = aws.sns.Topic("preview", name="known")
        topic.name.apply(lambda value: found.update(name=value == "known"))
        # Runs only with a value that is known.
        topic.arn.apply(lambda _: found.update(arn=True))

    assert stack_of("preview").preview(resources).named("create") >= {"preview"}
    assert found == {"name": True}


def test_resources_go_to_the_region_that_they_name(stack_of: Callable[[str], Stack]) -> None:
    def resources() -> None:
        aws.sns.Topic("here", name="in-its-own-region")
        aws.sns.Topic("there", name="in-its-own-region", region="eu-west-1")

    stack = stack_of("regions")
    with _configured_region("us-east-1"):
        stack.up(resources)
    arns = {stack.state()[name]["outputs"]["arn"].split(":")[3] for name in ("here", "there")}
    stack.destroy(resources)
    assert arns == {"us-east-1", "eu-west-1"}


def test_what_exists_already_can_be_imported(stack_of: Callable[[str], Stack]) -> None:
    client("logs").create_log_group(logGroupName="/imported")
    client("iam").create_role(RoleName="imported", AssumeRolePolicyDocument=TRUST)
    reading = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    client("iam").attach_role_policy(RoleName="imported", PolicyArn=reading)

    def adopt(identifier: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(import_=identifier)

    def resources() -> None:
        aws.cloudwatch.LogGroup("group", name="/imported", opts=adopt("/imported"))
        role = aws.iam.Role(
            "taken", name="imported", assume_role_policy=TRUST, opts=adopt("imported")
        )
        aws.iam.RolePolicyAttachment(
            "reads", role=role.name, policy_arn=reading, opts=adopt(f"imported/{reading}")
        )

    stack = stack_of("import")
    with _configured_region("us-east-1"):
        imported = stack.up(resources)
        again = stack.up(resources)
        stack.destroy(resources)
    assert imported.named("import") == {"group", "taken", "reads"}
    assert again.changed == set()


@contextmanager
def _configured_region(region: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_REGION", region)
        yield
