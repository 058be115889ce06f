"""A stack's file whose secrets only its own key decrypts can be previewed without that key."""

from typing import Any

import pytest

from sandbox.stack_files import PROJECT
from sandbox.stand_in_secrets import without_ciphertext

DIRECT = {
    "name": "direct",
    "tier": "$",
    "provider": "anthropic",
    "deployments": [{"model": "claude-haiku-4-5-20251001"}],
}
WORD = {"apiKey": "[encrypted]"}
CIPHERTEXT = {"secure": "v1:0123456789abcdef:0123456789abcdef"}


@pytest.mark.parametrize(
    "supplied",
    [
        CIPHERTEXT,
        {"anthropic": {"1": {"apiKey": CIPHERTEXT}, "2": {"apiKey": CIPHERTEXT}}},
    ],
    ids=["as a whole", "one by one"],
)
def test_words_stand_in_for_what_is_encrypted(supplied: Any) -> None:
    content = {
        "secretsprovider": "awskms://alias/pulumi?region=us-east-1",
        "encryptedkey": "0123",
        "config": {
            f"{PROJECT}:durability": "disposable",
            f"{PROJECT}:cluster": {"publicAccessCidrs": ["203.0.113.0/24"]},
            f"{PROJECT}:models": [DIRECT],
            f"{PROJECT}:rotation": {"providers": {"anthropic": 2}},
            f"{PROJECT}:suppliedSecrets": supplied,
        },
    }
    found = without_ciphertext(content, "example", PROJECT)
    assert found.keys() == {"config"}
    assert found["config"][f"{PROJECT}:suppliedSecrets"] == {"anthropic": {"1": WORD, "2": WORD}}
    assert found["config"][f"{PROJECT}:models"] == [DIRECT]
