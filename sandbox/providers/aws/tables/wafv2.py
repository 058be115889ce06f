"""Web ACLs, what they are associated with, and their logging."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging


def _place(context: Context) -> Properties:
    values = context.values
    return {"Name": values["name"], "Scope": values["scope"], "Id": context.id}


def _read_acl(context: Context) -> Properties:
    answer = context.client().get_web_acl(**_place(context))
    # moto tells None for every part of a rule that it was not given.
    rules = [{k: v for k, v in rule.items() if v is not None} for rule in answer["WebACL"]["Rules"]]
    return {
        **answer["WebACL"],
        "Rules": rules,
        "LockToken": answer["LockToken"],
        "Scope": context.values["scope"],
    }


def _lock_token(context: Context) -> str:
    return str(context.client().get_web_acl(**_place(context))["LockToken"])


def _update_acl(context: Context, _changed: set[str]) -> None:
    # Every change needs the token of the last one, and the whole of the ACL.
    extra = {"Id": context.id, "LockToken": _lock_token(context)}
    context.call(Call("UpdateWebACL"), extra=extra)


def _delete_acl(context: Context) -> None:
    context.client().delete_web_acl(**_place(context), LockToken=_lock_token(context))


WEB_ACL = ResourceType(
    type="aws:wafv2/webAcl:WebAcl",
    service="wafv2",
    create=Call("CreateWebACL", result="Summary"),
    id="Id",
    reads=(_read_acl,),
    updated=_update_acl,
    deleting=_delete_acl,
    outputs={"arn": "ARN"},
    replace=("name", "scope"),
    in_place=("description", "rules", "defaultAction", "visibilityConfig", "associationConfig"),
    # Every change of the ACL makes another.
    unread=("lockToken",),
    name="name",
    name_length=128,
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource={"ResourceARN": "{arn}"},
        read=Call(
            "ListTagsForResource", {"ResourceARN": "{arn}"}, result="TagInfoForResource.TagList"
        ),
    ),
)


def _associated(context: Context) -> Properties | None:
    resource = context.values["resourceArn"]
    found = context.client().get_web_acl_for_resource(ResourceArn=resource).get("WebACL")
    return {"webAclArn": found["ARN"], "resourceArn": resource} if found else None


WEB_ACL_ASSOCIATION = ResourceType(
    type="aws:wafv2/webAclAssociation:WebAclAssociation",
    service="wafv2",
    create=Call("AssociateWebACL"),
    id="{webAclArn},{resourceArn}",
    reads=(_associated,),
    delete=Call("DisassociateWebACL", {"ResourceArn": "{resourceArn}"}),
    replace=("webAclArn", "resourceArn"),
)

_LOGGING = ("logDestinationConfigs", "resourceArn", "redactedFields", "loggingFilter")

WEB_ACL_LOGGING = ResourceType(
    type="aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    service="wafv2",
    create=Call("PutLoggingConfiguration", result="LoggingConfiguration"),
    id="ResourceArn",
    reads=(
        Call("GetLoggingConfiguration", {"ResourceArn": "{id}"}, result="LoggingConfiguration"),
    ),
    updates=(Call("PutLoggingConfiguration"),),
    delete=Call("DeleteLoggingConfiguration", {"ResourceArn": "{id}"}),
    replace=("resourceArn",),
    rename={
        **{name: f"LoggingConfiguration.{name[0].upper()}{name[1:]}" for name in _LOGGING},
        "loggingFilter.filters.conditions.actionCondition": "ActionCondition",
    },
)

TYPES = (WEB_ACL, WEB_ACL_ASSOCIATION, WEB_ACL_LOGGING)
