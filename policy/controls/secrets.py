"""Row 20: secrets in Secrets Manager."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import SECRET, SECRET_ROTATION, SECRET_VERSION
from policy.stack import Resource, Stack
from policy.values import at, items, own_key

ROTATION_TAG = "litellm:rotation"
_RECOVERY_DAYS = 7
_PROTECTED_RECOVERY_DAYS = 30


def is_encrypted(secret: Resource, stack: Stack) -> Iterator[str]:
    if not own_key(secret, stack, "kmsKeyId"):
        yield "kmsKeyId is not a customer-managed key"


def can_be_recovered(secret: Resource, stack: Stack) -> Iterator[str]:
    # AWS keeps a deleted secret for 30 days unless told otherwise; 0 deletes it at once.
    days = secret.inputs.get("recoveryWindowInDays")
    days = _PROTECTED_RECOVERY_DAYS if days is None else days
    wanted = _PROTECTED_RECOVERY_DAYS if stack.protected else _RECOVERY_DAYS
    if days < wanted:
        yield f"it can be recovered for {days:.0f} days; {wanted} are wanted"


def rotates(secret: Resource, stack: Stack) -> Iterator[str]:
    """A schedule rotates it, its versions are numbered by epoch, or its tag says why neither."""
    if stack.attached(secret, SECRET_ROTATION, "secretId", "name"):
        return
    if any(
        str(stage).startswith("epoch-")
        for version in stack.attached(secret, SECRET_VERSION, "secretId", "name")
        for stage in items(version.inputs.get("versionStages"))
    ):
        return
    verdict, _, reason = str(at(secret.inputs, "tags", ROTATION_TAG)).partition(":")
    if verdict != "exempt" or not reason.strip():
        yield f"it never rotates, and no tag {ROTATION_TAG} says 'exempt: <reason>'"


CONTROLS = (
    Control(
        row=20,
        name="secrets",
        requires="secrets are encrypted with a customer-managed key, can be recovered for 7 days "
        "(production: 30), and rotate or are tagged as exempt with a reason",
        ids=("SecretsManager.1", "SecretsManager.4", "CKV_AWS_149", "CKV2_AWS_57"),
        severity=Severity.HIGH,
        checks={SECRET: (is_encrypted, can_be_recovered, rotates)},
    ),
)
