"""What the chart accepts, and how it refuses the rest."""

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from rendered_chart import CHART, VALUES

from infra import versions

Refusal = Callable[..., str]


def test_helm_finds_nothing_to_complain_about(
    run_helm: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run_helm("lint", {}, "--strict")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicas": 2}, "replicas"),
        ({"image": {"version": "1.106.2"}}, "version"),
        ({"probes": {"startup": {"path": "/"}}}, "path"),
        ({"networkPolicy": {"database": {"cidr": "10.0.0.0/8"}}}, "cidr"),
        ({"secretEnvironment": [{"name": "A", "secret": "a", "value": "b"}]}, "value"),
        ({"image": {"tag": "main-latest"}}, "image.tag"),
        ({"image": {"digest": "sha256:12"}}, "image.digest"),
        ({"resources": {"memory": "4096"}}, "resources.memory"),
        ({"metrics": {"port": 4000}}, "metrics.port"),
        ({"replicaCount": 0}, "replicaCount"),
        ({"serviceAccountName": None}, "serviceAccountName"),
        ({"configMap": None}, "configMap.name"),
        ({"topologySpread": {"zone": "Never"}}, "topologySpread.zone"),
        ({"environment": {"DATABASE-URL": "x"}}, "DATABASE-URL"),
    ],
)
def test_the_schema_names_what_it_refuses(
    refusal: Refusal, changes: dict[str, Any], message: str
) -> None:
    text = refusal(**changes)
    assert "specifications of the schema" in text
    assert message in text


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "REDIS_PASSWORD", "DRAIN_TOKEN_2_TOKEN", "AWS_SECRET", "api_key"]
)
def test_a_secret_in_plain_sight_is_refused_without_being_shown(
    refusal: Refusal, name: str
) -> None:
    text = refusal(environment={name: "hunter2"})
    assert f"environment.{name} looks like a secret" in text
    assert "hunter2" not in text


def test_a_password_in_a_url_is_refused_without_being_shown(refusal: Refusal) -> None:
    text = refusal(environment={"DATABASE_URL": "postgresql://litellm:hunter2@database/litellm"})
    assert "environment.DATABASE_URL has a password" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("name", ["LITELLM_MASTER_KEY", "DRAIN_TOKEN"])
def test_a_gateway_needs_its_keys(refusal: Refusal, name: str) -> None:
    kept = [item for item in VALUES["secretEnvironment"] if item["name"] != name]
    assert f"secretEnvironment lacks {name}" in refusal(secretEnvironment=kept)


def test_a_gateway_needs_a_database(refusal: Refusal) -> None:
    assert "environment lacks DATABASE_URL" in refusal(environment={"DATABASE_URL": None})


def test_several_pods_need_a_cache(refusal: Refusal) -> None:
    assert "add a cache" in refusal(environment={"REDIS_HOST": None})


def test_a_single_pod_needs_no_cache(
    run_helm: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    changes = {
        "environment": {"REDIS_HOST": None},
        "replicaCount": 1,
        "autoscaling": {"enabled": False},
    }
    assert run_helm("template", changes).returncode == 0


def test_a_grace_period_that_cuts_requests_off_is_refused(refusal: Refusal) -> None:
    text = refusal(terminationGracePeriodSeconds=734)
    assert "terminationGracePeriodSeconds 734 cuts requests off: drain needs 735" in text


def test_a_ceiling_below_the_floor_is_refused(refusal: Refusal) -> None:
    text = refusal(autoscaling={"maximumReplicas": 3}, replicaCount=4)
    assert "autoscaling.maximumReplicas 3 is below replicaCount 4" in text


@pytest.mark.parametrize("name", ["TMPDIR", "DISABLE_SCHEMA_UPDATE", "POD_IP"])
def test_what_the_chart_sets_cannot_be_set_again(refusal: Refusal, name: str) -> None:
    text = refusal(environment={name: "x"})
    assert f"environment.{name} is set by the chart itself" in text


def test_a_variable_has_one_source(refusal: Refusal) -> None:
    secrets = [*VALUES["secretEnvironment"], {"name": "REDIS_HOST", "secret": "a", "key": "b"}]
    assert "environment.REDIS_HOST is in secretEnvironment as well" in refusal(
        secretEnvironment=secrets
    )


def test_a_secret_variable_stands_once(refusal: Refusal) -> None:
    secrets = [*VALUES["secretEnvironment"], {"name": "DRAIN_TOKEN", "secret": "a", "key": "b"}]
    assert "secretEnvironment names DRAIN_TOKEN twice" in refusal(secretEnvironment=secrets)


def test_the_migration_cannot_ask_for_a_secret_that_is_not_there(refusal: Refusal) -> None:
    text = refusal(migration={"secretEnvironment": ["OTHER"]})
    assert "migration.secretEnvironment names OTHER" in text


@pytest.mark.parametrize("key", ["clientCidrs", "database"])
def test_network_policies_that_would_shut_the_gateway_off_are_refused(
    refusal: Refusal, key: str
) -> None:
    empty: Any = [] if key == "clientCidrs" else {"cidrs": []}
    assert f"networkPolicy.{key}" in refusal(networkPolicy={key: empty})


def value_paths(values: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, dict) and value and key != "environment":
            yield from value_paths(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def test_the_readme_lists_every_value() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    listed = re.findall(r"^\| `([A-Za-z.]+)` \|", (CHART / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(value_paths(values))


def documented() -> dict[str, tuple[str, str]]:
    """Return the default and the meaning of every value as the README's table has them."""
    table = re.findall(
        r"^\| `([A-Za-z.]+)` \| (.*) \| (.*) \|$", (CHART / "README.md").read_text(), re.MULTILINE
    )
    return {name: (default, meaning) for name, default, meaning in table}


def test_the_readme_tells_what_every_value_means() -> None:
    assert [name for name, (_, meaning) in documented().items() if len(meaning) < 8] == []


def test_the_readme_tells_every_default() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for path, (told, _) in documented().items():
        default: Any = values
        for key in path.split("."):
            default = default[key]
        if default in ("", [], {}):
            assert told in ("none", "required"), path
        elif isinstance(default, list | dict):
            assert told == ", ".join(f"`{item}`" for item in default), path
        else:
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            assert told == f"`{shown}`", path


def test_the_chart_was_checked_with_the_litellm_that_is_deployed() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == versions.LITELLM
