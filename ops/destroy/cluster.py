"""Whether the stack's cluster is there, which decides how its objects are deleted."""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from ops.deployments.deployment import Deployment, DeploymentError
from ops.state.stack_state import Document, resources
from sandbox.kube_api import ApiError, KubeApi

_CLUSTER = "aws:eks/cluster:Cluster"


@dataclass(frozen=True)
class Cluster:
    """A cluster as it was found; ``api`` is None where its API server does not answer."""

    name: str
    region: str | None
    exists: bool
    api: KubeApi | None
    trouble: str = ""


def find_cluster(document: Document, deployment: Deployment) -> Cluster | None:
    """Return the cluster of a state, None where the state has none; raise ClientError."""
    for resource in resources(document):
        if resource["type"] == _CLUSTER and resource.get("id"):
            found = resource.get("outputs") or {}
            name, region = str(found.get("name") or resource["id"]), found.get("region")
            if not _exists(deployment, name, region):
                return Cluster(name, region, exists=False, api=None)
            try:
                api = deployment.kubernetes()
                api.get("/version")
            except (ApiError, DeploymentError) as error:
                return Cluster(name, region, exists=True, api=None, trouble=str(error))
            return Cluster(name, region, exists=True, api=api)
    return None


def cluster_is_gone(deployment: Deployment, cluster: Cluster | None) -> bool:
    """Tell whether EKS knows the cluster no longer; raise ClientError if it does not answer."""
    return cluster is None or not _exists(deployment, cluster.name, cluster.region)


def _exists(deployment: Deployment, name: str, region: str | None) -> bool:
    try:
        deployment.aws("eks", region).describe_cluster(name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return True
