"""Checks LiteLLM configurations with LiteLLM itself; stands alone and needs no secret.

Run it with the Python of an environment that has ``litellm[proxy]``::

    python config_checks/check_litellm_config.py config.yaml…

It prints a line of JSON for each file (``file``, ``valid``, ``version``, ``deployments``,
``problems``) and exits with 1 if one of them is not valid. LiteLLM's own
``--validate_config`` accepts unknown keys and passes over deployments that it has dropped; this
does neither.
"""

import copy
import functools
import importlib.metadata
import inspect
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml

# Prices come with the package; without this, the import asks GitHub for newer ones.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"

_FALLBACKS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
_REFERENCE = re.compile(r"os\.environ/([A-Za-z_][A-Za-z0-9_]*)")


def problems_of(config: dict[str, Any], text: str) -> Iterator[str]:
    """Yield everything in the configuration that LiteLLM refuses, ignores or drops."""
    for variable in sorted(set(_REFERENCE.findall(text))):
        # References are resolved while the router is built; which value is of no concern here.
        os.environ.setdefault(variable, "placeholder")
    yield from _shape(config)
    yield from _ignored_keys(config)
    yield from _ignored_policies(config)
    yield from _ignored_cache_parameters(config)
    yield from _routing(config)
    yield from _context_windows(config)


def _shape(config: dict[str, Any]) -> Iterator[str]:
    from litellm.proxy._types import ConfigYAML
    from pydantic import ValidationError

    try:
        # Validation changes its input.
        ConfigYAML.model_validate(copy.deepcopy(config))
    except ValidationError as error:
        for detail in error.errors():
            yield f"{'.'.join(str(part) for part in detail['loc'])}: {detail['msg']}"


def _ignored_keys(config: dict[str, Any]) -> Iterator[str]:
    import litellm
    from litellm import Router
    from litellm.integrations.s3_v2 import S3Logger
    from litellm.proxy._types import ConfigGeneralSettings, ConfigYAML

    source = _proxy_source(Path(litellm.__file__).parent / "proxy")
    for section in config.keys() - ConfigYAML.model_fields.keys():
        yield f"{section}: LiteLLM reads no such section"
    for key in config.get("litellm_settings", {}):
        if not hasattr(litellm, key) and f'key == "{key}"' not in source:
            yield f"litellm_settings.{key}: LiteLLM reads no such setting"
    known = inspect.signature(S3Logger.__init__).parameters
    for key in config.get("litellm_settings", {}).get("s3_callback_params", {}):
        if key not in known:
            yield f"litellm_settings.s3_callback_params.{key}: LiteLLM reads no such parameter"
    for key in (
        config.get("general_settings", {}).keys() - ConfigGeneralSettings.model_fields.keys()
    ):
        if f'general_settings.get("{key}"' not in source:
            yield f"general_settings.{key}: LiteLLM reads no such setting"
    for key in config.get("router_settings", {}).keys() - set(Router.get_valid_args()):
        yield f"router_settings.{key}: the router has no such argument"


def _ignored_policies(config: dict[str, Any]) -> Iterator[str]:
    """Kinds of errors that LiteLLM does not know; its models take any key."""
    from litellm.types.router import AllowedFailsPolicy, RetryPolicy

    policy = config.get("router_settings", {}).get("retry_policy", {})
    for key in policy.keys() - RetryPolicy.model_fields.keys():
        yield f"router_settings.retry_policy.{key}: LiteLLM knows no such error"
    for model in config.get("model_list") or []:
        information = model.get("model_info", {})
        for key in (
            information.get("allowed_fails_policy", {}).keys()
            - AllowedFailsPolicy.model_fields.keys()
        ):
            yield (
                f"model_list.{model['model_name']}.allowed_fails_policy.{key}: LiteLLM knows no "
                "such error"
            )


def _ignored_cache_parameters(config: dict[str, Any]) -> Iterator[str]:
    """Of what the cache itself does not know, Redis's client takes its own and drops the rest."""
    from litellm._redis import _get_redis_kwargs
    from litellm.caching.caching import Cache
    from litellm.types.caching import CachingSupportedCallTypes

    parameters = config.get("litellm_settings", {}).get("cache_params", {})
    known = {*inspect.signature(Cache.__init__).parameters, *_get_redis_kwargs()}
    for key in parameters.keys() - known:
        yield f"litellm_settings.cache_params.{key}: LiteLLM reads no such parameter"
    for kind in set(parameters.get("supported_call_types", [])) - {
        *get_args(CachingSupportedCallTypes)
    }:
        yield f"litellm_settings.cache_params.supported_call_types: no answer of {kind} is kept"


@functools.cache
def _proxy_source(directory: Path) -> str:
    """The code that reads the configuration, in which a key that is read stands as a literal."""
    return "\n".join(path.read_text(encoding="utf-8") for path in directory.rglob("*.py"))


def _routing(config: dict[str, Any]) -> Iterator[str]:
    from litellm import Router

    models = config.get("model_list") or []
    settings = copy.deepcopy(config.get("router_settings") or {})
    try:
        router = Router(model_list=copy.deepcopy(models), **settings)
    except Exception as error:  # whatever it is, the proxy would not start
        yield f"router: {type(error).__name__}: {error}"
        return
    if len(router.model_list) != len(models):
        yield f"model_list: {len(models)} deployments went in, {len(router.model_list)} came out"
    names = set(router.model_names)
    aliases = settings.get("model_group_alias", {})
    for alias, target in aliases.items():
        if target not in names:
            yield f"router_settings.model_group_alias.{alias}: there is no model {target}"
    for key in _FALLBACKS:
        for entry in settings.get(key, []):
            for name in {name for source, targets in entry.items() for name in (source, *targets)}:
                if name not in names | aliases.keys() | {"*"}:
                    yield f"router_settings.{key}: there is no model {name}"


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


def main(arguments: list[str]) -> int:
    """Check each file that is named; return the exit code."""
    if not arguments:
        print("usage: check_litellm_config.py CONFIG…", file=sys.stderr)
        return 2
    valid = True
    for name in arguments:
        text = Path(name).read_text(encoding="utf-8")
        config = yaml.safe_load(text)
        problems = list(problems_of(config, text))
        report = {
            "file": name,
            "valid": not problems,
            "version": importlib.metadata.version("litellm"),
            "deployments": len(config.get("model_list") or []),
            "problems": problems,
        }
        print(json.dumps(report))
        valid = valid and not problems
    return 0 if valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
