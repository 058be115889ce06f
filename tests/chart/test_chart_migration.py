"""The job that changes the database before pods roll."""

from rendered_chart import Render, the


def test_migrations_run_before_pods_are_made_or_changed(render: Render) -> None:
    annotations = the(render(), "Job")["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "pre-install,pre-upgrade"


def test_a_failed_migration_stays_for_its_log(render: Render) -> None:
    annotations = the(render(), "Job")["metadata"]["annotations"]
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"


def test_the_migration_applies_the_schema_and_starts_no_server(render: Render) -> None:
    (container,) = the(render(), "Job")["spec"]["template"]["spec"]["containers"]
    assert [*container["command"], *container["args"]] == ["litellm", "--skip_server_startup"]
    assert {"name": "DISABLE_SCHEMA_UPDATE", "value": "false"} in container["env"]


def test_the_migration_gets_no_secret_but_the_database_s(render: Render) -> None:
    (container,) = the(render(), "Job")["spec"]["template"]["spec"]["containers"]
    secrets = [
        item["name"] for item in container["env"] if "secretKeyRef" in item.get("valueFrom", {})
    ]
    assert secrets == ["DATABASE_PASSWORD"]


def test_the_migration_ends_in_a_limited_time(render: Render) -> None:
    spec = the(render(migration={"activeDeadlineSeconds": 99}), "Job")["spec"]
    assert spec["activeDeadlineSeconds"] == 99
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_the_migration_can_be_left_out(render: Render) -> None:
    assert "Job" not in {item["kind"] for item in render(migration={"enabled": False})}
