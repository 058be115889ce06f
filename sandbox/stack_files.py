"""The project directory that the engine works in: copies, so that nothing in the checkout changes.

The engine writes an encryption salt into a stack's file, and a sandbox has addresses and secrets
of its own. Both belong in the sandbox's state, not in a tracked file.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.stand_in_secrets import without_ciphertext
from sandbox.whole_file import write_file

SANDBOX_STACK = "sandbox"
PROJECT = "litellm-gateway"
_KEPT = "kept-settings.yaml"
_NAMED = "stack"


class OverrideError(Exception):
    """A ``--set`` argument that is not ``section.key=value``."""


def write_project(directory: Path) -> None:
    """Write ``Pulumi.yaml`` into ``directory``, pointing back at the checkout's program."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    project = yaml.safe_load((PROJECT_ROOT / "Pulumi.yaml").read_text())
    project["main"] = str(PROJECT_ROOT / "infra")
    write_file(directory / "Pulumi.yaml", yaml.safe_dump(project, sort_keys=False))


def write_stack(
    directory: Path,
    stack: str,
    overrides: Mapping[str, str],
    instance: Instance | None = None,
    certificate_authority: Path | None = None,
) -> Path:
    """Write ``Pulumi.<stack>.yaml`` as :func:`stack_content` has it, and return its path."""
    path = directory / f"Pulumi.{stack}.yaml"
    content = stack_content(directory, stack, overrides, instance, certificate_authority)
    write_file(path, yaml.safe_dump(content, sort_keys=False))
    return path


def stack_content(
    directory: Path,
    stack: str,
    overrides: Mapping[str, str],
    instance: Instance | None = None,
    certificate_authority: Path | None = None,
) -> dict[str, Any]:
    """Return a stack's file: the checkout's, with what belongs to this directory.

    Kept from an earlier run: the engine's salt and the supplied secrets, which only exist here.
    With an instance the checkout's is that of the sandbox, whatever the stack is called, and its
    addresses and certificate authority are filled in; without one, words stand in for what is
    encrypted. ``overrides`` are
    ``section.key`` → YAML text, and go before those that :func:`keep_settings` has kept; raises
    :class:`OverrideError` for one that does not fit. Those of an earlier run are forgotten.
    """
    path = directory / f"Pulumi.{stack}.yaml"
    source = PROJECT_ROOT / (f"Pulumi.{SANDBOX_STACK}.yaml" if instance else path.name)
    if not source.exists():
        known = ", ".join(sorted(file.stem[7:] for file in PROJECT_ROOT.glob("Pulumi.*.yaml")))
        raise OverrideError(f"there is no stack {stack!r}; stacks are {known}")
    content = yaml.safe_load(source.read_text())
    if instance is None:
        content = without_ciphertext(content, stack, PROJECT)
    earlier = yaml.safe_load(path.read_text() if path.exists() else "") or {}
    if "encryptionsalt" in earlier:
        content["encryptionsalt"] = earlier["encryptionsalt"]
    supplied = f"{PROJECT}:suppliedSecrets"
    if instance and supplied in earlier.get("config", {}):
        content["config"][supplied] = earlier["config"][supplied]
    if instance:
        _fill_in(content["config"], instance, certificate_authority)
    for key, text in {**kept_settings(directory), **overrides}.items():
        override(content["config"], key, text)
    return content


def kept_settings(directory: Path) -> dict[str, str]:
    """Return the settings that were kept for this sandbox: ``section.key`` → YAML text."""
    file = directory / _KEPT
    return yaml.safe_load(file.read_text()) if file.exists() else {}


def keep_settings(directory: Path, settings: Mapping[str, str]) -> None:
    """Keep settings for every later run, as a commit to a stack's file does elsewhere.

    They are ``section.key`` → YAML text, and go with the sandbox's state.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_file(directory / _KEPT, yaml.safe_dump({**kept_settings(directory), **settings}))


def name_stack(directory: Path, stack: str) -> None:
    """Give the stack that will run here another name than ``sandbox``."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_file(directory / _NAMED, stack)


def stack_name(directory: Path) -> str:
    """Return the name of the stack that runs here, or would."""
    file = directory / _NAMED
    return file.read_text() if file.exists() else SANDBOX_STACK


def stack_region(directory: Path) -> str:
    """Return the region of AWS that a sandbox's stack is in, its kept settings included."""
    content = yaml.safe_load((PROJECT_ROOT / f"Pulumi.{SANDBOX_STACK}.yaml").read_text())["config"]
    for key, text in kept_settings(directory).items():
        override(content, key, text)
    region: str = content[f"{PROJECT}:aws"]["region"]
    return region


def proxy_tag(directory: Path, overrides: Mapping[str, str]) -> str | None:
    """Return the tag of the proxy's image that a sandbox's stack names; None if it names none."""
    content = yaml.safe_load((PROJECT_ROOT / f"Pulumi.{SANDBOX_STACK}.yaml").read_text())["config"]
    for key, text in {**kept_settings(directory), **overrides}.items():
        override(content, key, text)
    gateway: dict[str, Any] = content[f"{PROJECT}:gateway"]
    tag: str | None = (gateway.get("image") or {}).get("tag")
    return tag


def passphrase_file(directory: Path) -> Path:
    """Return the file with the passphrase of the stack's secrets, made on first use."""
    path = directory / "passphrase"
    if not path.exists():
        write_file(path, secrets.token_urlsafe(32))
    return path


def _fill_in(
    config: dict[str, Any], instance: Instance, certificate_authority: Path | None
) -> None:
    config[f"{PROJECT}:aws"]["endpoint"] = instance.aws_endpoint
    if certificate_authority:
        for section in ("database", "cache"):
            values = config.setdefault(f"{PROJECT}:{section}", {})
            values["certificateAuthorityFile"] = str(certificate_authority)


def override(config: dict[str, Any], key: str, text: str) -> None:
    """Put a setting into a stack's configuration: ``section.key`` and its YAML text.

    Raises :class:`OverrideError` for one that does not fit.
    """
    section, *path = key.split(".")
    if not section or not all(path):
        raise OverrideError(f"{key!r} is not a key such as rotation.masterKey")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise OverrideError(f"{key}: {text!r} is not YAML: {error}") from error
    full = f"{PROJECT}:{section}"
    if not path:
        config[full] = value
        return
    place = config.setdefault(full, {})
    for part in path[:-1]:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise OverrideError(f"{key}: {part!r} has no keys below it")
    place[path[-1]] = value
