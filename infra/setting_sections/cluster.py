"""EKS: who reaches it, what its nodes are."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from infra import versions
from infra.setting_sections.base import Arn, Cidr, LogGroupDays, Section

# botocore, eks KubernetesNetworkConfigRequest, serviceIpv4Cidr.
_SERVICE_BLOCKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_EVERYWHERE = "0.0.0.0/0"


class ClusterSettings(Section):
    kubernetes_version: str = Field(
        default=versions.KUBERNETES,
        pattern=r"^\d+\.\d+$",
        description="Kubernetes version, in standard support on EKS. One step at a time upwards, "
        "never back.",
    )
    public_access_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks that may reach the API server from outside; empty: private only.",
    )
    runner_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Private networks in which `pulumi up` runs; they reach the API server's "
        "private endpoint.",
    )
    runner_security_group_ids: tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")], ...] = (
        Field(
            default=(),
            description="Security groups of machines on which `pulumi up` runs, in this VPC or a "
            "peered one.",
        )
    )
    deployer_role_arns: tuple[Arn, ...] = Field(
        default=(),
        description="IAM roles that run `pulumi up`; they get cluster administration, and other "
        "identities take the first one to speak to the cluster. Empty: the identity that runs the "
        "program.",
    )
    administrator_arns: tuple[Arn, ...] = Field(
        default=(), description="Further IAM principals with cluster administration."
    )
    service_cidr: Cidr = Field(
        default="172.20.0.0/16",
        description="Addresses of Kubernetes services, /12 to /24; fixed when the cluster is made.",
    )
    control_plane_log_retention_days: LogGroupDays = Field(
        default=365, description="Days that the control plane's logs are kept."
    )
    architecture: Literal["arm64", "amd64"] = Field(
        default="arm64", description="Processor of the nodes; arm64 is Graviton."
    )
    capacity_type: Literal["on-demand", "spot"] = Field(
        default="on-demand", description="How the nodes are bought."
    )
    instance_categories: tuple[Literal["c", "m", "r", "t"], ...] = Field(
        default=("c", "m", "r"),
        min_length=1,
        description="Families from which nodes are chosen by price: compute, general, memory, "
        "burstable.",
    )
    cpu_limit: PositiveInt = Field(
        default=16, description="Virtual CPUs that the nodes may reach together at most."
    )
    memory_limit_gib: PositiveInt = Field(
        default=64, description="Memory that the nodes may reach together at most, GiB."
    )
    consolidation: Literal["whenEmpty", "whenUnderutilized"] = Field(
        default="whenUnderutilized",
        description="`whenUnderutilized` moves pods to fewer or cheaper nodes, one node at a "
        "time; `whenEmpty` moves none, as a gateway of a single pod needs it.",
    )

    @model_validator(mode="after")
    def _supported_version(self) -> Self:
        if self.kubernetes_version not in versions.KUBERNETES_STANDARD_SUPPORT:
            supported = ", ".join(
                f"{version} (standard support until {until})"
                for version, until in versions.KUBERNETES_STANDARD_SUPPORT.items()
            )
            raise ValueError(
                f"kubernetesVersion {self.kubernetes_version} is not supported here; choose "
                f"{supported}"
            )
        return self

    @model_validator(mode="after")
    def _named_networks_only(self) -> Self:
        for key, cidrs in (
            ("publicAccessCidrs", self.public_access_cidrs),
            ("runnerCidrs", self.runner_cidrs),
        ):
            if _EVERYWHERE in cidrs:
                raise ValueError(f"{key} has {_EVERYWHERE}: name the networks that need access")
        return self

    @model_validator(mode="after")
    def _service_addresses_are_private(self) -> Self:
        network = ipaddress.IPv4Network(self.service_cidr)
        blocks = [ipaddress.IPv4Network(block) for block in _SERVICE_BLOCKS]
        if not (
            12 <= network.prefixlen <= 24 and any(network.subnet_of(block) for block in blocks)
        ):
            raise ValueError(
                f"serviceCidr {self.service_cidr} must be between /12 and /24 and within "
                f"{', '.join(_SERVICE_BLOCKS)}"
            )
        return self
