"""The kubelet stand-in: nodes of the cluster whose pods are processes of this machine.

It registers the nodes, runs the pods that the scheduler binds to them as their specs say, and
reports their status. What a pod spec may ask for is in :mod:`sandbox.node.features`; nothing is
isolated and no resource is limited.
"""

from sandbox.node.places import files_root, pod_logs
from sandbox.node.process import kill_members
from sandbox.paths import Instance

__all__ = ["kill_leftovers", "pod_logs"]


def kill_leftovers(instance: Instance) -> None:
    """Kill every process of a pod that outlived a node agent which was itself killed."""
    kill_members(files_root(instance))
