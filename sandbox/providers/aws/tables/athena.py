"""Workgroups and named queries. Nothing runs the queries here."""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws import service_model
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_WORKGROUP = {"WorkGroup": "{id}"}
_OTHER_NAMES = {"resultConfiguration": "resultConfigurationUpdates", "kmsKeyArn": "kmsKey"}


def _changes(given: Properties) -> Properties:
    """Return the parameters of an update, where some parts have names of their own."""
    operation = service_model.operation("athena", "UpdateWorkGroup")
    changed = {**given, "configurationUpdates": given.get("configuration")}
    return _named(changed, operation.input_shape)


def _named(value: Any, shape: Any) -> Any:
    """Return a value with the names of the service's model, and without what it does not know."""
    if not isinstance(value, Mapping):
        return value
    members = {
        name: service_model.member_name(shape, _OTHER_NAMES.get(name, name)) for name in value
    }
    return {
        member: _named(value[name], shape.members[member])
        for name, member in members.items()
        if member and value[name] is not None
    }


WORKGROUP = {"WorkGroup": "{id}"}


def _update(inputs: Properties) -> Properties:
    """Return an update's parameters: parts of a configuration have names of their own there."""
    configuration = dict(inputs.get("configuration") or {})
    if result := configuration.pop("resultConfiguration", None):
        configuration["resultConfigurationUpdates"] = result
    return {"configurationUpdates": configuration}


WORKGROUP = ResourceType(
    type="aws:athena/workgroup:Workgroup",
    service="athena",
    create=Call("CreateWorkGroup", properties=("name", "description", "configuration")),
    id="{name}",
    reads=(Call("GetWorkGroup", _WORKGROUP, result="WorkGroup"),),
    updates=(
        Call(
            "UpdateWorkGroup",
            _WORKGROUP,
            properties=("configuration", "description", "state"),
            build=_changes,
        ),
    ),
    delete=Call("DeleteWorkGroup", {**_WORKGROUP, "RecursiveDeleteOption": True}),
    rename={"configuration.resultConfiguration.encryptionConfiguration.kmsKeyArn": "KmsKey"},
    arn="arn:{partition}:athena:{region}:{account}:workgroup/{id}",
    defaults={"forceDestroy": False, "state": "ENABLED"},
    also=("forceDestroy", "state"),
    name="name",
    name_prefix=None,
    name_length=128,
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource={"ResourceARN": "{arn}"},
        read=Call("ListTagsForResource", {"ResourceARN": "{arn}"}, result="Tags"),
    ),
)

NAMED_QUERY = ResourceType(
    type="aws:athena/namedQuery:NamedQuery",
    service="athena",
    create=Call("CreateNamedQuery"),
    id="NamedQueryId",
    reads=(Call("GetNamedQuery", {"NamedQueryId": "{id}"}, result="NamedQuery"),),
    delete=Call("DeleteNamedQuery", {"NamedQueryId": "{id}"}),
    rename={"query": "QueryString", "workgroup": "WorkGroup"},
    replace=("name", "description", "database", "query", "workgroup"),
    name="name",
    name_prefix=None,
    name_length=128,
)

TYPES = (WORKGROUP, NAMED_QUERY)
