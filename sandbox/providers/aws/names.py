"""Automatic physical names as the real provider makes them: logical name and seven hex digits."""

import hashlib
import secrets

from sandbox.providers.aws.table import Properties, ResourceType

DEFAULTS = "__defaults"
_HEX_DIGITS, _PREFIX_DIGITS = 7, 26


def with_defaults(
    kind: ResourceType, logical_name: str, inputs: Properties, previous: Properties, seed: bytes
) -> Properties:
    """Return the inputs with the real provider's defaults, and a name where none is given.

    ``__defaults`` lists what was filled in. A resource keeps the automatic name that it has.
    """
    filled = {name: value for name, value in kind.defaults.items() if name not in inputs}
    if kind.name and kind.name not in inputs:
        filled[kind.name] = _kept_name(kind, inputs, previous) or _new_name(
            kind, logical_name, inputs, seed
        )
    return {**inputs, **filled, DEFAULTS: sorted(filled)}


def is_automatic(kind: ResourceType, inputs: Properties) -> bool:
    """Whether the physical name was made here."""
    return kind.name in inputs.get(DEFAULTS, [])


def _kept_name(kind: ResourceType, inputs: Properties, previous: Properties) -> str | None:
    prefix = kind.name_prefix
    if prefix and inputs.get(prefix) != previous.get(prefix):
        return None
    return previous.get(str(kind.name)) if is_automatic(kind, previous) else None


def _new_name(kind: ResourceType, logical_name: str, inputs: Properties, seed: bytes) -> str:
    # The engine's seed makes the update choose the name that the preview has shown.
    digits = hashlib.sha256(seed or secrets.token_bytes(16)).hexdigest()
    if kind.name_prefix and inputs.get(kind.name_prefix):
        return f"{inputs[kind.name_prefix]}{digits[:_PREFIX_DIGITS]}"[: kind.name_length]
    stem = logical_name.lower() if kind.name_lower_case else logical_name
    return f"{stem[: kind.name_length - _HEX_DIGITS - 1]}-{digits[:_HEX_DIGITS]}"
