"""From a container of a pod spec to the process that stands for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.node import environment, volumes
from sandbox.node.expansion import expand
from sandbox.node.features import UnsupportedFeature
from sandbox.node.objects import Objects
from sandbox.node.places import PodPlaces

if TYPE_CHECKING:
    from sandbox.images import Image

SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class ApiServer:
    """Where pods reach the API server, as its Service's variables say."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        port = str(self.port)
        return {
            "KUBERNETES_SERVICE_HOST": self.host,
            "KUBERNETES_SERVICE_PORT": port,
            "KUBERNETES_SERVICE_PORT_HTTPS": port,
        }


@dataclass(frozen=True, kw_only=True)
class ProcessPlan:
    """A process to start, and the real place of every path that the container knows.

    ``environment`` is all that it gets: nothing comes from the machine.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    places: Mapping[str, Path]
    kubeconfig: str | None

    def rewritten(self, command: list[str]) -> tuple[str, ...]:
        """Return another command of the container, such as a probe's, with its real paths."""
        rewrite = volumes.rewriter(self.places)
        return tuple(rewrite(word) for word in command)


def build(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    image: "Image",
    objects: Objects,
    places: PodPlaces,
    api_server: ApiServer,
) -> ProcessPlan:
    """Return the process of a container: image defaults, then what the pod spec says.

    Raises MissingObject for a Secret, ConfigMap or key that is needed and not there.
    """
    name = container["name"]
    mounts = volumes.mounts(container, places.volumes)
    message = container.get("terminationMessagePath") or "/dev/termination-log"
    where = {message: places.termination_message(name), **mounts}
    rewrite = volumes.rewriter(where)
    variables = environment.build(pod, container, objects, api_server.variables, rewrite)
    own, arguments = (
        tuple(expand(rewrite(word), variables) for word in container.get(field, []))
        for field in ("command", "args")
    )
    default = () if own else image.command
    kubeconfig = _kubeconfig(pod, mounts, api_server) if image.kubeconfig else None
    return ProcessPlan(
        command=(own or image.entrypoint) + (arguments or default),
        environment={
            "PATH": ":".join([*image.path, _SYSTEM_PATH]),
            "HOME": str(places.container(name)),
            "TMPDIR": str(mounts.get("/tmp", places.temporary(name))),  # noqa: S108
            "HOSTNAME": pod["metadata"]["name"],
            **image.environment,
            **({"KUBECONFIG": str(places.kubeconfig(name))} if kubeconfig else {}),
            **variables,
        },
        directory=_directory(container, where, places),
        places=where,
        kubeconfig=kubeconfig,
    )


def _directory(container: Mapping[str, Any], where: Mapping[str, Path], places: PodPlaces) -> Path:
    # A working directory of the image's own file system does not exist on this machine.
    wanted = container.get("workingDir", "")
    real = volumes.rewriter(where)(wanted)
    return Path(real) if real != wanted else places.container(container["name"])


def _kubeconfig(pod: Mapping[str, Any], mounts: Mapping[str, Path], api_server: ApiServer) -> str:
    credentials = mounts.get(SERVICE_ACCOUNT_DIRECTORY)
    if credentials is None:
        raise UnsupportedFeature(
            "the image talks to the API server, which automountServiceAccountToken: false denies"
        )
    cluster = {
        "server": api_server.url,
        "certificate-authority": str(credentials / "ca.crt"),
    }
    context = {"cluster": "sandbox", "user": "pod", "namespace": pod["metadata"]["namespace"]}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": cluster}],
            "users": [{"name": "pod", "user": {"tokenFile": str(credentials / "token")}}],
            "contexts": [{"name": "sandbox", "context": context}],
            "current-context": "sandbox",
        }
    )
