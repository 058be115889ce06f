"""Gives new keys the soft budget of ``default_key_generate_params``; runs inside of the proxy.

LiteLLM 1.106.2 takes no soft budget from there (``_common_key_generation_helper`` in
proxy/management_endpoints/key_management_endpoints.py has a list of what it takes), but hands each
request for a key to ``general_settings.custom_key_generate`` first.
"""

from typing import Any

import litellm


async def default_soft_budget(request: Any) -> dict[str, bool]:
    """Let every key be made; one that names no soft budget gets the default."""
    soft = (litellm.default_key_generate_params or {}).get("soft_budget")
    if request.soft_budget is None and soft is not None:
        hard = request.max_budget
        # Above the hard one nobody would be told.
        if hard is None or soft < hard:
            request.soft_budget = soft
    return {"decision": True}
