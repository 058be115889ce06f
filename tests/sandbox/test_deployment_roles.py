"""GitHub's roles, their policies and the boundary, made and unmade in the stand-in for AWS."""

from collections.abc import Iterator

import pulumi
import pulumi_aws as aws
import pytest
from stacks import Outcome, Stack, serving
from test_aws_provider import TRUST, client

from infra.aws_account import AwsAccount
from infra.deployment_policies import deploy_policies, github_trust, preview_policies
from infra.deployment_scope import Scope
from infra.naming import Naming
from infra.permissions_boundary import resource_options
from infra.setting_sections import GitHubSettings, IdentitySettings
from infra.settings import Settings
from sandbox.providers.aws import AwsProvider

ACCOUNT = "123456789012"
NAMING = Naming(stack="roles")
GITHUB = GitHubSettings(
    repository="example/litellm-gateway",
    preview_environment="preview",
    deploy_environment="deploy",
    oidc_provider="create",
    state_bucket="example-pulumi-state",
    state_key_arn=f"arn:aws:kms:us-east-1:{ACCOUNT}:key/state",
)
HOST = "token.actions.githubusercontent.com"


def program() -> None:
    provider = aws.Provider("aws", region="us-east-1")
    account = AwsAccount(
        provider=provider,
        account_id=ACCOUNT,
        caller_arn=f"arn:aws:iam::{ACCOUNT}:role/deployer",
        partition="aws",
        region="us-east-1",
    )
    in_aws = pulumi.ResourceOptions(provider=provider)
    settings = Settings(identity=IdentitySettings(github=GITHUB))
    component = pulumi.ComponentResource(
        "litellm:tests:Roles", "roles", None, resource_options(NAMING, account, settings)
    )
    child = pulumi.ResourceOptions(parent=component)
    aws.iam.Role("bounded", name=NAMING.named("bounded"), assume_role_policy=TRUST, opts=child)
    scope = Scope(
        partition="aws",
        account=ACCOUNT,
        region="us-east-1",
        project="litellm-gateway",
        naming=NAMING,
        github=GITHUB,
    )
    identities = aws.iam.OpenIdConnectProvider(
        "github", url=f"https://{HOST}", client_id_lists=["sts.amazonaws.com"], opts=in_aws
    )
    for purpose, policies in (
        ("preview", preview_policies(scope)),
        ("deploy", deploy_policies(scope)),
    ):
        role = aws.iam.Role(
            purpose,
            name=NAMING.named(f"github-{purpose}"),
            assume_role_policy=identities.arn.apply(
                lambda arn, purpose=purpose: github_trust(arn, GITHUB.repository, purpose)
            ),
            opts=in_aws,
        )
        for part, text in policies.items():
            title = f"{purpose}-{part}"
            policy = aws.iam.Policy(title, name=NAMING.named(title), policy=text, opts=in_aws)
            aws.iam.RolePolicyAttachment(title, role=role.name, policy_arn=policy.arn, opts=in_aws)


def left() -> set[str]:
    iam = client("iam")
    roles = {one["RoleName"] for one in iam.list_roles()["Roles"]}
    policies = {one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]}
    providers = {
        one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    }
    names = {one for one in roles | policies if one.startswith(NAMING.prefix)}
    return names | {arn for arn in providers if HOST in arn}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outcome]]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        stack = Stack(tmp_path_factory.mktemp("roles") / "stack", debug_providers)
        yield {
            "first": stack.up(program),
            "second": stack.up(program),
            "refreshed": stack.refresh(program),
        }
        stack.destroy(program)
    assert left() == set()


def test_a_role_of_the_stack_comes_up_within_the_boundary(story: dict[str, Outcome]) -> None:
    role = client("iam").get_role(RoleName=NAMING.named("bounded"))["Role"]
    arn = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:policy/{NAMING.named('boundary')}"


def test_the_roles_of_github_have_their_policies(story: dict[str, Outcome]) -> None:
    attached = client("iam").list_attached_role_policies(RoleName=NAMING.named("github-deploy"))
    names = {one["PolicyName"] for one in attached["AttachedPolicies"]}
    parts = ("network", "cluster", "stores", "operations", "identity")
    assert names == {NAMING.named(f"deploy-{part}") for part in parts}


def test_a_second_up_and_a_refresh_find_nothing_to_change(story: dict[str, Outcome]) -> None:
    assert story["second"].changed == set()
    assert story["refreshed"].drift == {}
