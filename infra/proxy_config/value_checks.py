"""What values may be, told by the name of their key: the same in every section of LiteLLM.

So a key that is new here is held to the rules of its kind from its first day.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from infra.proxy_config.allowed_keys import FREE_KEYS
from infra.proxy_config.secret_checks import REFERENCE, is_secret
from infra.proxy_config.walk import Place, everything, kind, root

_DURATION_NAME = re.compile(r"(^|_)duration$|_retention_(period|interval)$")
# duration_in_seconds in litellm/litellm_core_utils/duration_parser.py, with its words.
_DURATION = re.compile(r"0*[1-9]\d*(s|m|h|d|w|mo)|hourly|daily|weekly|monthly")
_ABOVE_ZERO = re.compile(
    r"(^|_)(cooldown_time|frequency|interval|limit|order|parallel_requests|rpm|threshold|timeout"
    r"|tpm|ttl|weight|write_at)$"
)
_NUMBER = re.compile(
    r"(^|_)(allowed_fails|budget|cost_per_token|delay|num_retries|retry_after)$"
    r"|[a-z](Retries|AllowedFails)$"
)
# Below zero it counts from the end.
_FROM_THE_END = frozenset({"index"})
# `maximum_spend_logs_cleanup_batch_timeout` and its like are durations with a unit.
_OTHERWISE = re.compile(r"_cleanup_|_stale_ttl$")
_FLAG = re.compile(
    r"^(s3_)?(allow|disable|drop|enable|enforce|ignore|redact|require|store|turn_off|use)_"
    r"|^(background_health_checks|cache|default_on|json_logs|set_verbose|ssl)$|_upsert$"
)
_ADDRESS = re.compile(r"(^|_)(api_base|url)$")
_REGION = re.compile(r"(^|_)region_name$")
_RULES = (
    # name of the key, what its text must be, and how to say so
    (_DURATION_NAME, _DURATION, "a number with s, m, h, d, w or mo, such as 30d"),
    (_ADDRESS, re.compile(r"(https?|rediss?)://\S+"), "an address such as https://host"),
    (_REGION, re.compile(r"[a-z]{2}(-[a-z]+)+-\d"), "a region such as us-east-1"),
)
# Values that undo what the gateway guarantees, and why.
_FORBIDDEN: Mapping[str, tuple[object, str]] = {
    "general_settings.allow_requests_on_db_unavailable": (
        True, "every key would pass while the database is away; set it to false",
    ),
    "general_settings.dangerously_permit_weak_or_unset_master_key": (
        True, "anybody could administer the gateway; leave it out",
    ),
    "litellm_settings.set_verbose": (
        True, "prompts and keys would stand in the pods' logs; leave it out",
    ),
}  # fmt: skip


def value_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield every value that cannot be meant."""
    for place in everything(root(config)):
        if place.value is None:
            yield f"{place.path}: is empty; give it a value or leave the key out"
        elif isinstance(place.value, list):
            yield from _repeated(place)
        elif isinstance(place.value, bool | int | float | str) and not (
            _is_reference(place.value) or is_secret(place)
        ):
            yield from _wrong(place)
        forbidden = _FORBIDDEN.get(place.pattern)
        if forbidden and place.value == forbidden[0]:
            yield f"{place.path}: is {_shown(place.value)}, and {forbidden[1]}"


def _wrong(place: Place) -> Iterator[str]:
    value, key = place.value, place.key
    given = f"{place.path}: is {_shown(value)}"
    if place.pattern.rpartition(".")[0] in FREE_KEYS:
        return
    if _FLAG.search(key):
        if not isinstance(value, bool):
            yield f"{given}, {kind(value)}; must be true or false, without quotes"
        return
    if (_ABOVE_ZERO.search(key) or _NUMBER.search(key)) and not _OTHERWISE.search(key):
        if isinstance(value, bool | str):
            yield f"{given}, {kind(value)}; must be a number, without quotes"
        elif value < 0 or (value == 0 and _ABOVE_ZERO.search(key)):
            yield f"{given}; must be above zero" if value == 0 else f"{given}; is below zero"
        return
    if isinstance(value, int | float) and value < 0 and key not in _FROM_THE_END:
        yield f"{given}; is below zero"
    for name, right, words in _RULES:
        if name.search(key) and not (isinstance(value, str) and right.fullmatch(value)):
            yield f"{given}; must be {words}"


def _repeated(place: Place) -> Iterator[str]:
    texts = Counter(item for item in place.value if isinstance(item, str))
    for text, count in texts.items():
        if count > 1:
            yield f"{place.path}: {text} stands {count} times; once is enough"


def _is_reference(value: object) -> bool:
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
