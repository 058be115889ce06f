"""Every container image that the program runs, and where it is pulled from. Pure."""

from dataclasses import dataclass
from typing import Any

from infra import versions
from infra.settings import Settings

EXTERNAL_SECRETS_IMAGE = "ghcr.io/external-secrets/external-secrets"
# What kube-prometheus-stack runs of what is switched on, by the key of its values that has the
# registry; seen in values of other releases (github.com/prometheus-community/helm-charts,
# charts/kube-prometheus-stack/values.yaml, and those of its sub-charts).
_MONITORING = {
    ("prometheusOperator", "image"): "quay.io/prometheus-operator/prometheus-operator",
    ("prometheusOperator", "prometheusConfigReloader", "image"): (
        "quay.io/prometheus-operator/prometheus-config-reloader"
    ),
    ("prometheus", "prometheusSpec", "image"): "quay.io/prometheus/prometheus",
    ("alertmanager", "alertmanagerSpec", "image"): "quay.io/prometheus/alertmanager",
    ("grafana", "image"): "docker.io/grafana/grafana",
    ("grafana", "sidecar", "image"): "quay.io/kiwigrid/k8s-sidecar",
    ("kube-state-metrics", "image"): "registry.k8s.io/kube-state-metrics/kube-state-metrics",
}


@dataclass(frozen=True)
class Image:
    """An image: who runs it, where it comes from, where it is pulled from.

    Where a chart decides on the version, neither reference has one.
    """

    user: str
    origin: str
    pulled: str


def mirrored(reference: str, mirror: str | None) -> str:
    """Return where an image is pulled from: the mirror, below the name of its own registry."""
    return f"{mirror}/{reference}" if mirror else reference


def proxy_repository(settings: Settings) -> str:
    """Return the repository that the proxy's image is pulled from."""
    return mirrored(settings.gateway.image.repository, settings.images.mirror)


def proxy_origin(settings: Settings) -> str:
    """Return the proxy's image where it comes from, with tag and, if pinned, digest."""
    image = settings.gateway.image
    digest = f"@{image.digest}" if image.digest else ""
    return f"{image.repository}:{image.tag or versions.LITELLM}{digest}"


def proxy_image(settings: Settings) -> str:
    """Return the proxy's image as pods name it."""
    return mirrored(proxy_origin(settings), settings.images.mirror)


def postgres_client_image(settings: Settings) -> str:
    """Return the image of the Job that makes the database's users."""
    return mirrored(versions.POSTGRES_CLIENT_IMAGE, settings.images.mirror)


def all_images(settings: Settings) -> list[Image]:
    """Return every image of a stack, but for those of EKS's own add-ons, which are AWS's."""
    origins = {
        "proxy": proxy_origin(settings),
        "database users": versions.POSTGRES_CLIENT_IMAGE,
        "external-secrets": f"{EXTERNAL_SECRETS_IMAGE}:v{versions.EXTERNAL_SECRETS}",
    }
    if settings.observability.monitoring == "bundled":
        origins |= {" ".join(path[:-1]): origin for path, origin in _MONITORING.items()}
    mirror = settings.images.mirror
    return [Image(user, origin, mirrored(origin, mirror)) for user, origin in origins.items()]


def external_secrets_values(mirror: str | None) -> dict[str, Any]:
    """Return the chart's values that name the mirror; none without one."""
    if mirror is None:
        return {}
    image = {"image": {"repository": mirrored(EXTERNAL_SECRETS_IMAGE, mirror)}}
    return {**image, "webhook": image, "certController": image}


def with_mirrored_monitoring(values: dict[str, Any], mirror: str | None) -> dict[str, Any]:
    """Return the chart's values with a registry for each image; the same without a mirror."""
    if mirror is None:
        return values
    for path, origin in _MONITORING.items():
        registry = origin.partition("/")[0]
        values = _with(values, (*path, "registry"), mirrored(registry, mirror))
    return values


def _with(values: dict[str, Any], path: tuple[str, ...], value: str) -> dict[str, Any]:
    key, *rest = path
    inner = _with(values.get(key, {}), tuple(rest), value) if rest else value
    return {**values, key: inner}
