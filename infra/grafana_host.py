"""Grafana behind the load balancer, under a name of its own."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_kubernetes.apiextensions import CustomResource

from infra.cluster import Cluster
from infra.listener_rules import VALUES_OF_A_RULE
from infra.load_balancer import LoadBalancer
from infra.monitoring_values import GRAFANA_PORT, GRAFANA_SERVICE, GRAFANA_SERVICE_PORT
from infra.naming import Naming
from infra.network import Network
from infra.secret_families import content_hash
from infra.setting_sections import LoadBalancerSettings

# Above those of the API and of the admin paths (infra/listener_rules.py).
_FIRST_PRIORITY = 301


@dataclass(frozen=True, kw_only=True)
class GrafanaHostArgs:
    naming: Naming
    settings: LoadBalancerSettings
    network: Network
    cluster: Cluster
    load_balancer: LoadBalancer
    namespace: str


class GrafanaHost(pulumi.ComponentResource):
    """A target group with Grafana's pods, which the administrators' networks reach by its name."""

    def __init__(
        self, name: str, args: GrafanaHostArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:observability:GrafanaHost", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # What replaces a group has to change its name: infra/load_balancer.py.
        identity = content_hash(args.network.cidr, str(GRAFANA_PORT))[:7]
        group = aws.lb.TargetGroup(
            "grafana",
            name=f"{args.naming.prefix}-{identity}",
            vpc_id=args.network.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=GRAFANA_PORT,
            deregistration_delay=30,
            health_check={"path": "/api/health", "matcher": "200"},
            # Auto Mode binds pods only to target groups of its own cluster.
            tags={"eks:eks-cluster-name": args.cluster.name},
            opts=child,
        )
        # One value of each rule is the host name.
        size, networks = VALUES_OF_A_RULE - 1, args.settings.admin_cidrs
        rules = [
            aws.lb.ListenerRule(
                f"grafana-{index // size + 1}",
                listener_arn=args.load_balancer.listener_arn,
                priority=_FIRST_PRIORITY + index // size,
                conditions=[
                    {"host_header": {"values": [args.settings.grafana_host_name or ""]}},
                    {"source_ip": {"values": list(networks[index : index + size])}},
                ],
                actions=[{"type": "forward", "target_group_arn": group.arn}],
                opts=child,
            )
            for index in range(0, len(networks), size)
        ]
        balancer, pods = args.load_balancer.security_group_id, args.cluster.security_group_id
        for rule, owner, other in (
            (aws.vpc.SecurityGroupEgressRule, balancer, pods),
            (aws.vpc.SecurityGroupIngressRule, pods, balancer),
        ):
            rule(
                "grafana",
                security_group_id=owner,
                referenced_security_group_id=other,
                ip_protocol="tcp",
                from_port=GRAFANA_PORT,
                to_port=GRAFANA_PORT,
                opts=child,
            )
        CustomResource(
            "grafana",
            api_version="eks.amazonaws.com/v1",
            kind="TargetGroupBinding",
            metadata={"name": "grafana", "namespace": args.namespace},
            spec={
                "serviceRef": {"name": GRAFANA_SERVICE, "port": GRAFANA_SERVICE_PORT},
                "targetGroupARN": group.arn,
                "targetType": "ip",
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=rules,
                replace_on_changes=["spec.targetGroupARN"],
                delete_before_replace=True,
            ),
        )
        self.register_outputs({})
