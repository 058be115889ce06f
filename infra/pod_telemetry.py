"""Logs and metrics of pods: the CloudWatch agent as an add-on, its role and its log groups."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import versions
from infra.aws_account import AwsAccount
from infra.cluster import Cluster
from infra.iam_policies import allow, document
from infra.identity import ServiceAccountRole, ServiceAccountRoleArgs
from infra.log_filters import container_log_filters
from infra.naming import Naming
from infra.telemetry_agent import (
    AGENT_NAMESPACE,
    SERVICE_ACCOUNT,
    AgentContext,
    agent_configuration,
    log_group,
)

_ADDON = "amazon-cloudwatch-observability"
# Lines of containers, of the node's services and of the node.
_LOG_PARTS = ("application", "dataplane", "host")
# Events whose content CloudWatch has as metrics already.
_METRIC_PARTS = ("performance", "gateway")
_METRIC_EVENT_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class PodTelemetryArgs:
    naming: Naming
    account: AwsAccount
    cluster: Cluster
    key_arn: pulumi.Input[str]
    log_retention_days: int
    metric_namespace: str


class PodTelemetry(pulumi.ComponentResource):
    """Encrypted log groups with retention, and the agent that may write to them and no others.

    Fluent Bit sends container logs, Container Insights readiness and restarts of pods, and the
    agent a fixed list of the gateway's metrics.
    """

    def __init__(
        self, name: str, args: PodTelemetryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:pod-telemetry:PodTelemetry", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        groups = {
            part: self._log_group(
                part, args.log_retention_days if part in _LOG_PARTS else _METRIC_EVENT_DAYS
            )
            for part in (*_LOG_PARTS, *_METRIC_PARTS)
        }
        for one in container_log_filters():
            aws.cloudwatch.LogMetricFilter(
                one.name,
                name=args.naming.named(one.name),
                log_group_name=groups["application"].name,
                pattern=one.pattern,
                metric_transformation={
                    "namespace": args.metric_namespace,
                    "name": one.metric,
                    "value": "1",
                },
                opts=self._child,
            )
        aws.eks.Addon(
            "telemetry",
            cluster_name=args.cluster.name,
            addon_name=_ADDON,
            addon_version=versions.CLOUDWATCH_OBSERVABILITY,
            service_account_role_arn=self._role(),
            configuration_values=agent_configuration(
                AgentContext(
                    cluster=args.naming.prefix,
                    region=args.account.region,
                    metric_namespace=args.metric_namespace,
                )
            ),
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            # The agent could not make a group by itself, and its first lines would be lost.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(groups.values())),
        )
        self.register_outputs({})

    def _log_group(self, part: str, days: int) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"telemetry-{part}",
            name=log_group(self._args.naming.prefix, part),
            retention_in_days=days,
            kms_key_id=self._args.key_arn,
            opts=self._child,
        )

    def _role(self) -> pulumi.Output[str]:
        args, account = self._args, self._args.account
        prefix = f"arn:{account.partition}:logs:{account.region}:{account.account_id}:log-group:"
        groups = [
            f"{prefix}{log_group(args.naming.prefix, part)}"
            for part in (*_LOG_PARTS, *_METRIC_PARTS)
        ]
        return ServiceAccountRole(
            SERVICE_ACCOUNT,
            ServiceAccountRoleArgs(
                naming=args.naming,
                namespace=AGENT_NAMESPACE,
                service_account=SERVICE_ACCOUNT,
                provider_arn=args.cluster.oidc_provider_arn,
                issuer=args.cluster.issuer,
                policy=telemetry_policy(groups),
            ),
            self._child,
        ).arn


def telemetry_policy(log_group_arns: list[str]) -> str:
    """Return what the agent may do: write to its log groups, and look at its nodes.

    CloudWatchAgentServerPolicy also lets it make groups, set their retention, put metrics and
    traces, and read parameters; it does none of that here, since its metrics come as log events
    (docs.aws.amazon.com/aws-managed-policy/latest/reference/CloudWatchAgentServerPolicy.html).
    """
    return document(
        allow(["logs:DescribeLogStreams"], [f"{arn}:*" for arn in log_group_arns]),
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{arn}:log-stream:*" for arn in log_group_arns],
        ),
        # Neither action can be limited to a resource.
        allow(["ec2:DescribeTags", "ec2:DescribeVolumes"], ["*"]),
    )
