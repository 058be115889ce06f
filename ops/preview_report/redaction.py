"""Keeps secret values out of a report, whatever way they have taken into its sources.

The engine marks what a program declares as secret. This is for the rest: values that are supplied
in a stack's file in clear, secrets of the job's own environment, and texts that look like secrets.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.proxy_config.secret_checks import SECRET_TEXT
from infra.supplied_secrets import SUPPLIED_SECRETS_KEY
from ops.preview_report.values import SECRET
from sandbox.stack_files import PROJECT

# Shorter ones would take ordinary words out of the text.
_LEAST_LETTERS = 6
_SECRET_VARIABLE = re.compile(r"(TOKEN|SECRET|PASSWORD|PASSPHRASE|CREDENTIALS|_KEY)$")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.S)
# The rest of a word that begins as a secret does.
_SECRET_WORD = re.compile(rf"[^\s\"'`]*(?:{SECRET_TEXT.pattern})[^\s\"'`,;]*")


class Redactor:
    """Replaces secret values in texts by a word."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value for value in values if len(value) >= _LEAST_LETTERS}
        # The longest first: one may be the beginning of another.
        longest = sorted(known, key=lambda value: (-len(value), value))
        self._known = re.compile("|".join(map(re.escape, longest))) if longest else None

    def hide(self, text: str) -> str:
        """Return a text without the secrets in it."""
        if self._known:
            text = self._known.sub(SECRET.text, text)
        text = _KEY_BLOCK.sub(SECRET.text, text)
        return _SECRET_WORD.sub(SECRET.text, text)


def environment_secrets(environment: Mapping[str, str] = os.environ) -> set[str]:
    """Return the values of variables that hold secrets by their names."""
    return {value for name, value in environment.items() if _SECRET_VARIABLE.search(name)}


def supplied_in_clear(stack: str, directory: Path) -> set[str]:
    """Return supplied values that somebody has left in clear in a stack's file."""
    file = directory / f"Pulumi.{stack}.yaml"
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return set()  # whoever reads the file next says what is wrong with it
    config = document.get("config") if isinstance(document, Mapping) else None
    if not isinstance(config, Mapping):
        return set()
    names = (SUPPLIED_SECRETS_KEY, f"{PROJECT}:{SUPPLIED_SECRETS_KEY}")
    return {text for name in names for text in _texts(config.get(name))}


def _texts(value: Any) -> set[str]:
    """Every text in a value, and every line of one that has several."""
    if isinstance(value, Mapping):
        return {text for one in value.values() for text in _texts(one)}
    if isinstance(value, list):
        return {text for one in value for text in _texts(one)}
    return {value, *value.splitlines()} if isinstance(value, str) else set()
