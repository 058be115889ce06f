"""Whether the load balancer finds pods that answer."""

from collections import Counter
from collections.abc import Iterator

from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack

_PODS = "uv run ops doctor --only pods"


def target_health(stack: RunningStack) -> Iterator[Finding]:
    """Balancers are active, and every target group has healthy targets and no other."""
    client = stack.aws("elbv2")
    balancers = stack.ids("aws:lb/loadBalancer:LoadBalancer")
    if not balancers:
        yield failed("the stack has no load balancer", "pulumi up")
        return
    for one in client.describe_load_balancers(LoadBalancerArns=balancers)["LoadBalancers"]:
        state = one["State"]["Code"]
        if state != "active":
            yield failed(
                f"load balancer {one['LoadBalancerName']} is {state}",
                "docs/runbooks/lost-zone.md",
            )
    for arn in stack.ids("aws:lb/targetGroup:TargetGroup"):
        targets = client.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        name = arn.split("/")[-2]
        states = Counter(target["TargetHealth"]["State"] for target in targets)
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        reasons = sorted(
            {
                str(target["TargetHealth"]["Description"])
                for target in targets
                if target["TargetHealth"]["State"] == "unhealthy"
                and target["TargetHealth"].get("Description")
            }
        )
        text = f"target group {name} has {told or 'no targets'}"
        text += f" ({'; '.join(reasons)})" if reasons else ""
        if not states["healthy"]:
            yield failed(text, _PODS)
        elif states["unhealthy"] or states["unavailable"]:
            yield attention(text, _PODS)
        else:
            yield ok(text)
