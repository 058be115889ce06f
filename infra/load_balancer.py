"""The internal load balancer. Pulumi owns it, so a destroyed cluster leaves no orphan behind."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_kubernetes.apiextensions import CustomResource

from infra.cluster import Cluster
from infra.durability import DurabilityPolicy
from infra.naming import NAMESPACE, Naming
from infra.network import Network
from infra.setting_sections import LoadBalancerSettings

GATEWAY_PORT = 4000
# TLS 1.2 and 1.3 only:
# docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_NEVER_SERVED = ("/metrics", "/metrics/*")


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    naming: Naming
    settings: LoadBalancerSettings
    durability: DurabilityPolicy
    network: Network
    cluster: Cluster


class LoadBalancer(pulumi.ComponentResource):
    """An internal ALB, its target group, and the way from one to the other.

    With a certificate it serves HTTPS and redirects plain requests; without one, plain HTTP inside
    the VPC. Metrics are never served.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:load-balancer:LoadBalancer", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        security_group = self._security_group()
        balancer = aws.lb.LoadBalancer(
            "gateway",
            name=args.naming.prefix,
            internal=True,
            load_balancer_type="application",
            subnets=args.network.private_subnet_ids,
            security_groups=[security_group.id],
            idle_timeout=args.settings.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.durability.deletion_protection,
            opts=self._child,
        )
        targets = aws.lb.TargetGroup(
            "gateway",
            name=args.naming.prefix,
            vpc_id=args.network.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=GATEWAY_PORT,
            deregistration_delay=args.settings.deregistration_seconds,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "path": "/health/readiness",
                "matcher": "200",
                "interval": 5,
                "timeout": 4,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            # Auto Mode binds pods only to target groups of its own cluster.
            tags={"eks:eks-cluster-name": args.cluster.name},
            opts=self._child,
        )
        self.arn, self.target_group_arn = balancer.arn, targets.arn
        forward = {"type": "forward", "target_group_arn": targets.arn}
        port = args.settings.port
        if args.settings.certificate_arn:
            self._listener(
                "redirect",
                balancer,
                port,
                {
                    "type": "redirect",
                    "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
                },
            )
            listener = self._listener(
                "https",
                balancer,
                443,
                forward,
                ssl_policy=_TLS_POLICY,
                certificate_arn=args.settings.certificate_arn,
            )
            self.url = pulumi.Output.concat("https://", balancer.dns_name)
        else:
            listener = self._listener("http", balancer, port, forward)
            suffix = "" if port == 80 else f":{port}"
            self.url = pulumi.Output.concat("http://", balancer.dns_name, suffix)
        aws.lb.ListenerRule(
            "never-served",
            listener_arn=listener.arn,
            priority=1,
            conditions=[{"path_pattern": {"values": list(_NEVER_SERVED)}}],
            actions=[
                {
                    "type": "fixed-response",
                    "fixed_response": {
                        "content_type": "text/plain",
                        "message_body": "not found",
                        "status_code": "404",
                    },
                }
            ],
            opts=self._child,
        )
        self.listener = listener
        self.register_outputs({"url": self.url})

    def _listener(
        self,
        name: str,
        balancer: aws.lb.LoadBalancer,
        port: int,
        action: Any,
        **encryption: Any,
    ) -> aws.lb.Listener:
        return aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="HTTPS" if encryption else "HTTP",
            default_actions=[action],
            opts=self._child,
            **encryption,
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        group = aws.ec2.SecurityGroup(
            "load-balancer",
            name=args.naming.named("load-balancer"),
            description="The gateway's load balancer",
            vpc_id=args.network.vpc_id,
            tags={"Name": args.naming.named("load-balancer")},
            opts=self._child,
        )
        ports = {args.settings.port} | ({443} if args.settings.certificate_arn else set())
        for cidr in args.settings.allowed_cidrs or (args.network.cidr,):
            for port in sorted(ports):
                aws.vpc.SecurityGroupIngressRule(
                    f"from-{cidr}-{port}",
                    security_group_id=group.id,
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    opts=self._child,
                )
        for name, rule, owner, other in (
            ("to-pods", aws.vpc.SecurityGroupEgressRule, group.id, args.cluster.security_group_id),
            (
                "pods-from",
                aws.vpc.SecurityGroupIngressRule,
                args.cluster.security_group_id,
                group.id,
            ),
        ):
            rule(
                name,
                security_group_id=owner,
                referenced_security_group_id=other,
                ip_protocol="tcp",
                from_port=GATEWAY_PORT,
                to_port=GATEWAY_PORT,
                opts=self._child,
            )
        return group


def bind_targets(
    target_group_arn: pulumi.Input[str], service: str, opts: pulumi.ResourceOptions
) -> CustomResource:
    """Register the ready pods of a service in a target group, for as long as they are ready."""
    return CustomResource(
        "gateway",
        api_version="eks.amazonaws.com/v1",
        kind="TargetGroupBinding",
        metadata={"name": service, "namespace": NAMESPACE},
        spec={
            "serviceRef": {"name": service, "port": GATEWAY_PORT},
            "targetGroupARN": target_group_arn,
            "targetType": "ip",
        },
        opts=opts,
    )
