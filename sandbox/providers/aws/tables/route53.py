"""Records of hosted zones: plain ones and aliases."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType

_PARTS = ("name", "type", "ttl", "records", "aliases", "allowOverwrite")


def _record_set(given: Properties) -> Properties:
    result: Properties = {"Name": given["name"], "Type": given["type"]}
    if given.get("aliases"):
        (alias,) = given["aliases"]
        result["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    else:
        result["TTL"] = given.get("ttl")
        result["ResourceRecords"] = [{"Value": value} for value in given.get("records") or []]
    return result


def _change(given: Properties) -> Properties:
    action = "UPSERT" if given.get("allowOverwrite") else "CREATE"
    return {
        "ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": _record_set(given)}]}
    }


def _replace(given: Properties) -> Properties:
    return _change({**given, "allowOverwrite": True})


def _read(context: Context) -> Properties | None:
    values = context.values
    wanted = f"{values['name'].rstrip('.').lower()}.", values["type"]
    answer = context.client().list_resource_record_sets(
        HostedZoneId=values["zoneId"], StartRecordName=wanted[0], StartRecordType=wanted[1]
    )
    for found in answer["ResourceRecordSets"]:
        if (found["Name"].lower(), found["Type"]) == wanted:
            return _described(found, context)
    return None


def _described(found: Properties, context: Context) -> Properties:
    # Route 53 gives names back with a dot at their end, which programs may leave out.
    result: Properties = {
        "name": context.values["name"],
        "fqdn": found["Name"].rstrip("."),
        "zoneId": context.values["zoneId"],
    }
    result["type"] = found["Type"]
    if alias := found.get("AliasTarget"):
        result["aliases"] = [
            {
                "name": alias["DNSName"],
                "zoneId": alias["HostedZoneId"],
                "evaluateTargetHealth": alias["EvaluateTargetHealth"],
            }
        ]
    else:
        result |= {
            "ttl": found["TTL"],
            "records": [one["Value"] for one in found["ResourceRecords"]],
        }
    return result


def _delete(context: Context) -> None:
    change = {"Action": "DELETE", "ResourceRecordSet": _record_set({**context.outputs})}
    context.client().change_resource_record_sets(
        HostedZoneId=context.values["zoneId"], ChangeBatch={"Changes": [change]}
    )


RECORD = ResourceType(
    type="aws:route53/record:Record",
    service="route53",
    create=Call(
        "ChangeResourceRecordSets",
        {"HostedZoneId": "{zoneId}"},
        properties=_PARTS,
        build=_change,
    ),
    id="{zoneId}_{name}_{type}",
    reads=(_read,),
    updates=(
        Call(
            "ChangeResourceRecordSets",
            {"HostedZoneId": "{zoneId}"},
            properties=_PARTS,
            build=_replace,
        ),
    ),
    deleting=_delete,
    replace=("zoneId", "name", "type"),
    in_place=("ttl", "records", "aliases", "allowOverwrite"),
    unread=("allowOverwrite",),
)

TYPES = (RECORD,)
