"""What of a record is content; the real records are those of the proxies in the other modules."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from proxy_hooks.content import (
    CONTENT_FIELDS,
    ERROR_FIELDS,
    HIDDEN,
    METADATA_CONTENT_FIELDS,
    ContentPolicy,
)
from sandbox import litellm_image
from sandbox.paths import PROJECT_ROOT

PAYLOAD: dict[str, Any] = {
    "messages": [{"role": "user", "content": [{"type": "text", "text": "SECRET"}]}],
    "response": {"choices": [{"message": {"content": "SECRET"}}]},
    "model_parameters": {"max_tokens": 5, "tools": [{"name": "SECRET"}]},
    "guardrail_information": [{"guardrail_name": "pii", "guardrail_request": {"text": "SECRET"}}],
    "error_str": "SECRET",
    "error_information": {"error_code": "400", "error_message": "SECRET", "traceback": "SECRET"},
    "metadata": {"user_api_key_alias": "ci", "mcp_tool_call_metadata": {"arguments": "SECRET"}},
    "response_cost": 0.5,
}


def policy(*, content: bool, error_texts: bool = False) -> ContentPolicy:
    return ContentPolicy(
        content=content, error_texts=error_texts, mask=lambda text: text.replace("SECRET", "[x]")
    )


def test_without_content_figures_and_names_stay() -> None:
    assert policy(content=False).payload(PAYLOAD) == {
        "messages": None,
        "response": None,
        "model_parameters": {"max_tokens": 5},
        "guardrail_information": [{"guardrail_name": "pii"}],
        "error_str": None,
        "error_information": {"error_code": "400", "error_message": None, "traceback": None},
        "metadata": {"user_api_key_alias": "ci", "mcp_tool_call_metadata": None},
        "response_cost": 0.5,
    }


def test_content_is_masked_wherever_it_is_nested() -> None:
    text = json.dumps(policy(content=True).payload(PAYLOAD))
    assert "SECRET" not in text
    assert text.count("[x]") == 8


def test_texts_of_errors_can_be_kept_without_content() -> None:
    kept = policy(content=False, error_texts=True).payload(PAYLOAD)
    assert (kept["error_str"], kept["messages"]) == ("[x]", None)


def test_the_shared_record_is_not_changed() -> None:
    before = json.dumps(PAYLOAD)
    policy(content=True).payload(PAYLOAD)
    assert json.dumps(PAYLOAD) == before


@pytest.mark.parametrize(("given", "hidden"), [("SECRET", HIDDEN), (None, None), (5, 5)])
def test_a_text_that_a_place_does_not_get_is_replaced(given: object, hidden: object) -> None:
    assert policy(content=False).text(given) == hidden


def test_every_field_that_is_treated_as_content_is_one_of_litellm(tmp_path: Path) -> None:
    litellm_image.ensure(print)
    listing = subprocess.run(
        [litellm_image.built_image().python, PROJECT_ROOT / "config_checks" / "list_log_fields.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    fields = json.loads(listing.stdout.splitlines()[-1])
    assert fields["payload"].keys() >= CONTENT_FIELDS | ERROR_FIELDS | {"error_information"}
    assert fields["metadata"].keys() >= METADATA_CONTENT_FIELDS
