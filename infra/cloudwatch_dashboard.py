"""The CloudWatch dashboard: gateway, database, cache, spend."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.cloudwatch_metrics import Metric
from infra.documents import InvalidConfiguration
from infra.monitored import Monitored
from infra.naming import Naming
from infra.templates import render_text

_TEMPLATE = "cloudwatch_dashboard.json.j2"


@dataclass(frozen=True, kw_only=True)
class CloudWatchDashboardArgs:
    naming: Naming
    region: str
    watched: Monitored


class CloudWatchDashboard(pulumi.ComponentResource):
    """One dashboard of the stack, from the template in ``config_templates``."""

    def __init__(
        self, name: str, args: CloudWatchDashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:cloudwatch-dashboard:CloudWatchDashboard", name, None, opts)
        watched = args.watched
        aws.cloudwatch.Dashboard(
            "gateway",
            dashboard_name=args.naming.prefix,
            dashboard_body=pulumi.Output.all(watched.load_balancer, watched.target_group).apply(
                lambda known: render_dashboard(
                    replace(watched, load_balancer=known[0], target_group=known[1]), args.region
                )
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def render_dashboard(watched: Monitored, region: str) -> str:
    """Return a dashboard's body; raise InvalidConfiguration for a line that no metric feeds.

    The dimensions of what is watched must be known.
    """
    text = render_text(_TEMPLATE, watched=watched, region=region)
    try:
        body = json.loads(text)
    except ValueError as error:
        raise InvalidConfiguration("the CloudWatch dashboard", [str(error)]) from error
    if problems := tuple(dashboard_problems(body)):
        raise InvalidConfiguration("the CloudWatch dashboard", problems)
    return json.dumps(body)


def dashboard_problems(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each line of a dashboard that shows no metric which exists.

    The form: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
    CloudWatch-Dashboard-Body-Structure.html
    """
    for widget in body["widgets"]:
        if widget["type"] != "metric":
            continue
        title = widget["properties"]["title"]
        lines = widget["properties"]["metrics"]
        if not lines:
            yield f"{title} has no line"
        for namespace, name, *rest in lines:
            pairs = [part for part in rest if isinstance(part, str)]
            try:
                Metric(
                    namespace=namespace,
                    name=name,
                    dimensions=dict(zip(pairs[::2], pairs[1::2], strict=True)),
                )
            except (LookupError, ValueError) as error:
                yield f"{title}: {error}"
