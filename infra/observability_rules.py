"""Rules between Prometheus, Grafana and the other sections of a stack's configuration."""

from collections.abc import Iterator

from infra.naming import EXTERNAL_SECRETS_NAMESPACE, NAMESPACE
from infra.settings import Settings

_OF_OTHERS = (NAMESPACE, EXTERNAL_SECRETS_NAMESPACE, "kube-system", "default")


def prometheus_has_its_own_namespace(settings: Settings, _supplied: object) -> Iterator[str]:
    namespace = settings.observability.bundled_namespace
    if namespace in _OF_OTHERS:
        yield (
            f"observability.namespace: {namespace} belongs to others, and the bundled Prometheus "
            "brings network policies for the whole of its own; give another name, such as "
            "monitoring"
        )


def grafana_can_be_reached(settings: Settings, _supplied: object) -> Iterator[str]:
    balancer, observability = settings.load_balancer, settings.observability
    host = balancer.grafana_host_name
    if observability.grafana.admin_group and settings.grafana_sign_in is None:
        yield (
            f"observability.grafana.adminGroup: {observability.grafana.admin_group!r} has no "
            "meaning without an issuer at which the users of a bundled Grafana sign in; give "
            "signIn.issuer, or remove it"
        )
    if not host:
        return
    if observability.bundled_namespace is None:
        yield (
            f"loadBalancer.grafanaHostName: {host} would lead nowhere with "
            f"observability.monitoring {observability.monitoring}; set that to bundled, or remove "
            "the name"
        )
    if not balancer.host_name:
        yield (
            f"loadBalancer.grafanaHostName: {host} needs a name for the API beside it; give "
            "loadBalancer.hostName"
        )
    if host in (balancer.host_name, balancer.admin_host_name):
        yield f"loadBalancer.grafanaHostName: {host} is the name of something else already"
    if not balancer.admin_cidrs:
        yield (
            f"loadBalancer.adminCidrs: is empty, so nobody would reach {host}; name the networks "
            "of your administrators"
        )


OBSERVABILITY_RULES = (prometheus_has_its_own_namespace, grafana_can_be_reached)
