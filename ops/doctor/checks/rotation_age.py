"""How old secrets are."""

from collections.abc import Iterator

from ops.doctor.findings import Finding, attention, ok
from ops.doctor.running_stack import RunningStack
from ops.rotate.age import ages_of

# Time to plan the next one, where it needs a person.
_SOON_DAYS = 14


def rotation_age(stack: RunningStack) -> Iterator[Finding]:
    """No secret is older than ``rotationPolicy`` allows."""
    names, client = stack.outputs["secretNames"], stack.aws("secretsmanager")
    ages = ages_of(stack.settings, names, client, stack.now)
    for age in ages:
        advice = f"uv run ops rotate {age.family} --stack {stack.deployment.stack}"
        text = f"{age.family} is {age.days} days old at epoch {age.epoch}"
        if age.overdue:
            yield attention(f"{text}, {age.limit_days} are allowed", advice)
        elif age.limit_days is not None and age.limit_days - age.days < min(
            _SOON_DAYS, age.limit_days
        ):
            yield ok(f"{text} and due in {age.limit_days - age.days} days")
    oldest = f", the oldest is {ages[0].family} with {ages[0].days} days" if ages else ""
    yield ok(f"{len(ages)} secrets rotate{oldest}")
