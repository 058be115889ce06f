"""Reads kubeconfigs: which server, with whose credentials."""

import base64
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]


class KubeconfigError(Exception):
    """A kubeconfig cannot be used; the message names the entry."""


def select(
    configuration: Mapping[str, Any], context: str | None = None
) -> tuple[Object, Object, str]:
    """Return the cluster, the user and the namespace which a kubeconfig's context names.

    Raises :class:`KubeconfigError` when one is missing.
    """
    name = context or configuration.get("current-context")
    if not name:
        raise KubeconfigError("the kubeconfig has no current-context")
    chosen = _entry(configuration, "contexts", "context", str(name))
    cluster = _entry(configuration, "clusters", "cluster", str(chosen.get("cluster")))
    if not cluster.get("server"):
        raise KubeconfigError(f"the cluster {chosen.get('cluster')!r} has no server")
    user = _entry(configuration, "users", "user", str(chosen.get("user")))
    return cluster, user, chosen.get("namespace") or "default"


def _entry(configuration: Mapping[str, Any], section: str, key: str, name: str) -> Object:
    for entry in configuration.get(section) or []:
        if entry.get("name") == name:
            return entry.get(key) or {}
    raise KubeconfigError(f"the kubeconfig has no entry {name!r} under {section}")


def load(text: str) -> Object:
    """Return a kubeconfig's content; raises :class:`KubeconfigError`."""
    configuration = yaml.safe_load(text)
    if not isinstance(configuration, dict):
        raise KubeconfigError("the kubeconfig is not a mapping")
    return configuration


def tls_context(cluster: Object, user: Object) -> ssl.SSLContext:
    """Return the TLS settings of a cluster and its user; raises :class:`KubeconfigError`."""
    if user.get("exec") or user.get("auth-provider"):
        raise KubeconfigError("the user gets its credentials from a plugin, which is not run here")
    certificate_authority = _material(cluster, "certificate-authority")
    tls = ssl.create_default_context(cadata=certificate_authority)
    # Python 3.13 began to want key identifiers, which EKS's certificates lack; chain and host name
    # stay checked: https://github.com/kubernetes-client/python/issues/2394
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    certificate = _material(user, "client-certificate")
    key = _material(user, "client-key")
    if certificate and key:
        # The ssl module reads a client certificate from a file only; this one is mode 0600.
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pair:
            pair.write(certificate + "\n" + key)
            pair.flush()
            tls.load_cert_chain(pair.name)
    return tls


def _material(entry: Object, key: str) -> str | None:
    if data := entry.get(f"{key}-data"):
        return base64.b64decode(data).decode()
    return Path(entry[key]).read_text() if entry.get(key) else None
