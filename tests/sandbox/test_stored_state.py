"""Outputs are read from the stored state, beside a run that may be at work on it."""

import json
from pathlib import Path
from typing import Any

from sandbox.engine_marks import SECRET, SIGNATURE
from sandbox.stored_state import checkpoint_file, stored_outputs


def store(directory: Path, latest: dict[str, Any] | None) -> None:
    file = checkpoint_file(directory, "sandbox")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))


def test_a_secret_is_left_out_wherever_it_stands(tmp_path: Path) -> None:
    secret = {SIGNATURE: SECRET, "ciphertext": "v1:abc"}
    outputs = {
        "gatewayUrl": "http://127.0.0.1",
        "names": {"cache": "one", "keys": ["two"]},
        "password": secret,
        "within": {"list": [{"password": secret}]},
    }
    resources = [
        {"type": "aws:s3/bucket:Bucket", "outputs": {"arn": "another's"}},
        {"type": "pulumi:pulumi:Stack", "outputs": outputs},
    ]
    store(tmp_path, {"resources": resources})
    found = stored_outputs(tmp_path, "sandbox")
    assert found == {
        "gatewayUrl": "http://127.0.0.1",
        "names": {"cache": "one", "keys": ["two"]},
    }


def test_a_stack_that_has_never_run_has_none(tmp_path: Path) -> None:
    assert stored_outputs(tmp_path, "sandbox") == {}
    store(tmp_path, None)
    assert stored_outputs(tmp_path, "sandbox") == {}
