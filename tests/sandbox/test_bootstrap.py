"""Bootstrap against an AWS: what it makes, that it may run again, what it refuses."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from click.testing import CliRunner, Result
from moto_client import client

from infra.naming import Naming
from ops.bootstrap.target import Target
from ops.cli import main
from sandbox.providers.aws import local_moto

HERE, ELSEWHERE = "us-west-2", "us-east-2"
WHOLE = ("--stack", "prod", "--region", HERE, "--replica-region", ELSEWHERE)
_accounts = itertools.count(300000000000)


@dataclass(frozen=True)
class Account:
    """An account of its own: what is in it, nobody else made."""

    number: str
    credentials: dict[str, str]

    @property
    def target(self) -> Target:
        return Target(
            stack="prod",
            partition="aws",
            account=self.number,
            region=HERE,
            replica_region=ELSEWHERE,
        )

    @property
    def bucket(self) -> str:
        return self.target.bucket(HERE)

    @property
    def copy(self) -> str:
        return self.target.bucket(ELSEWHERE)

    @property
    def provider(self) -> str:
        return f"arn:aws:iam::{self.number}:oidc-provider/token.actions.githubusercontent.com"

    def client(self, service: str, region: str = HERE) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=local_moto.endpoint(),
            config=Config(s3={"addressing_style": "path"}),
            **self.credentials,
        )

    def key(self, region: str = HERE) -> dict[str, Any]:
        return self.client("kms", region).describe_key(KeyId=self.target.alias)["KeyMetadata"]


def new_account() -> Account:
    number = str(next(_accounts))
    found = client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{number}:role/administrator", RoleSessionName="test"
    )["Credentials"]
    return Account(
        number,
        {
            "aws_access_key_id": found["AccessKeyId"],
            "aws_secret_access_key": found["SecretAccessKey"],
            "aws_session_token": found["SessionToken"],
        },
    )


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    """An empty account, whose credentials the command finds as it would on a machine."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_moto.endpoint())
    # A new account is there at once without the thousand policies that AWS manages.
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
    made = new_account()
    for name, value in made.credentials.items():
        monkeypatch.setenv(name.upper(), value)
    return made


def bootstrap(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bootstrap", *arguments])


def made(*arguments: str) -> dict[str, Any]:
    """Run the command to its end and return what it printed."""
    result = bootstrap(*arguments, "--yes", "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("region", [HERE, ELSEWHERE])
def test_the_state_s_buckets_are_private_versioned_encrypted_and_take_tls_only(
    region: str, account: Account
) -> None:
    made(*WHOLE)
    bucket, s3 = account.target.bucket(region), account.client("s3", region)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert len(blocked) == 4
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": account.key(region)["Arn"],
    }
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    overwritten, _ = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert overwritten["NoncurrentVersionExpiration"] == {"NoncurrentDays": 180}
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]


def test_the_key_rotates_and_its_copy_elsewhere_is_the_same_key(account: Account) -> None:
    made(*WHOLE)
    assert account.client("kms", HERE).get_key_rotation_status(KeyId=account.key()["KeyId"])[
        "KeyRotationEnabled"
    ]
    assert account.key()["KeyId"] == account.key(ELSEWHERE)["KeyId"]


def test_what_is_written_is_copied_under_the_other_region_s_key_and_deletions_are_not(
    account: Account,
) -> None:
    made(*WHOLE)
    found = account.client("s3", HERE).get_bucket_replication(Bucket=account.bucket)[
        "ReplicationConfiguration"
    ]
    (rule,) = found["Rules"]
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{account.copy}"
    assert rule["Destination"]["EncryptionConfiguration"] == {
        "ReplicaKmsKeyID": account.key(ELSEWHERE)["Arn"]
    }
    assert rule["DeleteMarkerReplication"] == {"Status": "Disabled"}
    policy = account.client("iam", HERE).get_role_policy(
        RoleName=account.target.role, PolicyName="replication"
    )
    assert f"arn:aws:s3:::{account.copy}/*" in json.dumps(policy["PolicyDocument"])


def test_without_a_second_region_nothing_is_copied(account: Account) -> None:
    result = made("--stack", "prod", "--region", HERE)
    assert [part["part"].split()[0] for part in result["parts"]] == ["key", "bucket", "the"]


def test_github_becomes_an_issuer_of_the_account_for_aws_s_audience(account: Account) -> None:
    made(*WHOLE)
    found = account.client("iam").get_open_id_connect_provider(
        OpenIDConnectProviderArn=account.provider
    )
    assert found["ClientIDList"] == ["sts.amazonaws.com"]


def test_an_issuer_that_is_there_is_adopted(account: Account) -> None:
    account.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["another"]
    )
    made(*WHOLE)
    found = account.client("iam").get_open_id_connect_provider(
        OpenIDConnectProviderArn=account.provider
    )
    assert sorted(found["ClientIDList"]) == ["another", "sts.amazonaws.com"]


def test_a_second_run_changes_nothing(account: Account) -> None:
    first = made(*WHOLE)
    second = made(*WHOLE)
    assert first["changes"] > 0
    assert second["changes"] == 0
    assert second["configuration"] == first["configuration"]
    assert len(account.client("kms", HERE).list_keys()["Keys"]) == 1


def test_a_second_run_mends_what_somebody_changed(account: Account) -> None:
    made(*WHOLE)
    s3 = account.client("s3", HERE)
    s3.put_bucket_versioning(Bucket=account.bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_policy(Bucket=account.bucket)
    assert made(*WHOLE)["changes"] == 2
    assert s3.get_bucket_versioning(Bucket=account.bucket)["Status"] == "Enabled"
    assert "TlsOnly" in s3.get_bucket_policy(Bucket=account.bucket)["Policy"]


def test_a_run_that_was_killed_before_the_alias_is_gone_on_with(account: Account) -> None:
    made(*WHOLE)
    account.client("kms", HERE).delete_alias(AliasName=account.target.alias)
    made(*WHOLE)
    assert len(account.client("kms", HERE).list_keys()["Keys"]) == 1
    assert account.key()["Enabled"]


def test_a_dry_run_tells_all_and_makes_nothing(account: Account) -> None:
    result = bootstrap(*WHOLE, "--dry-run")
    assert result.exit_code == 0
    assert f"bucket {account.bucket}:\n    create it" in result.stdout
    assert account.client("s3", HERE).list_buckets()["Buckets"] == []
    assert account.client("kms", HERE).list_keys()["Keys"] == []


def test_what_is_printed_are_the_lines_of_the_stack_s_file_and_two_commands(
    account: Account,
) -> None:
    result = bootstrap(*WHOLE, "--yes")
    assert f"stateKeyArn: {account.key()['Arn']}" in result.stdout
    assert f"oidcProvider: {account.provider}" in result.stdout
    assert f"pulumi login 's3://{account.bucket}?region={HERE}'" in result.stdout
    assert (
        "pulumi stack init prod --secrets-provider "
        f"'awskms://alias/pulumi-state-prod?region={HERE}'" in result.stdout
    )


def test_the_printed_lines_are_valid_settings(account: Account) -> None:
    from infra.setting_sections import GitHubSettings

    lines = made(*WHOLE)["configuration"]["litellm-gateway:identity"]["github"]
    assert GitHubSettings.model_validate(lines).state_bucket == account.bucket


def test_a_bucket_of_somebody_else_is_an_error_that_names_it(account: Account) -> None:
    new_account().client("s3").create_bucket(
        Bucket=account.bucket, CreateBucketConfiguration={"LocationConstraint": HERE}
    )
    result = bootstrap(*WHOLE, "--yes")
    assert result.exit_code == 1
    assert f"bucket {account.bucket} belongs to another account" in result.stderr


def test_a_key_that_is_about_to_be_deleted_is_an_error_that_says_how_to_keep_it(
    account: Account,
) -> None:
    made(*WHOLE)
    account.client("kms", HERE).schedule_key_deletion(KeyId=account.key()["KeyId"])
    result = bootstrap(*WHOLE, "--yes")
    assert result.exit_code == 1
    assert "aws kms cancel-key-deletion --key-id" in result.stderr


def test_a_key_of_one_region_under_the_alias_is_an_error(account: Account) -> None:
    kms = account.client("kms", HERE)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=account.target.alias, TargetKeyId=key)
    result = bootstrap(*WHOLE, "--yes")
    assert result.exit_code == 1
    assert "is a key of one region, made by someone else" in result.stderr


def test_neither_name_nor_tag_lets_a_deployment_change_its_own_state_s_home(
    account: Account,
) -> None:
    made(*WHOLE)
    naming = Naming(stack="prod")
    for name in (account.bucket, account.copy, account.target.role):
        assert not name.startswith(f"{naming.prefix}-")
    tags = account.client("kms").list_resource_tags(KeyId=account.key()["KeyId"])["Tags"]
    assert naming.tags.keys() & {tag["TagKey"] for tag in tags} == {"litellm:managed-by"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--region", "us-east-1"), "would be lost with us-east-1"),
        (("--region", HERE, "--replica-region", HERE), "would both be in us-west-2"),
    ],
)
def test_a_place_that_would_not_outlive_the_stack_is_refused(
    arguments: tuple[str, ...], message: str
) -> None:
    result = bootstrap("--stack", "prod", *arguments, "--yes")
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_disposable_stack_s_state_may_be_in_its_own_region() -> None:
    assert made("--stack", "dev", "--region", "us-east-1")["changes"] > 0


def test_where_nobody_can_be_asked_it_wants_to_be_told_yes(account: Account) -> None:
    result = bootstrap(*WHOLE)
    assert result.exit_code == 2
    assert "then give --yes" in result.stderr
    assert account.client("s3", HERE).list_buckets()["Buckets"] == []


def test_an_unknown_stack_is_called_wrongly(account: Account) -> None:
    result = bootstrap("--stack", "prd", "--region", HERE)
    assert result.exit_code == 2
    assert "prod" in result.stderr
