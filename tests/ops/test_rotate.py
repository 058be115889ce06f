"""What a rotation changes, what it refuses, and how it is taken up; none of it needs a stack."""

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_settings import problems_of, settings_of

from infra.naming import PROJECT_ROOT
from infra.secret_families import SUPPLIED
from infra.settings import Settings
from ops.cli import main
from ops.rotate.checks import Check
from ops.rotate.families import (
    FamilyError,
    RotatingFamily,
    families_in_use,
    known_names,
    named_families,
)
from ops.rotate.journal import Journal
from ops.rotate.plan import (
    Move,
    Plan,
    RollbackError,
    others,
    rollback_plan,
    rotation_plan,
    supplied_paths,
)
from ops.rotate.pods import secrets_of
from ops.rotate.report import Report
from ops.steady_load import Load
from ops.steps import Step
from sandbox.outcome import Change

RUNBOOK = PROJECT_ROOT / "docs" / "runbooks" / "rotation.md"
ANTHROPIC = {
    "models": [
        {
            "name": "claude",
            "tier": "$",
            "provider": "anthropic",
            "deployments": [{"model": "claude-haiku-4-5-20251001"}],
        }
    ],
}


def with_anthropic(**more: Any) -> Settings:
    epochs = {str(epoch): {"apiKey": "sk"} for epoch in (1, 2, 3, 4)}
    return settings_of("dev", {**ANTHROPIC, "suppliedSecrets": {"anthropic": epochs}, **more})


def planned(settings: Settings, *names: str) -> Plan:
    return rotation_plan(settings, named_families(settings, names))


def test_a_family_goes_to_the_next_number_and_nothing_else_is_set() -> None:
    plan = planned(settings_of("dev", {"rotation.masterKey": 2}), "master-key")
    assert plan.changes == {"rotation.masterKey": "3"}
    assert [(move.from_epoch, move.to_epoch) for move in plan.moves] == [(2, 3)]


def test_providers_means_each_provider_with_credentials() -> None:
    plan = planned(with_anthropic(), "providers")
    assert plan.changes == {"rotation.providers.anthropic": "2"}
    assert plan.names == ["providers/anthropic"]


def test_a_name_that_stands_twice_counts_once() -> None:
    found = named_families(with_anthropic(), ["providers", "providers/anthropic"])
    assert [one.name for one in found] == ["providers/anthropic"]


def test_the_values_of_a_supplied_family_have_their_paths() -> None:
    (move,) = planned(with_anthropic(), "providers/anthropic").moves
    assert supplied_paths(move) == {"apiKey": 'suppliedSecrets.anthropic["2"].apiKey'}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("salt-key", "cannot be rotated: the salt key encrypts the credentials"),
        ("master-kye", "unknown family; did you mean master-key?"),
        ("keys", "unknown family; known are alert-webhook, cache, database"),
        ("langfuse", "this stack does not use it; in use are cache, database"),
        ("providers/openai", "this stack does not use it"),
        ("providers", "no model of the catalogue has credentials that rotate"),
    ],
)
def test_what_cannot_be_rotated_says_why(name: str, told: str) -> None:
    with pytest.raises(FamilyError, match=re.escape(told)):
        named_families(settings_of("dev"), [name])


def test_every_setting_of_an_epoch_is_a_family_by_name() -> None:
    assert {"master-key", "load-balancer-client", "open-telemetry", "license"} <= {*known_names()}
    assert families_in_use(settings_of("dev")).keys() <= {*known_names()}


def test_a_roll_back_names_the_family_and_leaves_the_number() -> None:
    rotation = {"masterKey": 3, "cache": 2, "rolledBack": ["cache"]}
    settings = settings_of("dev", {"rotation": rotation})
    plan = rollback_plan(settings, named_families(settings, ["master-key"]))
    assert plan.changes == {"rotation.rolledBack": "[cache, masterKey]"}
    assert [(move.from_epoch, move.to_epoch) for move in plan.moves] == [(3, 2)]


def test_there_is_nothing_to_go_back_to_from_the_first_epoch() -> None:
    settings = settings_of("dev")
    with pytest.raises(RollbackError, match="is at epoch 1, which has none before it"):
        rollback_plan(settings, named_families(settings, ["cache"]))


def test_a_second_roll_back_is_refused() -> None:
    settings = settings_of("dev", {"rotation.cache": 3, "rotation.rolledBack": ["cache"]})
    with pytest.raises(RollbackError, match="epoch 2 already, and epoch 1 exists no longer"):
        rollback_plan(settings, named_families(settings, ["cache"]))


def test_after_a_roll_back_a_generated_family_returns_to_the_epoch_that_was_left() -> None:
    rotation = {"database": 3, "cache": 2, "rolledBack": ["database", "cache"]}
    plan = planned(settings_of("dev", {"rotation": rotation}), "database")
    assert [(move.from_epoch, move.to_epoch) for move in plan.moves] == [(2, 3)]
    assert plan.changes == {"rotation.database": "3", "rotation.rolledBack": "[cache]"}


def test_after_a_roll_back_a_supplied_family_takes_a_new_value() -> None:
    rotation = {"providers": {"anthropic": 3}, "rolledBack": ["providers.anthropic"]}
    plan = planned(with_anthropic(rotation=rotation), "providers/anthropic")
    assert [(move.from_epoch, move.to_epoch) for move in plan.moves] == [(2, 4)]
    assert plan.changes["rotation.rolledBack"] == "[]"


RELEASE = "kubernetes:helm.sh/v3:Release"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"


def change(kind: str, name: str, *properties: str) -> Change:
    return Change("update", f"urn:pulumi:dev::gateway::litellm:a:A${kind}::{name}", properties)


@pytest.mark.parametrize(
    ("family", "seen", "belongs"),
    [
        ("master-key", change(VERSION, "master-key-2"), True),
        ("master-key", change(VERSION, "database-2"), False),
        ("master-key", change(RELEASE, "gateway", "values.secretEnvironment[0].secret"), True),
        ("master-key", change(RELEASE, "gateway", "values.secretEnvironment"), True),
        ("master-key", change(RELEASE, "gateway", "values.memoryMib"), False),
        ("master-key", change(RELEASE, "gateway", "values.environment.DATABASE_URL"), False),
        ("database", change(RELEASE, "gateway", "values.environment.DATABASE_URL"), True),
        ("database", change("kubernetes:batch/v1:Job", "database-users", "metadata.name"), True),
        ("cache", change("aws:elasticache/user:User", "cache", "accessString"), False),
        (
            "cache",
            change("aws:elasticache/user:User", "cache", "authenticationMode.passwords[1]"),
            True,
        ),
        (
            "grafana-admin",
            change(RELEASE, "monitoring", "values.grafana.admin.existingSecret"),
            True,
        ),
        ("grafana-admin", change(RELEASE, "gateway"), False),
    ],
)
def test_what_follows_from_a_family_is_told_from_what_does_not(
    family: str, seen: Change, belongs: bool
) -> None:
    assert others(planned(settings_of("dev"), family).moves, [seen]) == ([] if belongs else [seen])


def test_of_the_balancer_s_client_the_rules_that_sign_in_follow() -> None:
    seen = change(
        "aws:lb/listenerRule:ListenerRule", "admin-2", "actions[0].authenticateOidc.clientSecret"
    )
    path = change("aws:lb/listenerRule:ListenerRule", "admin-2", "conditions[0].hostHeader")
    client = RotatingFamily(
        name="load-balancer-client",
        setting="loadBalancerClient",
        family=SUPPLIED["loadBalancerClient"],
        newest=1,
        serving=1,
        supplied="loadBalancerClient",
    )
    move = Move(family=client, from_epoch=1, to_epoch=2)
    assert others([move], [seen, path]) == [path]


def test_a_rotation_is_taken_up_with_what_was_planned(tmp_path: Path) -> None:
    families = named_families(settings_of("dev"), ["master-key", "cache"])
    noted = Journal(
        rollback=False,
        from_epochs={"master-key": 1, "cache": 4},
        to_epochs={"master-key": 2, "cache": 5},
        changes={"rotation.masterKey": "2"},
        key_alias="ops-rotate-1",
    ).write(tmp_path / "notes")
    assert Journal.read(tmp_path / "notes") == noted
    assert noted.command == "ops rotate master-key cache"
    moves = noted.plan(families).moves
    assert [(move.from_epoch, move.to_epoch) for move in moves] == [(1, 2), (4, 5)]
    assert noted.mark_updated(tmp_path / "notes").updated
    Journal.remove(tmp_path / "notes")
    assert Journal.read(tmp_path / "notes") is None


def test_the_secrets_of_a_pod_are_those_of_its_variables() -> None:
    plain = {"name": "A", "value": "b"}
    secret = {"name": "B", "valueFrom": {"secretKeyRef": {"name": "cache-2", "key": "password"}}}
    field = {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    assert secrets_of({"containers": [{"env": [plain, secret, field]}, {}]}) == {"cache-2"}


def report_of(*checks: Check, failures: int = 0) -> Report:
    load = Load(requests=10)
    load.failures["status 500"] += failures
    plan = planned(settings_of("dev"), "database")
    return Report(plan=plan, load=load, steps=[Step(name="up", seconds=1.23)], checks=checks)


def test_a_report_has_what_was_asked_apart_from_what_could_not_be() -> None:
    asked = Check(name="right", passed=True)
    report = report_of(asked, Check(name="unknown", passed=None, reason="not from here"))
    document = report.as_document()
    assert report.is_verified
    assert document["verified"] == [{"name": "right", "passed": True}]
    assert document["unasked"] == [{"name": "unknown", "reason": "not from here"}]
    assert (document["family"], document["from_epoch"], document["to_epoch"]) == ("database", 1, 2)
    assert document["steps"] == [{"name": "up", "seconds": 1.2}]


def test_a_report_says_until_when_the_old_credential_is_good() -> None:
    text = report_of(Check(name="right", passed=True), failures=2).as_text()
    assert "epoch 1 still logs in, as litellm_a, until epoch 3 gives that user another" in text
    assert "10 requests meanwhile, 2 failed" in text
    assert "2 of them: status 500" in text


def test_a_wrong_answer_is_not_verified() -> None:
    assert not report_of(Check(name="wrong", passed=False)).is_verified


def command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rotate", *arguments, "--stack", "dev"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("salt-key",), "salt-key cannot be rotated"),
        (("database", "nothing"), "nothing: unknown family"),
        (("database", "--probe-model", "gpt-2"), "the catalogue has no model 'gpt-2'"),
        (
            ("database", "--value-from-stdin", "--yes"),
            "there must be one family whose values are supplied",
        ),
        (("database", "--value-from-stdin", "--dry-run"), "--dry-run keeps no value"),
        (("database",), "look at --dry-run, then give --yes"),
        ((), "Missing argument 'FAMILY...'"),
    ],
)
def test_a_command_that_is_called_wrongly_says_how(arguments: tuple[str, ...], told: str) -> None:
    done = command(*arguments)
    assert done.exit_code == 2
    assert told in " ".join(done.output.split())


def test_the_salt_key_has_no_number() -> None:
    (problem,) = problems_of("dev", {"rotation.saltKey": 2})
    assert problem.startswith("rotation.saltKey: the salt key encrypts the credentials")
