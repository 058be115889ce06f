"""Whether a state is sound, as the engine sees it, and without changing it."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from ops.state.stack_state import (
    Document,
    StackState,
    pending_operations,
    plain_secrets,
    resources,
    secrets_provider,
)

_FAILED = "Failed to repair the snapshot automatically: "
_IN_PLACE = ("parent", "provider", "deletedWith", "viewOf")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a state, where, and what mends it: ``repair``, ``refresh`` or nothing."""

    kind: str
    urn: str
    message: str
    remedy: str

    def as_document(self) -> dict[str, str]:
        return asdict(self)


def problems(document: Document, pulumi: str, *, protected: bool = False) -> list[Problem]:
    """Return what is wrong: references, order, duplicates, pending operations, plain secrets.

    Of references the engine judges itself: it repairs a copy, from which values and secrets were
    taken out, and what it changed there is what is wrong here.
    """
    found = [*_engine_finds(document, pulumi), *_pending(document)]
    for urn in plain_secrets(document):
        found.append(Problem("plain-secret", urn, "has a secret that is not encrypted", "encrypt"))
    kind, _ = secrets_provider(document)
    if protected and kind != "cloud":
        found.append(
            Problem(
                "secrets-provider",
                "",
                f"secrets of a protected stack are encrypted by {kind or 'nothing'}, not by a key "
                "management service; run `pulumi stack change-secrets-provider awskms://…`",
                "change-secrets-provider",
            )
        )
    return found


def _pending(document: Document) -> Iterator[Problem]:
    for operation in pending_operations(document):
        urn = str((operation.get("resource") or {}).get("urn"))
        what = operation.get("type")
        yield Problem(
            "pending",
            urn,
            f"a run ended while it was {what}; whether that happened, nobody knows. See what is "
            "there, then `pulumi refresh`, which asks",
            "refresh",
        )


def _engine_finds(document: Document, pulumi: str) -> Iterator[Problem]:
    before = resources(document)
    if not before:
        return
    project, stack = _owner(str(before[0].get("urn")))
    with tempfile.TemporaryDirectory(prefix="state-") as directory:
        root = Path(directory)
        place = _copy(document, root, project, stack)
        scratch = StackState(
            pulumi=pulumi,
            directory=root,
            environment={
                "PULUMI_BACKEND_URL": f"file://{root}/state",
                "PULUMI_HOME": str(root / "home"),
                "PULUMI_CONFIG_PASSPHRASE": "",
            },
            stack=stack,
        )
        done = scratch._run("state", "repair", "--yes")
        if done.returncode:
            yield _unrepairable(done)
            return
        after = json.loads(place.read_text())["checkpoint"]["latest"]["resources"]
    yield from _differences(before, after)


def _unrepairable(done: subprocess.CompletedProcess[str]) -> Problem:
    said = (done.stderr or done.stdout).strip().splitlines()
    reason = said[0].removeprefix("error: ").removeprefix(_FAILED) if said else "unknown reason"
    urn = next((word for word in reason.split() if word.startswith("urn:pulumi:")), "")
    return Problem("not-repairable", urn, reason, "restore")


def _differences(before: list[Document], after: list[Document]) -> Iterator[Problem]:
    mended = {_identity(resource): _references(resource) for resource in after}
    for resource in before:
        gone = _references(resource) - mended.get(_identity(resource), set())
        for kind, urn in sorted(gone):
            yield Problem(
                "reference", str(resource["urn"]), f"its {kind} {urn} is not there", "repair"
            )
    if [_identity(one) for one in before] != [_identity(one) for one in after]:
        yield Problem("order", "", "resources stand before what they depend on", "repair")


def _identity(resource: Document) -> tuple[str, str, bool]:
    return str(resource["urn"]), str(resource.get("id", "")), bool(resource.get("delete"))


def _references(resource: Document) -> set[tuple[str, str]]:
    named = {(key, resource[key]) for key in _IN_PLACE if resource.get(key)}
    named |= {("dependency", urn) for urn in resource.get("dependencies") or []}
    for urns in (resource.get("propertyDependencies") or {}).values():
        named |= {("dependency", urn) for urn in urns or []}
    return named


def _owner(urn: str) -> tuple[str, str]:
    """Return project and stack of ``urn:pulumi:<stack>::<project>::…``."""
    stack, project, *_ = urn.removeprefix("urn:pulumi:").split("::")
    return project, stack


def _copy(document: Document, root: Path, project: str, stack: str) -> Path:
    """Write what a backend of files has for a stack, with neither values nor secrets in it."""
    latest = dict(document["deployment"])
    latest.pop("secrets_providers", None)
    latest["resources"] = [_structure(resource) for resource in resources(document)]
    latest["pending_operations"] = []
    (root / "Pulumi.yaml").write_text(yaml.safe_dump({"name": project, "runtime": "python"}))
    place = root / "state" / ".pulumi" / "stacks" / project / f"{stack}.json"
    place.parent.mkdir(parents=True)
    (root / "state" / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    name = f"organization/{project}/{stack}"
    checkpoint = {"stack": name, "latest": latest}
    place.write_text(json.dumps({"version": document["version"], "checkpoint": checkpoint}))
    return place


def _structure(resource: Document) -> Document:
    return {key: value for key, value in resource.items() if key not in ("inputs", "outputs")}
