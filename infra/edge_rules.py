"""Rules between the settings of the edge and those of other sections."""

import ipaddress
from collections.abc import Iterator
from fnmatch import fnmatchcase

from infra.setting_sections import Durability, LoadBalancerSettings
from infra.settings import Settings
from infra.supplied_secrets import Supplied

# One path of each family that the API's host name never serves.
NEVER_ON_THE_API_HOST = (
    "/",
    "/config/update",
    "/credentials",
    "/customer/new",
    "/get/config/callbacks",
    "/global/spend/report",
    "/health/drain",
    "/key/generate",
    "/login",
    "/metrics",
    "/metrics/",
    "/model/new",
    "/openapi.json",
    "/organization/new",
    "/spend/logs",
    "/sso/key/generate",
    "/team/new",
    "/ui/",
    "/user/new",
)


def listeners_fit_together(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    balancer = settings.load_balancer
    if balancer.is_encrypted and balancer.port == 443:
        yield (
            "loadBalancer.port: 443 is the port of the HTTPS listener; give the plain listener, "
            "which redirects to it, another one, such as 80"
        )
    if balancer.certificate_arn:
        service, region = balancer.certificate_arn.split(":")[2:4]
        if (service, region) != ("acm", settings.aws.region):
            yield (
                f"loadBalancer.certificateArn: is a resource of {service} in {region or 'no'} "
                f"region; a listener takes an ACM certificate of its own, {settings.aws.region}"
            )
    yield from _names(balancer)
    yield from _admin_networks(settings)
    for pattern in balancer.additional_api_paths:
        served = [path for path in NEVER_ON_THE_API_HOST if fnmatchcase(path, pattern)]
        if served:
            yield (
                f"loadBalancer.additionalApiPaths: {pattern!r} would serve {served[0]} to every "
                "caller; name the paths that callers need"
            )


def _names(balancer: LoadBalancerSettings) -> Iterator[str]:
    if balancer.host_name:
        if not balancer.is_encrypted:
            yield (
                "loadBalancer.hostName: a host name is served over HTTPS; give certificateArn, or "
                "hostedZoneId for a certificate to be made"
            )
        if balancer.host_name == balancer.admin_host_name:
            yield f"loadBalancer.adminHostName: {balancer.host_name} is the API's name already"
        return
    for key, value in (
        ("adminHostName", balancer.admin_host_name),
        ("hostedZoneId", balancer.hosted_zone_id),
        ("additionalApiPaths", balancer.additional_api_paths),
    ):
        if value:
            yield f"loadBalancer.{key}: has no meaning without loadBalancer.hostName; set it too"


def _admin_networks(settings: Settings) -> Iterator[str]:
    balancer = settings.load_balancer
    if balancer.admin_host_name and not balancer.admin_cidrs:
        yield (
            "loadBalancer.adminCidrs: is empty, so nobody would reach "
            f"{balancer.admin_host_name}; name the networks of your administrators"
        )
    if balancer.admin_cidrs and not balancer.admin_host_name:
        yield "loadBalancer.adminCidrs: has no meaning without loadBalancer.adminHostName"
    allowed = [
        ipaddress.IPv4Network(cidr) for cidr in balancer.allowed_cidrs or (settings.network.cidr,)
    ]
    for cidr in balancer.admin_cidrs:
        if not any(ipaddress.IPv4Network(cidr).subnet_of(network) for network in allowed):
            yield (
                f"loadBalancer.adminCidrs: {cidr} is in none of loadBalancer.allowedCidrs "
                f"({', '.join(map(str, allowed))}), which the balancer admits at all; add it there"
            )


def streams_outlive_a_deregistration(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    balancer, gateway = settings.load_balancer, settings.gateway
    for key, seconds in (
        ("idleTimeoutSeconds", balancer.idle_timeout_seconds),
        ("deregistrationSeconds", balancer.deregistration_seconds),
    ):
        if seconds < gateway.longest_stream_seconds:
            yield (
                f"loadBalancer.{key}: {seconds} is below gateway.longestStreamSeconds "
                f"{gateway.longest_stream_seconds}, so slow streams break; raise it to that"
            )


def protected_stacks_are_encrypted(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    if settings.durability is not Durability.PROTECTED:
        return
    balancer = settings.load_balancer
    if not balancer.host_name:
        yield (
            "loadBalancer.hostName: a protected stack has a name for its API, under which no "
            "admin path is served; give one"
        )
    if not balancer.is_encrypted:
        yield (
            "loadBalancer.certificateArn: a protected stack serves HTTPS only; give the ARN of an "
            "ACM certificate, or hostName and hostedZoneId for one to be made"
        )


def zones_fit_the_pods(settings: Settings, _supplied: Supplied) -> Iterator[str]:
    wanted, zones = settings.gateway.minimum_zones, settings.network.zone_count
    if wanted and wanted > zones:
        yield (
            f"gateway.minimumZones: {wanted} is above network.zones {zones}, so no zone would "
            "ever get a second pod; lower it"
        )


EDGE_RULES = (
    listeners_fit_together,
    streams_outlive_a_deregistration,
    protected_stacks_are_encrypted,
    zones_fit_the_pods,
)
