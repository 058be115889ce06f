"""What is dangerous in real previews of the engine, and what is not."""

from typing import Any

import pulumi
import pytest
from settled_stacks import MODELS, Settled, altered, dangers, nothing, told, with_change

from ops.preview_report.preview import Step
from ops.preview_report.report import counts

NOVA = {
    "name": "nova",
    "tier": "$",
    "provider": "bedrock",
    "deployments": [{"model": "us.amazon.nova-lite-v1:0"}],
}


def changed(settled: Settled, *arguments: Any, **named: Any) -> dict[str, Step]:
    return {step.label: step for step in settled.preview(*arguments, **named).changed}


# Changes of the settings of a stack that may be deleted, and what is dangerous in them.
HARMLESS: dict[str, dict[str, Any]] = {
    "nothing changed": {},
    "master key rotated": {"rotation.masterKey": 2},
    "cache password rotated": {"rotation.cache": 2},
    "log tiers changed": {"logStorage.infrequentAccessDays": 45},
    "logs kept longer": {"logStorage.retentionDays": 900},
    "model added": {"models": [*MODELS, NOVA]},
    "budget changed": {"limits.total.budgetUsd": 150},
    "pods changed": {"gateway.memoryMib": 5120, "gateway.logLevel": "INFO"},
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_is_not_dangerous(name: str, small: Settled) -> None:
    preview = small.preview(HARMLESS[name])
    assert not preview.failed
    assert [f"{one.resource}: {one.text}" for one in dangers(preview)] == []


def test_a_preview_of_the_same_changes_nothing(small: Settled) -> None:
    preview = small.preview({})
    assert counts(preview) == {}
    assert len(preview.steps) > 300


def test_a_rotation_creates_and_rolls_and_nothing_else(small: Settled) -> None:
    assert {
        label: step.action for label, step in changed(small, {"rotation.masterKey": 2}).items()
    } == {
        "RandomPassword master-key-2": "create",
        "SecretVersion master-key-2": "create",
        "ExternalSecret master-key-2": "create",
        "Release gateway": "update",
    }


def test_a_retired_database_that_is_dropped_is_a_loss(small: Settled) -> None:
    preview = small.preview({"database.retiredGenerations": []})
    assert ("LOSS", "Instance database-1") in told(preview)


def test_a_second_region_that_is_given_up_loses_its_bucket_and_key(small: Settled) -> None:
    preview = small.preview({"disasterRecovery": {}})
    assert {("LOSS", "Bucket log-copies"), ("LOSS", "Key copies")} <= told(preview)
    # With the bucket gone there is nothing left to guard.
    assert {kind for kind, _ in told(preview)} == {"LOSS"}


def test_a_deleted_secret_is_a_loss(small: Settled) -> None:
    assert ("LOSS", "Secret ui-password") in told(small.preview({"adminUi.enabled": False}))


def test_a_replaced_cluster_is_a_loss_and_names_the_reason(small: Settled) -> None:
    other = "arn:aws:iam::111122223333:role/another"
    preview = small.preview(run=altered("aws:eks/cluster:Cluster", "cluster", roleArn=other))
    (found,) = (one for one in dangers(preview) if one.resource == "Cluster cluster")
    assert found.kind.name == "LOSS"
    assert "would be replaced" in found.text
    assert "`roleArn`" in found.text


def test_a_replaced_database_is_a_loss(small: Settled) -> None:
    def change(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.name != "database-2" or args.type_ != "aws:rds/instance:Instance":
            return None
        # What keeps a database from being replaced is dropped by mistake.
        args.opts.ignore_changes = []
        key = "arn:aws:kms:us-east-1:111122223333:key/another"
        return pulumi.ResourceTransformResult(props={**args.props, "kmsKeyId": key}, opts=args.opts)

    assert ("LOSS", "Instance database-2") in told(small.preview(run=with_change(change)))


def test_a_security_group_that_is_opened_to_the_world_is_dangerous(small: Settled) -> None:
    opened = altered(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "database-from-cluster",
        referencedSecurityGroupId=None,
        cidrIpv4="0.0.0.0/0",
    )
    preview = small.preview(run=opened)
    (found,) = dangers(preview)
    assert (found.kind.name, found.text) == (
        "PUBLIC",
        "traffic would be let in: port 5432 from 0.0.0.0/0",
    )


def test_callers_of_a_further_network_are_dangerous_and_of_a_part_of_it_are_not(
    small: Settled,
) -> None:
    wider = small.preview({"loadBalancer.allowedCidrs": ["10.0.0.0/8"]})
    assert {kind for kind, _ in told(wider)} == {"ACCESS"}


def test_a_statement_that_is_widened_to_everything_is_dangerous(small: Settled) -> None:
    document = (
        '{"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    )
    preview = small.preview(
        run=altered("aws:iam/rolePolicy:RolePolicy", "gateway", policy=document)
    )
    (found,) = dangers(preview)
    assert found.kind.name == "ACCESS"
    assert "`* on *` would be allowed" in found.text


def test_every_safeguard_that_is_taken_away_is_named(small: Settled) -> None:
    def change(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        properties: dict[tuple[str, str], dict[str, Any]] = {
            ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "logs"): {
                "blockPublicPolicy": False
            },
            ("aws:kms/key:Key", "logs"): {"enableKeyRotation": False},
            ("aws:rds/instance:Instance", "database-2"): {
                "publiclyAccessible": True,
                "backupRetentionPeriod": 1,
            },
            ("aws:lb/loadBalancer:LoadBalancer", "gateway"): {"internal": False},
        }
        wanted = properties.get((args.type_, args.name))
        if wanted is None:
            return None
        return pulumi.ResourceTransformResult(props={**args.props, **wanted}, opts=args.opts)

    found = told(small.preview(run=with_change(change)))
    assert {
        ("PUBLIC", "BucketPublicAccessBlock logs"),
        ("ENCRYPTION", "Key logs"),
        ("PUBLIC", "Instance database-2"),
        ("PROTECTION", "Instance database-2"),
        ("PUBLIC", "LoadBalancer gateway"),
    } <= found


def test_log_objects_that_expire_sooner_are_dangerous(small: Settled) -> None:
    preview = small.preview({"logStorage.retentionDays": 400})
    assert ("PROTECTION", "BucketLifecycleConfiguration logs") in told(preview)


def test_a_program_without_resources_loses_everything_and_its_providers(small: Settled) -> None:
    preview = small.preview(run=nothing)
    assert not preview.failed
    assert {
        ("LOSS", "aws aws"),
        ("LOSS", "kubernetes cluster"),
        ("LOSS", "Cluster cluster"),
        ("LOSS", "Instance database-2"),
        ("LOSS", "Secret salt-key"),
        ("OUTAGE", "LoadBalancer gateway"),
    } <= told(preview)


def test_protection_that_is_removed_is_dangerous(protected: Settled) -> None:
    found = told(protected.preview({"durability": "disposable"}))
    assert {
        ("PROTECTION", "Instance database-1"),
        ("PROTECTION", "Bucket logs"),
        ("PROTECTION", "Key secrets"),
        ("PROTECTION", "Secret salt-key"),
    } <= found


def test_a_deletion_that_protection_forbids_fails_and_says_so(protected: Settled) -> None:
    preview = protected.preview(run=nothing)
    assert preview.failed
    assert any("protect" in text for text in preview.errors)


def test_both_forms_of_a_preview_tell_the_same_dangers(small: Settled) -> None:
    change = {"disasterRecovery": {}, "loadBalancer.allowedCidrs": ["10.0.0.0/8"]}
    events = small.preview(change)
    document = small.preview(change, form="digest")
    assert told(document) == told(events)
    assert {step.urn for step in document.changed} == {step.urn for step in events.changed}
    assert document.policies is None
