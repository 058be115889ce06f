"""Prints the models that LiteLLM has prices for, by provider and mode, as JSON; stands alone.

Run it with the Python of an environment that has ``litellm``::

    python config_checks/list_models.py > infra/priced_models.json

Names are those that the stack's configuration takes: without the provider's route, and for Bedrock
without the region that LiteLLM puts into some.
"""

import json
import os
import sys
from collections import defaultdict

# Prices come with the package; without this, the import asks GitHub for newer ones.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"

# Beginning of LiteLLM's name of a provider → route before the names of its models.
_PROVIDERS = {
    "anthropic": "anthropic",
    "azure": "azure",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "gemini": "gemini",
    "openai": "openai",
    "vertex_ai": "vertex_ai",
}
# The Responses API serves chat as well: LiteLLM translates.
_MODES = {"chat": "chat", "responses": "chat", "embedding": "embedding"}


def models() -> dict[str, dict[str, list[str]]]:
    """Return route → mode → names, sorted."""
    import litellm

    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for key, entry in litellm.model_cost.items():
        route = _PROVIDERS.get(str(entry.get("litellm_provider")).partition("-")[0])
        mode = _MODES.get(str(entry.get("mode")))
        if not route or not mode or "input_cost_per_token" not in entry:
            continue
        name = key.removeprefix(f"{route}/")
        if name.startswith("ft:") or (route == "bedrock" and "/" in name):
            continue
        found[route][mode].add(name)
    return {
        route: {mode: sorted(names) for mode, names in sorted(modes.items())}
        for route, modes in sorted(found.items())
    }


if __name__ == "__main__":
    json.dump(models(), sys.stdout, indent=1)
    sys.stdout.write("\n")
