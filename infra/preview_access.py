"""What a preview may ask of the cluster: to read, and to try an object without keeping it.

The Kubernetes provider asks the API server what an object would become, by a server-side apply
with ``dryRun``; RBAC knows no such thing and must allow ``create`` and ``patch``. So an admission
policy refuses whatever is no dry run.
"""

import pulumi
import pulumi_kubernetes as kubernetes

GROUP = "litellm:preview"
_NAME = "litellm-preview"

# Everything that this program declares, Secrets excepted: their values are never read.
_READABLE = {
    "": ("configmaps", "namespaces", "serviceaccounts", "services"),
    "admissionregistration.k8s.io": (
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
    ),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "eks.amazonaws.com": ("nodeclasses", "targetgroupbindings"),
    "external-secrets.io": ("clustersecretstores", "externalsecrets"),
    "karpenter.sh": ("nodepools",),
    "monitoring.coreos.com": ("podmonitors", "prometheusrules", "servicemonitors"),
    "networking.k8s.io": ("networkpolicies",),
    "policy": ("poddisruptionbudgets",),
    "rbac.authorization.k8s.io": (
        "clusterrolebindings",
        "clusterroles",
        "rolebindings",
        "roles",
    ),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("storageclasses",),
}


class PreviewAccess(pulumi.ComponentResource):
    """Rights of the group that GitHub's preview role belongs to."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("litellm:identity:PreviewAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicy(
            "preview",
            metadata={"name": _NAME},
            spec={
                "failure_policy": "Fail",
                "match_constraints": {
                    "resource_rules": [
                        {
                            "api_groups": ["*"],
                            "api_versions": ["*"],
                            "operations": ["*"],
                            "resources": ["*/*"],
                        }
                    ]
                },
                "match_conditions": [
                    {"name": "preview", "expression": f"'{GROUP}' in request.userInfo.groups"}
                ],
                "validations": [
                    {
                        "expression": "has(request.dryRun) && request.dryRun",
                        "message": "a preview changes nothing: only dry runs are admitted",
                    }
                ],
            },
            opts=child,
        )
        enforced = kubernetes.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            "preview",
            metadata={"name": _NAME},
            spec={"policy_name": _NAME, "validation_actions": ["Deny"]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        # No right without the policy that limits it, at no time.
        limited = pulumi.ResourceOptions(parent=self, depends_on=[enforced])
        role = kubernetes.rbac.v1.ClusterRole(
            "preview",
            metadata={"name": _NAME},
            rules=[
                {
                    "api_groups": [group],
                    "resources": list(resources),
                    "verbs": ["create", "get", "list", "patch", "watch"],
                }
                for group, resources in _READABLE.items()
            ],
            opts=limited,
        )
        kubernetes.rbac.v1.ClusterRoleBinding(
            "preview",
            metadata={"name": _NAME},
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": _NAME,
            },
            subjects=[{"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        self.register_outputs({})
