"""The models that LiteLLM's price map knows, by provider and mode.

The map itself is not imported: it comes with all of LiteLLM. ``priced_models.json`` is what
``config_checks/list_models.py`` prints for the pinned version, and a test compares the two.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Mode = Literal["chat", "embedding"]

_FILE = Path(__file__).parent / "priced_models.json"


@functools.cache
def _modes() -> Mapping[str, Mapping[str, Mode]]:
    """Route → model → mode."""
    listed: dict[str, dict[Mode, list[str]]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {
        route: {name: mode for mode, names in modes.items() for name in names}
        for route, modes in listed.items()
    }


def priced_mode(route: str, model: str) -> Mode | None:
    """Return what a model of a route is for; None if LiteLLM has no price for it."""
    return _modes().get(route, {}).get(model)


def priced_names(route: str) -> frozenset[str]:
    """Return the names of all models of a route that LiteLLM has prices for."""
    return frozenset(_modes().get(route, {}))
