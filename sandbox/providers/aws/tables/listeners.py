"""Listeners of load balancers and their rules."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.aws.tables.load_balancing import elbv2_tags

_ACTION = {
    "forward": "ForwardConfig",
    "fixedResponse": "FixedResponseConfig",
    "redirect": "RedirectConfig",
    "authenticateOidc": "AuthenticateOidcConfig",
    "authenticateCognito": "AuthenticateCognitoConfig",
    "forward.targetGroups.arn": "TargetGroupArn",
    "forward.stickiness": "TargetGroupStickinessConfig",
    "forward.stickiness.duration": "DurationSeconds",
}


def _actions(name: str) -> dict[str, str]:
    return {f"{name}.{path}": target for path, target in _ACTION.items()}


def _one_forward(actions: list[Properties]) -> list[Properties]:
    """A forward to one group is told twice by AWS; the short form is what programs write."""
    return [
        {key: value for key, value in action.items() if key != "ForwardConfig"}
        if action.get("TargetGroupArn")
        else action
        for action in actions
    ]


LISTENER = ResourceType(
    type="aws:lb/listener:Listener",
    service="elbv2",
    create=Call("CreateListener", result="Listeners[0]"),
    id="ListenerArn",
    reads=(lambda context: _described_listener(context),),
    updates=(Call("ModifyListener", {"ListenerArn": "{id}"}),),
    delete=Call("DeleteListener", {"ListenerArn": "{id}"}),
    arn="{id}",
    rename={"certificateArn": "Certificates", **_actions("defaultActions")},
    outputs={"certificateArn": "Certificates[0].CertificateArn"},
    prepare=lambda inputs: _with_certificates(inputs),
    delete_before_replace=True,
    tagging=elbv2_tags(),
)


def _described_listener(context: Context) -> Properties:
    answer = context.client().describe_listeners(ListenerArns=[context.id])
    listener: Properties = answer["Listeners"][0]
    return {**listener, "DefaultActions": _one_forward(listener["DefaultActions"])}


def _with_certificates(inputs: Properties) -> Properties:
    if not inputs.get("certificateArn"):
        return inputs
    return {**inputs, "certificateArn": [{"certificateArn": inputs["certificateArn"]}]}


_CONDITIONS = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}
_CONDITION_NAMES = {
    f"conditions.{name}": f"{name[0].upper()}{name[1:].removesuffix('s')}Config"
    for name in _CONDITIONS
}


def _with_fields(inputs: Properties) -> Properties:
    """AWS wants to be told the kind of each condition beside its values."""
    conditions = inputs.get("conditions")
    if not isinstance(conditions, list):
        return inputs
    result = []
    for condition in conditions:
        if isinstance(condition, dict):
            kinds = [_CONDITIONS[name] for name in condition if name in _CONDITIONS]
            condition = {"field": kinds[0] if kinds else "", **condition}
            if isinstance(condition.get("queryStrings"), list):
                condition["queryStrings"] = {"values": condition["queryStrings"]}
        result.append(condition)
    return {**inputs, "conditions": result}


def _described_rule(context: Context) -> Properties:
    answer = context.client().describe_rules(RuleArns=[context.id])
    rule: Properties = answer["Rules"][0]
    conditions = [
        {key: value for key, value in one.items() if key not in ("Field", "Values")}
        for one in rule["Conditions"]
    ]
    for one in conditions:
        if "QueryStringConfig" in one:
            one["QueryStringConfig"] = one["QueryStringConfig"]["Values"]
    return {
        "priority": int(rule["Priority"]),
        "conditions": conditions,
        "actions": _one_forward(rule["Actions"]),
        "listenerArn": context.values.get("listenerArn") or _listener_of(context.id),
    }


def _listener_of(rule_arn: str) -> str:
    return rule_arn.replace(":listener-rule/", ":listener/").rpartition("/")[0]


def _change_priority(context: Context, changed: set[str]) -> None:
    if "priority" in changed:
        context.client().set_rule_priorities(
            RulePriorities=[{"RuleArn": context.id, "Priority": context.inputs["priority"]}]
        )


LISTENER_RULE = ResourceType(
    type="aws:lb/listenerRule:ListenerRule",
    service="elbv2",
    create=Call("CreateRule", result="Rules[0]"),
    id="RuleArn",
    reads=(_described_rule,),
    updates=(Call("ModifyRule", {"RuleArn": "{id}"}),),
    updated=_change_priority,
    in_place=("priority",),
    replace=("listenerArn",),
    delete=Call("DeleteRule", {"RuleArn": "{id}"}),
    arn="{id}",
    rename={**_actions("actions"), **_CONDITION_NAMES},
    prepare=_with_fields,
    tagging=elbv2_tags(),
)

TYPES = (LISTENER, LISTENER_RULE)
