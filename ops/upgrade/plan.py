"""Which version a gateway goes to, what that changes, and what it must not change. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.settings import Settings
from ops.deployments.deployment import quoted
from sandbox.outcome import Change

_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_TAG = re.compile(r":[^@/:]*?(\d+\.\d+\.\d+)[^@/:]*(?:@|$)")
# Where an image stands in what the program makes of it.
_FOLLOWS = (
    r"values\.image\.(tag|digest)",
    r"spec\.jobTemplate\.spec\.template\.spec\.containers\[\d+\]\.image",
)
_KINDS = ("kubernetes:helm.sh/v3:Release", "kubernetes:batch/v1:CronJob")


class VersionError(Exception):
    """A version is none that a gateway could be upgraded to; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """From which version to which, and by which settings; ``previous`` brings them back."""

    from_version: str
    to_version: str
    changes: Mapping[str, str]
    previous: Mapping[str, str]


def release(text: str) -> str:
    """Return a version as LiteLLM's releases are numbered; VersionError for anything else."""
    found = _RELEASE.fullmatch(text)
    if not found:
        raise VersionError(f"{text!r} is no release of LiteLLM; give one such as 1.108.5")
    return ".".join(found.groups())


def version_of(image: str) -> str:
    """Return the version that a container's image names; VersionError if it names none."""
    found = _TAG.search(image)
    if not found:
        raise VersionError(f"the running image {image} names no version")
    return found[1]


def check_direction(running: str, wanted: str) -> None:
    """Raise VersionError unless ``wanted`` comes after ``running``."""
    if _order(wanted) == _order(running):
        raise VersionError(f"{wanted} runs already")
    if _order(wanted) < _order(running):
        raise VersionError(
            f"{wanted} is older than {running}, which runs. Migrations of the database do not go "
            f"back, and {wanted} was not made for the tables of {running}. Restore the snapshot of "
            "before the upgrade together with the older image: docs/runbooks/upgrade.md, Go back"
        )


def previous(settings: Settings, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the changes that bring settings back to what they are."""
    image, images = settings.gateway.image, settings.images
    now = {
        "gateway.image.tag": image.tag,
        "gateway.image.digest": image.digest,
        "images.signingKey": images.signing_key,
        "images.signingIdentity": images.signing_identity,
    }
    return {key: quoted(text) if (text := now[key]) else "null" for key in changes}


def others(changes: Iterable[Change]) -> list[Change]:
    """Return the changes of a preview that do not follow from another image."""
    return [change for change in changes if not _follows(change)]


def _follows(change: Change) -> bool:
    return bool(change.resource_type in _KINDS and change.properties) and all(
        any(re.fullmatch(pattern, path) for pattern in _FOLLOWS) for path in change.properties
    )


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
