"""What to say of a name that nobody knows: the one that was probably meant, or all there are."""

import difflib
from collections.abc import Iterable

# From which ratio on: `tga` is meant as `tag`, `saltKey` is not meant as `masterKey`.
_ALIKE = 0.65


def hint(name: str, known: Iterable[str]) -> str:
    """Return the nearest known name as a question, or every known one if none is near."""
    names = sorted(set(known))
    if near := difflib.get_close_matches(name, names, n=1, cutoff=_ALIKE):
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(names)}"


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return ``unknown <kind>`` with a hint."""
    return f"unknown {kind}; {hint(name, known)}"
