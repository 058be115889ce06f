"""Helm releases: ``kubernetes:helm.sh/v3:Release``."""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.kube_api import ApiError, KubeApi
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.providers import kept_in_state
from sandbox.providers.base import Connection, NotReady, ProviderError
from sandbox.providers.kubernetes.charts import Chart, locate
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.helm import (
    Helm,
    HelmError,
    StoredRelease,
    forget_revision,
    latest,
    revisions,
)
from sandbox.providers.kubernetes.release_inputs import (
    DEFAULT_TIMEOUT,
    chart_values,
    upgrade_flags,
)
from sandbox.providers.kubernetes.rendered import refusals
from sandbox.providers.kubernetes.waiting import pod_trouble
from sandbox.providers.properties import (
    UNKNOWN,
    Change,
    changes,
    has_unknowns,
    marked_like,
    plain,
)
from sandbox.providers.properties import (
    Path as PropertyPath,
)

Properties = dict[str, Any]

_REPLACING = ("name", "namespace")
_KEPT_STATUS = "unknown"


@dataclass(frozen=True)
class Releases:
    """The releases of one resource operation."""

    instance: Instance | None
    cluster: Cluster
    connection: Connection
    urn: str

    def changes(
        self, old: Mapping[str, Any], new: Mapping[str, Any], recorded: Mapping[str, Any]
    ) -> Iterator[tuple[PropertyPath, Change, bool]]:
        """Yield the differences of a release's inputs, and a status that needs another try."""
        for path, kind in changes(old, new):
            yield path, kind, path[0] in _REPLACING
        status = (plain(recorded).get("status") or {}).get("status", "deployed")
        if status not in ("deployed", _KEPT_STATUS):
            yield ("status",), Change.UPDATE, False

    def preview(self, inputs: Mapping[str, Any]) -> Properties:
        """Return what is known of a release before it is installed.

        Renders a chart whose values are all known, and lets a reachable API server check the
        result; raises :class:`ProviderError` for what would be refused.
        """
        expected = {**inputs, "status": UNKNOWN, "resourceNames": UNKNOWN}
        given = plain(inputs)
        if has_unknowns(given):
            return expected
        chart = locate(given)
        if chart.path is None or (self.instance is None and chart.substituted):
            return expected
        try:
            # Of a pending one Helm refuses a dry run too; the installation recovers it.
            if self.cluster.api is None or self._is_pending(given):
                self._render(chart, given)
                return expected
            rendered = self._upgrade(chart, given, "--dry-run=server", "--output", "json")
        except HelmError as error:
            if "ensure CRDs are installed first" in str(error):
                return expected
            raise ProviderError(f"the release {given['name']} would fail: {error}") from error
        if refused := refusals(self.cluster.api, rendered, given["namespace"]):
            raise ProviderError(
                f"the release {given['name']} would be refused: " + "; ".join(refused)
            )
        return expected

    def install(self, inputs: Mapping[str, Any], timeout: float) -> tuple[str, Properties]:
        """Install or upgrade a release and wait for it; return its id and what is recorded.

        A release that an interrupted run has left pending is recovered first. Raises
        :class:`NotReady` when the release is there but failed, :class:`ProviderError` otherwise.
        """
        given = plain(inputs)
        name, namespace = given["name"], given["namespace"]
        identifier = f"{namespace}/{name}"
        chart = locate(given)
        if chart.path is None:
            return identifier, self._keep(chart, inputs)
        if chart.substituted:
            where = chart.path.relative_to(PROJECT_ROOT)
            self.connection.log(f"{where} stands in for the chart {chart.name}", self.urn)
        api = self.cluster.require()
        self._recover(api, namespace, name)
        if timeout:
            given["timeout"] = round(timeout)
        before = latest(api, namespace, name)
        try:
            self._upgrade(chart, given)
        except HelmError as error:
            found = latest(api, namespace, name)
            reason = f"the release {name} failed: {error}{self._trouble(api, namespace, name)}"
            if found is None or (before and before.status == "deployed" == found.status):
                raise ProviderError(reason) from error
            raise NotReady(identifier, _outputs(inputs, found), dict(inputs), reason) from error
        found = latest(api, namespace, name)
        if found is None:
            raise ProviderError(f"the release {name} was installed, but Helm has stored nothing")
        return identifier, _outputs(inputs, found)

    def read(
        self, identifier: str, inputs: Mapping[str, Any], recorded: Mapping[str, Any]
    ) -> tuple[Properties, Properties] | None:
        """Return what is recorded of a release and its inputs as they stand; None if it is gone."""
        namespace, _, name = identifier.rpartition("/")
        if not inputs:
            raise ProviderError(f"the release {identifier} cannot be imported in the sandbox")
        if plain(recorded).get("status", {}).get("status") == _KEPT_STATUS:
            return dict(recorded), dict(inputs)
        found = latest(self.cluster.require(), namespace, name)
        if found is None:
            return None
        before = plain(recorded)
        current = dict(inputs)
        if found.values != chart_values(plain(inputs)):
            current["values"] = marked_like(dict(found.values), inputs.get("values"))
        if found.version != (before.get("status") or {}).get("version") and "version" in current:
            current["version"] = found.version
        if _manifest_hash(found) != before.get("manifestHash"):
            # Another chart of the same version was installed: this one's hash is not there.
            current.pop("checksum", None)
        return _outputs(current, found), current

    def uninstall(self, recorded: Mapping[str, Any], timeout: float) -> None:
        """Uninstall a release and wait until its objects are gone; gone already is no failure."""
        given = plain(recorded)
        name, namespace = given["name"], given["namespace"]
        if (given.get("status") or {}).get("status") == _KEPT_STATUS:
            if self.instance is not None:
                kept_in_state.forget(self.instance, locate(given).name)
            return
        if latest(self.cluster.require(), namespace, name) is None:
            return
        seconds = round(timeout) or given.get("timeout") or DEFAULT_TIMEOUT
        try:
            self._uninstall(namespace, name, seconds)
        except HelmError:
            # The Helm of a run whose engine was killed may have come first.
            if latest(self.cluster.require(), namespace, name) is not None:
                raise

    def _uninstall(self, namespace: str, name: str, seconds: float) -> None:
        arguments = ["uninstall", name, "--namespace", namespace, "--ignore-not-found"]
        arguments += ["--wait", "--cascade", "foreground", "--timeout", f"{seconds}s"]
        self._helm().run(*arguments, configuration=self.cluster.configuration)

    def _is_pending(self, given: Properties) -> bool:
        found = latest(self.cluster.require(), given["namespace"], given["name"])
        return found is not None and found.is_pending

    def _recover(self, api: KubeApi, namespace: str, name: str) -> None:
        stored = revisions(api, namespace, name)
        if not stored or not stored[-1].is_pending:
            return
        pending = stored[-1]
        left = f"revision {pending.revision} of the release {name} was left {pending.status}"
        # Helm marks the old revision as superseded a moment before the new one is deployed.
        if any(release.status in ("deployed", "superseded") for release in stored):
            # What that revision has changed already is put right by the upgrade that follows.
            self.connection.log(f"{left} by an interrupted run and is dropped", self.urn)
            forget_revision(api, pending)
        else:
            self.connection.log(f"{left} by an interrupted run and is uninstalled", self.urn)
            self._uninstall(namespace, name, DEFAULT_TIMEOUT)

    def _upgrade(self, chart: Chart, given: Properties, *more: str) -> str:
        return self._helm().run(
            "upgrade",
            given["name"],
            str(chart.path),
            "--install",
            "--reset-values",
            *("--namespace", given["namespace"]),
            *("--timeout", f"{given.get('timeout', DEFAULT_TIMEOUT)}s"),
            *upgrade_flags(given),
            *more,
            configuration=self.cluster.configuration,
            values=chart_values(given),
        )

    def _render(self, chart: Chart, given: Properties) -> None:
        arguments = ["template", given["name"], str(chart.path), "--namespace", given["namespace"]]
        with tempfile.TemporaryDirectory() as directory:
            helm = Helm(Path(directory), self.connection)
            helm.run(*arguments, values=chart_values(given))

    def _helm(self) -> Helm:
        if self.instance is None:
            raise ProviderError("without a sandbox there is no cluster to install a release in")
        return Helm(self.instance.state / "helm", self.connection)

    def _keep(self, chart: Chart, inputs: Mapping[str, Any]) -> Properties:
        given = plain(inputs)
        if self.instance is None:
            raise ProviderError(f"the chart {chart.name} is not on this machine")
        wanted = f"release {given['name']} of version {given.get('version', 'latest')}"
        kept_in_state.record(
            self.instance,
            chart.name,
            f"Helm {wanted}: chart repositories are not asked, and this chart has no substitute",
        )
        self.connection.log(
            f"the chart {chart.name} is not on this machine; the release is kept in the state only",
            self.urn,
        )
        status = {key: given[key] for key in ("name", "namespace", "version") if key in given}
        status |= {"chart": chart.name, "status": _KEPT_STATUS}
        return {**inputs, "status": status, "resourceNames": {}}

    def _trouble(self, api: KubeApi, namespace: str, name: str) -> str:
        try:
            return pod_trouble(api, namespace, f"app.kubernetes.io/instance={name}")
        except ApiError:
            return ""


def _manifest_hash(release: StoredRelease) -> str:
    return hashlib.sha256(release.manifest.encode()).hexdigest()


def _outputs(inputs: Mapping[str, Any], release: StoredRelease) -> Properties:
    status = {
        "appVersion": release.app_version,
        "chart": release.chart,
        "name": release.name,
        "namespace": release.namespace,
        "revision": release.revision,
        "status": release.status,
        "version": release.version,
    }
    return {
        **inputs,
        "status": status,
        "resourceNames": release.resource_names,
        "manifestHash": _manifest_hash(release),
    }
