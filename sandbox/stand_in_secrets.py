"""Words in place of what is encrypted in a stack's file, for previews that have no key to it."""

import json
from collections.abc import Mapping
from typing import Any

from infra.configuration import parse
from infra.secret_families import kept_epochs, supplied_family
from infra.settings import Settings, SettingsError
from infra.supplied_secrets import ENCRYPTED, SUPPLIED_SECRETS_KEY

# What ties a stack's file to the key that decrypts it
# (sdk/go/common/workspace/project.go of Pulumi 3.259).
_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")


def without_ciphertext(content: Mapping[str, Any], stack: str, project: str) -> dict[str, Any]:
    """Return a stack's file that any engine can read, with words for encrypted values.

    ``suppliedSecrets`` that are encrypted as a whole get the shape that the settings ask for.
    """
    plain = {key: value for key, value in content.items() if key not in _KEYS}
    plain["config"] = {key: _word(value) for key, value in (content.get("config") or {}).items()}
    whole = f"{project}:{SUPPLIED_SECRETS_KEY}"
    if plain["config"].get(whole) == ENCRYPTED:
        texts = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in plain["config"].items()
        }
        try:
            plain["config"][whole] = supplied_shape(parse(stack, project, texts))
        except SettingsError:
            # The program tells of every error itself.
            del plain["config"][whole]
    return plain


def supplied_shape(settings: Settings) -> dict[str, dict[str, dict[str, str]]]:
    """Return ``suppliedSecrets`` as a stack needs them, with a word for each value."""
    return {
        family: {
            str(number): dict.fromkeys(known.fields, ENCRYPTED) for number in kept_epochs(epoch)
        }
        for family, epoch in settings.supplied_families.items()
        if (known := supplied_family(family))
    }


def _word(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"secure"}:
            return ENCRYPTED
        return {key: _word(one) for key, one in value.items()}
    return [_word(one) for one in value] if isinstance(value, list) else value
