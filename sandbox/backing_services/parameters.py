"""Which parameters of an RDS parameter group a local PostgreSQL takes."""

from collections.abc import Mapping

from sandbox.backing_services.records import BackingServiceError

# Of RDS's own parameters, those without a meaning for a local server ("Working with parameters on
# your RDS for PostgreSQL DB instance" in the RDS User Guide). rds.force_ssl is honoured elsewhere.
IGNORED = frozenset(
    {
        "rds.accepted_password_auth_method",
        "rds.adaptive_autovacuum",
        "rds.allowed_extensions",
        "rds.extensions",
        "rds.force_admin_logging_level",
        "rds.force_autovacuum_logging_level",
        "rds.force_ssl",
        "rds.log_retention_period",
        "rds.logical_replication",
        "rds.restrict_password_commands",
        "rds.superuser_variables",
    }
)
# Libraries that come with PostgreSQL itself.
_LIBRARIES = ("auto_explain", "pg_stat_statements")


class UnknownParameter(BackingServiceError):
    """A parameter is RDS's own, and what it would mean here is not known."""


def server_settings(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the settings for postgresql.conf; UnknownParameter names one that cannot be judged.

    A formula over the instance class (``{DBInstanceClassMemory/...}``) is left to PostgreSQL's
    default: a local server has no instance class.
    """
    settings = {}
    for name, value in parameters.items():
        if name in IGNORED or value.startswith(("{", "GREATEST", "LEAST", "SUM")):
            continue
        if name.startswith("rds."):
            raise UnknownParameter(
                f"the parameter {name} of the parameter group is RDS's own and not known to the "
                "sandbox; add it to IGNORED if a local PostgreSQL needs nothing for it"
            )
        if name == "shared_preload_libraries":
            asked = (library.strip() for library in value.split(","))
            value = ",".join(library for library in asked if library in _LIBRARIES)
        settings[name] = value
    return settings
