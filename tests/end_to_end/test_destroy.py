"""``ops destroy`` leaves nothing but what it says, whatever is in its way and however it ends."""

import json
import os
import re
import signal
import subprocess
from typing import Any

import pytest
from runbook_shell import RunbookShell
from runbooks import Ran, steps
from running_sandbox import RunningSandbox, eventually

from ops.deployments.sandboxed import SandboxDeployment
from ops.state.stack_state import resources
from sandbox.kube_api import ApiError
from sandbox.paths import PROJECT_ROOT

MODULE = "tests/end_to_end/test_destroy.py"
SYNC = "/apis/apps/v1/namespaces/external-secrets/deployments/external-secrets"


@pytest.fixture(scope="module")
def interface(sandbox: RunningSandbox) -> str:
    """An interface as a node leaves it behind, in a subnet and a security group of the stack."""
    ec2 = sandbox.aws("ec2")
    names = [{"Name": "tag:Name", "Values": ["litellm-sandbox-*"]}]
    subnet = ec2.describe_subnets(Filters=names)["Subnets"][0]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}])
    made = ec2.create_network_interface(
        SubnetId=subnet["SubnetId"],
        Groups=[
            next(g["GroupId"] for g in groups["SecurityGroups"] if g["GroupName"] != "default")
        ],
        Description="aws-K8S-i-0123456789abcdef0",
    )
    return made["NetworkInterface"]["NetworkInterfaceId"]


@pytest.fixture(scope="module")
def looked_at(shell: RunbookShell, interface: str) -> list[str]:
    """What the runbook's looks tell, before anything is gone."""
    told = shell.run(steps("destroy", "Destroy a stack"))
    return [*told, *shell.run(steps("destroy", "It hangs"))]


@pytest.fixture(scope="module")
def destroyed(sandbox: RunningSandbox, looked_at: list[str]) -> dict[str, Any]:
    """Destroy without External Secrets' controller, killed once on the way."""
    sandbox.kubernetes.patch(SYNC, {"spec": {"replicas": 0}})
    pods = "/api/v1/namespaces/external-secrets/pods"
    eventually(lambda: not sandbox.kubernetes.list(pods), wanted="end of the controller")
    state = SandboxDeployment(sandbox.instance).state()
    count = len(resources(state.export()))
    first = subprocess.Popen(
        sandbox.ops_line("destroy", "--yes", "--patience", "2"),
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    eventually(lambda: len(resources(state.export())) < count, wanted="a resource less")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    done = subprocess.run(
        sandbox.ops_line("destroy", "--yes", "--patience", "2", "--json"),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_a_dry_run_tells_what_stays_and_deletes_nothing(looked_at: list[str]) -> None:
    assert re.search(r"^\d+ resources \(\d+ in AWS, \d+ in the cluster\)$", looked_at[0], re.M)
    assert "stays: key " in looked_at[0]


def test_every_resource_is_deleted(
    sandbox: RunningSandbox, destroyed: dict[str, Any], shell: RunbookShell
) -> None:
    assert destroyed["done"] is True
    assert sandbox.json("destroy", "--yes")["changes"] == []
    (told,) = shell.run(steps("destroy", "A disposable stack"))
    assert told == "0 resources deleted in 0 s\nnothing stays\n"


def test_finalizers_of_a_controller_that_is_gone_hold_nothing_up(
    destroyed: dict[str, Any],
) -> None:
    assert any(one.startswith("ExternalSecret litellm/") for one in destroyed["cleared"])


def test_an_interface_that_a_node_left_holds_nothing_up(
    destroyed: dict[str, Any], interface: str
) -> None:
    assert any(interface in one for one in destroyed["cleared"])


def test_it_says_until_when_keys_and_secrets_can_be_had_back(destroyed: dict[str, Any]) -> None:
    stays = {
        (one["kind"], bool(re.fullmatch(r"until [\d-]{10}", one["until"])))
        for one in destroyed["stays"]
    }
    assert stays == {("key", True), ("secret", True)}


def test_no_namespace_of_the_program_is_left(
    sandbox: RunningSandbox, destroyed: dict[str, Any]
) -> None:
    left = {entry["metadata"]["name"] for entry in sandbox.kubernetes.list("/api/v1/namespaces")}
    assert left == {"default", "kube-node-lease", "kube-public", "kube-system"}


def test_no_object_of_the_program_is_left_in_the_cluster(
    sandbox: RunningSandbox, destroyed: dict[str, Any]
) -> None:
    api = sandbox.kubernetes
    with pytest.raises(ApiError):
        api.get("/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni")
    assert api.list("/apis/karpenter.sh/v1/nodepools") == []
    assert api.list("/apis/eks.amazonaws.com/v1/nodeclasses") == []
    definitions = api.list("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    assert not [d for d in definitions if "external-secrets" in d["spec"]["group"]]


@pytest.mark.parametrize(
    ("service", "operation", "key"),
    [
        ("s3", "list_buckets", "Buckets"),
        ("eks", "list_clusters", "clusters"),
        ("rds", "describe_db_instances", "DBInstances"),
        ("rds", "describe_db_subnet_groups", "DBSubnetGroups"),
        ("elasticache", "describe_replication_groups", "ReplicationGroups"),
        ("elbv2", "describe_load_balancers", "LoadBalancers"),
        ("elbv2", "describe_target_groups", "TargetGroups"),
        ("secretsmanager", "list_secrets", "SecretList"),
        ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList"),
        ("logs", "describe_log_groups", "logGroups"),
        ("ec2", "describe_nat_gateways", "NatGateways"),
        ("ec2", "describe_addresses", "Addresses"),
        ("kms", "list_aliases", "Aliases"),
        ("glue", "get_databases", "DatabaseList"),
        ("sns", "list_topics", "Topics"),
        ("cloudtrail", "describe_trails", "trailList"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("cloudwatch", "list_dashboards", "DashboardEntries"),
    ],
)
def test_nothing_is_left_in_aws(
    sandbox: RunningSandbox, destroyed: dict[str, Any], service: str, operation: str, key: str
) -> None:
    left = getattr(sandbox.aws(service), operation)()[key]
    ours = [entry for entry in left if "alias/aws/" not in str(entry) and not _gone(entry)]
    assert ours == []


def _gone(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("State") == "deleted"


def test_no_network_but_the_default_one_is_left(
    sandbox: RunningSandbox, destroyed: dict[str, Any]
) -> None:
    networks = sandbox.aws("ec2").describe_vpcs()["Vpcs"]
    assert [network for network in networks if not network["IsDefault"]] == []


def test_no_role_of_the_program_is_left(sandbox: RunningSandbox, destroyed: dict[str, Any]) -> None:
    roles = [role["RoleName"] for role in sandbox.aws("iam").list_roles()["Roles"]]
    assert [role for role in roles if role.startswith("litellm-")] == []


def test_keys_wait_for_their_deletion(sandbox: RunningSandbox, destroyed: dict[str, Any]) -> None:
    kms = sandbox.aws("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    made_here = [key for key in keys if key["Description"].startswith("litellm-")]
    assert {key["KeyState"] for key in made_here} == {"PendingDeletion"}


def test_the_servers_behind_database_and_cache_are_stopped(
    sandbox: RunningSandbox, destroyed: dict[str, Any]
) -> None:
    names = {process["name"] for process in sandbox.json("status")["processes"]}
    assert not [name for name in names if name.startswith(("rds-", "elasticache-"))]


def test_a_key_can_be_kept_and_names_be_freed_afterwards(
    sandbox: RunningSandbox, destroyed: dict[str, Any], shell: RunbookShell
) -> None:
    key = next(one["name"] for one in destroyed["stays"] if one["kind"] == "key")
    shell.run(steps("destroy", "A protected stack"), KEY_ID=key)
    assert sandbox.aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    shell.run([one for one in steps("destroy", "The same name again") if one.module == MODULE])
    pending = sandbox.aws("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert [one for one in pending if one["Name"].startswith("litellm/")] == []


def test_every_command_that_is_said_to_be_run_here_was(ran: Ran) -> None:
    assert ran.missing() == []
