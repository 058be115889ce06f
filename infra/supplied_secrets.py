"""Secrets that a person supplies, as the configuration has them; values are never looked at."""

from collections.abc import Iterator
from typing import TypeAlias

from infra.secret_families import SUPPLIED, supplied_family
from infra.settings import Settings
from infra.suggestions import unknown

SUPPLIED_SECRETS_KEY = "suppliedSecrets"

# In place of `suppliedSecrets` for whoever reads a stack's file and cannot decrypt it.
ENCRYPTED = "[encrypted]"

# Family → epoch → names of its fields; None if they are encrypted as a whole.
Supplied: TypeAlias = dict[str, dict[str, frozenset[str]]] | None


def supplied_secret_problems(settings: Settings, supplied: Supplied) -> Iterator[str]:
    """Every epoch in use has its values, and nothing else is supplied."""
    if supplied is None:
        return
    used = settings.supplied_families if settings.secrets.supplied == "configuration" else {}
    for family, epoch in used.items():
        known = supplied_family(family)
        wanted = frozenset(known.fields if known else ())
        for number in sorted({max(1, epoch - 1), epoch}):
            given = supplied.get(family, {}).get(str(number))
            command = f"pulumi config set --secret --path '{SUPPLIED_SECRETS_KEY}.{family}"
            if given is None:
                yield (
                    f"{SUPPLIED_SECRETS_KEY}.{family}: epoch {number} has no value, and values of "
                    f"this family are supplied, not generated; set it with `{command}"
                    f'["{number}"].{sorted(wanted)[0]}\'`'
                )
            elif given != wanted:
                yield (
                    f'{SUPPLIED_SECRETS_KEY}.{family}["{number}"]: has '
                    f"{', '.join(sorted(given)) or 'nothing'}; needs {', '.join(sorted(wanted))}"
                )
    for family in sorted(supplied.keys() - used.keys()):
        if supplied_family(family):
            yield f"{SUPPLIED_SECRETS_KEY}.{family}: nothing in this stack uses it; remove it"
        else:
            yield f"{SUPPLIED_SECRETS_KEY}.{family}: {unknown('family', family, SUPPLIED)}"
