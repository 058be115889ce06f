"""``ops destroy`` on small stacks of the real engine, with a real API server: what may hang."""

import contextlib
import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_command import run_aws
from click.testing import CliRunner, Result
from destroyable import NAMESPACE, SmallDeployment, protected, with_cluster
from moto_client import client
from stacks import Stack, serving

from ops.cli import main
from sandbox import control_plane, toolchain
from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import Instance
from sandbox.providers.aws import AwsProvider
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.providers.random_values import RandomProvider
from sandbox.supervisor_client import SupervisorClient

BUCKET = "litellm-destroyed-logs-123456789012-us-east-1"
SALT, MASTER = "litellm/destroyed/salt-key", "litellm/destroyed/master-key"


@pytest.fixture(scope="module")
def in_aws() -> Iterator[str]:
    with (
        serving("aws", AwsProvider(None)) as aws_address,
        serving("random", RandomProvider()) as random_address,
    ):
        yield f"{aws_address},{random_address}"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(deployment: SmallDeployment) -> None:
        monkeypatch.setattr("ops.deployments.options.find_deployment", lambda *_: deployment)

    return use


def destroy(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["destroy", "--stack", "test", *arguments])


def report(result: Result, code: int = 0) -> dict[str, Any]:
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_a_protected_stack_is_destroyed_on_purpose_alone_and_comes_back_from_what_stays(
    in_aws: str, tmp_path: Path, use: Any
) -> None:
    stack = Stack(tmp_path / "stack", in_aws)
    stack.up(protected())
    client("s3").put_object(Bucket=BUCKET, Key="logs/one.json", Body=b"{}")
    use(SmallDeployment(stack, protected()))
    before = stack.state().keys()

    refused = destroy("--yes")
    assert refused.exit_code == 3
    assert "`durability: protected`" in refused.stdout
    commands = re.findall(r"^ {4}((?:aws|pulumi) .*)$", refused.stdout, re.MULTILINE)
    told = {one["by"] for one in report(destroy("--yes", "--json"), 3)["protections"]}
    assert told == {"Pulumi", "RDS"}
    assert stack.state().keys() == before

    for command in commands:
        if command.startswith("aws "):
            run_aws(command, lambda service, _: client(service))
        else:
            stack.command(*shlex.split(command)[1:])
    done = report(destroy("--yes", "--json"))
    stays = {(one["kind"], one["name"]): one["until"] for one in done["stays"]}
    snapshot = next(name for kind, name in stays if kind == "database snapshot")
    assert snapshot.startswith("litellm-destroyed-database-1-final-")
    assert stays["bucket", BUCKET] == stays["secret", SALT] == ""
    assert re.fullmatch(r"until \d{4}-\d{2}-\d{2}", stays["secret", MASTER])
    assert [until for (kind, _), until in stays.items() if kind == "key" and until]
    encryption = client("s3").get_bucket_encryption(Bucket=BUCKET)
    assert "aws:kms" in str(encryption["ServerSideEncryptionConfiguration"])
    assert client("s3").get_object(Bucket=BUCKET, Key="logs/one.json")["Body"].read() == b"{}"

    again = protected(salt=SALT, suffix="second")
    entries = client("secretsmanager")
    entries.delete_secret(SecretId=MASTER, ForceDeleteWithoutRecovery=True)
    assert "master-key" in stack.up(again).named("create")
    stack.command("state", "unprotect", "--all", "--yes")
    client("rds").modify_db_instance(
        DBInstanceIdentifier="litellm-destroyed-database-1", DeletionProtection=False
    )
    stack.destroy(again)


def test_nobody_is_asked_where_nobody_can_answer(in_aws: str, tmp_path: Path, use: Any) -> None:
    stack = Stack(tmp_path / "stack", in_aws)
    use(SmallDeployment(stack, lambda: None))
    assert destroy().stdout == "0 resources deleted in 0 s\nnothing stays\n"


@pytest.fixture(scope="module")
def everywhere(cluster: Instance, in_aws: str) -> Iterator[str]:
    with serving("kubernetes", KubernetesProvider(cluster)) as kubernetes_address:
        yield f"{in_aws},{kubernetes_address}"


@pytest.fixture
def small(cluster: Instance, everywhere: str, tmp_path: Path, use: Any) -> SmallDeployment:
    stack = Stack(tmp_path / "stack", everywhere)
    deployment = SmallDeployment(stack, with_cluster(cluster), cluster)
    stack.up(with_cluster(cluster))
    use(deployment)
    return deployment


def leave_an_interface(deployment: SmallDeployment) -> str:
    """Make an interface as nodes leave them behind: in the stack's subnet and group, unattached."""
    state, ec2 = deployment.held.state(), client("ec2")
    made = ec2.create_network_interface(
        SubnetId=state["us-east-1a"]["id"],
        Groups=[state["nodes"]["id"]],
        Description="aws-K8S-i-0123456789abcdef0",
    )
    return made["NetworkInterface"]["NetworkInterfaceId"]


def test_finalizers_and_interfaces_that_were_left_are_taken_out_of_the_way(
    small: SmallDeployment, cluster: Instance
) -> None:
    api = KubeApi(cluster)
    path = f"/api/v1/namespaces/{NAMESPACE}"
    api.patch(path, {"metadata": {"finalizers": ["externalsecrets.external-secrets.io/ces-gone"]}})
    interface = leave_an_interface(small)
    done = report(destroy("--yes", "--json", "--patience", "1"))
    assert any("ces-gone" in one for one in done["cleared"])
    assert any(interface in one for one in done["cleared"])
    assert done["dropped_from_state"] == 0
    with pytest.raises(ApiError):
        api.get(path)
    left = client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    assert interface not in {one["NetworkInterfaceId"] for one in left}


def test_an_interface_of_a_cluster_that_is_there_stays(small: SmallDeployment) -> None:
    interface = leave_an_interface(small)
    dry = destroy("--dry-run")
    assert dry.exit_code == 0
    assert "resources (" in dry.stdout
    found = client("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface])
    assert found["NetworkInterfaces"]
    report(destroy("--yes", "--json"))


def test_what_was_in_a_deleted_cluster_is_dropped_from_the_state(
    small: SmallDeployment, cluster: Instance, tmp_path: Path
) -> None:
    client("eks").delete_cluster(name="to-be-destroyed")
    with _silent(cluster):
        done = report(destroy("--yes", "--json", "--keep", str(tmp_path / "copies")))
    assert done["dropped_from_state"] == 1
    assert Path(done["state_copy"]).exists()
    clean(cluster)


def test_a_cluster_that_only_does_not_answer_is_not_given_up_by_itself(
    small: SmallDeployment, cluster: Instance, tmp_path: Path
) -> None:
    before = small.held.state().keys()
    with _silent(cluster):
        refused = destroy("--yes")
        assert refused.exit_code == 1
        assert "give --without-cluster" in refused.stderr
        assert small.held.state().keys() == before
        keep = ("--keep", str(tmp_path / "copies"))
        done = report(destroy("--yes", "--json", "--without-cluster", *keep))
    assert done["dropped_from_state"] == 1
    clean(cluster)


def clean(cluster: Instance) -> None:
    """Take away what was dropped from the state and is there again with its API server."""
    path = f"/api/v1/namespaces/{NAMESPACE}"
    api = KubeApi(cluster)
    api.delete(path)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            api.get(path)
        except ApiError as error:
            assert error.status == 404
            return
        time.sleep(0.1)
    raise AssertionError(f"{NAMESPACE} does not go")


@contextlib.contextmanager
def _silent(cluster: Instance) -> Iterator[None]:
    """Have the API server away for a while."""
    supervisor = SupervisorClient(cluster)
    supervisor.stop("kube-apiserver")
    try:
        yield
    finally:
        tools = toolchain.ensure(["kube-apiserver"])
        supervisor.start(control_plane.api_server(tools, cluster))
