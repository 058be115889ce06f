"""The availability zones in which a stack's own VPC has subnets."""

import pulumi
import pulumi_aws as aws

from infra.setting_sections import NetworkSettings
from infra.settings import SettingsError

# EKS puts no control plane here, whatever the account calls the zone:
# docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#cluster-subnets
WITHOUT_EKS = ("use1-az3", "usw1-az2", "cac1-az3")


def choose_zones(
    settings: NetworkSettings, region: str, opts: pulumi.InvokeOptions
) -> tuple[str, ...]:
    """Return the zones by name: those that are named, or the first ones of the region.

    Raises SettingsError where the region lacks one.
    """
    available = sorted(
        aws.get_availability_zones(
            state="available",
            # Local and Wavelength zones lack most services.
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
            exclude_zone_ids=list(WITHOUT_EKS),
            opts=opts,
        ).names
    )
    offered = f"zones of {region} that take an EKS cluster are {', '.join(available)}"
    problems = [
        f"network.zoneNames[{index}]: {name} is not to be had; {offered}"
        for index, name in enumerate(settings.zone_names)
        if name not in available
    ]
    if len(available) < settings.zones:
        problems.append(f"network.zones: {settings.zones} are asked for; {offered}")
    if problems:
        raise SettingsError(pulumi.get_stack(), problems)
    return tuple(settings.zone_names or available[: settings.zones])
