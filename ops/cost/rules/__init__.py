"""How each resource type is priced: type → rule, a module for each kind of service."""

from ops.cost.lines import Rule
from ops.cost.rules import compute, data_stores, monitoring, network, security, storage

RULES: dict[str, Rule] = {
    **compute.RULES,
    **data_stores.RULES,
    **monitoring.RULES,
    **network.RULES,
    **security.RULES,
    **storage.RULES,
}
