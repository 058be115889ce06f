"""The gRPC face of the ``kubernetes`` provider."""

from collections.abc import Mapping
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.kube_api import ApiError
from sandbox.paths import Instance
from sandbox.providers.base import Connection, Provider, ProviderError, reported
from sandbox.providers.kubernetes import cluster as clusters
from sandbox.providers.kubernetes import replacement
from sandbox.providers.kubernetes.checking import (
    AUTONAMED,
    check_object,
    diff_response,
    object_changes,
)
from sandbox.providers.kubernetes.cluster import Cluster, Clusters, Settings
from sandbox.providers.kubernetes.objects import Objects
from sandbox.providers.kubernetes.release import Releases
from sandbox.providers.kubernetes.release_inputs import checked_inputs
from sandbox.providers.kubernetes.tokens import RELEASE, kind_of
from sandbox.providers.properties import UNKNOWN, changes, decode, encode, plain


class KubernetesProvider(Provider):
    """Stands in for pulumi-kubernetes: a cluster's objects and Helm releases.

    Without an instance there is no cluster, and the provider can only preview.
    """

    package = "kubernetes"
    version = "4.34.2"

    def __init__(self, instance: Instance | None):
        super().__init__()
        self._clusters = Clusters(instance)
        self._instance = instance

    @reported
    def CheckConfig(
        self, request: pb.CheckRequest, context: grpc.ServicerContext
    ) -> pb.CheckResponse:
        Settings.from_inputs(decode(request.news))
        return pb.CheckResponse(inputs=request.news)

    @reported
    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        old, new = decode(request.old_inputs), decode(request.news)
        replaces = clusters.replaces(old, new)
        found = [(path, kind, replaces) for path, kind in changes(old, new) if path != ("version",)]
        return diff_response(found)

    @reported
    def Configure(
        self, request: pb.ConfigureRequest, context: grpc.ServicerContext
    ) -> pb.ConfigureResponse:
        connection = self.connection(context)
        connection.attributes["cluster"] = self._clusters.connect(decode(request.args))
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @reported
    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        cluster = self._cluster(context)
        old, new = decode(request.olds), decode(request.news)
        if request.type == RELEASE:
            inputs = checked_inputs(old, new, request.name, request.randomSeed, cluster.namespace)
        else:
            kind = kind_of(request.type)
            inputs = check_object(cluster, kind, old, new, request.name, request.randomSeed)
        return pb.CheckResponse(inputs=encode(inputs))

    @reported
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        cluster = self._cluster(context)
        old, new = decode(request.old_inputs), decode(request.news)
        ignored = set(request.ignoreChanges)
        if request.type == RELEASE:
            found = self._releases(request, context).changes(old, new, decode(request.olds))
            return diff_response(found, ignored)
        kind_of(request.type)
        if not cluster.api and cluster.settings.skip_update_unreachable:
            return diff_response([])
        found = [
            (path, kind, replacement.replaces(path, plain(old), cluster.settings))
            for path, kind in object_changes(cluster, old, new)
        ]
        return diff_response(found, ignored, same_name=_keeps_name(old, new))

    @reported
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        inputs = decode(request.properties)
        if request.type == RELEASE:
            releases = self._releases(request, context)
            if request.preview:
                return pb.CreateResponse(properties=encode(releases.preview(inputs)))
            identifier, properties = releases.install(inputs, request.timeout)
        else:
            kind_of(request.type)
            objects = self._objects(request, context)
            if request.preview:
                return pb.CreateResponse(properties=encode(objects.preview(inputs, {})))
            identifier, properties = objects.create(inputs, request.timeout)
        return pb.CreateResponse(id=identifier, properties=encode(properties))

    @reported
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        inputs, recorded = decode(request.news), decode(request.olds)
        if request.type == RELEASE:
            releases = self._releases(request, context)
            if request.preview:
                properties = releases.preview(inputs)
            else:
                _, properties = releases.install(inputs, request.timeout)
        else:
            kind_of(request.type)
            objects = self._objects(request, context)
            if request.preview:
                properties = objects.preview(inputs, recorded)
            else:
                properties = objects.update(inputs, recorded, request.timeout)
        return pb.UpdateResponse(properties=encode(properties))

    @reported
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        inputs, recorded = decode(request.inputs), decode(request.properties)
        if self._drops_unreachable(context):
            return pb.ReadResponse()
        if request.type == RELEASE:
            found = self._releases(request, context).read(request.id, inputs, recorded)
        else:
            obj = _reference(request.type, request.id, recorded or inputs)
            found = self._objects(request, context).read(obj, inputs, recorded)
        if found is None:
            return pb.ReadResponse()
        properties, current = found
        return pb.ReadResponse(id=request.id, properties=encode(properties), inputs=encode(current))

    @reported
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        recorded = decode(request.properties)
        if request.type == RELEASE and (trouble := self._trouble(context)):
            # As pulumi-kubernetes does up to 4.34, whatever deleteUnreachable says:
            # https://github.com/pulumi/pulumi-kubernetes/issues/2675
            raise ProviderError(f"can't delete Helm Release with unreachable cluster: {trouble}")
        if self._drops_unreachable(context):
            return empty_pb2.Empty()
        if request.type == RELEASE:
            self._releases(request, context).uninstall(recorded, request.timeout)
        else:
            obj = _reference(request.type, request.id, recorded)
            self._objects(request, context).delete(obj, request.timeout)
        return empty_pb2.Empty()

    def _cluster(self, context: grpc.ServicerContext) -> Cluster:
        cluster: Cluster = self.connection(context).attributes.get("cluster") or Cluster()
        return cluster

    def _objects(self, request: Any, context: grpc.ServicerContext) -> Objects:
        return Objects(self._cluster(context), self.connection(context), request.urn)

    def _releases(self, request: Any, context: grpc.ServicerContext) -> Releases:
        connection: Connection = self.connection(context)
        return Releases(self._instance, self._cluster(context), connection, request.urn)

    def _drops_unreachable(self, context: grpc.ServicerContext) -> bool:
        """Tell whether what is in a cluster out of reach counts as gone, as the program may ask."""
        trouble = self._trouble(context)
        if not trouble:
            return False
        if self._cluster(context).settings.delete_unreachable:
            self.connection(context).log(
                f"the cluster is unreachable ({trouble}); its resources are dropped from "
                "the state, as deleteUnreachable asks for",
                warning=True,
            )
            return True
        raise ProviderError(
            f"the configured Kubernetes cluster is unreachable: {trouble}. "
            "If it is gone for good, set PULUMI_K8S_DELETE_UNREACHABLE=true (deleteUnreachable on "
            "the Provider) to drop its resources from the state"
        )

    def _trouble(self, context: grpc.ServicerContext) -> str:
        """Return why the cluster is out of reach, nothing where it answers."""
        cluster = self._cluster(context)
        if cluster.api is None:
            return cluster.trouble or "no answer"
        try:
            cluster.api.get("/version")
        except ApiError as error:
            return str(error)
        return ""


def _keeps_name(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Tell whether a replacement would take the old object's place; a generated name is new."""
    before, after = (plain(inputs).get("metadata") or {} for inputs in (old, new))
    if UNKNOWN in (before, after):
        return False
    if AUTONAMED in (after.get("annotations") or {}):
        return False
    return all(before.get(key) == after.get(key) for key in ("namespace", "name"))


def _reference(token: str, identifier: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return as much of an object as it takes to find it again."""
    api_version, kind = kind_of(token)
    namespace, _, name = identifier.rpartition("/")
    annotations = (plain(recorded).get("metadata") or {}).get("annotations") or {}
    metadata = {"name": name, "annotations": annotations}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
