"""Metrics that are counted from log lines. Pure: patterns and where they apply.

docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax-for-Metric-Filters.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.cloudwatch_metrics import ARCHIVE_ERRORS, BUDGET_REFUSALS, OVERDUE_SECRETS
from infra.naming import NAMESPACE

# The jobs that archive, by the names of their containers.
ARCHIVE_CONTAINERS = ("spend-archive", "request-copy")
AGES_CONTAINER = "secret-ages"
_LONGEST_PATTERN = 1024


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """Counts the lines of a log group that match a pattern, each as one."""

    name: str
    pattern: str
    metric: str

    def __post_init__(self) -> None:
        # docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
        if len(self.pattern) > _LONGEST_PATTERN:
            raise ValueError(
                f"the pattern of {self.name} has {len(self.pattern)} characters; CloudWatch takes "
                f"{_LONGEST_PATTERN}"
            )


def equals(field: str, value: str) -> str:
    """Return a condition on a field of a JSON line; ``*`` at an end of the value is a wildcard."""
    return f'($.{field} = "{value}")'


def differs(field: str, value: str) -> str:
    """Return a condition that holds for a field with another value; a missing one fails it."""
    return f'($.{field} != "{value}")'


def missing(field: str) -> str:
    """Return a condition that holds for a line without the field."""
    return f"($.{field} NOT EXISTS)"


def all_of(*conditions: str) -> str:
    """Return the conditions joined by and."""
    return f"({' && '.join(conditions)})"


def any_of(*conditions: str) -> str:
    """Return the conditions joined by or."""
    return f"({' || '.join(conditions)})"


def pattern(condition: str) -> str:
    """Return the filter pattern of a condition."""
    return f"{{ {condition} }}"


def container_log_filters() -> Sequence[LogFilter]:
    """Return the filters of the container logs.

    Fluent Bit puts what a JSON line says below ``log_processed`` and where it comes from below
    ``kubernetes`` (github.com/aws-observability/helm-charts, amazon-cloudwatch-observability,
    application-log.conf). LiteLLM's lines have ``message`` and ``level`` (litellm/_logging.py).
    """
    in_namespace = equals("kubernetes.namespace_name", NAMESPACE)
    return (
        LogFilter(
            name="budget-refusals",
            # What the authentication logs when it refuses a key: litellm/proxy/auth/auth_checks.py,
            # of a model's budget litellm/proxy/hooks/model_max_budget_limiter.py.
            pattern=pattern(
                all_of(
                    in_namespace,
                    equals("log_processed.level", "ERROR"),
                    any_of(
                        equals("log_processed.message", "*Budget has been exceeded*"),
                        equals("log_processed.message", "*ExceededBudget*"),
                        equals("log_processed.message", "*exceeded budget for model*"),
                    ),
                )
            ),
            metric=BUDGET_REFUSALS,
        ),
        LogFilter(
            name="archive-errors",
            pattern=pattern(
                all_of(
                    in_namespace,
                    any_of(*(equals("kubernetes.container_name", c) for c in ARCHIVE_CONTAINERS)),
                    # What Python prints when a job ends by an exception, or a line of JSON.
                    any_of(equals("log", "Traceback*"), equals("log_processed.level", "ERROR")),
                )
            ),
            metric=ARCHIVE_ERRORS,
        ),
        LogFilter(
            name="overdue-secrets",
            pattern=pattern(
                all_of(
                    in_namespace,
                    equals("kubernetes.container_name", AGES_CONTAINER),
                    # A secret that is overdue, or ages that could not be read.
                    any_of(equals("log", "Traceback*"), equals("log_processed.level", "WARNING")),
                )
            ),
            metric=OVERDUE_SECRETS,
        ),
    )
