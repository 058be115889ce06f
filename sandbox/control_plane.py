"""The Kubernetes control plane of a sandbox: etcd, API server, controller manager, scheduler."""

import base64
import secrets
import time
from collections.abc import Mapping
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.certificates import Certificate, ca_bundle, issue
from sandbox.kube_api import KubeApi
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.supervisor_client import ServiceSpec, SupervisorClient, SupervisorError
from sandbox.toolchain import Tools
from sandbox.whole_file import write_file

# The range of services that EKS chooses when the VPC is in 10.0.0.0/8:
# https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
SERVICE_RANGE = "172.20.0.0/16"
CUSTOM_RESOURCES = PROJECT_ROOT / "sandbox" / "substitutes" / "crds"

# Ports as in https://kubernetes.io/docs/reference/networking/ports-and-protocols/
_ETCD_PORT, _ETCD_PEER_PORT, _ETCD_HEALTH_PORT = 2379, 2380, 2381
_API_SERVER_PORT, _CONTROLLER_MANAGER_PORT, _SCHEDULER_PORT = 6443, 10257, 10259
_ESTABLISHED_TIMEOUT = 30.0

# Anonymous requests may ask how the server is, and nothing else.
_AUTHENTICATION = {
    "apiVersion": "apiserver.config.k8s.io/v1",
    "kind": "AuthenticationConfiguration",
    "anonymous": {
        "enabled": True,
        "conditions": [{"path": "/livez"}, {"path": "/readyz"}, {"path": "/healthz"}],
    },
}


def start(client: SupervisorClient, tools: Tools, instance: Instance) -> None:
    """Bring the control plane up; on return it is ready and serves the project's CRDs.

    Writes the administrator's kubeconfig. Raises SupervisorError when a part does not get ready.
    """
    client.start(etcd(tools, instance))
    client.start(api_server(tools, instance))
    write_kubeconfig(instance, instance.kubeconfig, "sandbox-admin", "system:masters")
    clients = (controller_manager(tools, instance), scheduler(tools, instance))
    for spec in clients:
        client.start(spec, wait=False)
    install_custom_resources(instance)
    for spec in clients:
        client.start(spec)


def etcd(tools: Tools, instance: Instance) -> ServiceSpec:
    """The store, which only clients with a certificate of the sandbox's authority may read."""
    address = instance.address("etcd")
    server = issue(instance, "etcd", [address])
    client_url = f"https://{address}:{_ETCD_PORT}"
    peer_url = f"https://{address}:{_ETCD_PEER_PORT}"
    health_url = f"http://{address}:{_ETCD_HEALTH_PORT}"
    flags = {
        "name": "sandbox",
        "data-dir": str(_directory(instance) / "etcd"),
        "listen-client-urls": client_url,
        "advertise-client-urls": client_url,
        "listen-peer-urls": peer_url,
        "initial-advertise-peer-urls": peer_url,
        "initial-cluster": f"sandbox={peer_url}",
        "listen-metrics-urls": health_url,
        "client-cert-auth": "true",
        "trusted-ca-file": str(ca_bundle(instance)),
        "cert-file": str(server.certificate),
        "key-file": str(server.key),
        "peer-client-cert-auth": "true",
        "peer-trusted-ca-file": str(ca_bundle(instance)),
        "peer-cert-file": str(server.certificate),
        "peer-key-file": str(server.key),
        # The gateway would call etcd itself with the server's certificate, which is not a client's.
        "enable-grpc-gateway": "false",
        # A sandbox that a power cut damages is made anew.
        "unsafe-no-fsync": "true",
        "log-level": "warn",
    }
    return ServiceSpec(
        name="etcd",
        command=_command(tools["etcd"], flags),
        ready_url=f"{health_url}/readyz",
    )


def api_server(tools: Tools, instance: Instance) -> ServiceSpec:
    """The API server: RBAC, Pod Security, Secrets encrypted in etcd, no anonymous access."""
    address = instance.address("api-server")
    server = issue(
        instance,
        "kube-apiserver",
        [
            address,
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ],
    )
    etcd_client = issue(instance, "kube-apiserver-etcd-client", client=True)
    signing_key = str(_signing_key(instance))
    flags = {
        "bind-address": address,
        "advertise-address": address,
        "secure-port": str(_API_SERVER_PORT),
        "tls-cert-file": str(server.certificate),
        "tls-private-key-file": str(server.key),
        "client-ca-file": str(ca_bundle(instance)),
        "authentication-config": str(_write_yaml(instance, "authentication.yaml", _AUTHENTICATION)),
        "authorization-mode": "RBAC",
        # Nothing extends this API server, but its clients want to hear who might.
        "requestheader-client-ca-file": str(ca_bundle(instance)),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "etcd-servers": f"https://{instance.address('etcd')}:{_ETCD_PORT}",
        "etcd-cafile": str(ca_bundle(instance)),
        "etcd-certfile": str(etcd_client.certificate),
        "etcd-keyfile": str(etcd_client.key),
        "encryption-provider-config": str(_encryption(instance)),
        "service-account-issuer": instance.service_account_issuer,
        "service-account-key-file": signing_key,
        "service-account-signing-key-file": signing_key,
        "service-cluster-ip-range": SERVICE_RANGE,
        # Whether a pod may be privileged is for Pod Security to say, as on EKS.
        "allow-privileged": "true",
        # Endpoints may not hold loopback addresses.
        "endpoint-reconciler-type": "none",
        "profiling": "false",
    }
    return ServiceSpec(
        name="kube-apiserver",
        command=_command(tools["kube-apiserver"], flags),
        ready_url=f"{instance.api_server_url}/readyz",
    )


def controller_manager(tools: Tools, instance: Instance) -> ServiceSpec:
    """The controllers, each with the rights of its own service account."""
    flags = _client_flags(instance, "kube-controller-manager", _CONTROLLER_MANAGER_PORT) | {
        "use-service-account-credentials": "true",
        "service-account-private-key-file": str(_signing_key(instance)),
        "root-ca-file": str(ca_bundle(instance)),
        "kube-api-qps": "200",
        "kube-api-burst": "400",
    }
    return ServiceSpec(
        name="kube-controller-manager",
        command=_command(tools["kube-controller-manager"], flags),
        ready_url=f"https://{instance.address('control-plane')}:{_CONTROLLER_MANAGER_PORT}/healthz",
    )


def scheduler(tools: Tools, instance: Instance) -> ServiceSpec:
    """The scheduler, which binds pods to nodes."""
    flags = _client_flags(instance, "kube-scheduler", _SCHEDULER_PORT)
    return ServiceSpec(
        name="kube-scheduler",
        command=_command(tools["kube-scheduler"], flags),
        ready_url=f"https://{instance.address('control-plane')}:{_SCHEDULER_PORT}/healthz",
    )


def install_custom_resources(instance: Instance) -> None:
    """Apply the CRDs that EKS Auto Mode brings; each is served on return."""
    api = KubeApi(instance)
    names = []
    for file in sorted(CUSTOM_RESOURCES.glob("*.yaml")):
        for definition in yaml.safe_load_all(file.read_text()):
            if definition:
                api.apply(definition, field_manager="sandbox")
                names.append(definition["metadata"]["name"])
    deadline = time.monotonic() + _ESTABLISHED_TIMEOUT
    for name in names:
        while not _is_established(api, name):
            if time.monotonic() > deadline:
                raise SupervisorError(f"the API server does not serve the CRD {name}")
            time.sleep(0.05)


def write_kubeconfig(
    instance: Instance, path: Path, user: str, organization: str | None = None
) -> None:
    """Write a kubeconfig whose user is known by a client certificate; only the owner reads it."""
    identity = issue(instance, user, client=True, organization=organization)
    content = _kubeconfig(instance, user, identity)
    if not path.exists() or path.read_bytes() != content:
        write_file(path, content)


def _kubeconfig(instance: Instance, user: str, identity: Certificate) -> bytes:
    name = f"sandbox-{instance.name}"
    cluster = {
        "server": instance.api_server_url,
        "certificate-authority-data": _base64(ca_bundle(instance)),
    }
    credentials = {
        "client-certificate-data": _base64(identity.certificate),
        "client-key-data": _base64(identity.key),
    }
    configuration = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return yaml.safe_dump(configuration, sort_keys=False).encode()


def _client_flags(instance: Instance, component: str, port: int) -> dict[str, str]:
    """Flags that the controller manager and the scheduler share."""
    address = instance.address("control-plane")
    server = issue(instance, component, [address])
    kubeconfig = _directory(instance) / f"{component}.kubeconfig"
    write_kubeconfig(instance, kubeconfig, f"system:{component}")
    return {
        "kubeconfig": str(kubeconfig),
        "authentication-kubeconfig": str(kubeconfig),
        "authorization-kubeconfig": str(kubeconfig),
        "client-ca-file": str(ca_bundle(instance)),
        "bind-address": address,
        "secure-port": str(port),
        "tls-cert-file": str(server.certificate),
        "tls-private-key-file": str(server.key),
        "leader-elect": "false",
        "profiling": "false",
    }


def _signing_key(instance: Instance) -> Path:
    """The key of service account tokens: RSA, as EKS signs with RS256."""
    path = _directory(instance) / "service-accounts.key"
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write_file(path, private)
    return path


def _encryption(instance: Instance) -> Path:
    """How Secrets are stored: encrypted with a key of the sandbox, where EKS has one in KMS."""
    path = _directory(instance) / "encryption.yaml"
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        providers = [{"secretbox": {"keys": [{"name": "sandbox", "secret": key}]}}]
        configuration = {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "EncryptionConfiguration",
            "resources": [{"resources": ["secrets"], "providers": providers}],
        }
        _write_yaml(instance, path.name, configuration)
    return path


def _write_yaml(instance: Instance, name: str, content: Mapping[str, object]) -> Path:
    path = _directory(instance) / name
    write_file(path, yaml.safe_dump(dict(content)))
    return path


def _directory(instance: Instance) -> Path:
    directory = instance.state / "control-plane"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _command(executable: Path, flags: Mapping[str, str]) -> tuple[str, ...]:
    return (str(executable), *(f"--{name}={value}" for name, value in flags.items()))


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _is_established(api: KubeApi, name: str) -> bool:
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    # Null for a moment, before the API server has looked at the names.
    conditions = api.get(path).get("status", {}).get("conditions") or []
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
