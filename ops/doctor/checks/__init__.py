"""Every check, in the order in which they are shown: a module of this package or a function of one.

A new check is a function from the running stack to what it found, a line here, and a section of
its name in docs/runbooks/doctor.md.
"""

from ops.doctor.checks.backups import backups
from ops.doctor.checks.budget import budget
from ops.doctor.checks.canary import canary
from ops.doctor.checks.certificates import certificates
from ops.doctor.checks.drift import drift
from ops.doctor.checks.external_secrets import external_secrets
from ops.doctor.checks.log_archive import log_archive
from ops.doctor.checks.migrations import migrations
from ops.doctor.checks.orphans import orphans
from ops.doctor.checks.pods import pods
from ops.doctor.checks.rotation_age import rotation_age
from ops.doctor.checks.stores import cache, database_connections
from ops.doctor.checks.stuck import finalizers, helm_releases
from ops.doctor.checks.target_health import target_health
from ops.doctor.checks.versions import images, kubernetes, waivers
from ops.doctor.registry import Check

# A Job that has to wait for a node takes minutes, a comparison of every resource as well.
_WITH_A_JOB = 300
_WITH_THE_ENGINE = 1200

CHECKS = (
    Check(
        name="kubernetes",
        looks_at="API server, nodes, last day of support of the version",
        examine=kubernetes,
    ),
    Check(
        name="pods",
        looks_at="pods that are not ready, cannot start, were restarted or ran out of memory; Jobs",
        examine=pods,
    ),
    Check(
        name="images",
        looks_at="one content under each image's name, the one of the settings, pinned",
        examine=images,
    ),
    Check(
        name="helm-releases",
        looks_at="releases that are pending, failed or being uninstalled",
        examine=helm_releases,
    ),
    Check(
        name="finalizers",
        looks_at="namespaces and objects whose deletion does not end",
        examine=finalizers,
    ),
    Check(
        name="external-secrets",
        looks_at="the store, every sync, and the pinned versions in Secrets Manager",
        examine=external_secrets,
    ),
    Check(
        name="certificates",
        looks_at="last days of the listeners', database's and cache's, and of the authorities",
        examine=certificates,
        seconds=_WITH_A_JOB,
    ),
    Check(
        name="target-health",
        looks_at="the load balancer and its targets",
        examine=target_health,
    ),
    Check(
        name="database-connections",
        looks_at="the gateway's login, connections in use against the limit",
        examine=database_connections,
        seconds=_WITH_A_JOB,
    ),
    Check(
        name="migrations",
        looks_at="the migration Job; failed and pending migrations in the database",
        examine=migrations,
        seconds=_WITH_A_JOB,
    ),
    Check(
        name="cache",
        looks_at="the gateway's login, memory, evictions",
        examine=cache,
        seconds=_WITH_A_JOB,
    ),
    Check(
        name="canary",
        looks_at="one request, and its record in database, bucket and Prometheus",
        examine=canary,
        seconds=_WITH_THE_ENGINE,
    ),
    Check(
        name="log-archive",
        looks_at="the scheduled jobs that copy logs, archive spend and look at secrets' ages",
        examine=log_archive,
    ),
    Check(
        name="backups",
        looks_at="how far back and how near the database can be restored, also in the other region",
        examine=backups,
    ),
    Check(
        name="rotation-age",
        looks_at="secrets that are older than rotationPolicy allows",
        examine=rotation_age,
    ),
    Check(
        name="budget",
        looks_at="the budget of AWS and what is spent of it",
        examine=budget,
    ),
    Check(
        name="orphans",
        looks_at="load balancers, interfaces, security groups and volumes that nothing uses",
        examine=orphans,
    ),
    Check(
        name="waivers",
        looks_at="waivers of policies that end",
        examine=waivers,
    ),
    Check(
        name="drift",
        looks_at="every resource against the stack's state; takes longest",
        examine=drift,
        seconds=_WITH_THE_ENGINE,
    ),
)
