"""The scheduled jobs: copies of logs for queries, archive of spend rows, look at secrets' ages."""

from collections.abc import Iterator
from typing import Any

from infra.naming import NAMESPACE
from ops.doctor.findings import Finding, attention, ok
from ops.doctor.running_stack import RunningStack, told_age

# More than two runs of a daily job.
_OLD_SECONDS = 50 * 3600
# A run that only began is none that failed.
_RUN_SECONDS = 900


def log_archive(stack: RunningStack) -> Iterator[Finding]:
    """Every CronJob of the gateway's namespace has succeeded when it ran last, and lately."""
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/cronjobs"
    jobs = stack.kubernetes.list(path)
    for job in jobs:
        yield _job(stack, job)
    if not jobs:
        yield ok("the stack archives nothing")


def _job(stack: RunningStack, job: dict[str, Any]) -> Finding:
    name, status = job["metadata"]["name"], job.get("status", {})
    logs = f"kubectl -n {NAMESPACE} get jobs,pods; kubectl -n {NAMESPACE} logs job/NAME"
    if job["spec"].get("suspend"):
        return attention(f"{name} is suspended", f"kubectl -n {NAMESPACE} get cronjob {name}")
    begun, succeeded = status.get("lastScheduleTime"), status.get("lastSuccessfulTime")
    if not begun:
        age = stack.age_seconds(job["metadata"]["creationTimestamp"])
        text = f"{name} has not run since it was made {told_age(age)} ago"
        return attention(text, logs) if age > _OLD_SECONDS else ok(text)
    # Times are written alike, so their texts are in the order of time.
    if (succeeded or "") < begun and stack.age_seconds(begun) > _RUN_SECONDS:
        last = f"last {told_age(stack.age_seconds(succeeded))} ago" if succeeded else "never yet"
        return attention(f"{name} did not succeed when it ran last ({last})", logs)
    age = stack.age_seconds(succeeded or begun)
    if age > _OLD_SECONDS:
        return attention(f"{name} succeeded last {told_age(age)} ago", logs)
    return ok(f"{name} succeeded {told_age(age)} ago" if succeeded else f"{name} runs")
