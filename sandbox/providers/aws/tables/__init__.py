"""The resource types that the provider knows, by their tokens."""

from collections.abc import Mapping
from dataclasses import replace

from sandbox.providers.aws.table import ResourceType
from sandbox.providers.aws.tables import (
    acm,
    eks,
    elasticache,
    iam,
    kms,
    load_balancing,
    monitoring,
    network,
    rds,
    s3,
    secretsmanager,
    security_groups,
)

_SERVICES = (
    acm,
    eks,
    elasticache,
    iam,
    kms,
    load_balancing,
    monitoring,
    network,
    rds,
    s3,
    secretsmanager,
    security_groups,
)


def _table() -> Mapping[str, ResourceType]:
    types = {kind.token: kind for module in _SERVICES for kind in module.TYPES}
    # The SDK has the load balancer's types under two names.
    for kind in load_balancing.TYPES:
        token = kind.token.replace("aws:lb/", "aws:alb/")
        types[token] = replace(kind, token=token)
    return types


TABLE = _table()
