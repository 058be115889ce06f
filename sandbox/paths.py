"""Where a sandbox keeps its files and which loopback addresses are its own.

A sandbox is an :class:`Instance`: a name and a slot. The slot picks a loopback network of its own,
127.(64 + slot).0.0/16, so that every service keeps the port it has in the field and two sandboxes
cannot take each other's.
"""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent

HIGHEST_SLOT = 190
_FIRST_NETWORK = 64
_SERVICES = {
    "api-server": 1,
    "etcd": 2,
    "aws": 3,
    "prometheus": 4,
    "providers": 5,
    "control-plane": 6,
}
_DATABASES, _CACHES, _FIRST_NODE = 1, 2, 16


def cache_directory() -> Path:
    """Return the directory of built tools and environments, shared by every checkout.

    ``SANDBOX_CACHE`` overrides it. For root it is below /var, because PostgreSQL refuses to run as
    root and the user it runs as must be able to reach its files.
    """
    return _directory("SANDBOX_CACHE", "/var/cache", "XDG_CACHE_HOME", ".cache")


def state_directory() -> Path:
    """Return the directory that holds one folder per sandbox; ``SANDBOX_STATE`` overrides it."""
    return _directory("SANDBOX_STATE", "/var/lib", "XDG_STATE_HOME", ".local/state")


def _directory(override: str, for_root: str, xdg_variable: str, xdg_default: str) -> Path:
    if chosen := os.environ.get(override):
        return Path(chosen).resolve()
    if os.geteuid() == 0:
        base = Path(for_root)
    else:
        base = Path(os.environ.get(xdg_variable) or Path.home() / xdg_default)
    return base / "litellm-gateway-sandbox"


@dataclass(frozen=True)
class Instance:
    """One sandbox: its name, its slot and everything that follows from them."""

    name: str = "default"
    slot: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.slot <= HIGHEST_SLOT:
            raise ValueError(f"slot {self.slot} is not between 0 and {HIGHEST_SLOT}")
        if not self.name.replace("-", "").isalnum():
            raise ValueError(f"name {self.name!r} may have letters, digits and hyphens only")

    @property
    def state(self) -> Path:
        return state_directory() / self.name

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def network(self) -> str:
        """The first two octets of every address of this sandbox."""
        return f"127.{_FIRST_NETWORK + self.slot}"

    def address(self, service: str) -> str:
        """Return the address of a named service; KeyError for a name that is not in the plan."""
        return f"{self.network}.0.{_SERVICES[service]}"

    @property
    def load_balancer_address(self) -> str:
        """The default sandbox answers on localhost, where people look for it."""
        return "127.0.0.1" if self.slot == 0 else f"{self.network}.0.10"

    def database_address(self, index: int) -> str:
        return f"{self.network}.{_DATABASES}.{index}"

    def cache_address(self, index: int) -> str:
        return f"{self.network}.{_CACHES}.{index}"

    def pod_network(self, node_index: int) -> str:
        """The first three octets of the pods' addresses on a node."""
        return f"{self.network}.{_FIRST_NODE + node_index}"

    @property
    def aws_endpoint(self) -> str:
        return f"http://{self.address('aws')}:4566"

    @property
    def prometheus_url(self) -> str:
        return f"http://{self.address('prometheus')}:9090"

    @property
    def api_server_url(self) -> str:
        return f"https://{self.address('api-server')}:6443"

    @property
    def service_account_issuer(self) -> str:
        """Named as EKS names a cluster's OIDC issuer, so that trust policies look the same."""
        return f"https://oidc.eks.us-east-1.amazonaws.com/id/SANDBOX{self.slot}"
