"""No secret stands in a configuration in clear; every reference leads to a variable of the pods."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.proxy_config.walk import Place, everything, root
from infra.suggestions import hint

REFERENCE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")
# What stands for the key of an endpoint that asks for none.
_NO_KEY = "none"
# Names of options whose text is a secret.
_SECRET_NAME = re.compile(
    r"(?<!public)(^|_)(key|password|passphrase|secret|token|credentials?|license|webhook_url)$"
)
# Texts that are secrets wherever they stand: keys of providers and of LiteLLM, of AWS, GitHub,
# Slack and Google, private keys, and passwords in addresses.
SECRET_TEXT = re.compile(
    r"\bsk-[A-Za-z0-9_-]{8,}|\bAKIA[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]+|\bAIza[A-Za-z0-9_-]{30,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|hooks\.slack\.com/services/|://[^/@\s]*:[^/@\s]+@"
)


def is_secret(place: Place) -> bool:
    """Whether a secret stands at a place in clear, by its name or its looks."""
    text = place.value
    if not isinstance(text, str) or text == _NO_KEY or REFERENCE.fullmatch(text):
        return False
    # Credentials of Vertex AI may be the path of a mounted file.
    named = _SECRET_NAME.search(place.key) and not text.startswith("/")
    return bool(named or SECRET_TEXT.search(text))


def secret_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the places of secrets in clear; never the secrets."""
    for place in everything(root(config)):
        if is_secret(place):
            yield (
                f"{place.path}: a secret stands here in clear; write os.environ/NAME, with the "
                "name of a variable that the pods get from a Secret"
            )


def reference_problems(
    config: Mapping[str, Any], environment: frozenset[str] | None
) -> Iterator[str]:
    """Yield references that LiteLLM does not resolve, or the pods have no variable for.

    ``environment`` has the names of the pods' variables; None if they are not known.
    """
    for place in everything(root(config)):
        if not isinstance(place.value, str) or "os.environ/" not in place.value:
            continue
        reference = REFERENCE.fullmatch(place.value)
        if reference is None:
            yield (
                f"{place.path}: LiteLLM resolves a reference only as the whole value, written "
                "os.environ/NAME"
            )
        elif environment is not None and reference[1] not in environment:
            yield (
                f"{place.path}: the pods have no variable {reference[1]}; "
                f"{hint(reference[1], environment)}"
            )
