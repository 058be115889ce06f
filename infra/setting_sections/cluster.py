"""EKS: who reaches it, what its nodes are."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from infra.setting_sections.base import Arn, Cidr, Section


class ClusterSettings(Section):
    public_access_cidrs: tuple[Cidr, ...] = Field(
        default=(),
        description="Networks that may reach the API server from outside; empty: private only.",
    )
    deployer_role_arn: Arn | None = Field(
        default=None,
        description="IAM role that runs `pulumi up`; it gets cluster administration. "
        "Unset: the identity that runs the program.",
    )
    administrator_arns: tuple[Arn, ...] = Field(
        default=(), description="Further IAM principals with cluster administration."
    )
    architecture: Literal["arm64", "amd64"] = Field(
        default="arm64", description="Processor of the gateway's nodes; arm64 is Graviton."
    )
    capacity_type: Literal["on-demand", "spot"] = Field(
        default="on-demand", description="How the gateway's nodes are bought."
    )
    cpu_limit: PositiveInt = Field(
        default=16, description="Virtual CPUs that the gateway's node pool may reach at most."
    )

    @model_validator(mode="after")
    def _named_networks_only(self) -> Self:
        if "0.0.0.0/0" in self.public_access_cidrs:
            raise ValueError("publicAccessCidrs has 0.0.0.0/0: name the networks that need access")
        return self
