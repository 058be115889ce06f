"""Runs Helm, and reads what Helm has stored of its releases."""

import base64
import gzip
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.kube_api import ApiError, KubeApi
from sandbox.providers.base import Connection, ProviderError
from sandbox.toolchain import ensure
from sandbox.whole_file import write_file

_POLL_SECONDS = 0.1
# Helm ends a cancelled operation by itself, but with --atomic only after rolling back.
_GRACE_SECONDS = 5
_ERROR_LINES = 20


class HelmError(ProviderError):
    """Helm failed; the message is the end of what it said."""


@dataclass(frozen=True)
class StoredRelease:
    """A revision of a release as Helm stores it."""

    secret: str
    name: str
    namespace: str
    revision: int
    status: str
    chart: str
    version: str
    app_version: str
    values: Mapping[str, Any]
    manifest: str

    @property
    def is_pending(self) -> bool:
        return self.status.startswith("pending-")

    @property
    def resource_names(self) -> dict[str, list[str]]:
        """The names of what the release installs, by kind and API version."""
        found: dict[str, list[str]] = {}
        for obj in yaml.safe_load_all(self.manifest):
            if not obj:
                continue
            group, _, _ = obj["apiVersion"].rpartition("/")
            kind = f"{obj['kind']}.{group}" if group else obj["kind"]
            namespace = obj["metadata"].get("namespace")
            name = obj["metadata"]["name"]
            names = found.setdefault(f"{kind}/{obj['apiVersion']}", [])
            names.append(f"{namespace}/{name}" if namespace else name)
        return {key: sorted(names) for key, names in sorted(found.items())}


def revisions(api: KubeApi, namespace: str, name: str) -> list[StoredRelease]:
    """Return all stored revisions of a release, the newest last."""
    secrets = api.list(
        f"/api/v1/namespaces/{namespace}/secrets", labelSelector=f"owner=helm,name={name}"
    )
    return sorted((_stored(secret) for secret in secrets), key=lambda release: release.revision)


def latest(api: KubeApi, namespace: str, name: str) -> StoredRelease | None:
    """Return the newest revision of a release, None when there is no such release."""
    return next(reversed(revisions(api, namespace, name)), None)


def forget_revision(api: KubeApi, release: StoredRelease) -> None:
    """Drop one revision from Helm's store; the objects in the cluster stay."""
    try:
        api.delete(f"/api/v1/namespaces/{release.namespace}/secrets/{release.secret}")
    except ApiError as error:
        if error.status != 404:
            raise


def _stored(secret: Mapping[str, Any]) -> StoredRelease:
    # Helm compresses and encodes a release itself, before the API server's own base64.
    content = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    release = json.loads(gzip.decompress(content))
    chart = release["chart"]["metadata"]
    return StoredRelease(
        secret=secret["metadata"]["name"],
        name=release["name"],
        namespace=release["namespace"],
        revision=release["version"],
        status=release["info"]["status"],
        chart=chart["name"],
        version=chart["version"],
        app_version=chart.get("appVersion", ""),
        values=release.get("config") or {},
        manifest=release.get("manifest", ""),
    )


@dataclass(frozen=True)
class Helm:
    """Helm for one operation of a provider instance; its files stay in one private directory."""

    directory: Path
    connection: Connection

    def run(
        self,
        *arguments: str,
        configuration: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> str:
        """Run Helm to its end and return its output; raises :class:`HelmError`.

        The kubeconfig and the values go through files that only the owner can read, and that are
        removed at the end. A cancelled provider stops Helm.
        """
        command = [*_stopped_with_us(), str(_executable()), *arguments]
        environment = {
            "PATH": os.environ.get("PATH", ""),
            **{
                f"HELM_{purpose.upper()}_HOME": str(self.directory / purpose)
                for purpose in ("cache", "config", "data")
            },
        }
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.directory) as private:
            # Without a home, Helm would cache what it discovers where it was started.
            environment["HOME"] = private
            if values is not None:
                command += ["--values", str(_private_file(private, "values.yaml", values))]
            if configuration is not None:
                file = _private_file(private, "kubeconfig", configuration)
                environment["KUBECONFIG"] = str(file)
            return self._finish(command, environment, arguments[0], Path(private) / "output")

    def _finish(
        self, command: list[str], environment: Mapping[str, str], verb: str, output: Path
    ) -> str:
        errors = output.with_name("errors")
        with output.open("w") as out, errors.open("w") as err:
            process = subprocess.Popen(
                command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            while process.poll() is None:
                if self.connection.cancelled.is_set():
                    _end(process)
                    raise HelmError(f"helm {verb} was cancelled")
                try:
                    process.wait(_POLL_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        if process.returncode != 0:
            lines = [line for line in errors.read_text().splitlines() if line.strip()]
            raise HelmError(f"helm {verb} failed: " + "\n".join(lines[-_ERROR_LINES:]))
        return output.read_text()


@cache
def _executable() -> Path:
    return ensure(["helm"])["helm"]


def _private_file(directory: str, name: str, content: Mapping[str, Any]) -> Path:
    path = Path(directory) / name
    write_file(path, json.dumps(content))
    return path


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stopped_with_us() -> list[str]:
    # A provider that is killed must not leave Helm behind at work.
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", "--"] if setpriv else []
