"""Secrets, their versions and policies."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_SECRET = {"SecretId": "{id}"}


def _described_secret(context: Context) -> Properties | None:
    answer: Properties = context.client().describe_secret(SecretId=context.id)
    # A secret within its recovery window is gone to the real provider.
    return None if answer.get("DeletedDate") else answer


def _regions(replicas: list[Properties] | None) -> dict[str, str | None]:
    return {one["region"]: one.get("kmsKeyId") for one in replicas or []}


def _replicas(context: Context, description: Properties) -> list[Properties]:
    """Where the secret is copied to, with the key as it was given: AWS does not tell it again."""
    given = _regions(context.inputs.get("replicas") or context.outputs.get("replicas"))
    return [
        {
            "region": one["Region"],
            **({"kmsKeyId": given[one["Region"]]} if given.get(one["Region"]) else {}),
            "status": one.get("Status", ""),
            "statusMessage": one.get("StatusMessage", ""),
            "lastAccessedDate": "",
        }
        for one in description.get("ReplicationStatus") or []
    ]


def _change_replicas(context: Context) -> None:
    client = context.client()
    wanted = _regions(context.inputs.get("replicas"))
    present = _regions(context.previous.get("replicas"))
    # Another key means another copy.
    gone = [one for one, key in present.items() if one not in wanted or wanted[one] != key]
    if gone:
        client.remove_regions_from_replication(SecretId=context.id, RemoveReplicaRegions=gone)
    added = [
        {"Region": one, **({"KmsKeyId": key} if key else {})}
        for one, key in wanted.items()
        if one not in present or one in gone
    ]
    if added:
        client.replicate_secret_to_regions(SecretId=context.id, AddReplicaRegions=added)


def _delete_secret(context: Context) -> None:
    # A secret that has copies cannot be deleted; the real provider takes them away first.
    if regions := [one["region"] for one in context.outputs.get("replicas") or []]:
        context.client().remove_regions_from_replication(
            SecretId=context.id, RemoveReplicaRegions=regions
        )
    # 30 days is what the real provider takes where nothing is said; 0 deletes at once.
    window = context.values.get("recoveryWindowInDays")
    days = 0 if context.undoing else 30 if window is None else int(window)
    how: Properties = (
        {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    )
    context.client().delete_secret(SecretId=context.id, **how)


def _put_policy(context: Context) -> None:
    if policy := context.inputs.get("policy"):
        context.client().put_resource_policy(SecretId=context.id, ResourcePolicy=policy)


def _change_rest(context: Context, changed: set[str]) -> None:
    if "replicas" in changed:
        _change_replicas(context)
    if "policy" in changed:
        if context.inputs.get("policy"):
            _put_policy(context)
        else:
            context.client().delete_resource_policy(SecretId=context.id)


SECRET = ResourceType(
    type="aws:secretsmanager/secret:Secret",
    service="secretsmanager",
    create=Call("CreateSecret"),
    id="ARN",
    reads=(
        _described_secret,
        Call("GetResourcePolicy", _SECRET, result="{policy: ResourcePolicy}"),
    ),
    updates=(Call("UpdateSecret", _SECRET, properties=("description", "kmsKeyId")),),
    arn="{id}",
    rename={
        "replicas": "AddReplicaRegions",
        "forceOverwriteReplicaSecret": "ForceOverwriteReplicaSecret",
    },
    outputs={"replicas": _replicas},
    defaults={"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
    name="name",
    name_length=512,
    also=("policy", "recoveryWindowInDays"),
    in_place=("replicas",),
    unread=("forceOverwriteReplicaSecret",),
    created=_put_policy,
    updated=_change_rest,
    deleting=_delete_secret,
    tagging=Tagging(tag="TagResource", untag="UntagResource", resource=_SECRET),
)


def _create_version(context: Context) -> str:
    """Write the value. Like AWS, let the first version also be AWSCURRENT, later ones only if told.

    A version that names its own stages never takes AWSCURRENT from another.
    """
    client, secret = context.client(), context.inputs["secretId"]
    answer = context.call(SECRET_VERSION.create)
    version = answer["VersionId"]
    described = client.describe_secret(SecretId=secret)
    stages = described.get("VersionIdsToStages") or {}
    if not any("AWSCURRENT" in labels for labels in stages.values()):
        client.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=version
        )
    return f"{secret}|{version}"


def _read_version(context: Context) -> Properties | None:
    secret, _, version = context.id.rpartition("|")
    described = context.client().describe_secret(SecretId=secret)
    if described.get("DeletedDate"):
        return None
    answer: Properties = context.client().get_secret_value(SecretId=secret, VersionId=version)
    stages = (described.get("VersionIdsToStages") or {}).get(version) or []
    return {
        "secretId": context.values.get("secretId") or secret,
        "arn": described["ARN"],
        "secretArn": described["ARN"],
        "secretString": answer.get("SecretString"),
        "secretBinary": answer.get("SecretBinary"),
        "versionId": version,
        "versionStages": sorted(stages),
        "hasSecretStringWo": False,
    }


def _change_version(context: Context, changed: set[str]) -> None:
    """Move the stages that were added or dropped; the value itself makes a new version."""
    if "versionStages" not in changed:
        return
    client, (secret, _, version) = context.client(), context.id.rpartition("|")
    described = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
    wanted, present = set(context.inputs.get("versionStages") or []), set(described[version])
    for stage in sorted(wanted - present):
        holder = next((one for one, stages in described.items() if stage in stages), None)
        moved = {"RemoveFromVersionId": holder} if holder else {}
        client.update_secret_version_stage(
            SecretId=secret, VersionStage=stage, MoveToVersionId=version, **moved
        )
    for stage in sorted(present - wanted - {"AWSCURRENT"}):
        client.update_secret_version_stage(
            SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
        )


def _retire_version(context: Context) -> None:
    """Take the labels off, as the real provider does: AWS purges versions without any by itself."""
    client, (secret, _, version) = context.client(), context.id.rpartition("|")
    stages = client.describe_secret(SecretId=secret).get("VersionIdsToStages") or {}
    for stage in stages.get(version) or []:
        if stage != "AWSCURRENT":
            client.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )


def _has_value(inputs: Properties) -> list[tuple[str, str]]:
    given = [n for n in ("secretString", "secretBinary") if inputs.get(n) is not None]
    if len(given) == 1:
        return []
    return [("secretString", "exactly one of secretString and secretBinary is needed")]


SECRET_VERSION = ResourceType(
    type="aws:secretsmanager/secretVersion:SecretVersion",
    service="secretsmanager",
    create=Call("PutSecretValue"),
    id="{secretId}|{versionId}",
    reads=(_read_version,),
    creating=_create_version,
    updated=_change_version,
    deleting=_retire_version,
    replace=("secretId", "secretString", "secretBinary"),
    in_place=("versionStages",),
    check=_has_value,
)

SECRET_POLICY = ResourceType(
    type="aws:secretsmanager/secretPolicy:SecretPolicy",
    service="secretsmanager",
    create=Call("PutResourcePolicy"),
    id="{secretArn}",
    reads=(Call("GetResourcePolicy", _SECRET, result="ResourcePolicy && @"),),
    updates=(Call("PutResourcePolicy", _SECRET),),
    delete=Call("DeleteResourcePolicy", _SECRET),
    replace=("secretArn",),
    rename={"secretArn": "SecretId", "policy": "ResourcePolicy"},
    outputs={"secretArn": "ARN", "policy": "ResourcePolicy"},
)

TYPES = (SECRET, SECRET_VERSION, SECRET_POLICY)
