"""What a container image name means on this machine: executables, environment and a command.

The kubelet stand-in asks :func:`resolve` before it starts a container, as the real one pulls.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sandbox import litellm_image, toolchain
from sandbox.paths import PROJECT_ROOT

_LITELLM = ("ghcr.io/berriai/litellm", "ghcr.io/berriai/litellm-non_root")
_EXTERNAL_SECRETS = (
    "ghcr.io/external-secrets/external-secrets",
    "oci.external-secrets.io/external-secrets/external-secrets",
)
_POSTGRES_CLIENT = ("public.ecr.aws/docker/library/postgres",)
_POSTGRES_MAJORS = range(15, 19)


class UnknownImage(Exception):
    """The image is none that this machine can stand in for; becomes ImagePullBackOff."""


@dataclass(frozen=True)
class Image:
    """An image as a process of this machine sees it.

    ``path`` goes before PATH, ``environment`` is the image's ENV, ``entrypoint`` and ``command``
    are its ENTRYPOINT and CMD. With ``kubeconfig`` the process gets one for its service account,
    because it finds the API server by the cluster's own addresses elsewhere.
    """

    repository: str
    version: str
    path: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    kubeconfig: bool = False


def resolve(reference: str) -> Image:
    """Return what a reference (``repository:tag``, a digest is ignored) stands for.

    Raises UnknownImage, which names the reference and what there is instead, for another
    repository or version and for an image that is not built.
    """
    repository, tag = _split(reference)
    for repositories, image in _IMAGES.items():
        if repository in repositories:
            return image(repository, tag)
    known = ", ".join(name for names in _IMAGES for name in names)
    raise UnknownImage(f"{reference}: this machine stands in for {known} only")


def ensure_litellm(
    progress: Callable[[str], None] = lambda _: None, tag: str | None = None
) -> None:
    """Build the LiteLLM image of a tag, or of the lock file, unless it is there.

    Raises ImageBuildError, also for a tag that the package registry has nothing for.
    """
    version = _litellm_version(tag) if tag else None
    if tag and not version:
        raise litellm_image.ImageBuildError(f"the tag {tag} names no release of LiteLLM")
    litellm_image.ensure(progress, version)


def _litellm_version(tag: str) -> str | None:
    # The registry spells a release v1.2.3, main-v1.2.3, and both with -stable.
    found = re.fullmatch(r"(?:main-)?v?(\d+\.\d+\.\d+)(?:-stable)?", tag)
    return found[1] if found else None


def _litellm(repository: str, tag: str) -> Image:
    version = _litellm_version(tag)
    if not version or not litellm_image.is_built(version):
        raise UnknownImage(
            f"{repository}:{tag}: not on this machine; `sandbox up` builds version "
            f"{litellm_image.locked_version()}, and another one if gateway.image.tag names it"
        )
    image = litellm_image.built_image(version)
    return Image(
        repository=repository,
        version=version,
        path=image.path,
        environment=image.environment,
        entrypoint=("litellm",),
        command=("--port", "4000"),
    )


def _external_secrets(repository: str, tag: str) -> Image:
    version = _built_version_of_external_secrets()
    if tag.removeprefix("v") != version:
        raise UnknownImage(f"{repository}:{tag}: this machine has version {version} only")
    return Image(
        repository=repository,
        version=version,
        path=(str(_tool("external-secrets").parent),),
        entrypoint=("external-secrets",),
        kubeconfig=True,
    )


def _postgres_client(repository: str, tag: str) -> Image:
    major = re.match(r"\d+", tag)
    if not major or int(major[0]) not in _POSTGRES_MAJORS:
        first, last = _POSTGRES_MAJORS[0], _POSTGRES_MAJORS[-1]
        raise UnknownImage(f"{repository}:{tag}: this machine stands in for {first} to {last} only")
    programs = _tool("postgres")  # the folder of all of PostgreSQL's programs
    return Image(repository=repository, version=major[0], path=(str(programs),), command=("psql",))


@cache
def _built_version_of_external_secrets() -> str:
    requirements = PROJECT_ROOT / "sandbox" / "go_tools" / "external-secrets" / "go.mod"
    pattern = r"github\.com/external-secrets/external-secrets v(\S+)"
    found = re.search(pattern, requirements.read_text())
    if not found:
        raise UnknownImage(f"{requirements} does not require github.com/external-secrets")
    return found[1]


@cache
def _found(name: str) -> Path | None:
    return toolchain.find(name)


def _tool(name: str) -> Path:
    path = _found(name)
    if not path:
        _found.cache_clear()
        raise UnknownImage(f"the executable {name} is not there yet; `sandbox up` provides it")
    return path


_IMAGES: Mapping[tuple[str, ...], Callable[[str, str], Image]] = {
    _LITELLM: _litellm,
    _EXTERNAL_SECRETS: _external_secrets,
    _POSTGRES_CLIENT: _postgres_client,
}


def _split(reference: str) -> tuple[str, str]:
    name, _, _digest = reference.partition("@")
    repository, separator, tag = name.rpartition(":")
    if not separator or "/" in tag:  # no tag, or a registry's port
        return name, "latest"
    return repository, tag
