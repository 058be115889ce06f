"""Rules between monitoring and the other sections of a stack's configuration."""

from collections.abc import Iterator

from infra.setting_sections import Durability
from infra.settings import Settings


def monitoring_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence for everything that a protected stack would not notice or record."""
    if settings.durability is not Durability.PROTECTED:
        return
    if not settings.monitoring.alarm_emails and not settings.monitoring.alarm_topic_arns:
        yield (
            "monitoring.alarmEmails: a protected stack tells somebody of its alarms; give an "
            "address here or a topic in monitoring.alarmTopicArns"
        )
    if not settings.audit.enabled:
        yield (
            "audit.enabled: a protected stack records who reads its secrets; set it to true, with "
            "audit.organizationTrailLogGroup where an organisation's trail does so already"
        )
