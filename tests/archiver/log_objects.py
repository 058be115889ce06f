"""Log objects as LiteLLM writes them, made by LiteLLM's own logger."""

import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from archiver_process import ACCESS, HERE, Archiver
from litellm_process import image_environment

from sandbox import litellm_image
from sandbox.paths import PROJECT_ROOT
from sandbox.providers.aws import local_moto

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
CONFIGURATION = PROJECT_ROOT / "tests" / "golden" / "prod" / "litellm_config.yaml"

Request = dict[str, Any]


def request(
    id: str, *, team: str | None = None, key: str | None = None, days_ago: int = 0, **more: Any
) -> Request:
    """Return a request as ``write_log_objects.py`` takes it."""
    metadata = {
        "user_api_key_team_alias": team,
        "user_api_key_team_id": f"id-of-{team}" if team else None,
        "user_api_key_alias": key,
        "user_api_key_hash": f"hash-of-{key}" if key else None,
        **more.pop("metadata", {}),
    }
    start = TODAY - timedelta(days=days_ago) + timedelta(minutes=more.pop("minute", 0))
    return {"id": id, "start": start.isoformat(), "metadata": metadata, **more}


def write(
    archiver: Archiver, folder: Path, flushes: Sequence[Sequence[Request]], **changed: Any
) -> None:
    """Write requests flush by flush, with the parameters of the delivered configuration."""
    configuration = yaml.safe_load(CONFIGURATION.read_text())
    parameters = {
        **configuration["litellm_settings"]["s3_callback_params"],
        "s3_bucket_name": archiver.bucket,
        "s3_endpoint_url": local_moto.endpoint(),
        # Its name is an output, which the file has no value for.
        "s3_sse_kms_key_id": None,
        "s3_server_side_encryption": None,
        **changed,
    }
    file = folder / "parameters.json"
    file.write_text(json.dumps(parameters))
    done = subprocess.run(
        [litellm_image.built_image().python, HERE / "write_log_objects.py", file],
        input=json.dumps(flushes),
        env=image_environment(ACCESS),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
