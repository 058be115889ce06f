"""The local servers behind RDS and ElastiCache, through the provider and by themselves."""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from stacks import Refused, Stack, serving

from infra.database import PARAMETERS
from sandbox import toolchain
from sandbox.backing_services import Cache, Caches, Database, Databases
from sandbox.backing_services.parameters import UnknownParameter, server_settings
from sandbox.backing_services.postgresql_programs import DatabaseError, copy_data
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.providers.aws import AwsProvider
from sandbox.supervisor_client import ServiceSpec, SupervisorClient

PASSWORD = "first-master-password"
TOKENS = ["cache-password-one", "cache-password-two"]


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    # Not pytest's own directory: PostgreSQL's user must be able to pass through it.
    with tempfile.TemporaryDirectory(prefix="sb-") as directory, pytest.MonkeyPatch.context() as p:
        Path(directory).chmod(0o711)
        p.setenv("SANDBOX_STATE", directory)
        instance = Instance("backing", 161)
        supervisor = SupervisorClient(instance)
        supervisor.launch()
        try:
            yield instance
        finally:
            supervisor.shutdown()


@pytest.fixture(scope="module")
def databases(instance: Instance) -> Iterator[Databases]:
    servers = Databases(instance)
    servers.create(
        Database(
            identifier="main",
            master_user="manager",
            database="litellm",
            parameters={"rds.force_ssl": "1", "max_connections": "57"},
        ),
        PASSWORD,
    )
    yield servers
    for database in servers.all():
        servers.delete(database.identifier)


def query(
    instance: Instance,
    address: str,
    statement: str,
    *,
    password: str = PASSWORD,
    user: str = "manager",
    encryption: str = "verify-full",
) -> str:
    """Return psql's answer over TCP, or its complaint."""
    authority = instance.state / "certificates" / "ca.crt"
    target = f"host={address} user={user} dbname=litellm sslmode={encryption}"
    done = subprocess.run(
        [
            toolchain.ensure(["postgres"])["postgres"] / "psql",
            "--no-psqlrc",
            *("--tuples-only", "--no-align", "--command", statement),
            f"{target} sslrootcert={authority}",
        ],
        env={**os.environ, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    return (done.stdout or done.stderr).strip()


def test_the_master_user_reaches_the_database_with_a_verified_certificate(
    instance: Instance, databases: Databases
) -> None:
    assert query(instance, databases.address("main"), "SELECT current_user") == "manager"


def test_a_connection_without_tls_is_refused(instance: Instance, databases: Databases) -> None:
    answer = query(instance, databases.address("main"), "SELECT 1", encryption="disable")
    assert "no encryption" in answer


def test_a_wrong_password_is_refused(instance: Instance, databases: Databases) -> None:
    answer = query(instance, databases.address("main"), "SELECT 1", password="wrong")
    assert "password authentication failed" in answer


def test_the_administrator_is_not_reached_over_the_network(
    instance: Instance, databases: Databases
) -> None:
    answer = query(instance, databases.address("main"), "SELECT 1", user="rdsadmin")
    assert "rejects connection" in answer


def test_the_master_user_is_no_superuser_but_a_member_of_rds_superuser(
    instance: Instance, databases: Databases
) -> None:
    statement = (
        "SELECT rolsuper, rolcreaterole, rolcreatedb, pg_has_role('rds_superuser', 'member') "
        "FROM pg_roles WHERE rolname = current_user"
    )
    assert query(instance, databases.address("main"), statement) == "f|t|t|t"


def test_the_parameter_group_reaches_the_server(instance: Instance, databases: Databases) -> None:
    assert query(instance, databases.address("main"), "SHOW max_connections") == "57"


def test_the_connection_string_needs_no_password(databases: Databases) -> None:
    done = subprocess.run(
        ["psql", databases.dsn("main"), "-Atc", "SELECT current_database()"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "litellm"


def test_two_instances_have_addresses_of_their_own(databases: Databases) -> None:
    databases.create(Database(identifier="other", master_user="manager"), PASSWORD)
    assert databases.address("main") != databases.address("other")
    databases.delete("other")


def test_a_database_takes_the_parameters_of_the_program(
    instance: Instance, databases: Databases
) -> None:
    logged = Database(
        identifier="logged", master_user="manager", database="litellm", parameters=PARAMETERS
    )
    address = databases.create(logged, PASSWORD)
    shown = query(instance, address, "SHOW log_min_duration_statement")
    databases.delete("logged")
    assert shown == "1s"


def test_a_snapshot_is_restored_with_its_data_and_a_new_password(
    instance: Instance, databases: Databases
) -> None:
    query(instance, databases.address("main"), "CREATE TABLE kept AS SELECT 42 AS answer")
    databases.snapshot("main", "saved")
    copy = Database(identifier="copy", master_user="")
    address = databases.restore(copy, "saved", "another-password")
    answer = query(instance, address, "SELECT answer FROM kept", password="another-password")
    databases.delete("copy")
    assert answer == "42"


def test_a_snapshot_that_was_never_taken_is_named(databases: Databases) -> None:
    with pytest.raises(DatabaseError, match="'missing'"):
        databases.restore(Database(identifier="x", master_user=""), "missing", PASSWORD)


def moment(instance: Instance, databases: Databases) -> str:
    """A whole second between what was committed before and what comes after, by the server."""
    statement = (
        "SELECT pg_sleep_until(date_trunc('second', clock_timestamp()) + interval '1 second'), "
        "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    )
    return query(instance, databases.address("main"), statement).lstrip("|")


def test_a_point_in_time_has_the_write_before_it_and_not_the_one_after(
    instance: Instance, databases: Databases
) -> None:
    address = databases.address("main")
    query(instance, address, "CREATE TABLE written AS SELECT 'first' AS what")
    between = moment(instance, databases)
    query(instance, address, "INSERT INTO written VALUES ('second')")
    copy = Database(identifier="earlier", master_user="")
    restored = databases.restore_to(copy, "main", between, "another-password")
    answer = query(instance, restored, "SELECT what FROM written", password="another-password")
    databases.delete("earlier")
    assert answer == "first"


def test_the_latest_point_in_time_has_every_write(instance: Instance, databases: Databases) -> None:
    query(instance, databases.address("main"), "CREATE TABLE newest AS SELECT 'last' AS what")
    copy = Database(identifier="latest", master_user="")
    restored = databases.restore_to(copy, "main", None, "another-password")
    answer = query(instance, restored, "SELECT what FROM newest", password="another-password")
    databases.delete("latest")
    assert answer == "last"


def test_what_was_restored_can_be_restored_again(instance: Instance, databases: Databases) -> None:
    query(instance, databases.address("main"), "CREATE TABLE handed AS SELECT 1 AS step")
    first = Database(identifier="once", master_user="")
    address = databases.restore_to(first, "main", None, PASSWORD)
    query(instance, address, "INSERT INTO handed VALUES (2)")
    second = Database(identifier="twice", master_user="")
    answer = query(
        instance,
        databases.restore_to(second, "once", None, PASSWORD),
        "SELECT max(step) FROM handed",
    )
    for name in ("once", "twice"):
        databases.delete(name)
    assert answer == "2"


def test_backups_outlive_the_loss_of_their_server(instance: Instance, databases: Databases) -> None:
    lost = Database(identifier="lost", master_user="manager", database="litellm")
    address = databases.create(lost, PASSWORD)
    query(instance, address, "CREATE TABLE kept_elsewhere AS SELECT 7 AS answer")
    databases.archive("lost")
    copy_data(databases.backups("lost").directory, databases.backups("copied").directory)
    databases.delete("lost")
    found = Database(identifier="found", master_user="")
    answer = query(
        instance,
        databases.restore_to(found, "copied", None, PASSWORD),
        "SELECT answer FROM kept_elsewhere",
    )
    databases.delete("found")
    assert answer == "7"


def test_a_moment_before_the_backups_is_refused(databases: Databases) -> None:
    copy = Database(identifier="x", master_user="")
    with pytest.raises(DatabaseError, match="main can be restored from .* on, not to 2020"):
        databases.restore_to(copy, "main", "2020-01-01T00:00:00Z", PASSWORD)


def test_a_moment_after_the_backups_is_refused(databases: Databases) -> None:
    copy = Database(identifier="x", master_user="")
    with pytest.raises(DatabaseError, match="2996-01-01T00:00:00Z: recovery ended before"):
        databases.restore_to(copy, "main", "2996-01-01T00:00:00Z", PASSWORD)
    databases.delete("x")


def test_backups_that_there_are_none_of_are_named(databases: Databases) -> None:
    with pytest.raises(DatabaseError, match="no automated backups 'missing'"):
        databases.restore_to(Database(identifier="x", master_user=""), "missing", None, PASSWORD)


def test_a_password_does_not_stand_in_the_files_of_the_sandbox(
    instance: Instance, databases: Databases
) -> None:
    files = [file for file in instance.state.rglob("*") if file.is_file()]
    assert not [file for file in files if PASSWORD.encode() in file.read_bytes()]


def test_an_unknown_parameter_of_rds_is_named() -> None:
    with pytest.raises(UnknownParameter, match=r"rds\.made_up"):
        server_settings({"rds.made_up": "1"})


def ask_cache(instance: Instance, address: str, password: str, user: str = "litellm") -> str:
    authority = instance.state / "certificates" / "ca.crt"
    context = ssl.create_default_context(cafile=str(authority))
    with (
        socket.create_connection((address, 6379), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=address) as connection,
    ):
        connection.sendall(f"AUTH {user} {password}\r\nPING\r\nQUIT\r\n".encode())
        return connection.makefile().read()


@pytest.fixture(scope="module")
def cache(instance: Instance) -> Iterator[tuple[Caches, str]]:
    caches = Caches(instance)
    caches.put_user("user", "litellm", "on ~* &* +@all -@dangerous", TOKENS[:1], False)
    caches.put_group("group", ["user"])
    yield caches, caches.create(Cache(identifier="limits", user_groups=["group"]))
    caches.delete("limits")


def test_a_cache_user_gets_in_with_the_password(
    instance: Instance, cache: tuple[Caches, str]
) -> None:
    assert "+PONG" in ask_cache(instance, cache[1], TOKENS[0])


def test_a_cache_refuses_the_default_user(instance: Instance, cache: tuple[Caches, str]) -> None:
    assert "WRONGPASS" in ask_cache(instance, cache[1], "any", user="default")


def test_a_default_user_that_is_off_gets_in_not_even_with_its_password(
    instance: Instance, cache: tuple[Caches, str]
) -> None:
    caches, address = cache
    caches.put_user("shut", "default", "off ~* -@all", [PASSWORD], False)
    caches.put_group("group", ["user", "shut"])
    assert "WRONGPASS" in ask_cache(instance, address, PASSWORD, user="default")
    assert "+PONG" in ask_cache(instance, address, TOKENS[0])
    caches.put_group("group", ["user"])


def test_both_passwords_of_a_cache_user_are_valid_after_a_change_without_a_restart(
    instance: Instance, cache: tuple[Caches, str]
) -> None:
    def process() -> int | None:
        services = SupervisorClient(instance).status()
        return next(one.pid for one in services if one.name == "elasticache-limits")

    before = process()
    cache[0].put_user("user", "litellm", "on ~* &* +@all", TOKENS, False)
    answers = [ask_cache(instance, cache[1], token) for token in TOKENS]
    assert all("+PONG" in answer for answer in answers)
    assert process() == before


@pytest.fixture(scope="module")
def aws_endpoint(instance: Instance) -> str:
    """The sandbox's AWS, run as a sandbox runs it."""
    arguments = ("--name", instance.name, "--slot", str(instance.slot))
    SupervisorClient(instance).start(
        ServiceSpec(
            name="aws",
            command=(sys.executable, "-m", "sandbox.aws_server", *arguments),
            directory=str(PROJECT_ROOT),
            ready_address=(instance.address("aws"), 4566),
        )
    )
    return instance.aws_endpoint


def network() -> tuple[list[pulumi.Output[str]], aws.rds.SubnetGroup]:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
    subnets = [
        aws.ec2.Subnet(
            f"data-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{index}.0/24",
            availability_zone=f"us-east-1{zone}",
        )
        for index, zone in enumerate("ab")
    ]
    subnet_ids = [subnet.id for subnet in subnets]
    return subnet_ids, aws.rds.SubnetGroup("data", subnet_ids=subnet_ids)


def program(tokens: list[str], *, protected: bool = False) -> None:
    subnet_ids, group = network()
    database = aws.rds.Instance(
        "database",
        identifier="engine-made",
        engine="postgres",
        engine_version="16.4",
        instance_class="db.t4g.micro",
        allocated_storage=20,
        db_name="litellm",
        username="manager",
        manage_master_user_password=True,
        db_subnet_group_name=group.name,
        deletion_protection=protected,
        final_snapshot_identifier="engine-made-final",
    )
    user = aws.elasticache.User(
        "user",
        user_id="engine-user",
        user_name="litellm",
        engine="valkey",
        access_string="on ~* &* +@all",
        authentication_mode={
            "type": "password",
            "passwords": [pulumi.Output.secret(token) for token in tokens],
        },
    )
    users = aws.elasticache.UserGroup(
        "users", user_group_id="engine-users", engine="valkey", user_ids=[user.user_id]
    )
    cache = aws.elasticache.ReplicationGroup(
        "cache",
        replication_group_id="engine-made",
        description="limits",
        engine="valkey",
        node_type="cache.t4g.micro",
        transit_encryption_enabled=True,
        user_group_ids=[users.user_group_id],
        subnet_group_name=aws.elasticache.SubnetGroup("cache", subnet_ids=subnet_ids).name,
    )
    pulumi.export("database", database.address)
    pulumi.export("cache", cache.primary_endpoint_address)
    pulumi.export("secret", database.master_user_secrets[0].secret_arn)


def restored(*, copied: bool = False) -> None:
    """A database out of the final snapshot that the other program's left, and a copy of it."""
    group = network()[1]
    database = aws.rds.Instance(
        "restored",
        identifier="restored",
        engine="postgres",
        instance_class="db.t4g.micro",
        snapshot_identifier="engine-made-final",
        db_subnet_group_name=group.name,
        manage_master_user_password=True,
        skip_final_snapshot=True,
    )
    if copied:
        source = {
            "source_db_instance_identifier": database.identifier,
            "use_latest_restorable_time": True,
        }
        database = aws.rds.Instance(
            "copied",
            identifier="copied",
            engine="postgres",
            instance_class="db.t4g.micro",
            restore_to_point_in_time=source,
            db_subnet_group_name=group.name,
            manage_master_user_password=True,
            skip_final_snapshot=True,
        )
    pulumi.export("database", database.address)
    pulumi.export("secret", database.master_user_secrets[0].secret_arn)


@pytest.fixture(scope="module")
def story(
    instance: Instance, aws_endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What can be said of a program's database and cache from up to destroy."""
    told: dict[str, Any] = {}
    client = _client(aws_endpoint)
    with serving("aws", AwsProvider(instance)) as debug_providers:
        stack = Stack(tmp_path_factory.mktemp("servers") / "stack", debug_providers)
        stack.up(lambda: program(TOKENS[:1]))
        outputs = stack.outputs()
        secret = client("secretsmanager").get_secret_value(SecretId=outputs["secret"])
        told["master"] = json.loads(secret["SecretString"])
        told["query"] = query(
            instance,
            outputs["database"],
            "SELECT current_user",
            password=told["master"]["password"],
        )
        query(
            instance,
            outputs["database"],
            "CREATE TABLE kept AS SELECT 42 AS answer",
            password=told["master"]["password"],
        )
        told["again"] = stack.up(lambda: program(TOKENS[:1])).changed
        rotated = stack.up(lambda: program(TOKENS, protected=True))
        told["rotated"] = rotated.changed
        told["tokens"] = [ask_cache(instance, outputs["cache"], token) for token in TOKENS]
        told["drift"] = stack.refresh(lambda: None).drift
        told["state"] = stack.state_text()
        try:
            stack.destroy(lambda: None)
        except Refused as error:
            told["refusal"] = str(error)
        stack.up(lambda: program(TOKENS))
        stack.destroy(lambda: None)
        snapshots = client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        told["snapshots"] = [snapshot["DBSnapshotIdentifier"] for snapshot in snapshots]
        stack.up(restored)
        outputs = stack.outputs()
        secret = client("secretsmanager").get_secret_value(SecretId=outputs["secret"])
        told["restored"] = query(
            instance,
            outputs["database"],
            "SELECT answer FROM kept",
            password=json.loads(secret["SecretString"])["password"],
        )
        told["restored again"] = stack.up(restored).changed
        stack.up(lambda: restored(copied=True))
        outputs = stack.outputs()
        secret = client("secretsmanager").get_secret_value(SecretId=outputs["secret"])
        told["copied"] = query(
            instance,
            outputs["database"],
            "SELECT answer FROM kept",
            password=json.loads(secret["SecretString"])["password"],
        )
        told["copied again"] = stack.up(lambda: restored(copied=True)).changed
        stack.destroy(restored)
        told["services"] = [service.name for service in SupervisorClient(instance).status()]
    return told


def _client(endpoint: str) -> Any:
    return lambda service: boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_an_rds_instance_is_reached_with_the_password_of_its_managed_secret(
    story: dict[str, Any],
) -> None:
    assert story["query"] == story["master"]["username"] == "manager"


def test_an_unchanged_program_leaves_the_servers_alone(story: dict[str, Any]) -> None:
    assert story["again"] == set()


def test_a_second_password_changes_the_cache_user_only(story: dict[str, Any]) -> None:
    assert story["rotated"] == {"user", "database"}
    assert all("+PONG" in answer for answer in story["tokens"])


def test_a_refresh_finds_no_drift_of_the_servers(story: dict[str, Any]) -> None:
    assert story["drift"] == {}


def test_the_passwords_are_not_in_clear_in_the_state(story: dict[str, Any]) -> None:
    assert story["master"]["password"] not in story["state"]
    assert not [token for token in TOKENS if token in story["state"]]


def test_a_protected_database_refuses_its_deletion(story: dict[str, Any]) -> None:
    assert "has deletion protection" in story["refusal"]


def test_a_deleted_database_leaves_its_final_snapshot(
    instance: Instance, story: dict[str, Any]
) -> None:
    assert story["snapshots"] == ["engine-made-final"]
    assert (instance.state / "snapshots" / "engine-made-final" / "data").is_dir()


def test_a_database_made_from_a_snapshot_has_its_data_and_a_managed_password(
    story: dict[str, Any],
) -> None:
    assert story["restored"] == "42"


def test_a_restored_database_is_unchanged_in_the_next_up(story: dict[str, Any]) -> None:
    assert story["restored again"] == set()


def test_a_database_made_from_a_point_in_time_has_its_data_and_a_managed_password(
    story: dict[str, Any],
) -> None:
    assert story["copied"] == "42"
    assert story["copied again"] == set()


def test_destroy_stops_the_servers(story: dict[str, Any]) -> None:
    assert not {"rds-engine-made", "rds-restored", "elasticache-engine-made"} & {*story["services"]}


def test_what_is_kept_in_the_state_alone_is_on_record(
    instance: Instance, story: dict[str, Any]
) -> None:
    record = json.loads((instance.state / "kept-in-state.json").read_text())
    assert "aws:elasticache/userGroup:UserGroup" in record


def test_the_log_of_the_aws_server_names_operations_and_shows_no_values(
    instance: Instance, story: dict[str, Any]
) -> None:
    log = (instance.logs / "aws.log").read_text()
    assert "secretsmanager.PutSecretValue 200" in log
    assert "rds CreateDBInstance 200" in log
    assert story["master"]["password"] not in log


def test_what_a_failed_creation_left_is_deleted_again(
    instance: Instance, aws_endpoint: str, tmp_path: Path
) -> None:
    def resources() -> None:
        group = aws.rds.ParameterGroup(
            "wrong",
            name="wrong",
            family="postgres16",
            parameters=[{"name": "max_connections", "value": "plenty"}],
        )
        aws.rds.Instance(
            "failing",
            identifier="failing",
            engine="postgres",
            instance_class="db.t4g.micro",
            allocated_storage=20,
            username="manager",
            password="a-master-password",
            parameter_group_name=group.name,
            deletion_protection=True,
            final_snapshot_identifier="never",
        )

    with serving("aws", AwsProvider(instance)) as debug_providers:
        stack = Stack(tmp_path / "stack", debug_providers)
        with pytest.raises(Refused, match="max_connections"):
            stack.up(resources)
        stack.destroy(resources)
    described = _client(aws_endpoint)("rds").describe_db_instances()["DBInstances"]
    assert "failing" not in [one["DBInstanceIdentifier"] for one in described]
    assert "rds-failing" not in [one.name for one in SupervisorClient(instance).status()]
