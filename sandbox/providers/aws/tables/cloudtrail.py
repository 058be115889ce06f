"""Trails."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_TRAIL = {"Name": "{id}"}


def _set_logging(context: Context, changed: set[str] | None = None) -> None:
    """Switch the trail on, or off where the program says so; a new one is off."""
    if changed is not None and "enableLogging" not in changed:
        return
    client = context.client()
    if context.inputs.get("enableLogging", True):
        client.start_logging(Name=context.id)
    else:
        client.stop_logging(Name=context.id)


def _logging(context: Context) -> Properties:
    status = context.client().get_trail_status(Name=context.id)
    return {"enableLogging": status["IsLogging"]}


TRAIL = ResourceType(
    type="aws:cloudtrail/trail:Trail",
    service="cloudtrail",
    create=Call("CreateTrail"),
    id="TrailARN",
    reads=(
        Call("GetTrail", _TRAIL, result="Trail"),
        Call("GetEventSelectors", {"TrailName": "{id}"}),
        _logging,
    ),
    settings=(
        Call("PutEventSelectors", {"TrailName": "{id}"}, properties=("advancedEventSelectors",)),
    ),
    updates=(Call("UpdateTrail", _TRAIL),),
    # moto deletes by name only, and is silent about an ARN.
    delete=Call("DeleteTrail", {"Name": "{name}"}),
    arn="{id}",
    rename={"cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn"},
    outputs={
        "cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn",
        "enableLogFileValidation": "LogFileValidationEnabled",
    },
    defaults={
        "enableLogging": True,
        "enableLogFileValidation": False,
        "includeGlobalServiceEvents": True,
        "isMultiRegionTrail": False,
        "isOrganizationTrail": False,
    },
    name="name",
    name_prefix=None,
    name_length=128,
    also=("enableLogging",),
    replace=("name",),
    created=_set_logging,
    updated=_set_logging,
    tagging=Tagging(
        tag="AddTags",
        untag="RemoveTags",
        resource={"ResourceId": "{id}"},
        parameter="TagsList",
        values="TagsList",
        # RemoveTags takes tags as AddTags does.
        keys="TagsList",
        read=Call("ListTags", {"ResourceIdList": ["{id}"]}, result="ResourceTagList[0].TagsList"),
    ),
)

TYPES = (TRAIL,)
