"""The kubelet stand-in: nodes of the cluster whose pods are processes of this machine.

It registers the nodes, runs the pods that the scheduler binds to them as their specs say, and
reports their status. What a pod spec may ask for is in :mod:`sandbox.node.features`; nothing is
isolated and no resource is limited.
"""

from sandbox.node.places import pod_logs

__all__ = ["pod_logs"]
