"""Changes of a parsed configuration, by paths such as ``model_list[0].litellm_params.rpm``."""

import copy
import re
from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], None]


def _place(config: Any, path: str) -> tuple[Any, Any]:
    """Return what holds the last step of a path, and that step; make the mappings on the way."""
    steps: list[Any] = [
        int(step[1:-1]) if step.startswith("[") else step
        for step in re.findall(r"\[\d+\]|[^.\[\]]+", path)
    ]
    for step in steps[:-1]:
        config = config[step] if isinstance(step, int) else config.setdefault(step, {})
    return config, steps[-1]


def put(path: str, value: Any) -> Change:
    def change(config: dict[str, Any]) -> None:
        holder, step = _place(config, path)
        holder[step] = copy.deepcopy(value)

    return change


def add(path: str, value: Any) -> Change:
    """Append to a list, which is made if there is none."""

    def change(config: dict[str, Any]) -> None:
        holder, step = _place(config, path)
        holder[step] = [*holder.get(step, []), value]

    return change


def drop(path: str) -> Change:
    def change(config: dict[str, Any]) -> None:
        holder, step = _place(config, path)
        del holder[step]

    return change


def rename(path: str, name: str) -> Change:
    def change(config: dict[str, Any]) -> None:
        holder, step = _place(config, path)
        holder[name] = holder.pop(step)

    return change


def each(*changes: Change) -> Change:
    def change(config: dict[str, Any]) -> None:
        for one in changes:
            one(config)

    return change
