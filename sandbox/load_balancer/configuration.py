"""What the AWS endpoint says of load balancers: listeners, rules and target groups."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sandbox.load_balancer.rules import Rule

# The defaults of an Application Load Balancer:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/
_IDLE_TIMEOUT, _DEREGISTRATION_DELAY = 60, 300


class Endpoint(NamedTuple):
    """Where a target listens."""

    address: str
    port: int


@dataclass(frozen=True)
class HealthCheck:
    """How a target shows that it is well."""

    path: str
    port: str
    protocol: str
    interval: float
    timeout: float
    healthy: int
    unhealthy: int
    matcher: str

    def accepts(self, status: int) -> bool:
        """Tell whether the matcher, such as ``200,301`` or ``200-299``, has the status."""
        for part in self.matcher.split(","):
            first, _, last = part.strip().partition("-")
            if int(first) <= status <= int(last or first):
                return True
        return False


@dataclass(frozen=True)
class TargetGroup:
    """A target group and the targets that are registered in it."""

    arn: str
    name: str
    protocol: str
    health_check: HealthCheck
    deregistration_delay: float
    registered: frozenset[Endpoint]
    problem: str | None


@dataclass(frozen=True)
class Listener:
    """A listener with its rules in order of priority, the default rule last."""

    arn: str
    load_balancer: str
    port: int
    protocol: str
    idle_timeout: float
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Configuration:
    """Everything of one region."""

    listeners: tuple[Listener, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()


def read(client: Any) -> Configuration:
    """Read everything through a boto3 client of elbv2; raises what botocore raises."""
    listeners = []
    for balancer in client.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        attributes = _attributes(client.describe_load_balancer_attributes(LoadBalancerArn=arn))
        for described in client.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            rules = client.describe_rules(ListenerArn=described["ListenerArn"])["Rules"]
            listeners.append(
                Listener(
                    arn=described["ListenerArn"],
                    load_balancer=balancer["LoadBalancerName"],
                    port=described["Port"],
                    protocol=described["Protocol"],
                    idle_timeout=float(
                        attributes.get("idle_timeout.timeout_seconds", _IDLE_TIMEOUT)
                    ),
                    rules=tuple(
                        Rule(tuple(rule["Conditions"]), tuple(_in_order(rule["Actions"])))
                        for rule in sorted(rules, key=_priority)
                    ),
                )
            )
    groups = client.describe_target_groups()["TargetGroups"]
    return Configuration(tuple(listeners), tuple(_target_group(client, group) for group in groups))


def _target_group(client: Any, group: Mapping[str, Any]) -> TargetGroup:
    arn = group["TargetGroupArn"]
    attributes = _attributes(client.describe_target_group_attributes(TargetGroupArn=arn))
    targets = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    kind = group.get("TargetType", "instance")
    return TargetGroup(
        arn=arn,
        name=group["TargetGroupName"],
        protocol=group.get("Protocol", "HTTP"),
        health_check=_health_check(group),
        deregistration_delay=float(
            attributes.get("deregistration_delay.timeout_seconds", _DEREGISTRATION_DELAY)
        ),
        registered=frozenset(
            Endpoint(target["Target"]["Id"], int(target["Target"].get("Port", group["Port"])))
            for target in targets
            if kind == "ip"
        ),
        problem=_problem(group, kind, attributes),
    )


def _health_check(group: Mapping[str, Any]) -> HealthCheck:
    matcher = group.get("Matcher", {}).get("HttpCode") or "200"
    return HealthCheck(
        path=group.get("HealthCheckPath") or "/",
        port=str(group.get("HealthCheckPort") or "traffic-port"),
        protocol=group.get("HealthCheckProtocol") or group.get("Protocol", "HTTP"),
        interval=float(group.get("HealthCheckIntervalSeconds") or 30),
        timeout=float(group.get("HealthCheckTimeoutSeconds") or 5),
        healthy=int(group.get("HealthyThresholdCount") or 5),
        unhealthy=int(group.get("UnhealthyThresholdCount") or 2),
        matcher=matcher,
    )


def _problem(group: Mapping[str, Any], kind: str, attributes: Mapping[str, str]) -> str | None:
    matcher = group.get("Matcher", {}).get("HttpCode") or "200"
    if kind != "ip":
        return f"target type {kind}"
    if group.get("Protocol") not in ("HTTP", "HTTPS"):
        return f"protocol {group.get('Protocol')}"
    if group.get("ProtocolVersion", "HTTP1") != "HTTP1":
        return f"protocol version {group['ProtocolVersion']}"
    if attributes.get("stickiness.enabled") == "true":
        return "stickiness"
    if not re.fullmatch(r"\d{3}([-,]\d{3})*", matcher):
        return f"health check matcher {matcher}"
    return None


def _attributes(answer: Mapping[str, Any]) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in answer["Attributes"]}


def _priority(rule: Mapping[str, Any]) -> float:
    return float("inf") if rule["Priority"] == "default" else int(rule["Priority"])


def _in_order(actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(actions, key=lambda action: action.get("Order", 1))
