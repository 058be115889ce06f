"""Run by LiteLLM's own Python: one request to each model of a configuration.

    python call_models.py config.yaml chat:MODEL embedding:MODEL…

It ends with an error if one of them fails. Providers are where HTTPS_PROXY leads.
"""

import asyncio
import os
import sys
from pathlib import Path

import yaml

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


async def main(config: str, asked: list[str]) -> None:
    import litellm
    from litellm import Router

    document = yaml.safe_load(Path(config).read_text())
    # What the proxy does with the settings that it has no words of its own for.
    litellm.enable_azure_ad_token_refresh = document["litellm_settings"].get(
        "enable_azure_ad_token_refresh", False
    )
    router = Router(model_list=document["model_list"], num_retries=0)
    for mode, model in (one.split(":") for one in asked):
        if mode == "chat":
            await router.acompletion(model, messages=[{"role": "user", "content": "Good"}])
        else:
            await router.aembedding(model, input=["Good"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
