"""What is made for a stack's state, and where: names and rules. Pure."""

from dataclasses import dataclass

from infra.setting_sections import Durability
from infra.settings import Settings

# Neither of a deployment's roles reaches names that begin so: theirs begin with `litellm-<stack>-`.
# Whoever deploys a stack writes its state, and must not loosen the bucket that holds it.
_PREFIX = "pulumi-state"


class BootstrapError(Exception):
    """What is there cannot be used, or cannot be made; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack, the account that its state is in, and the regions of the state and of its copy."""

    stack: str
    partition: str
    account: str
    region: str
    replica_region: str | None

    @property
    def name(self) -> str:
        return f"{_PREFIX}-{self.stack}"

    @property
    def alias(self) -> str:
        return f"alias/{self.name}"

    @property
    def role(self) -> str:
        return f"{self.name}-replication"

    def bucket(self, region: str) -> str:
        """Return the bucket's name; with the account's number in it nobody else takes it first."""
        return f"{self.name}-{self.account}-{region}"

    @property
    def tags(self) -> dict[str, str]:
        """Tags of what is made; not ``litellm:stack``, by which a deployment may change things."""
        return {"litellm:state-of": self.stack, "litellm:managed-by": "ops bootstrap"}

    @property
    def login(self) -> str:
        return f"pulumi login 's3://{self.bucket(self.region)}?region={self.region}'"

    @property
    def stack_init(self) -> str:
        provider = f"awskms://{self.alias}?region={self.region}"
        return f"pulumi stack init {self.stack} --secrets-provider '{provider}'"


def place_problem(settings: Settings, region: str, replica_region: str | None) -> str | None:
    """Return why the state must not stand there; None where it may.

    A protected stack must be rebuilt when its region is lost, and its state tells from what.
    """
    if region == replica_region:
        return f"the state and its copy would both be in {region}; name another region for the copy"
    lost = settings.aws.region
    if settings.durability is Durability.PROTECTED and {region, replica_region} <= {lost, None}:
        return (
            f"the state of a protected stack in {lost} would be lost with {lost}; give --region or "
            "--replica-region a region that is not the stack's"
        )
    return None
