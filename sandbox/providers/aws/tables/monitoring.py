"""Log groups and their filters, alarms, dashboards, notification topics."""

from typing import Any

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
    },
    outputs={
        "arn": "AlarmArn",
        "dimensions": lambda _context, found: {
            one["Name"]: one["Value"] for one in found.get("Dimensions") or []
        },
        "metricQueries": lambda _context, found: [
            _as_program_has_it(query) for query in found.get("Metrics") or []
        ],
    },
    prepare=lambda inputs: _as_asked_for(inputs),
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


def _as_asked_for(inputs: Properties) -> Properties:
    """Return the inputs with dimensions as a list, in the alarm's metric and in its queries."""
    result = _with_dimensions(inputs)
    queries = inputs.get("metricQueries")
    if isinstance(queries, list):
        result = {**result, "metricQueries": [_with_inner_metric(query) for query in queries]}
    return result


def _with_dimensions(inputs: Properties) -> Properties:
    dimensions = inputs.get("dimensions")
    if not isinstance(dimensions, dict):
        return inputs
    listed = [{"name": name, "value": value} for name, value in dimensions.items()]
    return {**inputs, "dimensions": listed}


_OF_THE_METRIC = ("namespace", "metricName", "dimensions")


def _with_inner_metric(query: Any) -> Any:
    """Return a query whose metric stands, as AWS has it, inside of its statistic."""
    if not isinstance(query, dict) or not isinstance(query.get("metric"), dict):
        return query
    given = _with_dimensions(query["metric"])
    inner = {name: given[name] for name in _OF_THE_METRIC if name in given}
    rest = {name: value for name, value in given.items() if name not in _OF_THE_METRIC}
    return {**query, "metric": {**rest, "metric": inner}}


def _as_program_has_it(query: Properties) -> Properties:
    """Return a query of AWS's as the program writes it."""
    result: Properties = {"id": query["Id"]}
    names = (("expression", "Expression"), ("label", "Label"), ("returnData", "ReturnData"))
    result |= {name: query[key] for name, key in names if query.get(key) is not None}
    if found := query.get("MetricStat"):
        metric = found["Metric"]
        result["metric"] = {
            "namespace": metric["Namespace"],
            "metricName": metric["MetricName"],
            "dimensions": {one["Name"]: one["Value"] for one in metric.get("Dimensions") or []},
            "period": found["Period"],
            "stat": found["Stat"],
        }
    return result


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


def _metric_filter(context: Context) -> Properties | None:
    group, name = context.values["logGroupName"], context.id
    answer = context.client().describe_metric_filters(logGroupName=group, filterNamePrefix=name)
    return next((one for one in answer["metricFilters"] if one["filterName"] == name), None)


def _put_again(context: Context, _changed: set[str]) -> None:
    # moto keeps what is put under a name it has beside the old one.
    context.client().delete_metric_filter(
        logGroupName=context.values["logGroupName"], filterName=context.id
    )
    context.call(METRIC_FILTER.create)


METRIC_FILTER = ResourceType(
    type="aws:cloudwatch/logMetricFilter:LogMetricFilter",
    service="logs",
    create=Call("PutMetricFilter"),
    id="{name}",
    reads=(_metric_filter,),
    updated=_put_again,
    in_place=("pattern", "metricTransformation", "applyOnTransformedLogs"),
    replace=("name", "logGroupName"),
    delete=Call("DeleteMetricFilter", {"filterName": "{id}", "logGroupName": "{logGroupName}"}),
    rename={
        "name": "filterName",
        "pattern": "filterPattern",
        "metricTransformation": "metricTransformations",
        "metricTransformation.name": "metricName",
        "metricTransformation.namespace": "metricNamespace",
        "metricTransformation.value": "metricValue",
    },
    outputs={"pattern": "filterPattern", "metricTransformation": "metricTransformations[0]"},
    defaults={"applyOnTransformedLogs": False},
    name="name",
    name_prefix=None,
    name_length=512,
)

DASHBOARD = ResourceType(
    type="aws:cloudwatch/dashboard:Dashboard",
    service="cloudwatch",
    create=Call("PutDashboard"),
    id="{dashboardName}",
    reads=(Call("GetDashboard", {"DashboardName": "{id}"}),),
    updates=(Call("PutDashboard"),),
    replace=("dashboardName",),
    delete=Call("DeleteDashboards", {"DashboardNames": ["{id}"]}),
)

TYPES = (LOG_GROUP, METRIC_ALARM, TOPIC, METRIC_FILTER, DASHBOARD)
