"""Masks personal data in texts that are logged. Needs no library.

Every pattern is linear in the length of the text: prompts are long, and this runs in the proxy.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

Mask: TypeAlias = Callable[[str], str]

_EMAIL = re.compile(r"(?<![\w.%+-])[\w.%+-]++@[\w-]++(?:\.[\w-]++)+")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
# International; national with a trunk prefix; North American. A number without any of the three
# cannot be told from an id, an amount or a date.
_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"(?:\+|00)[1-9](?:[ ()./-]{0,2}\d){6,13}"
    r"|\(?0[1-9]\d{0,3}\)?[ /-](?:[ -]?\d){4,10}"
    r"|(?:1[ .-])?\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}"
    r")(?![\w-])"
)


def _mask_cards(text: str) -> str:
    return _CARD.sub(lambda found: "[card]" if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, Luhn's formula)."""
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


# In the order of their use: a card number must not be taken for a telephone number.
KINDS: Mapping[str, Mask] = {
    "emailAddresses": lambda text: _EMAIL.sub("[email]", text) if "@" in text else text,
    "cardNumbers": _mask_cards,
    "phoneNumbers": lambda text: _PHONE.sub("[phone]", text),
}


def masker(kinds: Iterable[str], patterns: Mapping[str, str]) -> Mask:
    """Return what replaces personal data in a text by its kind, such as ``[email]``.

    ``patterns`` are further regular expressions by the name that stands in their place.
    """
    steps = [mask for kind, mask in KINDS.items() if kind in set(kinds)]
    steps += [
        lambda text, pattern=re.compile(pattern), name=name: pattern.sub(f"[{name}]", text)
        for name, pattern in patterns.items()
    ]

    def mask(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    return mask
