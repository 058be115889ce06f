"""Rows 25 to 31: namespaces, pods and releases, as far as the engine sees them.

What a chart renders the engine does not see: ``tests/chart`` holds the same rows there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policy.control import Check, Control
from policy.resource_types import (
    CONFIG_MAP,
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    NETWORK_POLICY,
    RELEASE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
)
from policy.stack import Resource, Stack
from policy.values import EVERYONE, at, items

SERVERS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
PODS = (*SERVERS, JOB, CRON_JOB)
_CHART = "litellm-gateway"
_EXACT = re.compile(r"v?\d+(\.\d+)+([-+.]\w+)*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_POD_SECURITY = "pod-security.kubernetes.io/enforce"
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def is_gateway(release: Resource) -> bool:
    """Whether a release is the gateway's, from the chart of this project."""
    return str(release.inputs.get("chart")).rstrip("/").endswith(f"charts/{_CHART}")


def _pod(resource: Resource) -> Any:
    """Return the pod's specification of whatever makes pods."""
    path = ("spec", "jobTemplate") if resource.type == CRON_JOB else ()
    return at(resource.inputs, *path, "spec", "template", "spec")


def _containers(resource: Resource) -> list[Mapping[str, Any]]:
    pod = _pod(resource)
    return [*items(at(pod, "initContainers")), *items(at(pod, "containers"))]


def enforces_pod_security(namespace: Resource, stack: Stack) -> Iterator[str]:
    level = at(namespace.inputs, "metadata", "labels", _POD_SECURITY)
    if level != "restricted":
        yield f"label {_POD_SECURITY} is {level}"


def runs_without_privileges(resource: Resource, stack: Stack) -> Iterator[str]:
    pod = at(_pod(resource), "securityContext")
    for container in _containers(resource):
        own, name = at(container, "securityContext"), at(container, "name")
        if True not in (at(own, "runAsNonRoot"), at(pod, "runAsNonRoot")):
            yield f"container {name} may run as root"
        if at(own, "allowPrivilegeEscalation") is not False:
            yield f"container {name} may gain privileges"
        if "ALL" not in items(at(own, "capabilities", "drop")):
            yield f"container {name} keeps capabilities"
        if "RuntimeDefault" not in (
            at(own, "seccompProfile", "type"),
            at(pod, "seccompProfile", "type"),
        ):
            yield f"container {name} has no seccomp profile"
        if at(own, "readOnlyRootFilesystem") is not True:
            yield f"container {name} may write to its root filesystem"


def is_probed(resource: Resource, stack: Stack) -> Iterator[str]:
    for container in items(at(_pod(resource), "containers")):
        missing = [probe for probe in _PROBES if not at(container, probe)]
        if missing:
            yield f"container {at(container, 'name')} lacks {', '.join(missing)}"


def has_resources(resource: Resource, stack: Stack) -> Iterator[str]:
    for container in _containers(resource):
        for path in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            if not at(container, "resources", *path):
                yield f"container {at(container, 'name')} lacks resources.{'.'.join(path)}"


def runs_exact_images(resource: Resource, stack: Stack) -> Iterator[str]:
    for container in _containers(resource):
        image = str(at(container, "image"))
        name, _, digest = image.partition("@")
        tag = name.rpartition("/")[2].partition(":")[2]
        if not (_DIGEST.fullmatch(digest) or _EXACT.fullmatch(tag)):
            yield f"image {image} is not an exact version"


def installs_an_exact_version(release: Resource, stack: Stack) -> Iterator[str]:
    if is_gateway(release):
        tag = at(release.inputs, "values", "image", "tag")
        if not _EXACT.fullmatch(str(tag)):
            yield f"image.tag {tag} is not an exact version"
    elif not str(release.inputs.get("chart")).startswith((".", "/")):
        version = release.inputs.get("version")
        if not _EXACT.fullmatch(str(version)):
            yield f"version {version} of the chart is not exact"


def pins_the_digest(release: Resource, stack: Stack) -> Iterator[str]:
    if not stack.protected or not is_gateway(release):
        return
    if not _DIGEST.fullmatch(at(release.inputs, "values", "image", "digest") or ""):
        yield "image.digest is not pinned; set gateway.image.digest to what the registry holds"


def mounts_no_token(resource: Resource, stack: Stack) -> Iterator[str]:
    where = resource.inputs if resource.type == SERVICE_ACCOUNT else _pod(resource)
    if at(where, "automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"


def _is_default_deny(policy: Resource, namespace: str) -> bool:
    spec = policy.inputs.get("spec")
    return (
        at(policy.inputs, "metadata", "namespace") == namespace
        and not at(spec, "podSelector")
        and {"Ingress", "Egress"} <= set(items(at(spec, "policyTypes")))
        and not items(at(spec, "ingress"))
        and not items(at(spec, "egress"))
    )


def denies_by_default(namespace: Resource, stack: Stack) -> Iterator[str]:
    """The gateway's chart brings the policy along: see ``tests/chart``."""
    name = at(namespace.inputs, "metadata", "name")
    releases = [release for release in stack.of(RELEASE) if release.inputs.get("namespace") == name]
    if not any(is_gateway(release) for release in releases):
        return
    if any(_is_default_deny(policy, name) for policy in stack.of(NETWORK_POLICY)):
        return
    for release in releases:
        if is_gateway(release) and at(release.inputs, "values", "networkPolicy") is None:
            yield "no NetworkPolicy denies by default"


def admits_named_networks(release: Resource, stack: Stack) -> Iterator[str]:
    if is_gateway(release):
        policy = at(release.inputs, "values", "networkPolicy")
        if at(policy, "enabled") is False:
            yield "networkPolicy.enabled is false"
        if EVERYONE & set(items(at(policy, "clientCidrs"))):
            yield "networkPolicy.clientCidrs admits everyone"


def enforces_network_policies(release: Resource, stack: Stack) -> Iterator[str]:
    """Auto Mode takes policies and enforces none of them without this ConfigMap."""
    if is_gateway(release) and not any(
        at(settings.inputs, "metadata", "name") == "amazon-vpc-cni"
        and at(settings.inputs, "data", "enable-network-policy-controller") == "true"
        for settings in stack.of(CONFIG_MAP)
    ):
        yield "ConfigMap amazon-vpc-cni does not switch network policies on"


def survives_a_lost_zone(release: Resource, stack: Stack) -> Iterator[str]:
    if not stack.protected or not is_gateway(release):
        return
    values = release.inputs["values"]
    if (at(values, "replicaCount") or 1) < 2:
        yield "replicaCount is below 2"
    if at(values, "topologySpread", "zone") != "DoNotSchedule":
        yield "topologySpread.zone is not DoNotSchedule"
    if at(values, "podDisruptionBudget", "enabled") is False:
        yield "podDisruptionBudget.enabled is false"


def reads_secrets_from_files(resource: Resource, stack: Stack) -> Iterator[str]:
    if resource.type == RELEASE:
        if is_gateway(resource) and items(at(resource.inputs, "values", "secretEnvironment")):
            yield "secrets reach its containers as environment variables"
    elif any(
        at(variable, "valueFrom", "secretKeyRef")
        for container in _containers(resource)
        for variable in items(at(container, "env"))
    ):
        yield "secrets reach its containers as environment variables"


def _on(types: tuple[str, ...], *checks: Check) -> dict[str, tuple[Check, ...]]:
    return dict.fromkeys(types, checks)


CONTROLS = (
    Control(
        row=25,
        name="pod-security",
        requires="namespaces enforce Pod Security restricted",
        ids=("CIS EKS 4.2.1",),
        severity=Severity.HIGH,
        checks={NAMESPACE: (enforces_pod_security,)},
    ),
    Control(
        row=26,
        name="containers",
        requires="containers run as no root, gain no privileges, keep no capabilities, have the "
        "runtime's seccomp profile and a read-only root filesystem",
        ids=("CKV_K8S_20", "CKV_K8S_22", "CKV_K8S_23", "CKV_K8S_31", "CKV_K8S_37"),
        severity=Severity.HIGH,
        checks=_on(PODS, runs_without_privileges),
        elsewhere="the chart's pods: tests/chart/test_chart_controls.py",
    ),
    Control(
        row=27,
        name="probes-and-resources",
        requires="servers have every probe; pods request CPU and memory and limit memory",
        ids=tuple(f"CKV_K8S_{number}" for number in range(8, 14)),
        severity=Severity.MEDIUM,
        checks={**_on(PODS, has_resources), **_on(SERVERS, is_probed, has_resources)},
        elsewhere="the chart's pods: tests/chart/test_chart_controls.py",
    ),
    Control(
        row=28,
        name="images",
        requires="images and charts are exact versions (production: the gateway's by digest)",
        ids=("CKV_K8S_14", "CKV_K8S_43"),
        severity=Severity.HIGH,
        checks={
            **_on(PODS, runs_exact_images),
            RELEASE: (installs_an_exact_version, pins_the_digest),
        },
        elsewhere="the chart's pods: tests/chart/test_chart_controls.py",
    ),
    Control(
        row=29,
        name="service-account-tokens",
        requires="the service account's token is mounted only where it is used",
        ids=("CKV_K8S_38",),
        severity=Severity.MEDIUM,
        checks=_on((*PODS, SERVICE_ACCOUNT), mounts_no_token),
        elsewhere="the chart's pods: tests/chart/test_chart_controls.py",
    ),
    Control(
        row=30,
        name="network-policies",
        requires="the gateway's namespace denies by default and admits named networks; the "
        "cluster enforces it",
        ids=("CKV2_K8S_6", "CIS EKS 4.3.2"),
        severity=Severity.HIGH,
        checks={
            NAMESPACE: (denies_by_default,),
            RELEASE: (admits_named_networks, enforces_network_policies),
        },
        elsewhere="the chart's policies: tests/chart/test_chart_network_policies.py",
    ),
    Control(
        row=31,
        name="gateway-availability",
        requires="production runs two pods at least, spread over zones, and evicts one at a time",
        ids=("EKS best practices: reliability",),
        severity=Severity.HIGH,
        checks={RELEASE: (survives_a_lost_zone,)},
        elsewhere="budget and spread: tests/chart/test_chart_controls.py",
    ),
    Control(
        row=33,
        name="secrets-as-files",
        requires="secrets reach containers as files, not as environment variables (the paragraph "
        "after the table of controls)",
        ids=("CKV_K8S_35", "CIS EKS 4.4.1"),
        severity=Severity.LOW,
        checks=_on((*PODS, RELEASE), reads_secrets_from_files),
    ),
)
