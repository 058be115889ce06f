"""The network and the cluster: what is refused, and what the delivered stacks register."""

import json
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import of_type, only
from test_settings import problems_of, settings_of, with_changes

from infra import versions
from infra.aws_account import AwsAccount
from infra.cluster import volume_key_policy
from infra.cluster_access import entry_name, token_command
from infra.flow_logs import flow_log_rights, flow_log_trust
from infra.setting_sections import NetworkSettings
from infra.subnets import dns_address
from infra.vpc_endpoints import bedrock_policy, endpoint_policy, storage_policy, subnets_in

SUBNETS = ["subnet-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb", "subnet-0cccccccccccccccc"]
DEPLOYER = "arn:aws:iam::111122223333:role/ci/deployer"


def existing(*subnets: str, **more: Any) -> dict[str, Any]:
    found = {"vpcId": "vpc-0123456789abcdef0", "privateSubnetIds": list(subnets), **more}
    return {"network": {"existing": found}}


WRONG = [
    ("dev", existing(), "has 0 subnets; nodes need two or three private ones"),
    ("dev", existing(SUBNETS[0], SUBNETS[0]), "names a subnet twice"),
    ("dev", existing(*SUBNETS, dataSubnetIds=SUBNETS[:1]), "dataSubnetIds has one subnet"),
    ("dev", existing("private-a", "private-b"), "privateSubnetIds[0]"),
    ("dev", {"network.existing": {"vpcId": "vpc-0123456789abcdef0"}}, "privateSubnetIds"),
    (
        "dev",
        {"network.existing": existing(*SUBNETS)["network"]["existing"]},
        "existing stands beside cidr, natGateways, which an existing VPC has decided",
    ),
    ("dev", {"network.flowLogs": False}, "flowLogs can be off only for an existing VPC"),
    ("dev", {"network.flowLogRetentionDays": 31}, "network.flowLogRetentionDays"),
    ("dev", {"network.reservedCidrs": ["10.40.128.0/20"]}, "overlaps network.cidr 10.40.0.0/16"),
    ("dev", {"network.reservedCidrs": ["172.20.0.0/14"]}, "overlaps cluster.serviceCidr"),
    (
        "dev",
        {"cluster.serviceCidr": "10.40.0.0/20"},
        "cluster.serviceCidr: 10.40.0.0/20 overlaps network.cidr",
    ),
    ("dev", {"cluster.serviceCidr": "100.64.0.0/16"}, "must be between /12 and /24 and within"),
    (
        "dev",
        {"network.zoneNames": ["us-east-1a", "us-east-1b"]},
        "zoneNames has 2 zones and zones is 3",
    ),
    (
        "dev",
        {"network.zones": 2, "network.zoneNames": ["us-east-1a", "us-west-2a"]},
        "network.zoneNames[1]: us-west-2a is not a zone of aws.region us-east-1",
    ),
    (
        "dev",
        {"network.zones": 2, "network.zoneNames": ["us-east-1a", "us-east-1-bos-1a"]},
        "us-east-1-bos-1a is not a zone of aws.region",
    ),
    ("dev", {"cluster.publicAccessCidrs": []}, "nobody could reach the API server"),
    ("dev", {"cluster": {}}, "nobody could reach the API server"),
    ("dev", {"cluster.runnerCidrs": ["0.0.0.0/0"]}, "runnerCidrs has 0.0.0.0/0"),
    ("dev", {"cluster.runnerSecurityGroupIds": ["runner"]}, "cluster.runnerSecurityGroupIds[0]"),
    (
        "dev",
        {"cluster.kubernetesVersion": "1.33"},
        "1.33 is not supported here; choose 1.35 (standard support until 2027-03-27)",
    ),
    ("dev", {"cluster.instanceCategories": []}, "cluster.instanceCategories"),
    ("dev", {"cluster.consolidation": "never"}, "cluster.consolidation"),
    ("prod", {"network.zones": 2}, "network.zones: 2 zones are too few"),
    ("prod", existing(*SUBNETS[:2]), "network.existing.privateSubnetIds: 2 zones are too few"),
    ("prod", {"network.interfaceEndpoints": False}, "network.interfaceEndpoints"),
    ("prod", {"cluster.deployerRoleArns": []}, "a protected stack names the roles"),
    ("dev", {"cluster.deployerRoleArns": []}, "each run would give the cluster to who runs it"),
    ("prod", {"cluster.runnerCidrs": []}, "cluster.runnerCidrs: nobody could reach"),
]


@pytest.mark.parametrize(("stack", "changes", "told"), WRONG, ids=[told for _, _, told in WRONG])
def test_a_wrong_setting_is_named(stack: str, changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of(stack, changes))


def test_an_existing_network_counts_its_private_subnets_as_zones() -> None:
    assert settings_of("dev", existing(*SUBNETS[:2])).network.zone_count == 2
    assert NetworkSettings().zone_count == 3


def test_an_existing_network_may_have_endpoints_and_flow_logs_of_its_own() -> None:
    settings = existing(*SUBNETS)
    settings["network"] |= {"interfaceEndpoints": False, "flowLogs": False}
    assert settings_of("prod", settings).network.existing is not None


def test_the_version_that_is_used_is_supported() -> None:
    assert versions.KUBERNETES in versions.KUBERNETES_STANDARD_SUPPORT


def test_dns_is_served_at_the_tenth_address_of_the_services() -> None:
    assert dns_address("172.20.0.0/16") == "172.20.0.10"
    assert dns_address("10.100.4.0/24") == "10.100.4.10"


# Documents


def account(caller: str = DEPLOYER) -> AwsAccount:
    return AwsAccount(
        provider=None,  # type: ignore[arg-type]
        account_id="111122223333",
        caller_arn=caller,
        partition="aws-us-gov",
        region="us-gov-west-1",
    )


def statements(document: str) -> list[dict[str, Any]]:
    return list(json.loads(document)["Statement"])


def test_endpoints_carry_calls_of_this_account_only() -> None:
    for policy in (endpoint_policy("kms", "kms", account()), storage_policy(account())):
        assert statements(policy)[0]["Condition"] == {
            "StringEquals": {"aws:PrincipalAccount": ["111122223333"]}
        }


def test_pods_take_their_roles_through_the_endpoint_although_nobody_signs_that_call() -> None:
    unsigned = statements(endpoint_policy("sts", "sts", account()))[1]
    assert unsigned["Action"] == ["sts:AssumeRoleWithWebIdentity"]
    assert unsigned["Resource"] == ["arn:aws-us-gov:iam::111122223333:role/*"]
    assert "Condition" not in unsigned


def test_the_endpoint_of_bedrock_invokes_and_does_nothing_else() -> None:
    (statement,) = statements(bedrock_policy(account(), ["444455556666"]))
    assert statement["Action"] == ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
    accounts = statement["Condition"]["StringEquals"]["aws:PrincipalAccount"]
    assert accounts == ["111122223333", "444455556666"]


def test_an_endpoint_leaves_out_zones_that_its_service_does_not_serve() -> None:
    assert subnets_in(["b", "c"], ["a", "b"], ["subnet-a", "subnet-b"], "sts") == ["subnet-b"]


def test_an_endpoint_without_any_zone_tells_the_way_out() -> None:
    with pytest.raises(Exception, match="sts has endpoints in c only.*interfaceEndpoints to false"):
        subnets_in(["c"], ["a", "b"], ["subnet-a", "subnet-b"], "sts")


def test_only_flow_logs_of_this_account_write_their_log_group() -> None:
    (trust,) = statements(flow_log_trust(account()))
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    find, *write = statements(flow_log_rights(account(), "/aws/vpc/x/flow-logs"))
    assert find["Action"] == ["logs:DescribeLogGroups"]
    for statement in write:
        (resource,) = statement["Resource"]
        assert ":111122223333:log-group:/aws/vpc/x/flow-logs:" in resource


def test_the_cluster_grants_the_volume_key_to_services_only() -> None:
    use, grant = statements(volume_key_policy("arn:key"))
    assert use["Resource"] == grant["Resource"] == ["arn:key"]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


# Access


def test_an_access_entry_is_named_after_its_principal() -> None:
    names = {
        entry_name(f"arn:aws:iam::{owner}:role{path}")
        for owner in ("111122223333", "444455556666")
        for path in ("/deployer", "/ci/deployer")
    }
    assert len(names) == 4
    assert all(name.startswith("deployer-") for name in names)


def test_everyone_fetches_a_token_as_themselves() -> None:
    assert "--role-arn" not in token_command(account())


def entries(resources: list[Registered]) -> dict[str, dict[str, Any]]:
    return {r.name: r.inputs for r in of_type(resources, "eks/accessEntry:AccessEntry")}


def test_where_no_deployers_are_named_the_caller_is_entered_with_the_path_of_its_role() -> None:
    nobody = {"identity.github": None, "cluster.deployerRoleArns": []}
    found = entries(run_program("dev", with_changes("dev", nobody)))
    assert found[entry_name(DEPLOYER)]["principalArn"] == DEPLOYER


def test_several_deployers_and_administrators_each_have_one_entry() -> None:
    second = "arn:aws:iam::111122223333:role/second"
    resources = run_program(
        "prod",
        with_changes(
            "prod",
            {
                "cluster.deployerRoleArns": [DEPLOYER, second],
                "cluster.administratorArns": [second],
            },
        ),
    )
    named = {name for name in entries(resources) if not name.startswith("github")}
    assert named == {"nodes", entry_name(DEPLOYER), entry_name(second)}
    policies = of_type(resources, "AccessPolicyAssociation")
    assert {r.inputs["policyArn"].rpartition("/")[2] for r in policies} == {
        "AmazonEKSClusterAdminPolicy",
        "AmazonEKSAutoNodePolicy",
    }


def test_runners_reach_the_private_api_server_and_nobody_else_does(prod: list[Registered]) -> None:
    doors = [r for r in of_type(prod, "SecurityGroupIngressRule") if r.name.startswith("runner-")]
    assert [(r.inputs["cidrIpv4"], r.inputs["toPort"]) for r in doors] == [("10.50.0.0/24", 443)]
    assert {r.inputs["securityGroupId"] for r in doors} == {"sg-cluster"}


def test_a_security_group_of_runners_reaches_the_api_server() -> None:
    changes = {"cluster.runnerSecurityGroupIds": ["sg-0123456789abcdef0"]}
    rules = of_type(run_program("dev", with_changes("dev", changes)), "SecurityGroupIngressRule")
    (door,) = [rule for rule in rules if rule.name.startswith("runner-")]
    assert door.inputs["referencedSecurityGroupId"] == "sg-0123456789abcdef0"


# What is registered


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_log_groups_are_encrypted_and_end(stack: str, request: pytest.FixtureRequest) -> None:
    groups = {
        r.name: r.inputs
        for r in of_type(request.getfixturevalue(stack), "logGroup:LogGroup")
        if r.name in ("control-plane", "flow-logs")
    }
    days = 365 if stack == "prod" else 30
    assert {group["retentionInDays"] for group in groups.values()} == {days}
    assert {group["kmsKeyId"] for group in groups.values()} == {
        "arn:aws:kms:us-east-1:111122223333:key/logs"
    }
    assert set(groups) == {"control-plane", "flow-logs"}


def test_prod_has_interface_endpoints_and_dev_reaches_storage_only(
    dev: list[Registered], prod: list[Registered]
) -> None:
    assert [r.name for r in of_type(dev, "VpcEndpoint")] == ["s3"]
    interfaces = [r for r in of_type(prod, "VpcEndpoint") if r.name != "s3"]
    assert {r.name for r in interfaces} >= {"bedrock-runtime", "ecr.api", "logs", "sts"}
    assert all(r.inputs["privateDnsEnabled"] and r.inputs["policy"] for r in interfaces)


def test_a_stack_without_bedrock_models_has_no_endpoint_for_it() -> None:
    models = [
        {
            "name": "haiku",
            "tier": "$",
            "provider": "anthropic",
            "deployments": [{"model": "claude-haiku-4-5-20251001"}],
        }
    ]
    supplied = {"anthropic": {"1": {"apiKey": "value"}}}
    changes = {"models": models, "suppliedSecrets": supplied, "network.interfaceEndpoints": True}
    resources = run_program("dev", with_changes("dev", changes))
    assert "bedrock-runtime" not in {r.name for r in of_type(resources, "VpcEndpoint")}


def test_endpoints_admit_the_private_subnets_only(prod: list[Registered]) -> None:
    rules = of_type(prod, "SecurityGroupIngressRule")
    admitted = {r.inputs["cidrIpv4"] for r in rules if r.name.startswith("endpoints-")}
    assert admitted == {"10.41.0.0/18", "10.41.64.0/18", "10.41.128.0/18"}


def custom(resources: list[Registered], kind: str) -> dict[str, Any]:
    (found,) = [r.inputs["spec"] for r in resources if r.inputs.get("kind") == kind]
    return found


def test_nodes_are_the_stacks_own_encrypted_and_without_public_address(
    prod: list[Registered],
) -> None:
    node_class = custom(prod, "NodeClass")
    assert node_class["ephemeralStorage"]["kmsKeyID"].endswith("key/cluster")
    assert node_class["advancedNetworking"] == {"associatePublicIPAddress": False}
    compute = only(prod, "eks/cluster:Cluster").inputs["computeConfig"]
    assert compute == {"enabled": True, "nodePools": []}


def test_nodes_stand_in_the_zones_of_their_subnets_within_limits(prod: list[Registered]) -> None:
    pool = custom(prod, "NodePool")
    needs = {one["key"]: one["values"] for one in pool["template"]["spec"]["requirements"]}
    assert needs["topology.kubernetes.io/zone"] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    assert needs["kubernetes.io/arch"] == ["arm64"]
    assert pool["limits"] == {"cpu": "32", "memory": "128Gi"}


def test_a_single_pod_is_not_moved_and_several_are_moved_node_by_node(
    dev: list[Registered], prod: list[Registered]
) -> None:
    assert custom(dev, "NodePool")["disruption"]["consolidationPolicy"] == "WhenEmpty"
    disruption = custom(prod, "NodePool")["disruption"]
    assert disruption["consolidationPolicy"] == "WhenEmptyOrUnderutilized"
    assert disruption["budgets"] == [{"nodes": "1"}]


def test_pod_metrics_are_there_for_the_autoscaler(prod: list[Registered]) -> None:
    addons = {addon.inputs["addonName"] for addon in of_type(prod, "eks/addon:Addon")}
    assert "metrics-server" in addons


def policies(resources: list[Registered]) -> dict[str, dict[str, Any]]:
    found = of_type(resources, "networking.k8s.io/v1:NetworkPolicy")
    return {r.inputs["metadata"]["name"]: r.inputs["spec"] for r in found}


def test_no_pod_of_the_namespace_speaks_by_default(prod: list[Registered]) -> None:
    denied = policies(prod)["default-deny"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_the_job_of_the_database_users_reaches_dns_and_the_database_only(
    prod: list[Registered],
) -> None:
    names, database = policies(prod)["database-users"]["egress"]
    assert names["to"] == [{"ipBlock": {"cidr": "172.20.0.10/32"}}]
    assert {port["port"] for port in names["ports"]} == {53}
    assert [port["port"] for port in database["ports"]] == [5432]
    assert {peer["ipBlock"]["cidr"] for peer in database["to"]} == {
        "10.41.204.0/22",
        "10.41.208.0/22",
        "10.41.212.0/22",
    }


def test_the_pods_of_the_doctor_reach_the_data_stores_only(prod: list[Registered]) -> None:
    names, *stores = policies(prod)["doctor"]["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    assert [port["port"] for rule in stores for port in rule["ports"]] == [5432, 6379]
    (_, database) = policies(prod)["database-users"]["egress"]
    assert all(rule["to"] == database["to"] for rule in stores)
