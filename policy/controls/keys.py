"""Rows 21 and 24: customer-managed keys, and what a mistake must not delete."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import BUCKET, DATABASE, KEY, REPLICA_KEY, SECRET
from policy.stack import Resource, Stack
from policy.values import principals, statements


def rotates(key: Resource, stack: Stack) -> Iterator[str]:
    if key.inputs.get("enableKeyRotation") is not True:
        yield "enableKeyRotation is not true"


def trusts_no_one_at_large(key: Resource, stack: Stack) -> Iterator[str]:
    # Without a policy AWS hands the key to the account's IAM. `Resource: *` means this key alone.
    document = key.inputs.get("policy")
    for statement in statements(document) if document else []:
        if statement.get("Effect") == "Allow" and ("AWS", "*") in principals(statement):
            yield "its policy lets every principal of AWS use it"


def is_protected(resource: Resource, stack: Stack) -> Iterator[str]:
    if stack.protected and not resource.protect:
        yield "it lacks Pulumi's option protect"


def is_protected_if_it_holds_logs(bucket: Resource, stack: Stack) -> Iterator[str]:
    if bucket.name.startswith("logs"):
        yield from is_protected(bucket, stack)


def is_protected_if_it_is_the_salt(secret: Resource, stack: Stack) -> Iterator[str]:
    if secret.name.startswith("salt-key"):
        yield from is_protected(secret, stack)


CONTROLS = (
    Control(
        row=21,
        name="keys",
        requires="keys rotate and are not everyone's",
        ids=("KMS.5", "CKV_AWS_7", "CKV_AWS_33"),
        severity=Severity.HIGH,
        checks={KEY: (rotates, trusts_no_one_at_large), REPLICA_KEY: (trusts_no_one_at_large,)},
    ),
    Control(
        row=24,
        name="protection",
        requires="in production, database, keys, salt key and log bucket are protected from "
        "deletion",
        ids=("bundle rule",),
        severity=Severity.CRITICAL,
        checks={
            DATABASE: (is_protected,),
            KEY: (is_protected,),
            REPLICA_KEY: (is_protected,),
            BUCKET: (is_protected_if_it_holds_logs,),
            SECRET: (is_protected_if_it_is_the_salt,),
        },
        elsewhere="engines do not tell policies of retainOnDelete: "
        "tests/policy/test_known_program.py sees that the salt key has it",
    ),
)
