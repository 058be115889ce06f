"""Run by LiteLLM's own Python: what a model says when it is asked several times.

    python route_with_litellm.py model count config.yaml

It prints a line of JSON for each answer: what it says and what it cost in USD.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import yaml

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


async def main(model: str, count: int, config_file: Path) -> None:
    from litellm import Router

    config = yaml.safe_load(config_file.read_text())
    router = Router(model_list=config["model_list"], **config["router_settings"])
    for number in range(1, count + 1):
        messages = [{"role": "user", "content": "hello"}]
        answer = await router.acompletion(model=model, messages=messages)
        cost = answer._hidden_params["response_cost"]
        print(json.dumps({"answer": answer.choices[0].message.content, "cost": cost}))
        if router.routing_strategy == "latency-based-routing":
            await _learned(router, model, number)


async def _learned(router: Any, model: str, answers: int) -> None:
    """Return when the router knows how long every answer took, which it learns afterwards."""
    deadline = time.monotonic() + 10
    while True:
        known = await router.cache.async_get_cache(key=f"{model}_map") or {}
        # It puts a zero where it knows nothing yet.
        taken = [seconds for one in known.values() for seconds in one.get("latency", []) if seconds]
        if len(taken) >= answers:
            return
        assert time.monotonic() < deadline, known
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
