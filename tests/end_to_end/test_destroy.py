"""``destroy`` leaves nothing, neither in AWS nor in the cluster."""

from typing import Any

import pytest
from running_sandbox import RunningSandbox

from sandbox.kube_api import ApiError


@pytest.fixture(scope="module")
def destroyed(sandbox: RunningSandbox) -> dict[str, Any]:
    return sandbox.json("destroy", "--yes")


def test_every_resource_is_deleted(sandbox: RunningSandbox, destroyed: dict[str, Any]) -> None:
    assert {change["operation"] for change in destroyed["changes"]} == {"delete"}
    assert sandbox.json("destroy", "--yes")["changes"] == []


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
