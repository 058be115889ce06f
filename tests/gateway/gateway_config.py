"""The configuration that a stack renders, for a proxy of a test to run with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hook_folder import lay_out_hooks
from test_settings import settings_of

from infra.proxy_config.document import config_context, render_litellm_config

ENVIRONMENT = frozenset(
    {
        "ANTHROPIC_API_KEY", "AWS_ENDPOINT_URL", "DRAIN_TOKEN", "LITELLM_MASTER_KEY", "REDIS_HOST",
        "REDIS_PASSWORD", "REDIS_SSL_CA_CERTS", "REDIS_USERNAME",
    }
)  # fmt: skip


ANTHROPIC = {"suppliedSecrets.anthropic": {"1": {"apiKey": "none"}}}


def write_config(
    folder: Path, changes: Mapping[str, Any], *, without: tuple[str, ...] = ()
) -> tuple[Path, dict[str, str]]:
    """Render the sandbox's stack with these changes of its settings, and lay out its hooks.

    ``without`` are keys of ``litellm_settings`` that need what a test does not run, such as S3.
    """
    settings = settings_of("sandbox", {**ANTHROPIC, **changes})
    context = config_context(
        settings,
        environment=ENVIRONMENT,
        bucket="logs",
        log_key_arn="arn:aws:kms:us-east-1:111122223333:key/logs",
        bedrock_role="arn:aws:iam::111122223333:role/bedrock",
        response_bucket=None,
    )
    config = yaml.safe_load(render_litellm_config(context))
    for key in without:
        del config["litellm_settings"][key]
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path, lay_out_hooks(folder, settings)
