"""What is personal data in a text, and what only looks like it."""

import pytest

from proxy_hooks.personal_data import KINDS, masker

MASKED = {
    "ask ada.lovelace+x@ex-ample.co.uk, now": "ask [email], now",
    "<ada@example.com>;bob@example.org": "<[email]>;[email]",
    "4111 1111 1111 1111": "[card]",
    "card 4111-1111-1111-1111.": "card [card].",
    "378282246310005": "[card]",
    "+49 30 1234567": "[phone]",
    "0041 44 668 18 00": "[phone]",
    "(030) 1234567": "[phone]",
    "0171/1234567": "[phone]",
    "415 555 2671 or (415) 555-2671": "[phone] or [phone]",
    "tel:+442079460000;ext=1": "tel:[phone];ext=1",
    '{"email": "ada@example.com"}': '{"email": "[email]"}',
}
UNTOUCHED = [
    "2026-11-21 10:00:00",
    "192.168.10.12:4000",
    "1.234.567,89 EUR",
    "version 1.106.2",
    "4111 1111 1111 1112",
    "1767225600",
    "0.123456789",
    "550e8400-e29b-41d4-a716-446655440000",
    "a @ b, @mention, user@localhost",
    "日本語 😀",
]


@pytest.mark.parametrize("text", MASKED)
def test_personal_data_gives_way_to_its_kind(text: str) -> None:
    assert masker(KINDS, {})(text) == MASKED[text]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert masker(KINDS, {})(text) == text


def test_a_kind_that_is_off_stays() -> None:
    assert masker(["cardNumbers"], {})("ada@example.com") == "ada@example.com"


def test_configured_patterns_are_masked_under_their_names() -> None:
    assert masker([], {"ticket": r"ABC-\d+"})("see ABC-12") == "see [ticket]"
