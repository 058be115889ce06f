"""What a Helm release is given: its inputs checked, its flags and values for Helm."""

from collections.abc import Mapping
from typing import Any

from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.charts import locate
from sandbox.providers.kubernetes.checking import generated_name
from sandbox.providers.properties import has_unknowns, plain

Properties = dict[str, Any]

# The default of the Release resource; "Time in seconds to wait for any individual operation".
DEFAULT_TIMEOUT = 300
_KNOWN = {
    "allowNullValues",
    "atomic",
    "chart",
    "checksum",
    "cleanupOnFail",
    "compat",
    "createNamespace",
    "dependencyUpdate",
    "description",
    "forceUpdate",
    "maxHistory",
    "name",
    "namespace",
    "repositoryOpts",
    "skipAwait",
    "skipCrds",
    "takeOwnership",
    "timeout",
    "values",
    "version",
    "waitForJobs",
}
_FLAGS = {
    "atomic": "--atomic",
    "cleanupOnFail": "--cleanup-on-fail",
    "createNamespace": "--create-namespace",
    "dependencyUpdate": "--dependency-update",
    "forceUpdate": "--force",
    "skipCrds": "--skip-crds",
    "takeOwnership": "--take-ownership",
}


def checked_inputs(
    old: Mapping[str, Any], new: Mapping[str, Any], name: str, seed: bytes, namespace: str
) -> Properties:
    """Return a release's inputs with its name, namespace and the chart's hash filled in.

    Raises :class:`ProviderError` for an input that is not known here and for a chart that
    cannot be found.
    """
    given = plain(new)
    unknown = {key for key, value in given.items() if value is not None} - _KNOWN
    if unknown:
        raise ProviderError(
            f"the release {name} sets {', '.join(sorted(unknown))}, which the sandbox does not "
            f"know; it knows {', '.join(sorted(_KNOWN - {'checksum', 'compat'}))}"
        )
    inputs = {key: value for key, value in new.items() if given[key] is not None}
    if given.get("name") is None:
        inputs["name"] = plain(old).get("name") or generated_name(name, seed)
    if given.get("namespace") is None:
        inputs["namespace"] = namespace
    if "chart" not in given:
        raise ProviderError(f"the release {name} has no chart")
    if not has_unknowns({key: given.get(key) for key in ("chart", "version", "repositoryOpts")}):
        chart = locate(given)
        if chart.path is not None:
            inputs["checksum"] = chart.checksum
    return inputs


def upgrade_flags(given: Mapping[str, Any]) -> list[str]:
    """Return what a release's inputs switch on in ``helm upgrade``."""
    flags = [flag for key, flag in _FLAGS.items() if given.get(key)]
    if not given.get("skipAwait") or given.get("atomic"):
        flags += ["--wait"]
        flags += ["--wait-for-jobs"] if given.get("waitForJobs") else []
    if given.get("description"):
        flags += ["--description", given["description"]]
    if "maxHistory" in given:
        flags += ["--history-max", str(given["maxHistory"])]
    return flags


def chart_values(given: Mapping[str, Any]) -> Properties:
    """Return a release's values; without nulls, unless it allows them."""
    values = given.get("values") or {}
    result: Properties = values if given.get("allowNullValues") else _without_nulls(values)
    return result


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
