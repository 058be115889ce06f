"""Nodes for the gateway while everything else comes up, so that its first pods find room."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.naming import NAMESPACE
from infra.setting_sections import GatewaySettings

NAME = "warm-up"
# As long as a database with a standby may take after the cluster.
_SECONDS = 1800


@dataclass(frozen=True, kw_only=True)
class WarmUpArgs:
    gateway: GatewaySettings
    image: str
    architecture: str
    namespace: kubernetes.core.v1.Namespace


class WarmUp(pulumi.ComponentResource):
    """A Job whose pods ask for what the gateway's ask for, pull its image, and sleep.

    Auto Mode launches nodes for them while database and secrets come up. They yield to every other
    pod, and the first that yields ends them all. Nothing waits for the Job, it costs nothing that
    the gateway would not, and it runs at the first ``pulumi up`` only; it stays as a failed Job.
    """

    def __init__(
        self, name: str, args: WarmUpArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:warm-up:WarmUp", name, None, opts)
        priority = kubernetes.scheduling.v1.PriorityClass(
            "warm-up",
            metadata={"name": f"litellm-{NAME}"},
            value=-10,
            preemption_policy="Never",
            description="Room that is kept for the gateway's first pods",
            opts=pulumi.ResourceOptions(parent=self),
        )
        kubernetes.batch.v1.Job(
            "warm-up",
            metadata={
                "name": NAME,
                "namespace": NAMESPACE,
                "annotations": {"pulumi.com/skipAwait": "true"},
            },
            spec=_job(args, f"litellm-{NAME}"),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.namespace, priority],
                # Later updates find nodes.
                ignore_changes=["spec"],
            ),
        )
        self.register_outputs({})


def _job(args: WarmUpArgs, priority: str) -> Any:
    return {
        "completions": args.gateway.replicas,
        "parallelism": args.gateway.replicas,
        "backoffLimit": 0,
        "activeDeadlineSeconds": _SECONDS,
        # A pod that had to yield must not come back: it would ask for one more node.
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "FailJob",
                    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                }
            ]
        },
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": NAME}},
            "spec": _pod(args, priority),
        },
    }


def _pod(args: WarmUpArgs, priority: str) -> dict[str, Any]:
    memory = f"{args.gateway.memory_mib}Mi"
    return {
        "restartPolicy": "Never",
        "priorityClassName": priority,
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "nodeSelector": {"kubernetes.io/arch": args.architecture},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "runAsGroup": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [
            {
                "topologyKey": "topology.kubernetes.io/zone",
                "maxSkew": 1,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
            }
        ]
        if args.gateway.replicas > 1
        else [],
        "containers": [
            {
                "name": NAME,
                "image": args.image,
                "command": ["python", "-c", f"import time; time.sleep({_SECONDS})"],
                "resources": {
                    "requests": {"cpu": args.gateway.cpu, "memory": memory},
                    "limits": {"memory": memory},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }
