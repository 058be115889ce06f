"""ElastiCache users and user groups.

moto has users but cannot change them, and no user groups. In a sandbox both make up the access
lists of the local servers.
"""

from sandbox.backing_services import Caches
from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.aws.tables.elasticache import (
    NOT_IN_MOTO,
    elasticache_arn,
    elasticache_tags,
    kept_arn,
)


def _authentication(inputs: Properties) -> Properties:
    """Return the inputs with the passwords where ElastiCache takes them."""
    mode = inputs.get("authenticationMode")
    if mode or inputs.get("passwords") is None:
        return inputs
    return {key: value for key, value in inputs.items() if key != "passwords"} | {
        "authenticationMode": {"type": "password", "passwords": inputs["passwords"]}
    }


def _write_user(context: Context, changed: set[str] | None = None) -> None:
    if context.instance is None or (changed is not None and not changed - {"tags", "tagsAll"}):
        return
    inputs = _authentication(context.inputs)
    mode = inputs.get("authenticationMode") or {}
    open_to_all = inputs.get("noPasswordRequired") or mode.get("type") == "no-password-required"
    Caches(context.instance).put_user(
        context.id,
        inputs["userName"],
        inputs["accessString"],
        mode.get("passwords") or [],
        bool(open_to_all),
    )


def _delete_user(context: Context) -> None:
    if context.instance:
        Caches(context.instance).delete_user(context.id)


# "Passwords of an ElastiCache user": one or two, each of 16 to 128 characters (CreateUser).
_SHORTEST, _LONGEST, _MOST = 16, 128, 2


def _passwords(inputs: Properties) -> list[tuple[str, str]]:
    mode = inputs.get("authenticationMode")
    passwords = inputs.get("passwords")
    if isinstance(mode, dict):
        passwords = mode.get("passwords", passwords)
    if not isinstance(passwords, list):
        return []
    if len(passwords) > _MOST:
        return [("authenticationMode", f"has {len(passwords)} passwords, the most is {_MOST}")]
    lengths = [len(password) for password in passwords if isinstance(password, str)]
    if any(not _SHORTEST <= length <= _LONGEST for length in lengths):
        return [
            ("authenticationMode", f"has a password not of {_SHORTEST} to {_LONGEST} characters")
        ]
    return []


USER = ResourceType(
    type="aws:elasticache/user:User",
    service="elasticache",
    create=Call("CreateUser"),
    id="UserId",
    reads=(Call("DescribeUsers", {"UserId": "{id}"}, result="Users[0]"),),
    updates=(
        Call(
            "ModifyUser",
            {"UserId": "{id}"},
            properties=(
                "accessString",
                "authenticationMode",
                "engine",
                "noPasswordRequired",
                "passwords",
            ),
        ),
    ),
    lacking={"ModifyUser": "moto cannot change a user; the local server's access list does change"},
    delete=Call("DeleteUser", {"UserId": "{id}"}),
    arn=elasticache_arn("user"),
    prepare=_authentication,
    created=_write_user,
    updated=_write_user,
    deleted=_delete_user,
    check=_passwords,
    replace=("userId", "userName"),
    unread=("accessString", "authenticationMode", "noPasswordRequired", "passwords"),
    tagging=elasticache_tags("user"),
)


def _write_group(context: Context) -> None:
    if context.instance:
        Caches(context.instance).put_group(context.id, context.inputs.get("userIds") or [])


def _delete_group(context: Context) -> None:
    if context.instance:
        Caches(context.instance).delete_group(context.id)


USER_GROUP = ResourceType(
    type="aws:elasticache/userGroup:UserGroup",
    service="elasticache",
    create=Call("CreateUserGroup"),
    id="{userGroupId}",
    outputs={"arn": kept_arn("usergroup")},
    replace=("userGroupId", "engine"),
    kept_in_state=NOT_IN_MOTO + "; the local server's access list has its users",
    created=_write_group,
    updated=lambda context, _changed: _write_group(context),
    deleting=_delete_group,
    tagging=elasticache_tags("usergroup"),
)

TYPES = (USER, USER_GROUP)
