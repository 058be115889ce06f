"""The resource types that the provider knows, by their tokens."""

from collections.abc import Mapping
from dataclasses import replace

from sandbox.providers.aws.table import ResourceType
from sandbox.providers.aws.tables import (
    acm,
    athena,
    budgets,
    cloudtrail,
    eks,
    elasticache,
    elasticache_users,
    endpoints,
    glue,
    iam,
    kms,
    listeners,
    load_balancing,
    log_delivery,
    monitoring,
    network,
    notifications,
    rds,
    rds_backups,
    rds_groups,
    route53,
    s3,
    s3_objects,
    secretsmanager,
    security_groups,
    wafv2,
)

_SERVICES = (
    acm,
    athena,
    budgets,
    cloudtrail,
    rds_groups,
    listeners,
    elasticache_users,
    endpoints,
    glue,
    eks,
    elasticache,
    iam,
    kms,
    load_balancing,
    log_delivery,
    monitoring,
    network,
    notifications,
    rds,
    route53,
    rds_backups,
    s3,
    s3_objects,
    secretsmanager,
    security_groups,
    wafv2,
)


def _table() -> Mapping[str, ResourceType]:
    types = {kind.type: kind for module in _SERVICES for kind in module.TYPES}
    # The SDK has the load balancer's types under two names.
    for kind in (*load_balancing.TYPES, *listeners.TYPES):
        alias = kind.type.replace("aws:lb/", "aws:alb/")
        types[alias] = replace(kind, type=alias)
    return types


TABLE = _table()
