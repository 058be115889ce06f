"""What the program registers for the delivered stacks, and what a rotation changes."""

import json
from collections import Counter
from typing import Any

import pytest
from recorded_program import Registered, run_program, stack_configuration
from test_settings import with_changes


def of_type(resources: list[Registered], suffix: str) -> list[Registered]:
    return [resource for resource in resources if resource.type.endswith(suffix)]


def only(resources: list[Registered], suffix: str) -> Registered:
    (resource,) = of_type(resources, suffix)
    return resource


def test_no_two_resources_share_type_and_name(prod: list[Registered]) -> None:
    # Children of different components may share a name: their types of parents differ. Leaves
    # may not, since components of this program stand once each.
    counts = Counter((resource.type, resource.name) for resource in prod)
    assert [key for key, count in counts.items() if count > 1] == []


def test_no_logical_name_holds_the_stack(prod: list[Registered]) -> None:
    assert [resource.name for resource in prod if "prod" in resource.name] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_cluster_runs_in_auto_mode(stack: str, request: pytest.FixtureRequest) -> None:
    cluster = only(request.getfixturevalue(stack), "eks/cluster:Cluster").inputs
    assert cluster["computeConfig"]["enabled"] is True
    assert cluster["storageConfig"]["blockStorage"]["enabled"] is True
    assert cluster["kubernetesNetworkConfig"]["elasticLoadBalancing"]["enabled"] is True
    assert cluster["bootstrapSelfManagedAddons"] is False


def test_the_api_server_of_prod_is_private(prod: list[Registered]) -> None:
    network = only(prod, "eks/cluster:Cluster").inputs["vpcConfig"]
    assert network["endpointPrivateAccess"] is True
    assert network["endpointPublicAccess"] is False


def test_every_subnet_keeps_public_addresses_away(prod: list[Registered]) -> None:
    subnets = of_type(prod, "ec2/subnet:Subnet")
    assert len(subnets) == 12
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in subnets)


def test_the_subnets_of_the_database_have_no_way_out(prod: list[Registered]) -> None:
    routes = of_type(prod, "ec2/route:Route")
    assert "data-id" not in {route.inputs["routeTableId"] for route in routes}


def test_dev_has_one_nat_gateway_and_prod_one_in_each_zone(
    dev: list[Registered], prod: list[Registered]
) -> None:
    assert len(of_type(dev, "natGateway:NatGateway")) == 1
    assert len(of_type(prod, "natGateway:NatGateway")) == 3


def test_the_database_is_encrypted_private_and_managed(prod: list[Registered]) -> None:
    database = only(prod, "rds/instance:Instance").inputs
    assert database["storageEncrypted"] is True
    assert database["publiclyAccessible"] is False
    assert database["manageMasterUserPassword"] is True
    assert database["deletionProtection"] is True


def test_the_database_admits_the_cluster_only(prod: list[Registered]) -> None:
    rules = of_type(prod, "securityGroupIngressRule:SecurityGroupIngressRule")
    (rule,) = [rule for rule in rules if rule.name == "database-from-cluster"]
    assert rule.inputs["referencedSecurityGroupId"] == "sg-cluster"
    assert "cidrIpv4" not in rule.inputs


def test_a_new_generation_is_created_beside_the_retired_one() -> None:
    resources = run_program(
        "dev",
        with_changes(
            "dev",
            {
                "database.generation": 2,
                "database.retiredGenerations": [1],
                "restore.snapshot": "before-the-loss",
            },
        ),
    )
    databases = {r.name: r.inputs for r in of_type(resources, "rds/instance:Instance")}
    assert databases["database-2"]["snapshotIdentifier"] == "before-the-loss"
    assert "dbName" not in databases["database-2"]
    assert databases["database-1"]["dbName"] == "litellm"


@pytest.mark.parametrize(
    ("source", "argument"),
    [
        ("litellm-dev-database-1", "sourceDbInstanceIdentifier"),
        (
            "arn:aws:rds:us-east-1:111122223333:auto-backup:ab-example",
            "sourceDbInstanceAutomatedBackupsArn",
        ),
    ],
)
@pytest.mark.parametrize(
    ("time", "moment"),
    [
        ("latest", {"useLatestRestorableTime": True}),
        ("2026-03-01T16:05:00+02:00", {"restoreTime": "2026-03-01T14:05:00Z"}),
    ],
)
def test_a_generation_comes_from_a_moment_of_another_one(
    source: str, argument: str, time: str, moment: dict[str, Any]
) -> None:
    changes = {
        "database.generation": 2,
        "database.retiredGenerations": [1],
        "restore.pointInTime": {"source": source, "time": time},
    }
    resources = run_program("dev", with_changes("dev", changes))
    databases = {r.name: r.inputs for r in of_type(resources, "rds/instance:Instance")}
    assert databases["database-2"]["restoreToPointInTime"] == {argument: source, **moment}
    assert "restoreToPointInTime" not in databases["database-1"]


def database_users_job(**changes: Any) -> str:
    resources = run_program("dev", with_changes("dev", changes))
    (job,) = [r for r in of_type(resources, "batch/v1:Job") if r.name == "database-users"]
    return job.inputs["metadata"]["name"]


def test_a_restored_database_gets_new_passwords_for_both_users() -> None:
    second = {"database.generation": 2, "database.retiredGenerations": [1]}
    assert database_users_job() != database_users_job(**second)


def test_each_generation_has_a_master_secret_of_its_own_in_the_cluster() -> None:
    """What is synced already is ready, and a Job would start with the password of the old one."""
    second = {"database.generation": 2, "database.retiredGenerations": [1]}
    resources = run_program("dev", with_changes("dev", second))
    (synced,) = [r for r in of_type(resources, ":ExternalSecret") if r.name == "database-master"]
    assert synced.inputs["spec"]["target"]["name"] == "database-master-2"
    (job,) = [r for r in of_type(resources, "batch/v1:Job") if r.name == "database-users"]
    assert "database-master-2" in json.dumps(job.inputs["spec"])


def test_clearing_what_was_restored_runs_no_job_again() -> None:
    second = {"database.generation": 2, "database.retiredGenerations": [1]}
    restored = database_users_job(**second, **{"restore.snapshot": "before-the-loss"})
    assert restored == database_users_job(**second)


def test_log_objects_change_tier_although_they_are_small(prod: list[Registered]) -> None:
    lifecycles = {r.name: r.inputs for r in of_type(prod, "BucketLifecycleConfiguration")}
    rules = lifecycles["logs"]["rules"]
    assert rules[0]["filter"]["and"]["objectSizeGreaterThan"] == 1
    assert [step["storageClass"] for step in rules[0]["transitions"]] == [
        "STANDARD_IA",
        "GLACIER_IR",
        "DEEP_ARCHIVE",
    ]


def test_the_namespace_enforces_pod_security(prod: list[Registered]) -> None:
    namespaces = of_type(prod, "core/v1:Namespace")
    assert {n.inputs["metadata"]["name"] for n in namespaces} == {
        "litellm",
        "external-secrets",
        "monitoring",
    }
    for namespace in namespaces:
        labels = namespace.inputs["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def gateway_values(resources: list[Registered]) -> dict[str, Any]:
    (release,) = [r for r in of_type(resources, "Release") if r.name == "gateway"]
    return release.inputs["values"]


def test_no_generated_value_reaches_helm_values_or_config_maps(prod: list[Registered]) -> None:
    shown = [gateway_values(prod)]
    shown += [resource.inputs for resource in of_type(prod, "core/v1:ConfigMap")]
    assert "generated-" not in json.dumps(shown)


def test_external_secrets_may_read_the_named_secrets_and_no_others(prod: list[Registered]) -> None:
    (policy,) = [r for r in of_type(prod, "rolePolicy:RolePolicy") if r.name == "external-secrets"]
    statement = json.loads(policy.inputs["policy"])["Statement"][0]
    assert not [arn for arn in statement["Resource"] if "*" in arn]


def test_raising_the_master_key_names_the_new_secret_and_nothing_else_in_the_values() -> None:
    before = gateway_values(run_program("dev", stack_configuration("dev")))
    rotated = run_program("dev", with_changes("dev", {"rotation.masterKey": 2}))
    after = gateway_values(rotated)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"secretEnvironment"}
    names = {entry["name"]: entry["secret"] for entry in after["secretEnvironment"]}
    assert names["LITELLM_MASTER_KEY"] == "master-key-2"


def test_a_rotation_keeps_the_previous_epoch_and_retires_the_one_before() -> None:
    resources = run_program("dev", with_changes("dev", {"rotation.masterKey": 3}))
    versions = {r.name for r in of_type(resources, "SecretVersion") if "master-key" in r.name}
    assert versions == {"master-key-2", "master-key-3"}


def test_the_serving_database_user_follows_the_epoch() -> None:
    resources = run_program("dev", with_changes("dev", {"rotation.database": 2}))
    assert "//litellm_b:" in gateway_values(resources)["environment"]["DATABASE_URL"]


def test_a_family_that_is_rolled_back_changes_what_pods_name_and_nothing_else() -> None:
    newest = {"rotation.masterKey": 3, "rotation.database": 3, "rotation.cache": 3}
    back = {**newest, "rotation.rolledBack": ["masterKey", "database", "cache"]}
    before = run_program("dev", with_changes("dev", newest))
    after = run_program("dev", with_changes("dev", back))
    by_name = {(r.type, r.name): r.inputs for r in before}
    changed = {r.name for r in after if by_name[r.type, r.name] != r.inputs}
    assert len(before) == len(after)
    assert changed <= {"gateway", "spend-archive", "secret-ages"}
    values = gateway_values(after)
    names = {entry["name"]: entry["secret"] for entry in values["secretEnvironment"]}
    assert names["LITELLM_MASTER_KEY"] == "master-key-2"
    assert "//litellm_b:" in values["environment"]["DATABASE_URL"]


def test_both_cache_passwords_are_valid_while_pods_roll() -> None:
    resources = run_program("dev", with_changes("dev", {"rotation.cache": 2}))
    (user,) = [r.inputs for r in of_type(resources, "elasticache/user:User") if r.name == "cache"]
    passwords = user["authenticationMode"]["passwords"]
    assert passwords == ["generated-cache-1", "generated-cache-2"]


def test_the_salt_key_is_retained_and_never_rotates(prod: list[Registered]) -> None:
    salts = [r for r in of_type(prod, "secret:Secret") if r.name == "salt-key"]
    assert [salt.inputs["name"] for salt in salts] == ["litellm/prod/salt-key"]
    assert "exempt" in salts[0].inputs["tags"]["litellm:rotation"]


def test_an_adopted_salt_key_is_not_made_again() -> None:
    resources = run_program("dev", with_changes("dev", {"secrets.saltKey": "adopt"}))
    assert not [r for r in resources if r.name == "salt-key" and "secretsmanager" in r.type]


def test_secrets_of_unused_features_do_not_exist(dev: list[Registered]) -> None:
    families = {r.name for r in of_type(dev, "secretsmanager/secret:Secret")}
    assert families == {
        *("master-key", "salt-key", "database", "cache", "drain-token"),
        "grafana-admin",
    }
