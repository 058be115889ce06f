"""The layers of a stack, by which its changes are told."""

from collections.abc import Iterable
from typing import Final

from ops.preview_report.preview import Step

NETWORK: Final = "Network"
CLUSTER: Final = "Cluster"
DATA_STORES: Final = "Data stores"
SECRETS: Final = "Secrets and keys"
LOGS: Final = "Logs"
EDGE: Final = "Load balancer"
GATEWAY: Final = "Gateway"
OBSERVABILITY: Final = "Observability"
RECOVERY: Final = "Disaster recovery"
ACCESS: Final = "Access"
PROVIDERS: Final = "Providers"
OTHER: Final = "Other"

# In the order of the report.
LAYERS = (
    *(NETWORK, CLUSTER, DATA_STORES, SECRETS, LOGS, EDGE, GATEWAY, OBSERVABILITY, RECOVERY),
    *(ACCESS, PROVIDERS, OTHER),
)
# Module of a component's type token, `litellm:<module>:<Class>` → layer. Modules that several
# layers share, such as a private bucket, are not here: their parent tells.
_MODULES = {
    "access-logs": LOGS,
    "addons": CLUSTER,
    "alarms": OBSERVABILITY,
    "archiver": LOGS,
    "audit-trail": LOGS,
    "budgets": OBSERVABILITY,
    "cache": DATA_STORES,
    "cloudwatch-dashboard": OBSERVABILITY,
    "cluster": CLUSTER,
    "credentials": SECRETS,
    "data-stores": DATA_STORES,
    "database": DATA_STORES,
    "database-users": DATA_STORES,
    "disaster-recovery": RECOVERY,
    "encryption": SECRETS,
    "flow-logs": NETWORK,
    "gateway": GATEWAY,
    "identity": ACCESS,
    "load-balancer": EDGE,
    "log-analytics": LOGS,
    "log-archive": LOGS,
    "log-storage": LOGS,
    "monitoring": OBSERVABILITY,
    "network": NETWORK,
    "notifications": OBSERVABILITY,
    "observability": OBSERVABILITY,
    "pod-telemetry": OBSERVABILITY,
    "response-bucket": DATA_STORES,
    "secret-sync": SECRETS,
    "vpc-endpoints": NETWORK,
    "warm-up": GATEWAY,
    "web-firewall": EDGE,
    "workloads": GATEWAY,
}


def layer_of(step: Step) -> str:
    """Return the layer of a resource: that of the nearest component which belongs to one."""
    for token in reversed(step.path):
        package, _, rest = token.partition(":")
        if package == "litellm" and rest.partition(":")[0] in _MODULES:
            return _MODULES[rest.partition(":")[0]]
    if step.type.startswith("pulumi:providers:"):
        return PROVIDERS
    return ACCESS if step.type.startswith("aws:iam/") else OTHER


def by_layer(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """Return steps by layer, in the order of the layers; empty ones are left out."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(layer_of(step), []).append(step)
    return {layer: found[layer] for layer in LAYERS if layer in found}
