"""The ``kubernetes`` provider: objects by server-side apply, releases by Helm."""

from sandbox.providers.kubernetes.provider import KubernetesProvider

__all__ = ["KubernetesProvider"]
