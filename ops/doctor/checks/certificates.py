"""Certificates: of the host names, of database and cache, and the authorities pods trust."""

from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509

from infra.naming import NAMESPACE
from ops.doctor.findings import Finding, attention, failed, ok
from ops.doctor.running_stack import RunningStack

_AUTHORITIES = "certificate-authorities-"
_LISTENERS = "docs/runbooks/doctor.md#certificates"
_AUTHORITY = "set certificateAuthorityFile of database or cache, then pulumi up"


def certificates(stack: RunningStack) -> Iterator[Finding]:
    """No certificate ends soon: ``monitoring.thresholds.certificateDays`` says what soon is."""
    yield from _listeners(stack)
    yield from _authorities(stack)
    for place, told in stack.seen_from_inside["certificates"].items():
        if place == "error":
            yield failed(f"database and cache show no certificate ({told})", _AUTHORITY)
        elif isinstance(told, str):
            yield failed(f"a pod does not trust the certificate of the {place}: {told}", _AUTHORITY)
        elif isinstance(told, (int, float)) and not isinstance(told, bool):
            end = datetime.fromtimestamp(told, UTC)
            yield judged(stack, f"the certificate of the {place}", end, _AUTHORITY)


def judged(stack: RunningStack, what: str, end: datetime, advice: str) -> Finding:
    """Judge a certificate by its last day."""
    days = (end - stack.now).days
    if end <= stack.now:
        return failed(f"{what} ended on {end:%Y-%m-%d}", advice)
    text = f"{what} ends on {end:%Y-%m-%d}, in {days} days"
    limit = stack.settings.monitoring.thresholds.certificate_days
    return attention(text, advice) if days < limit else ok(text)


def _listeners(stack: RunningStack) -> Iterator[Finding]:
    """The certificates of the load balancer, which ACM renews where it can."""
    client = stack.aws("elbv2")
    arns = {
        one["CertificateArn"]
        for balancer in stack.ids("aws:lb/loadBalancer:LoadBalancer")
        for listener in client.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
        for one in listener.get("Certificates", [])
    }
    if not arns:
        yield ok("the load balancer serves no host name with a certificate")
    for arn in sorted(arns):
        found = stack.aws("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        what = f"the certificate of {found['DomainName']}"
        if found["Status"] != "ISSUED":
            yield failed(f"{what} is {found['Status']}", _LISTENERS)
        elif end := found.get("NotAfter"):
            yield judged(stack, what, end, _LISTENERS)
        if found.get("RenewalSummary", {}).get("RenewalStatus") == "FAILED":
            yield failed(f"{what} was not renewed", _LISTENERS)


def _authorities(stack: RunningStack) -> Iterator[Finding]:
    mounted = {
        volume["configMap"]["name"]
        for volume in stack.gateway["spec"]["template"]["spec"].get("volumes", [])
        if volume.get("configMap", {}).get("name", "").startswith(_AUTHORITIES)
    }
    for name in sorted(mounted):
        files = stack.kubernetes.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{name}")["data"]
        for file, text in sorted(files.items()):
            ends = [
                authority.not_valid_after_utc
                for authority in x509.load_pem_x509_certificates(text.encode())
            ]
            # The later one stays when an old and a new authority are given together.
            yield judged(stack, f"the authority in {file}", max(ends), _AUTHORITY)
