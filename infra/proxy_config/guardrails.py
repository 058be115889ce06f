"""``guardrails``: LiteLLM's own content filter, free and without a service, and Bedrock's.

Read by ``init_guardrails_v2`` in litellm/proxy/guardrails/init_guardrails.py of 1.106.2, with
``ContentFilterPattern`` and ``BlockedWord`` in litellm/types/guardrails.py.
"""

from collections.abc import Iterator, Sequence

from infra.proxy_config.additions import given
from infra.setting_sections import BedrockGuardrailSettings, GuardrailSettings
from infra.settings import Settings

_MODES = {"requests": "pre_call", "answers": "post_call"}


def guardrails(settings: Settings) -> tuple[dict[str, object], ...]:
    """Return the entries of ``guardrails``, in the order in which they look."""
    return tuple(
        {
            "guardrail_name": guardrail.name,
            "litellm_params": {
                **(
                    _bedrock(guardrail.bedrock, settings)
                    if guardrail.bedrock
                    else _content_filter(guardrail)
                ),
                "mode": _MODES[guardrail.direction],
                "default_on": guardrail.always,
            },
        }
        for guardrail in settings.guardrails
    )


def guardrail_arns(
    guardrails: Sequence[GuardrailSettings], *, partition: str, account: str, region: str
) -> Iterator[str]:
    """Yield the ARN of each of Bedrock's guardrails, which the pods must be allowed to apply."""
    for guardrail in guardrails:
        if chosen := guardrail.bedrock:
            home = chosen.region or region
            yield f"arn:{partition}:bedrock:{home}:{account}:guardrail/{chosen.id}"


def _bedrock(guardrail: BedrockGuardrailSettings, settings: Settings) -> dict[str, object]:
    return {
        "guardrail": "bedrock",
        "guardrailIdentifier": guardrail.id,
        "guardrailVersion": guardrail.version,
        "aws_region_name": guardrail.region or settings.aws.region,
    }


def _content_filter(guardrail: GuardrailSettings) -> dict[str, object]:
    prebuilt = [
        {"pattern_type": "prebuilt", "pattern_name": name, "action": action.upper()}
        for name, action in guardrail.patterns.items()
    ]
    own = [
        {
            "pattern_type": "regex",
            "name": name,
            "pattern": pattern.expression,
            "action": pattern.action.upper(),
        }
        for name, pattern in guardrail.own_patterns.items()
    ]
    words = [
        {"keyword": word, "action": action.upper()} for word, action in guardrail.words.items()
    ]
    return given(
        guardrail="litellm_content_filter", patterns=[*prebuilt, *own], blocked_words=words
    )
