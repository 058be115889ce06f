"""Every settings error is found before a resource is made, all at once, and names its key."""

import json
from copy import deepcopy
from typing import Any

import pytest
from recorded_program import PROJECT, stack_configuration

from infra.configuration import parse
from infra.settings import Settings, SettingsError


def with_changes(stack: str, changes: dict[str, Any]) -> dict[str, str]:
    """Return a stack's configuration with keys such as ``database.generation`` set."""
    configuration = {
        key: json.loads(text) if text.startswith(("{", "[")) else text
        for key, text in stack_configuration(stack).items()
    }
    for path, value in changes.items():
        section, *rest = path.split(".")
        place: Any = configuration
        keys = [f"{PROJECT}:{section}", *rest]
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = deepcopy(value)
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in configuration.items()
    }


def problems_of(stack: str, changes: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        parse(stack, PROJECT, with_changes(stack, changes))
    return raised.value.problems


def settings_of(stack: str, changes: dict[str, Any] | None = None) -> Settings:
    return parse(stack, PROJECT, with_changes(stack, changes or {}))


@pytest.mark.parametrize("stack", ["dev", "prod", "prod-dr"])
def test_the_stacks_that_are_delivered_are_valid(stack: str) -> None:
    assert len(settings_of(stack).models) == 3


WRONG = [
    ("dev", {"netwrok": {}}, "netwrok: unknown key"),
    ("dev", {"network.cdir": "10.0.0.0/16"}, "network.cdir: unknown key"),
    ("dev", {"network.cidr": "10.0.0.0/8"}, "cidr 10.0.0.0/8 must be between /16 and /20"),
    ("dev", {"network.cidr": "10.0.0.1/16"}, "has host bits set"),
    ("dev", {"network.cidr": "office"}, "give an IPv4 network such as 10.40.0.0/16"),
    ("dev", {"network.zones": 4}, "network.zones"),
    ("dev", {"network.natGateways": "many"}, "network.natGateways"),
    ("dev", {"aws.region": "Virginia"}, "aws.region"),
    ("dev", {"aws.endpoint": "localhost:4566"}, "aws.endpoint"),
    ("dev", {"durability": "eternal"}, "durability"),
    ("dev", {"cluster.publicAccessCidrs": ["0.0.0.0/0"]}, "publicAccessCidrs has 0.0.0.0/0"),
    ("dev", {"cluster.administratorArns": ["alice"]}, "cluster.administratorArns[0]"),
    ("dev", {"cluster.architecture": "riscv"}, "cluster.architecture"),
    ("dev", {"database.instanceClass": "t4g.micro"}, "database.instanceClass"),
    ("dev", {"database.instanceClass": "db.t9.huge"}, "known are db.t4g.micro, db.t4g.small"),
    ("dev", {"database.storageGib": 5}, "database.storageGib"),
    ("dev", {"database.maximumStorageGib": 22, "database.storageGib": 21}, "at least 10 %"),
    ("dev", {"database.engineVersion": "latest"}, "database.engineVersion"),
    ("dev", {"database.backupRetentionDays": 0}, "database.backupRetentionDays"),
    ("dev", {"database.retiredGenerations": [1]}, "generation 1 serves and cannot be retired"),
    ("dev", {"cache.nodeType": "t4g.micro"}, "cache.nodeType"),
    ("dev", {"cache.replicas": 9}, "cache.replicas"),
    (
        "dev",
        {"logStorage.glacierDays": 60, "logStorage.infrequentAccessDays": 45},
        "glacierDays 60",
    ),
    ("dev", {"logStorage.deepArchiveDays": 180, "logStorage.glacierDays": 100}, "deepArchiveDays"),
    (
        "dev",
        {"logStorage.retentionDays": 60},
        "retentionDays 60 is not above glacierDays 90: objects would expire before they get there; "
        "raise retentionDays or set glacierDays to null",
    ),
    (
        "prod",
        {"logStorage.objectLockDays": 1000},
        "retentionDays 730 is below objectLockDays 1000",
    ),
    ("dev", {"logStorage.objectLockDays": 30}, "forbids what a disposable stack promises"),
    ("dev", {"disasterRecovery.region": "us-east-1"}, "us-east-1 is the stack's own region"),
    ("dev", {"disasterRecovery.region": "cn-north-1"}, "different partitions of AWS"),
    ("dev", {"disasterRecovery.region": "Oregon"}, "disasterRecovery.region"),
    ("dev", {"disasterRecovery.rtoMinutes": 0}, "disasterRecovery.rtoMinutes"),
    ("dev", {"disasterRecovery.rpoMinutes": 99999}, "disasterRecovery.rpoMinutes"),
    ("dev", {"secrets.adoptNames": {"salt-key": "x"}}, "adoptNames salt-key has nothing to adopt"),
    (
        "dev",
        {"secrets": {"saltKey": "adopt", "adoptNames": {"saltkey": "x"}}},
        "secrets.adoptNames.saltkey: unknown adopted family; did you mean salt-key?",
    ),
    ("dev", {"loadBalancer.allowedCidrs": ["0.0.0.0/0"]}, "allowedCidrs has 0.0.0.0/0"),
    ("dev", {"loadBalancer.certificateArn": "my-certificate"}, "loadBalancer.certificateArn"),
    ("dev", {"loadBalancer.idleTimeoutSeconds": 60}, "slow streams break"),
    ("dev", {"rotation.masterKey": 0}, "rotation.masterKey"),
    ("dev", {"rotation.saltKey": 2}, "rotation.saltKey: the salt key encrypts"),
    ("dev", {"rotation.providers": {"anthropic": 2}}, "rotation.providers.anthropic"),
    (
        "dev",
        {"rotation.rolledBack": ["cahce"]},
        "rolledBack: unknown family; did you mean cache?",
    ),
    ("dev", {"rotation.rolledBack": ["cache"]}, "cache is at epoch 1, which has none before it"),
    ("dev", {"rotationPolicy.masterKeyDays": 0}, "rotationPolicy.masterKeyDays"),
    ("dev", {"rotationPolicy.databaseDays": 90}, "rotationPolicy.databaseDays: unknown key"),
    ("dev", {"gateway.image": {"tag": "main-latest"}}, "does not name an exact version"),
    ("dev", {"gateway.image": {"digest": "sha256:abc"}}, "gateway.image.digest"),
    ("dev", {"gateway.replicas": 3}, "maximumReplicas 1 is below replicas 3"),
    ("dev", {"gateway.environment": {"MY_API_KEY": "x"}}, "gateway.environment.MY_API_KEY"),
    ("dev", {"providers.bedrock.enabled": False}, "models: nothing is served"),
    (
        "dev",
        {"requestLogging.langfuse": {"host": "https://langfuse.example"}},
        "suppliedSecrets.langfuse",
    ),
    ("dev", {"requestLogging.langsmith": {"project": "x"}}, "suppliedSecrets.langsmith"),
    (
        "dev",
        {"requestLogging.openTelemetry": {"endpoint": "http://collector:4318", "headers": True}},
        "suppliedSecrets.openTelemetry",
    ),
    ("dev", {"requestLogging.langfuse": {"host": "langfuse"}}, "requestLogging.langfuse.host"),
    (
        "dev",
        {"requestLogging.supabase": {"url": "https://x.supabase.co"}},
        "supabase is not supported: LiteLLM installs its client with pip at the first",
    ),
    ("dev", {"requestLogging.datadog": {}}, "requestLogging.datadog: unknown key"),
    (
        "dev",
        {"requestLogging.langfuse": {"host": "https://l.example", "outcomes": []}},
        "requestLogging.langfuse.outcomes",
    ),
    (
        "dev",
        {"requestLogging.masking.patterns": {"ticket": "ABC-("}},
        "requestLogging.masking.patterns.ticket: is no regular expression of Python",
    ),
    (
        "dev",
        {"requestLogging.masking.patterns": {"ticket": "x*"}},
        "requestLogging.masking.patterns.ticket: matches the empty text",
    ),
    (
        "dev",
        {"requestLogging.database.content": True},
        "requestLogging.database.content: spendArchive would keep prompts and answers for "
        "spendArchive.retentionDays 2555",
    ),
    (
        "dev",
        {"requestLogging.database.archiveContent": True},
        "requestLogging.database.archiveContent: there is nothing to archive while "
        "requestLogging.database.content is false",
    ),
    ("dev", {"sessionMetadata.keys": ["Ticket-Id"]}, "sessionMetadata.keys[0]"),
    ("dev", {"alerting.slack": True}, "suppliedSecrets.slackWebhook"),
    (
        "dev",
        {"suppliedSecrets.langfuse": {"1": {"secretKey": "x"}}},
        "nothing in this stack uses it",
    ),
    ("dev", {"suppliedSecrets.vault": {"1": {"token": "x"}}}, "vault: unknown family"),
    ("prod", {"database.multiZone": False}, "database.multiZone"),
    ("prod", {"database.backupRetentionDays": 7}, "keeps at least 30"),
    ("prod", {"cache.replicas": 0}, "cache.replicas"),
    ("prod", {"gateway.replicas": 1}, "gateway.replicas: 1 is below 2"),
    ("prod", {"network.natGateways": "one"}, "network.natGateways"),
    ("prod", {"loadBalancer": {}}, "loadBalancer.certificateArn"),
    ("dev", {"bedrock.roleArn": "models"}, "bedrock.roleArn"),
    ("dev", {"bedrock.externalId": "shared"}, "bedrock.externalId: is for the role of another"),
    ("dev", {"bedrock.teams": [{"id": "search", "tags": {}}]}, "bedrock.teams[0].tags"),
    ("dev", {"bedrock.teams": [{"id": "a b", "tags": {"team": "a"}}]}, "bedrock.teams[0].id"),
    ("dev", {"bedrock.teams": [{"id": "a", "tags": {"aws:team": "a"}}]}, "begins with aws:"),
    ("dev", {"bedrock.teams": [{"id": "a", "tags": {"t": "1", "T": "2"}}]}, "differ in case only"),
    (
        "dev",
        {"bedrock.teams": [{"id": "a", "tags": {"t": "1"}}, {"id": "a", "tags": {"t": "2"}}]},
        "'a' stands more than once",
    ),
    ("dev", {"identity.github.repository": "litellm"}, "identity.github.repository"),
    ("dev", {"identity.github.repository": "a@1/b"}, "identity.github.repository"),
    ("dev", {"identity.github.previewEnvironment": "development"}, "every preview could deploy"),
    ("dev", {"identity.github.deployEnvironment": "*"}, "identity.github.deployEnvironment"),
    ("dev", {"identity.github.oidcProvider": "yes"}, "identity.github.oidcProvider"),
    ("dev", {"identity.github.stateKeyArn": "my-key"}, "identity.github.stateKeyArn"),
    ("dev", {"identity.github": {"repository": "a/b"}}, "identity.github.stateBucket"),
]


@pytest.mark.parametrize(("stack", "changes", "told"), WRONG, ids=[told for _, _, told in WRONG])
def test_a_wrong_setting_is_named(stack: str, changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of(stack, changes))


def test_a_tier_that_is_left_out_does_not_limit_the_retention() -> None:
    settings = settings_of(
        "dev",
        {
            "logStorage.glacierDays": None,
            "logStorage.deepArchiveDays": None,
            "logStorage.retentionDays": 60,
        },
    )
    assert settings.log_storage.transitions == {"infrequentAccessDays": 30}


def test_all_errors_come_at_once() -> None:
    problems = problems_of(
        "dev", {"aws.region": "Virginia", "network.zones": 7, "cache.replicas": -1, "modles": []}
    )
    assert [problem.split(":")[0] for problem in problems] == [
        "aws.region",
        "cache.replicas",
        "modles",
        "network.zones",
    ]


ANTHROPIC = {
    "models": [
        {
            "name": "haiku",
            "tier": "$",
            "provider": "anthropic",
            "deployments": [{"model": "claude-haiku-4-5-20251001"}],
        }
    ]
}


def test_a_provider_in_use_needs_its_credentials() -> None:
    (problem,) = problems_of("dev", ANTHROPIC)
    assert "suppliedSecrets.anthropic: epoch 1 has no value" in problem


def test_raising_the_epoch_of_a_supplied_secret_without_a_new_value_is_an_error() -> None:
    (problem,) = problems_of(
        "dev",
        {
            **ANTHROPIC,
            "rotation.providers": {"anthropic": 2},
            "suppliedSecrets.anthropic": {"1": {"apiKey": "first"}},
        },
    )
    assert "epoch 2 has no value" in problem


def test_a_supplied_secret_with_a_wrong_field_is_an_error_that_hides_the_value() -> None:
    (problem,) = problems_of(
        "dev", {**ANTHROPIC, "suppliedSecrets.anthropic": {"1": {"key": "do-not-print"}}}
    )
    assert "has key; needs apiKey" in problem
    assert "do-not-print" not in problem


def test_supplied_secrets_make_a_provider_valid() -> None:
    settings = settings_of(
        "dev", {**ANTHROPIC, "suppliedSecrets.anthropic": {"1": {"apiKey": "first"}}}
    )
    assert settings.supplied_families == {"anthropic": 1}


def test_a_model_that_stands_twice_is_an_error() -> None:
    model = {
        "name": "haiku",
        "tier": "$",
        "provider": "bedrock",
        "deployments": [{"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}],
    }
    assert "'haiku' stands more than once" in problems_of("dev", {"models": [model, model]})[0]


def test_a_fallback_to_a_missing_model_is_an_error() -> None:
    model = {
        "name": "haiku",
        "tier": "$",
        "provider": "bedrock",
        "deployments": [{"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}],
        "fallbacks": ["sonnet"],
    }
    assert "'sonnet' is not another model" in problems_of("dev", {"models": [model]})[0]


def test_a_role_for_bedrock_without_bedrock_models_is_an_error() -> None:
    problems = problems_of(
        "dev",
        {
            **ANTHROPIC,
            "suppliedSecrets.anthropic": {"1": {"apiKey": "first"}},
            "bedrock.roleArn": "arn:aws:iam::444455556666:role/models",
        },
    )
    assert problems == ["bedrock.roleArn: no model of the catalogue is on Bedrock; remove it"]


@pytest.mark.parametrize("repository", ["owner/name", "owner@1234/name.of-it@5678"])
def test_a_repository_is_named_as_github_names_it_in_tokens(repository: str) -> None:
    github = settings_of("dev", {"identity.github.repository": repository}).identity.github
    assert github is not None
    assert github.repository == repository
