"""Load balancers and target groups."""

from typing import Any

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import (
    Call,
    Properties,
    ResourceType,
    Tagging,
    attribute_list,
    attribute_result,
)


def elbv2_tags() -> Tagging:
    resource = {"ResourceArns": ["{id}"]}
    read = Call("DescribeTags", resource, result="TagDescriptions[0].Tags")
    return Tagging(tag="AddTags", untag="RemoveTags", resource=resource, read=read)


def _arn_suffix(marker: str) -> Any:
    """The part of the ARN that CloudWatch takes as a dimension."""
    return lambda context, _found: context.id.rpartition(":")[2].removeprefix(marker)


# Keys: "Load balancer attributes" in the API reference of ModifyLoadBalancerAttributes.
_BALANCER_KEYS = {
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": (
        "routing.http.x_amzn_tls_version_and_cipher_suite.enabled"
    ),
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_ACCESS_LOG_KEYS = {"bucket": "bucket", "prefix": "prefix", "enabled": "enabled"}
_LOG_PREFIXES = {"accessLogs": "access_logs.s3", "connectionLogs": "connection_logs.s3"}


def _balancer_attributes(given: Properties) -> Properties:
    plain = {name: value for name, value in given.items() if name in _BALANCER_KEYS}
    attributes = attribute_list(_BALANCER_KEYS)(plain)["Attributes"]
    for name, prefix in _LOG_PREFIXES.items():
        if logs := given.get(name):
            keys = {key: f"{prefix}.{key}" for key in _ACCESS_LOG_KEYS}
            attributes += attribute_list(keys)(logs)["Attributes"]
    return {"Attributes": attributes}


def _address(context: Context, description: Properties) -> str:
    return context.instance.load_balancer_address if context.instance else description["DNSName"]


LOAD_BALANCER = ResourceType(
    type="aws:lb/loadBalancer:LoadBalancer",
    service="elbv2",
    create=Call("CreateLoadBalancer", result="LoadBalancers[0]"),
    id="LoadBalancerArn",
    reads=(
        Call("DescribeLoadBalancers", {"LoadBalancerArns": ["{id}"]}, result="LoadBalancers[0]"),
        Call(
            "DescribeLoadBalancerAttributes",
            {"LoadBalancerArn": "{id}"},
            result=attribute_result(_BALANCER_KEYS),
        ),
    ),
    settings=(
        Call(
            "ModifyLoadBalancerAttributes",
            {"LoadBalancerArn": "{id}"},
            properties=(*_BALANCER_KEYS, *_LOG_PREFIXES),
            build=_balancer_attributes,
        ),
    ),
    updates=(
        Call("SetSecurityGroups", {"LoadBalancerArn": "{id}"}, properties=("securityGroups",)),
        Call("SetSubnets", {"LoadBalancerArn": "{id}"}, properties=("subnets", "subnetMappings")),
        Call("SetIpAddressType", {"LoadBalancerArn": "{id}"}, properties=("ipAddressType",)),
    ),
    delete=Call("DeleteLoadBalancer", {"LoadBalancerArn": "{id}"}),
    deleting=lambda context: _refuse_if_protected(context),
    arn="{id}",
    rename={"loadBalancerType": "Type", "internal": "Scheme"},
    outputs={
        "arnSuffix": _arn_suffix("loadbalancer/"),
        "dnsName": _address,
        "internal": lambda _context, found: found["Scheme"] == "internal",
        "subnets": "AvailabilityZones[].SubnetId",
        "zoneId": "CanonicalHostedZoneId",
    },
    unread=("subnetMappings",),
    in_place=("subnets", "securityGroups"),
    defaults={
        "loadBalancerType": "application",
        "enableDeletionProtection": False,
        "enableHttp2": True,
        "idleTimeout": 60,
    },
    name="name",
    name_length=32,
    prepare=lambda inputs: _with_scheme(inputs),
    tagging=elbv2_tags(),
)


def _with_scheme(inputs: Properties) -> Properties:
    if not isinstance(inputs.get("internal"), bool):
        return inputs
    return {**inputs, "internal": "internal" if inputs["internal"] else "internet-facing"}


def _refuse_if_protected(context: Context) -> None:
    if context.values.get("enableDeletionProtection") and not context.undoing:
        raise LookupError(
            "the load balancer has deletion protection; set enableDeletionProtection to false first"
        )


# Keys: the API reference of ModifyTargetGroupAttributes.
_TARGET_KEYS = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "slowStart": "slow_start.duration_seconds",
}
_HEALTH_CHECK = {
    "enabled": "HealthCheckEnabled",
    "healthyThreshold": "HealthyThresholdCount",
    "interval": "HealthCheckIntervalSeconds",
    "matcher": "Matcher.HttpCode",
    "path": "HealthCheckPath",
    "port": "HealthCheckPort",
    "protocol": "HealthCheckProtocol",
    "timeout": "HealthCheckTimeoutSeconds",
    "unhealthyThreshold": "UnhealthyThresholdCount",
}
_TARGET_CREATION = (
    "name",
    "protocol",
    "protocolVersion",
    "port",
    "vpcId",
    "targetType",
    "ipAddressType",
)


def _health_check(given: Properties) -> Properties:
    result: Properties = {}
    for name, value in (given.get("healthCheck") or {}).items():
        if name not in _HEALTH_CHECK:
            raise LookupError(f"healthCheck.{name} is not a known property")
        if name == "matcher":
            result["Matcher"] = {"HttpCode": str(value)}
        elif value is not None:
            result[_HEALTH_CHECK[name]] = str(value) if name == "port" else value
    return result


def _target_group(given: Properties) -> Properties:
    members = {name: name[0].upper() + name[1:] for name in _TARGET_CREATION}
    return {members[n]: v for n, v in given.items() if n in members} | _health_check(given)


def _stickiness(context: Context) -> None:
    block = context.inputs.get("stickiness")
    if not block:
        return
    keys = {"enabled": "stickiness.enabled", "type": "stickiness.type"}
    duration = {"app_cookie": "stickiness.app_cookie.duration_seconds"}
    keys["cookieDuration"] = duration.get(block["type"], "stickiness.lb_cookie.duration_seconds")
    keys["cookieName"] = "stickiness.app_cookie.cookie_name"
    context.client().modify_target_group_attributes(
        TargetGroupArn=context.id, **attribute_list(keys)(block)
    )


TARGET_GROUP = ResourceType(
    type="aws:lb/targetGroup:TargetGroup",
    service="elbv2",
    create=Call(
        "CreateTargetGroup",
        properties=(*_TARGET_CREATION, "healthCheck"),
        build=_target_group,
        result="TargetGroups[0]",
    ),
    id="TargetGroupArn",
    reads=(
        Call("DescribeTargetGroups", {"TargetGroupArns": ["{id}"]}, result="TargetGroups[0]"),
        Call(
            "DescribeTargetGroupAttributes",
            {"TargetGroupArn": "{id}"},
            result=attribute_result(_TARGET_KEYS),
        ),
    ),
    settings=(
        Call(
            "ModifyTargetGroupAttributes",
            {"TargetGroupArn": "{id}"},
            properties=tuple(_TARGET_KEYS),
            build=attribute_list(_TARGET_KEYS),
        ),
    ),
    updates=(
        Call(
            "ModifyTargetGroup",
            {"TargetGroupArn": "{id}"},
            properties=("healthCheck",),
            build=_health_check,
        ),
    ),
    delete=Call("DeleteTargetGroup", {"TargetGroupArn": "{id}"}),
    arn="{id}",
    rename={"name": "TargetGroupName"},
    outputs={
        "arnSuffix": lambda context, _found: context.id.rpartition(":")[2],
        "healthCheck": lambda _context, found: _described_check(found),
    },
    # Who uses the group is no change of the group.
    unread=("loadBalancerArns", "stickiness", "targetHealthStates", "targetGroupHealth"),
    also=("stickiness",),
    created=_stickiness,
    updated=lambda context, changed: _stickiness(context) if "stickiness" in changed else None,
    defaults={"targetType": "instance", "deregistrationDelay": 300, "slowStart": 0},
    name="name",
    name_length=32,
    tagging=elbv2_tags(),
)


def _described_check(found: Properties) -> Properties:
    result: Properties = {}
    for name, member in _HEALTH_CHECK.items():
        value: Any = found
        for part in member.split("."):
            value = (value or {}).get(part)
        if value is not None:
            result[name] = value
    return result


TYPES = (LOAD_BALANCER, TARGET_GROUP)
