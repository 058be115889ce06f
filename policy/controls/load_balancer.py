"""Row 23: the load balancer."""

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from policy.control import Control
from policy.resource_types import LISTENER, LOAD_BALANCER
from policy.stack import Resource, Stack
from policy.values import at, items

# Policies without TLS 1.0 and 1.1:
# docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
_MODERN_TLS = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)-[\w-]+")


def is_internal(balancer: Resource, stack: Stack) -> Iterator[str]:
    if balancer.inputs.get("internal") is not True:
        yield "internal is not true"


def drops_invalid_headers(balancer: Resource, stack: Stack) -> Iterator[str]:
    if balancer.inputs.get("dropInvalidHeaderFields") is not True:
        yield "dropInvalidHeaderFields is not true"


def keeps_access_logs(balancer: Resource, stack: Stack) -> Iterator[str]:
    if at(balancer.inputs, "accessLogs", "enabled") is not True:
        yield "accessLogs.enabled is not true"


def is_kept_from_deletion(balancer: Resource, stack: Stack) -> Iterator[str]:
    if stack.protected and balancer.inputs.get("enableDeletionProtection") is not True:
        yield "enableDeletionProtection is not true"


def speaks_tls(listener: Resource, stack: Stack) -> Iterator[str]:
    port = listener.inputs.get("port") or 0
    if listener.inputs.get("protocol") in ("HTTPS", "TLS"):
        policy = listener.inputs.get("sslPolicy")
        if not _MODERN_TLS.fullmatch(policy or ""):
            yield f"sslPolicy {policy} allows TLS below 1.2"
        return
    actions = items(listener.inputs.get("defaultActions"))
    if not actions or any(at(action, "redirect", "protocol") != "HTTPS" for action in actions):
        yield f"port {port:.0f} serves plain HTTP instead of a redirect to HTTPS"


CONTROLS = (
    Control(
        row=23,
        name="load-balancer",
        requires="the load balancer is internal, takes TLS 1.2 or newer, redirects plain requests, "
        "keeps access logs and drops invalid headers (production: cannot be deleted)",
        ids=("CKV_AWS_91", "CKV_AWS_103", "CKV_AWS_150", "CKV2_AWS_20"),
        severity=Severity.HIGH,
        checks={
            LOAD_BALANCER: (
                is_internal,
                drops_invalid_headers,
                keeps_access_logs,
                is_kept_from_deletion,
            ),
            LISTENER: (speaks_tls,),
        },
    ),
)
