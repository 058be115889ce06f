"""Log groups, alarms, notification topics."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging

_LOG_GROUP = {"logGroupName": "{id}"}


def _log_group(context: Context) -> Properties | None:
    answer = context.client().describe_log_groups(logGroupNamePrefix=context.id)
    return next((one for one in answer["logGroups"] if one["logGroupName"] == context.id), None)


def _changed_log_group(context: Context, changed: set[str]) -> None:
    client = context.client()
    if "retentionInDays" in changed and not context.inputs.get("retentionInDays"):
        client.delete_retention_policy(logGroupName=context.id)


LOG_GROUP = ResourceType(
    type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    create=Call("CreateLogGroup"),
    id="{name}",
    reads=(_log_group,),
    settings=(Call("PutRetentionPolicy", _LOG_GROUP, properties=("retentionInDays",)),),
    updated=_changed_log_group,
    delete=Call("DeleteLogGroup", _LOG_GROUP),
    arn="arn:{partition}:logs:{region}:{account}:log-group:{id}",
    rename={"name": "logGroupName"},
    # Associating another key is an operation that moto lacks; the state's value stands.
    unread=("kmsKeyId",),
    in_place=("kmsKeyId",),
    lacking={"AssociateKmsKey": "moto cannot change the key of a log group"},
    updates=(Call("AssociateKmsKey", _LOG_GROUP, properties=("kmsKeyId",)),),
    unset_when_absent=("retentionInDays",),
    defaults={"skipDestroy": False},
    name="name",
    name_length=512,
    also=("skipDestroy",),
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource={"resourceArn": "{arn}"},
        parameter="tags",
        form="map",
        values="tags",
        keys="tagKeys",
        read=Call(
            "ListTagsForResource",
            {"resourceArn": "arn:{partition}:logs:{region}:{account}:log-group:{id}"},
            result="tags",
        ),
    ),
)

METRIC_ALARM = ResourceType(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    service="cloudwatch",
    create=Call("PutMetricAlarm"),
    id="{name}",
    reads=(Call("DescribeAlarms", {"AlarmNames": ["{id}"]}, result="MetricAlarms[0]"),),
    updates=(Call("PutMetricAlarm"),),
    replace=("name",),
    delete=Call("DeleteAlarms", {"AlarmNames": ["{id}"]}),
    rename={
        "name": "AlarmName",
        "okActions": "OKActions",
        "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
        "metricQueries": "Metrics",
        "metricQueries.metric": "MetricStat",
        "metricQueries.metric.stat": "Stat",
    },
    outputs={
        "arn": "AlarmArn",
        "dimensions": lambda _context, found: {
            one["Name"]: one["Value"] for one in found.get("Dimensions") or []
        },
    },
    prepare=lambda inputs: _with_dimensions(inputs),
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    name="name",
    name_prefix=None,
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource={"ResourceARN": "{arn}"},
        read=Call("ListTagsForResource", {"ResourceARN": "{arn}"}, result="Tags"),
    ),
)


def _with_dimensions(inputs: Properties) -> Properties:
    dimensions = inputs.get("dimensions")
    if not isinstance(dimensions, dict):
        return inputs
    listed = [{"name": name, "value": value} for name, value in dimensions.items()]
    return {**inputs, "dimensions": listed}


def _attribute(name: str, member: str) -> Call:
    return Call(
        "SetTopicAttributes",
        {"TopicArn": "{id}"},
        properties=(name,),
        build=lambda given: {"AttributeName": member, "AttributeValue": str(given[name])},
    )


_TOPIC_ATTRIBUTES = {
    "displayName": "DisplayName",
    "policy": "Policy",
    "deliveryPolicy": "DeliveryPolicy",
    "kmsMasterKeyId": "KmsMasterKeyId",
}

TOPIC = ResourceType(
    type="aws:sns/topic:Topic",
    service="sns",
    create=Call("CreateTopic", properties=("name",)),
    id="TopicArn",
    reads=(Call("GetTopicAttributes", {"TopicArn": "{id}"}, result="Attributes"),),
    settings=tuple(_attribute(name, member) for name, member in _TOPIC_ATTRIBUTES.items()),
    delete=Call("DeleteTopic", {"TopicArn": "{id}"}),
    arn="{id}",
    outputs={"name": lambda context, _found: context.id.rpartition(":")[2]},
    defaults={"fifoTopic": False, "contentBasedDeduplication": False},
    also=("fifoTopic", "contentBasedDeduplication"),
    check=lambda inputs: [
        (name, "is not supported by the sandbox's table yet")
        for name in ("fifoTopic", "contentBasedDeduplication")
        if inputs.get(name)
    ],
    name="name",
    name_length=256,
    tagging=Tagging(
        tag="TagResource",
        untag="UntagResource",
        resource={"ResourceArn": "{id}"},
        read=Call("ListTagsForResource", {"ResourceArn": "{id}"}, result="Tags"),
    ),
)

TYPES = (LOG_GROUP, METRIC_ALARM, TOPIC)
