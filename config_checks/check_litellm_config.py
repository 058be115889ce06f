"""Checks LiteLLM configurations with LiteLLM itself; needs no secret and nothing of this project.

In the project directory, with the Python of an environment that has ``litellm[proxy]``, as
``ops config check`` runs it::

    python -m config_checks.check_litellm_config config.yaml…

It prints a line of JSON for each file (``file``, ``valid``, ``version``, ``deployments``,
``problems``) and exits with 1 if one of them is not valid. LiteLLM's own
``--validate_config`` accepts unknown keys and passes over deployments that it has dropped; this
does neither.
"""

import copy
import importlib.metadata
import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from config_checks.litellm_shapes import configuration_keys, known_callbacks, shapes
from config_checks.typed_check import problems_of as typed_problems
from config_checks.typed_check import written

_REFERENCE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")
_CALLBACKS = ("callbacks", "success_callback", "failure_callback", "service_callback")


def problems_of(config: dict[str, Any], text: str) -> Iterator[str]:
    """Yield everything in the configuration that LiteLLM refuses, ignores or drops."""
    for variable in sorted(set(_REFERENCE.findall(text))):
        # References are resolved while the router is built; which value is of no concern here.
        os.environ.setdefault(variable, "placeholder")
    told: set[str] = set()
    problems = (
        *_typed(config),
        *_shape(config),
        *_callbacks(config),
        *_routing(config),
        *_context_windows(config),
    )
    for problem in problems:
        key = problem.partition(":")[0]
        if not told & {key, re.sub(r"\[\d+\]$", "", key)}:
            yield problem
        told.add(key)


def _typed(config: dict[str, Any]) -> Iterator[str]:
    yield from typed_problems("", config, configuration_keys(config), shapes(config))


def _shape(config: dict[str, Any]) -> Iterator[str]:
    from litellm.proxy._types import ConfigYAML
    from pydantic import ValidationError

    try:
        # Validation changes its input.
        ConfigYAML.model_validate(copy.deepcopy(config))
    except ValidationError as error:
        for detail in error.errors():
            yield f"{written(detail['loc']).lstrip('.')}: {detail['msg']}"


def _callbacks(config: dict[str, Any]) -> Iterator[str]:
    settings = _mapping(config, "litellm_settings")
    for name in _CALLBACKS:
        for index, callback in enumerate(settings.get(name) or []):
            # With a dot it is a function in a file beside the configuration.
            named = isinstance(callback, str) and "." not in callback
            if named and callback not in known_callbacks():
                yield f"litellm_settings.{name}[{index}]: LiteLLM has no callback {callback}"


def _routing(config: dict[str, Any]) -> Iterator[str]:
    models = config.get("model_list") or []
    settings = _mapping(config, "router_settings")
    if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
        return
    error, router = _router(models, settings)
    if router is None:
        yield f"router_settings: the router does not start: {error}"
        _, router = _router(models, {})
    if router is None:
        return
    kept = {model["model_info"]["id"] for model in router.model_list}
    for index, model in enumerate(models):
        if str((model.get("model_info") or {}).get("id")) not in kept:
            # The proxy logs it and goes on without.
            refusal, _ = _router([model], {}, strictly=True)
            yield f"model_list[{index}].litellm_params: LiteLLM drops this deployment: {refusal}"
    if len(router.model_list) != len(models):
        yield f"model_list: {len(models)} deployments went in, {len(router.model_list)} came out"
    yield from _unknown_targets(settings, set(router.model_names))


def _router(
    models: list[dict[str, Any]], settings: dict[str, Any], *, strictly: bool = False
) -> tuple[str, Any]:
    """Return the router that the proxy would build, or why there is none."""
    from litellm import Router

    known = {key: settings[key] for key in settings if key in Router.get_valid_args()}
    known = {**copy.deepcopy(known), "ignore_invalid_deployments": not strictly}
    try:
        return "", Router(model_list=copy.deepcopy(models), **known)
    except Exception as error:  # whatever it is, the proxy would not start
        message = str(error).splitlines()[0] if str(error) else ""
        return _without_values(f"{type(error).__name__}: {message}", models), None


def _without_values(message: str, models: list[dict[str, Any]]) -> str:
    """Return a message in which no parameter is repeated but the model: one may be a secret."""
    for model in models:
        for key, value in _mapping(model, "litellm_params").items():
            if key != "model" and isinstance(value, str) and value:
                message = message.replace(value, "…")
    return message


def _unknown_targets(settings: dict[str, Any], names: set[str]) -> Iterator[str]:
    aliases = _mapping(settings, "model_group_alias")
    for alias, target in aliases.items():
        model = target.get("model") if isinstance(target, dict) else target
        if model not in names:
            yield f"router_settings.model_group_alias.{alias}: there is no model {model}"
    for section in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
        for entry in settings.get(section) or []:
            for source, targets in entry.items() if isinstance(entry, dict) else ():
                for target in targets if isinstance(targets, list) else ():
                    model = target.get("model") if isinstance(target, dict) else target
                    if model not in names | aliases.keys() | {"*"}:
                        yield f"router_settings.{section}.{source}: there is no model {model}"


def _context_windows(config: dict[str, Any]) -> Iterator[str]:
    """Models for requests that are too long whose window is no larger, by LiteLLM's own map."""
    settings = config.get("router_settings", {})
    windows: dict[str, list[int]] = {}
    for model in config.get("model_list") or []:
        if window := _window(model["litellm_params"]["model"]):
            windows.setdefault(model["model_name"], []).append(window)
    general = settings.get("fallbacks", [])
    for entry in settings.get("context_window_fallbacks", []):
        if entry in general:
            continue
        for source, targets in entry.items():
            for target in targets:
                if source not in windows or target not in windows:
                    continue
                ours, theirs = min(windows[source]), max(windows[target])
                if theirs <= ours:
                    yield (
                        f"router_settings.context_window_fallbacks.{source}: {target} takes "
                        f"{theirs} tokens, no more than {source} with {ours}"
                    )


def _window(model: str) -> int | None:
    import litellm

    try:
        return litellm.get_model_info(model=model).get("max_input_tokens")
    except Exception:  # LiteLLM raises a bare one for a model that its map lacks
        return None


def _mapping(config: dict[str, Any], key: str) -> dict[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def main(arguments: list[str]) -> int:
    """Check each file that is named; return the exit code."""
    if not arguments:
        print("usage: check_litellm_config.py CONFIG…", file=sys.stderr)
        return 2
    # What the router says of a deployment that it drops is told below, without its parameters.
    logging.disable()
    valid = True
    for name in arguments:
        text = Path(name).read_text(encoding="utf-8")
        config = yaml.safe_load(text)
        problems = list(problems_of(config, text))
        models = config.get("model_list")
        report = {
            "file": name,
            "valid": not problems,
            "version": importlib.metadata.version("litellm"),
            "deployments": len(models) if isinstance(models, list) else 0,
            "problems": problems,
        }
        print(json.dumps(report))
        valid = valid and not problems
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
