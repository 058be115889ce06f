"""The internal load balancer. Pulumi owns it, so a destroyed cluster leaves no orphan behind."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi_kubernetes.apiextensions import CustomResource

from infra import host_names
from infra.access_logs import CONNECTIONS_PREFIX, LOAD_BALANCER_PREFIX, AccessLogs
from infra.aws_account import AwsAccount
from infra.cluster import Cluster
from infra.credentials import Credentials
from infra.durability import DurabilityPolicy
from infra.listener_rules import NOT_FOUND, listener_rules, serves_by_default
from infra.naming import NAMESPACE, Naming
from infra.network import Network
from infra.secret_families import content_hash
from infra.settings import Settings
from infra.sign_in import authentication
from infra.web_firewall import WebFirewall, WebFirewallArgs

GATEWAY_PORT = 4000
# TLS 1.2 and 1.3 only:
# docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    naming: Naming
    account: AwsAccount
    settings: Settings
    credentials: Credentials
    durability: DurabilityPolicy
    network: Network
    cluster: Cluster
    access_logs: AccessLogs
    log_key_arn: pulumi.Input[str]


class LoadBalancer(pulumi.ComponentResource):
    """An internal ALB in subnets of its own, its target group, listeners and firewall.

    With a certificate it serves HTTPS and redirects plain requests; without one, plain HTTP inside
    the VPC. What it serves under which name, ``infra/listener_rules.py`` tells. Every request is
    logged. ``admin_url`` is None where no name serves the admin paths, ``certificate_arn`` where
    plain HTTP is served.
    """

    arn: pulumi.Output[str]
    url: pulumi.Output[str]
    admin_url: pulumi.Output[str] | None
    certificate_arn: pulumi.Input[str] | None
    target_group_arn: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    """The listener that serves."""
    security_group_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:load-balancer:LoadBalancer", name, None, opts)
        self._args = args
        self._settings = settings = args.settings.load_balancer
        self._client_secret = args.credentials.supplied_value("loadBalancerClient", "clientSecret")
        self._child = pulumi.ResourceOptions(parent=self)
        security_group = self._security_group()
        self.security_group_id = security_group.id
        self._alb = balancer = self._balancer(security_group)
        self.arn = balancer.arn
        targets = self._target_group()
        self.target_group_arn = targets.arn
        self.certificate_arn = host_names.certificate(settings, self)
        listener = self._listeners(balancer, targets)
        self.listener_arn = listener.arn
        signing_in = authentication(args.settings.sign_in, self._client_secret)
        for rule in listener_rules(settings, signs_in=signing_in is not None):
            serving = _forward(targets) if rule.forwards else NOT_FOUND
            aws.lb.ListenerRule(
                rule.name,
                listener_arn=listener.arn,
                priority=rule.priority,
                conditions=list(rule.conditions),
                actions=[signing_in, serving] if rule.signs_in else [serving],
                opts=self._child,
            )
        if settings.web_firewall.enabled:
            firewall_args = WebFirewallArgs(
                naming=args.naming,
                account=args.account,
                settings=settings.web_firewall,
                load_balancer_arn=balancer.arn,
                log_key_arn=args.log_key_arn,
            )
            WebFirewall("web-firewall", firewall_args, self._child)
        self.url, self.admin_url = self._urls(balancer)
        self.register_outputs({"url": self.url})

    def point_names_here(
        self, gateway: pulumi.Resource, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Give its names to this balancer; those of a region that was left once pods serve here."""
        taking_over = self._args.settings.restore.from_region is not None
        after = gateway if taking_over else None
        args = host_names.HostNamesArgs(
            settings=self._settings, parent=self, balancer=self._alb, taken_over_after=after
        )
        host_names.HostNames("host-names", args, opts)

    def _balancer(self, security_group: aws.ec2.SecurityGroup) -> aws.lb.LoadBalancer:
        args = self._args
        bucket = args.access_logs.bucket_name
        connections: Any = {"bucket": bucket, "prefix": CONNECTIONS_PREFIX, "enabled": True}
        return aws.lb.LoadBalancer(
            "gateway",
            name=args.naming.prefix,
            internal=True,
            load_balancer_type="application",
            subnets=args.network.edge_subnet_ids,
            security_groups=[security_group.id],
            idle_timeout=self._settings.idle_timeout_seconds,
            drop_invalid_header_fields=True,
            enable_deletion_protection=args.durability.deletion_protection,
            access_logs={"bucket": bucket, "prefix": LOAD_BALANCER_PREFIX, "enabled": True},
            connection_logs=connections if args.settings.access_logs.connections else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The bucket's policy is tried out when logging is turned on.
                depends_on=[args.access_logs],
                # Its name is fixed, and what depends on it cannot outlive it.
                delete_before_replace=True,
            ),
        )

    def _target_group(self) -> aws.lb.TargetGroup:
        args = self._args
        # A group cannot be deleted while a listener forwards to it, so that its successor stands
        # beside it for a moment: what replaces a group has to change its name.
        identity = content_hash(args.network.cidr, str(GATEWAY_PORT))[:7]
        return aws.lb.TargetGroup(
            "gateway",
            name=f"{args.naming.prefix}-{identity}",
            vpc_id=args.network.vpc_id,
            target_type="ip",
            protocol="HTTP",
            port=GATEWAY_PORT,
            deregistration_delay=self._settings.deregistration_seconds,
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

    def _listeners(
        self, balancer: aws.lb.LoadBalancer, targets: aws.lb.TargetGroup
    ) -> aws.lb.Listener:
        """Make the plain listener and, with a certificate, the one of HTTPS; return what serves."""
        settings = self._settings
        serving = _forward(targets) if serves_by_default(settings) else NOT_FOUND
        plain = aws.lb.Listener(
            "plain",
            load_balancer_arn=balancer.arn,
            port=settings.port,
            protocol="HTTP",
            default_actions=[_TO_HTTPS if self.certificate_arn else serving],
            opts=pulumi.ResourceOptions(
                parent=self,
                # Its names up to 0.1.0; they may go when no stack of that version is left.
                aliases=[pulumi.Alias(name="http"), pulumi.Alias(name="redirect")],
            ),
        )
        if self.certificate_arn is None:
            return plain
        return aws.lb.Listener(
            "https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            ssl_policy=_TLS_POLICY,
            certificate_arn=self.certificate_arn,
            default_actions=[serving],
            opts=self._child,
        )

    def _urls(
        self, balancer: aws.lb.LoadBalancer
    ) -> tuple[pulumi.Output[str], pulumi.Output[str] | None]:
        settings = self._settings
        if settings.host_name:
            admin = settings.admin_host_name
            return (
                pulumi.Output.from_input(f"https://{settings.host_name}"),
                pulumi.Output.from_input(f"https://{admin}") if admin else None,
            )
        if settings.is_encrypted:
            url = pulumi.Output.concat("https://", balancer.dns_name)
        else:
            suffix = "" if settings.port == 80 else f":{settings.port}"
            url = pulumi.Output.concat("http://", balancer.dns_name, suffix)
        return url, url

    def _security_group(self) -> aws.ec2.SecurityGroup:
        args = self._args
        group = aws.ec2.SecurityGroup(
            "load-balancer",
            # A group in use cannot be deleted, so that its successor stands beside it.
            name_prefix=f"{args.naming.named('load-balancer')}-",
            description="The gateway's load balancer",
            vpc_id=args.network.vpc_id,
            tags={"Name": args.naming.named("load-balancer")},
            opts=self._child,
        )
        ports = {self._settings.port} | ({443} if self._settings.is_encrypted else set())
        for cidr in self._settings.allowed_cidrs or (args.network.cidr,):
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
        # To the issuer's token endpoint: aws.amazon.com/premiumsupport/knowledge-center/
        # elb-configure-authentication-alb
        for cidr in args.settings.sign_in.issuer_cidrs if self._client_secret is not None else ():
            aws.vpc.SecurityGroupEgressRule(
                f"to-issuer-{cidr}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
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


_TO_HTTPS: Any = {
    "type": "redirect",
    "redirect": {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"},
}


def _forward(targets: aws.lb.TargetGroup) -> Any:
    return {"type": "forward", "target_group_arn": targets.arn}


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
        opts=pulumi.ResourceOptions.merge(
            opts,
            # The controller refuses a change of the group: kubernetes-sigs/
            # aws-load-balancer-controller, webhooks/elbv2/targetgroupbinding_validator.go.
            pulumi.ResourceOptions(
                replace_on_changes=["spec.targetGroupARN"], delete_before_replace=True
            ),
        ),
    )
