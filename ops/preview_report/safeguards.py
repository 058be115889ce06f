"""Properties that keep data safe: which way each of them must not go."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from ops.preview_report.dangers import Danger, Kind, danger
from ops.preview_report.preview import Preview, Step
from ops.preview_report.values import ABSENT, UNKNOWN, Path, Word, leaves, path_text, value_text

# Switches that must stay on.
_ON = {
    "deletionProtection": Kind.PROTECTION,
    "enableDeletionProtection": Kind.PROTECTION,
    "copyTagsToSnapshot": Kind.PROTECTION,
    "enableLogFileValidation": Kind.PROTECTION,
    "objectLockEnabled": Kind.PROTECTION,
    "multiAz": Kind.OUTAGE,
    "multiAzEnabled": Kind.OUTAGE,
    "automaticFailoverEnabled": Kind.OUTAGE,
    "storageEncrypted": Kind.ENCRYPTION,
    "atRestEncryptionEnabled": Kind.ENCRYPTION,
    "transitEncryptionEnabled": Kind.ENCRYPTION,
    "encrypted": Kind.ENCRYPTION,
    "enableKeyRotation": Kind.ENCRYPTION,
    "blockPublicAcls": Kind.PUBLIC,
    "blockPublicPolicy": Kind.PUBLIC,
    "ignorePublicAcls": Kind.PUBLIC,
    "restrictPublicBuckets": Kind.PUBLIC,
    "internal": Kind.PUBLIC,
    "dropInvalidHeaderFields": Kind.ACCESS,
    "iamDatabaseAuthenticationEnabled": Kind.ACCESS,
}
# Switches that must stay off.
_OFF = {
    "skipFinalSnapshot": Kind.PROTECTION,
    "forceDestroy": Kind.PROTECTION,
    "deleteAutomatedBackups": Kind.PROTECTION,
    "forceDetachPolicies": Kind.PROTECTION,
    "publiclyAccessible": Kind.PUBLIC,
    "mapPublicIpOnLaunch": Kind.PUBLIC,
    "endpointPublicAccess": Kind.PUBLIC,
    "bypassPolicyLockoutSafetyCheck": Kind.ACCESS,
}
# Days and numbers of copies that must not shrink.
_NOT_LESS = {
    "backupRetentionPeriod",
    "retentionInDays",
    "retentionPeriod",
    "recoveryWindowInDays",
    "deletionWindowInDays",
    "snapshotRetentionLimit",
    "noncurrentDays",
}
# What must not be taken away.
_NOT_GONE = {
    "kmsKeyId": Kind.ENCRYPTION,
    "kmsMasterKeyId": Kind.ENCRYPTION,
    "kmsMasterKeyArn": Kind.ENCRYPTION,
    "encryptionConfig": Kind.ENCRYPTION,
    "permissionsBoundary": Kind.ACCESS,
    "authenticateOidc": Kind.ACCESS,
}
# Texts of which one is right and every other is worse.
_ONE_RIGHT = {
    "sseAlgorithm": ("aws:kms", Kind.ENCRYPTION),
    "protocol": ("HTTPS", Kind.ENCRYPTION),
    "pod-security.kubernetes.io/enforce": ("restricted", Kind.ACCESS),
}
_GUARDS = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        Kind.PUBLIC,
        "public access to the bucket would no longer be blocked",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        Kind.ENCRYPTION,
        "the bucket would no longer be encrypted with the stack's key",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        Kind.PROTECTION,
        "overwritten objects could no longer be brought back",
    ),
    "aws:s3/bucketPolicy:BucketPolicy": (
        Kind.ACCESS,
        "what the bucket's policy forbids, such as access without TLS, would be allowed",
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": (
        Kind.ACCESS,
        "requests would no longer pass the web firewall",
    ),
    "aws:ec2/flowLog:FlowLog": (Kind.POLICY, "traffic would no longer be recorded"),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": (
        Kind.ACCESS,
        "traffic of the pods it selects would no longer be limited",
    ),
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": (
        Kind.POLICY,
        "what it refuses would be admitted",
    ),
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": (
        Kind.POLICY,
        "what its policy refuses would be admitted",
    ),
}
_BUCKET = "aws:s3/bucket:Bucket"


def safeguards(preview: Preview) -> Iterator[Danger]:
    """Yield properties that would go the wrong way, and guards that would be deleted."""
    going = {
        name
        for step in preview.steps
        if step.type == _BUCKET and step.action == "delete" and step.old
        for name in (step.old.id, step.old.outputs.get("bucket"))
    }
    for step in preview.steps:
        if step.action == "delete" and step.type in _GUARDS:
            # With its bucket gone there is nothing to guard.
            if step.inputs_before.get("bucket") not in going:
                yield danger(_GUARDS[step.type][0], step, _GUARDS[step.type][1])
        elif step.action in ("update", "replace"):
            for path, old, new in leaves(step.inputs_before, step.inputs_after):
                yield from _judge(step, path, old, new)
            yield from _named_networks(step)


def _judge(step: Step, path: Path, old: Any, new: Any) -> Iterator[Danger]:
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    gone = next((str(part) for part in path if part in _NOT_GONE), "") if new is ABSENT else ""
    right, kind_of_wrong = _ONE_RIGHT.get(name, (None, None))
    judged: tuple[tuple[bool, Kind | None], ...] = (
        (name in _ON and old is True and new is not UNKNOWN, _ON.get(name)),
        (name in _OFF and new is True, _OFF.get(name)),
        (_keeps_less(name, path, old, new), Kind.PROTECTION),
        (bool(gone), _NOT_GONE.get(gone)),
        (right is not None and old == right, kind_of_wrong),
        (name == "sslPolicy" and old is not ABSENT, Kind.ENCRYPTION),
    )
    for applies, kind in judged:
        if applies and kind:
            before, after = value_text(old), value_text(new)
            yield danger(kind, step, f"`{path_text(path)}`: {before} → {after}")
            return


def _keeps_less(name: str, path: Path, old: Any, new: Any) -> bool:
    if name == "days" and "expiration" in path:
        return _expires_sooner(old, new)
    if name == "status" and path[0] == "versioningConfiguration":
        return old == "Enabled"
    return name in _NOT_LESS and _shrinks(old, new)


def _shrinks(old: Any, new: Any) -> bool:
    if not isinstance(old, int | float):
        return False
    return new is ABSENT or (isinstance(new, int | float) and new < old)


def _expires_sooner(old: Any, new: Any) -> bool:
    """Whether objects would be deleted that are kept now; no expiry is the longest one."""
    if not isinstance(new, int | float):
        return False
    return not isinstance(old, int | float) or new < old


def _named_networks(step: Step) -> Iterator[Danger]:
    """The networks from which a cluster's API server is reached."""
    before, after = (
        (inputs.get("vpcConfig") or {}) if not isinstance(inputs.get("vpcConfig"), Word) else {}
        for inputs in (step.inputs_before, step.inputs_after)
    )
    if not after.get("endpointPublicAccess") or isinstance(after.get("publicAccessCidrs"), Word):
        return
    everywhere = ["0.0.0.0/0"]
    known = before.get("publicAccessCidrs") or everywhere
    if not before.get("endpointPublicAccess"):
        known = []
    for cidr in after.get("publicAccessCidrs") or everywhere:
        if not any(within(cidr, other) for other in known):
            text = f"the API server would be reached from {cidr}"
            yield danger(Kind.PUBLIC, step, text)


def within(cidr: Any, other: Any) -> bool:
    """Whether a network is part of another; False for what is no network."""
    try:
        inner, outer = ipaddress.ip_network(str(cidr)), ipaddress.ip_network(str(other))
    except ValueError:
        return False
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False
