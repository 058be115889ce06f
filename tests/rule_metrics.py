"""Metrics that rules ask for and that are not the proxy's: recorded ones, and the cluster's."""

from infra.alert_rules import AlertRulesContext, rule_groups

# Labels of kube-state-metrics: github.com/kubernetes/kube-state-metrics, docs/metrics/workload.
_OF_THE_CLUSTER = {
    "kube_deployment_spec_replicas": {"deployment"},
    "kube_deployment_status_replicas_available": {"deployment"},
    "kube_horizontalpodautoscaler_spec_max_replicas": {"horizontalpodautoscaler"},
    "kube_horizontalpodautoscaler_status_current_replicas": {"horizontalpodautoscaler"},
    "kube_job_failed": {"job_name", "condition"},
    "kube_pod_container_status_last_terminated_reason": {"pod", "uid", "container", "reason"},
    "kube_pod_container_status_restarts_total": {"pod", "uid", "container"},
}
CLUSTER_METRICS = {
    name: frozenset({"namespace", "job", "instance", *labels})
    for name, labels in _OF_THE_CLUSTER.items()
}
RECORDED_METRICS = {
    rule["record"]: frozenset({"namespace"})
    for group in rule_groups(AlertRulesContext())
    for rule in group["rules"]
    if "record" in rule
}
