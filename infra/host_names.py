"""The names under which the load balancer is reached: their certificate and their records."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.setting_sections import LoadBalancerSettings


def certificate(
    settings: LoadBalancerSettings, parent: pulumi.Resource
) -> pulumi.Input[str] | None:
    """Return the ARN of the listener's certificate: a given one, or one made and validated by DNS.

    None if there is neither a certificate nor a zone in which one could be validated. A record of
    each name stays in the zone, by which ACM renews the certificate.
    """
    if settings.certificate_arn or not settings.is_encrypted:
        return settings.certificate_arn
    child = pulumi.ResourceOptions(parent=parent)
    names = _names(settings)
    first, *others = names.values()
    made = aws.acm.Certificate(
        "gateway",
        domain_name=first,
        subject_alternative_names=others,
        validation_method="DNS",
        opts=child,
    )
    records = [
        _validation_record(label, name, made, settings, child) for label, name in names.items()
    ]
    return aws.acm.CertificateValidation(
        "gateway",
        certificate_arn=made.arn,
        validation_record_fqdns=[record.fqdn for record in records],
        opts=child,
    ).certificate_arn


@dataclass(frozen=True, kw_only=True)
class HostNamesArgs:
    settings: LoadBalancerSettings
    parent: pulumi.Resource
    """The component of the balancer."""
    balancer: aws.lb.LoadBalancer
    taken_over_after: pulumi.Resource | None = None
    """What has to be there before names that point elsewhere move here; None for own names."""


class HostNames(pulumi.ComponentResource):
    """The host names as aliases of the balancer in the hosted zone, if one is given.

    A name that somebody else has is an error, unless this stack takes names over.
    """

    def __init__(
        self, name: str, args: HostNamesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:load-balancer:HostNames", name, None, opts)
        after = args.taken_over_after
        for label, host_name in (
            _names(args.settings).items() if args.settings.hosted_zone_id else ()
        ):
            aws.route53.Record(
                label,
                zone_id=args.settings.hosted_zone_id or "",
                name=host_name,
                type="A",
                aliases=[
                    {
                        "name": args.balancer.dns_name,
                        "zone_id": args.balancer.zone_id,
                        # With a single answer to give, its health changes nothing.
                        "evaluate_target_health": False,
                    }
                ],
                allow_overwrite=True if after else None,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[after] if after else None,
                    # Their parent up to 0.1.0; may go when no stack of that version is left.
                    aliases=[pulumi.Alias(parent=args.parent)],
                ),
            )
        self.register_outputs({})


def _names(settings: LoadBalancerSettings) -> dict[str, str]:
    given = {
        "api": settings.host_name,
        "admin": settings.admin_host_name,
        "grafana": settings.grafana_host_name,
    }
    return {label: name for label, name in given.items() if name}


def _validation_record(
    label: str,
    name: str,
    made: aws.acm.Certificate,
    settings: LoadBalancerSettings,
    options: pulumi.ResourceOptions,
) -> aws.route53.Record:
    # ACM does not promise an order of its options.
    option = made.domain_validation_options.apply(
        lambda options: next(option for option in options if option.domain_name == name)
    )
    return aws.route53.Record(
        f"validation-{label}",
        zone_id=settings.hosted_zone_id or "",
        name=option.apply(lambda found: found.resource_record_name or ""),
        type=option.apply(lambda found: found.resource_record_type or ""),
        records=[option.apply(lambda found: found.resource_record_value or "")],
        ttl=300,
        # The record of a name is the same for every certificate of the account.
        allow_overwrite=True,
        opts=options,
    )
