"""What has a last day: images, waivers, the version of Kubernetes."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from infra.images import proxy_image
from infra.naming import NAMESPACE
from infra.setting_sections import Durability
from infra.versions import KUBERNETES_STANDARD_SUPPORT
from ops.doctor.findings import Finding, attention, failed, ok, shortened
from ops.doctor.running_stack import RunningStack
from sandbox.kube_api import Unreachable
from sandbox.paths import PROJECT_ROOT

_PAGE = "docs/runbooks/doctor.md"
_WAIVERS = Path("policy", "waivers.yaml")
_PIN = ("row", 28), ("check", "pins-the-digest")
_WAIVER_DAYS = 30
# An upgrade goes through every stack, and takes a quarter in the order of things.
_SUPPORT_DAYS = 90


def images(stack: RunningStack) -> Iterator[Finding]:
    """Pods run the image of the settings, the same one everywhere, and pinned by its digest."""
    wanted = proxy_image(stack.settings)
    (container,) = stack.gateway["spec"]["template"]["spec"]["containers"]
    if container["image"] != wanted:
        yield attention(f"pods run {container['image']}, the settings say {wanted}", "pulumi up")
    pods = stack.kubernetes.list(
        f"/api/v1/namespaces/{NAMESPACE}/pods", labelSelector="app.kubernetes.io/component=proxy"
    )
    contents = {
        status["imageID"]
        for pod in pods
        for status in pod["status"].get("containerStatuses", [])
        if status.get("imageID")
    }
    if len(contents) > 1:
        yield attention(
            f"pods run different contents under one name: {shortened(sorted(contents))}",
            f"{_PAGE}#images",
        )
    # A waiver says until when a stack does without.
    waived = any(
        all(one.get(key) == value for key, value in _PIN)
        for one in waivers_of(stack.deployment.stack, PROJECT_ROOT)
    )
    if "@sha256:" in wanted:
        yield ok(f"{wanted} is pinned")
    elif waived or stack.settings.durability is Durability.DISPOSABLE:
        yield ok(f"{wanted} is not pinned by a digest, as this stack may")
    else:
        yield attention(f"{wanted} is not pinned by a digest", f"{_PAGE}#images")


def waivers(stack: RunningStack) -> Iterator[Finding]:
    """No waiver of a policy has ended, or ends within a month."""
    found = waivers_of(stack.deployment.stack, PROJECT_ROOT)
    today = stack.now.date()
    yield from judged_waivers(found, today)
    yield ok(f"{len(found)} waivers are for this stack")


def judged_waivers(found: Sequence[Mapping[str, Any]], today: date) -> Iterator[Finding]:
    """Judge waivers by their last days."""
    for one in found:
        what = f"the waiver of row {one['row']}, {one['check']}"
        days = (one["until"] - today).days
        if days < 0:
            yield failed(f"{what}, ended on {one['until']}: no update passes", f"{_PAGE}#waivers")
        elif days < _WAIVER_DAYS:
            yield attention(f"{what}, ends in {days} days", f"{_PAGE}#waivers")


def waivers_of(stack: str, directory: Path) -> list[dict[str, Any]]:
    """Return the waivers that are for a stack."""
    known = yaml.safe_load((directory / _WAIVERS).read_text(encoding="utf-8")) or []
    return [one for one in known if not one.get("stacks") or stack in one["stacks"]]


def kubernetes(stack: RunningStack) -> Iterator[Finding]:
    """The API server answers, its version is supported for a while, and nodes are ready."""
    try:
        version = stack.kubernetes.get("/version")
    except Unreachable as error:
        yield failed(str(error), "docs/runbooks/lost-cluster.md")
        return
    yield judged_support(f"{version['major']}.{version['minor'].rstrip('+')}", stack.now.date())
    nodes = stack.kubernetes.list("/api/v1/nodes")
    bad = [node["metadata"]["name"] for node in nodes if not _is_ready(node)]
    if bad:
        how = failed if len(bad) == len(nodes) else attention
        yield how(f"nodes are not ready: {shortened(bad)}", "docs/runbooks/lost-node.md")
    yield ok(f"{len(nodes) - len(bad)} nodes are ready")


def judged_support(version: str, today: date) -> Finding:
    """Judge a version of Kubernetes by the last day of its standard support on EKS."""
    end = KUBERNETES_STANDARD_SUPPORT.get(version)
    advice = f"{_PAGE}#kubernetes"
    if end is None:
        return attention(f"Kubernetes {version} is none that this bundle is made for", advice)
    days = (end - today).days
    text = f"Kubernetes {version} has standard support until {end}"
    if days < 0:
        return attention(f"{text}: extended support is paid for by the hour", advice)
    return attention(f"{text}, {days} days more", advice) if days < _SUPPORT_DAYS else ok(text)


def _is_ready(node: Mapping[str, Any]) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in node["status"].get("conditions", [])
    )
