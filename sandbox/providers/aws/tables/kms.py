"""Keys, their policies and their aliases."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_KEY = {"KeyId": "{id}"}


def _described_key(context: Context) -> Properties | None:
    metadata = context.client().describe_key(KeyId=context.id)["KeyMetadata"]
    # A key that is scheduled for deletion is gone to the real provider.
    return None if metadata["KeyState"] == "PendingDeletion" else metadata


def _rotation(context: Context, _changed: set[str] | None = None) -> None:
    client = context.client()
    period = context.inputs.get("rotationPeriodInDays")
    if context.inputs.get("enableKeyRotation"):
        chosen = {"RotationPeriodInDays": period} if period else {}
        client.enable_key_rotation(KeyId=context.id, **chosen)
    else:
        client.disable_key_rotation(KeyId=context.id)


def _state(context: Context) -> None:
    if context.inputs.get("isEnabled"):
        context.client().enable_key(KeyId=context.id)
    else:
        context.client().disable_key(KeyId=context.id)


def _created_key(context: Context) -> None:
    if context.inputs.get("enableKeyRotation"):
        _rotation(context)
    if not context.inputs.get("isEnabled"):
        _state(context)


def _changed_key(context: Context, changed: set[str]) -> None:
    if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
        _rotation(context)
    if "isEnabled" in changed:
        _state(context)


KEY = ResourceType(
    type="aws:kms/key:Key",
    service="kms",
    create=Call("CreateKey", result="KeyMetadata"),
    id="KeyId",
    reads=(
        _described_key,
        Call("GetKeyPolicy", {**_KEY, "PolicyName": "default"}, result="{policy: Policy}"),
        Call(
            "GetKeyRotationStatus",
            _KEY,
            result="{enableKeyRotation: KeyRotationEnabled, rotationPeriodInDays: "
            "KeyRotationEnabled && RotationPeriodInDays || `null`}",
        ),
    ),
    updates=(
        Call("UpdateKeyDescription", _KEY, properties=("description",)),
        Call("PutKeyPolicy", _KEY, properties=("policy", "bypassPolicyLockoutSafetyCheck")),
    ),
    created=_created_key,
    updated=_changed_key,
    in_place=("deletionWindowInDays", "isEnabled", "enableKeyRotation", "rotationPeriodInDays"),
    also=("deletionWindowInDays", "enableKeyRotation", "isEnabled", "rotationPeriodInDays"),
    deleting=lambda context: _schedule_deletion(context),
    rename={"customerMasterKeySpec": "KeySpec"},
    outputs={"isEnabled": "Enabled", "arn": "Arn", "keyId": "KeyId"},
    defaults={
        "isEnabled": True,
        "enableKeyRotation": False,
        "keyUsage": "ENCRYPT_DECRYPT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "bypassPolicyLockoutSafetyCheck": False,
    },
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource=_KEY,
        form="kms",
        read=Call("ListResourceTags", _KEY, result="Tags"),
    ),
)


def _schedule_deletion(context: Context) -> None:
    # 30 days is what the real provider and AWS take where nothing is said.
    days = context.values.get("deletionWindowInDays") or 30
    context.client().schedule_key_deletion(KeyId=context.id, PendingWindowInDays=days)


def _prefixed(inputs: Properties) -> list[tuple[str, str]]:
    name = inputs.get("name")
    wrong = isinstance(name, str) and not name.startswith("alias/")
    return [("name", "must begin with alias/")] if wrong else []


ALIAS = ResourceType(
    type="aws:kms/alias:Alias",
    service="kms",
    create=Call("CreateAlias"),
    id="{name}",
    reads=(lambda context: _alias(context),),
    updates=(Call("UpdateAlias", {"AliasName": "{id}"}),),
    delete=Call("DeleteAlias", {"AliasName": "{id}"}),
    rename={"name": "AliasName"},
    outputs={
        "arn": "AliasArn",
        "targetKeyArn": lambda context, found: _key_arn(context, found["TargetKeyId"]),
        "targetKeyId": lambda context, found: _as_given(context, found["TargetKeyId"]),
    },
    check=_prefixed,
)


def _alias(context: Context) -> Properties | None:
    for page in context.client().get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == context.id:
                return dict(alias)
    return None


def _key_arn(context: Context, key: str) -> str:
    account = context.session.account
    return f"arn:{context.session.partition}:kms:{context.region}:{account}:key/{key}"


def _as_given(context: Context, key: str) -> str:
    given = str(context.inputs.get("targetKeyId") or "")
    return given if given.endswith(key) else key


KEY_POLICY = ResourceType(
    type="aws:kms/keyPolicy:KeyPolicy",
    service="kms",
    create=Call("PutKeyPolicy"),
    id="{keyId}",
    reads=(Call("GetKeyPolicy", {"KeyId": "{id}", "PolicyName": "default"}),),
    updates=(Call("PutKeyPolicy"),),
    replace=("keyId",),
    defaults={"bypassPolicyLockoutSafetyCheck": False},
)

TYPES = (KEY, ALIAS, KEY_POLICY)
