"""Databases and tables of the data catalogue."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_TAGS = Tagging(
    tag="TagResource",
    untag="UntagResource",
    resource={"ResourceArn": "{arn}"},
    parameter="Tags",
    form="map",
    values="TagsToAdd",
    keys="TagsToRemove",
    read=Call("GetTags", {"ResourceArn": "{arn}"}, result="Tags"),
)


def _catalog(context: Context, _found: Properties | None = None) -> str:
    return str(context.inputs.get("catalogId") or context.session.account)


DATABASE = ResourceType(
    type="aws:glue/catalogDatabase:CatalogDatabase",
    service="glue",
    create=Call("CreateDatabase"),
    id="{account}:{name}",
    reads=(Call("GetDatabase", {"Name": "{name}"}, result="Database"),),
    updates=(Call("UpdateDatabase", {"Name": "{name}"}),),
    delete=Call("DeleteDatabase", {"Name": "{name}"}),
    arn="arn:{partition}:glue:{region}:{account}:database/{name}",
    rename={
        name: f"DatabaseInput.{name[0].upper()}{name[1:]}"
        for name in ("name", "description", "locationUri", "parameters", "targetDatabase")
    },
    outputs={"catalogId": _catalog},
    replace=("name", "catalogId"),
    name="name",
    name_prefix=None,
    tagging=_TAGS,
)

_TABLE = {"DatabaseName": "{databaseName}", "Name": "{name}"}

TABLE = ResourceType(
    type="aws:glue/catalogTable:CatalogTable",
    service="glue",
    create=Call("CreateTable"),
    id="{account}:{databaseName}:{name}",
    reads=(Call("GetTable", _TABLE, result="Table"),),
    updates=(Call("UpdateTable", {"DatabaseName": "{databaseName}"}),),
    delete=Call("DeleteTable", _TABLE),
    arn="arn:{partition}:glue:{region}:{account}:table/{databaseName}/{name}",
    rename={
        **{
            name: f"TableInput.{name[0].upper()}{name[1:]}"
            for name in (
                "name",
                "description",
                "owner",
                "parameters",
                "partitionKeys",
                "retention",
                "storageDescriptor",
                "tableType",
                "targetTable",
                "viewExpandedText",
                "viewOriginalText",
            )
        },
        "storageDescriptor.serDeInfo": "SerdeInfo",
    },
    outputs={"catalogId": _catalog},
    replace=("name", "databaseName", "catalogId"),
    name="name",
    name_prefix=None,
)

TYPES = (DATABASE, TABLE)
