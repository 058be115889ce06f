"""What LiteLLM reads of each section of its configuration, taken from LiteLLM's own code.

Most of ``config.yaml`` is declared as a plain dict; what reads it in the end is a model, the
parameters of a function, or an attribute of a module.
"""

import functools
import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

# Prices come with the package; without this, the import asks GitHub for newer ones.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"

from pydantic import Field

from config_checks.typed_check import Keys, Shapes, from_signature, resolved

# A function or class in a file beside the configuration.
_IN_A_FILE = Annotated[str, Field(pattern=r"\.")]


def configuration_keys(config: dict[str, Any]) -> Keys:
    """Return the keys of the whole configuration, with the settings that this one has."""
    from litellm import Router
    from litellm.proxy._types import ConfigGeneralSettings, ConfigYAML
    from litellm.types.guardrails import Guardrail

    read = re.findall(r'\bconfig\.get\("([a-z_]+)"', _source("proxy/proxy_server.py"))
    deployment: dict[str, Any] = {"model_name": str, "litellm_params": dict, "model_info": dict}
    return Keys(
        {
            **dict.fromkeys((*read, *ConfigYAML.model_fields), Any),
            "model_list": list[Keys(deployment, frozenset(deployment))],  # type: ignore[misc]
            "litellm_settings": _module_settings(config.get("litellm_settings")),
            "general_settings": ConfigGeneralSettings,
            "router_settings": from_signature(Router.__init__),
            "guardrails": list[Guardrail],
        }
    )


def shapes(config: dict[str, Any]) -> Shapes:
    """Return the types behind plain dicts, and keys that are read beside a type's own."""
    import litellm
    from litellm._redis import redis
    from litellm.caching.caching import Cache
    from litellm.integrations.s3_v2 import S3Logger
    from litellm.proxy import _types as proxy_types
    from litellm.types import guardrails, router
    from litellm.types.integrations.slack_alerting import AlertType, SlackAlertingArgs
    from litellm.types.proxy.management_endpoints import ui_sso

    event = _one_of(_values(guardrails.GuardrailEventHooks))
    alert = Keys(dict.fromkeys(_values(AlertType), list[str] | str))
    return Shapes(
        at={
            "general_settings.alert_to_webhook_url": alert,
            "general_settings.alerting_args": SlackAlertingArgs,
            "general_settings.litellm_jwtauth": proxy_types.LiteLLM_JWTAuth,
            "guardrails[].litellm_params.guardrail": (
                _one_of(_values(guardrails.SupportedGuardrailIntegrations)) | _IN_A_FILE
            ),
            "guardrails[].litellm_params.mode": event | list[event] | guardrails.Mode,
            "litellm_settings.cache_params": from_signature(Cache.__init__, redis.Redis.__init__),
            "litellm_settings.default_internal_user_params": proxy_types.DefaultInternalUserParams,
            "litellm_settings.default_key_generate_params": proxy_types.GenerateKeyRequest,
            "litellm_settings.default_team_params": ui_sso.DefaultTeamSSOParams,
            "litellm_settings.s3_callback_params": from_signature(S3Logger.__init__),
            "litellm_settings.upperbound_key_generate_params": (
                ui_sso.LiteLLM_UpperboundKeyGenerateParams
            ),
            "model_list[].litellm_params": router.LiteLLM_Params,
            "model_list[].model_info": router.ModelInfo,
            "model_list[].model_info.allowed_fails_policy": router.AllowedFailsPolicy,
            "router_settings.routing_strategy": _one_of(_strategies(router)),
            "router_settings.routing_strategy_args": _strategy_arguments(config),
        },
        extra={
            # Read where they are needed, and by no model.
            proxy_types.ConfigGeneralSettings: frozenset(
                re.findall(r'general_settings\.get\(\s*"([a-z0-9_]+)"', _source("proxy"))
            ),
            # Further keys go to redis.Redis.
            proxy_types.CoordinationRedisParams: frozenset(
                from_signature(redis.Redis.__init__).types
            ),
            router.LiteLLM_Params: _parameters(litellm),
            # What is put there comes back from /model/info, whatever it is.
            router.ModelInfo: None,
        },
    )


@functools.cache
def known_callbacks() -> frozenset[str]:
    """Return the names of callbacks: those that are classes, and those that code compares with."""
    import litellm

    code = _source("litellm_core_utils/litellm_logging.py") + _source("proxy/common_utils")
    compared = re.findall(r'\bcallback == "([a-z0-9_-]+)"', code)
    return frozenset((*litellm._known_custom_logger_compatible_callbacks, *compared))


def _module_settings(section: Any) -> Keys:
    """Return the attributes of the module ``litellm``, and the keys that the proxy handles.

    An attribute that is not annotated has the type of its default.
    """
    import litellm

    handled = set(re.findall(r'\bkey == "([a-z0-9_]+)"', _source("proxy/proxy_server.py")))
    found: dict[str, Any] = {}
    for key in section if isinstance(section, dict) else ():
        default = getattr(litellm, key, None)
        if key in litellm.__annotations__ and key not in handled:
            found[key] = resolved(litellm.__annotations__[key], vars(litellm))
        elif type(default) in (bool, float, int, str):
            found[key] = type(default)
        elif key in handled or hasattr(litellm, key):
            found[key] = Any
    return Keys(found)


def _parameters(litellm: Any) -> frozenset[str]:
    """Return the parameters of calls, of the router and of the providers."""
    names = set(litellm.all_litellm_params)
    names |= from_signature(litellm.completion, litellm.embedding).types.keys()
    # A deployment's parameters are read by name in the router and in each provider's folder.
    read = r'(?:get|pop)\(\s*"([a-z0-9_]+)"|\["([a-z0-9_]+)"\]'
    for folder in ("main.py", "router.py", "router_strategy", "router_utils", "llms"):
        names |= {name for pair in re.findall(read, _source(folder)) for name in pair if name}
    return frozenset(names)


def _values(names: type[Enum]) -> tuple[str, ...]:
    return tuple(item.value for item in names)


def _one_of(values: tuple[str, ...]) -> Any:
    literal: Any = Literal  # of values that are only known when it runs
    return literal[values]


def _strategies(router: Any) -> tuple[str, ...]:
    """Return those of the router's argument and those that only its enumeration knows."""
    named = (*get_args(router.RoutingStrategyName), *_values(router.RoutingStrategy))
    return tuple(dict.fromkeys(named))


def _strategy_arguments(config: dict[str, Any]) -> Any:
    from litellm.router_strategy import lowest_latency, lowest_tpm_rpm_v2

    settings = config.get("router_settings")
    strategy = settings.get("routing_strategy") if isinstance(settings, dict) else None
    return {
        "latency-based-routing": lowest_latency.RoutingArgs,
        "usage-based-routing-v2": lowest_tpm_rpm_v2.RoutingArgs,
    }.get(str(strategy), dict[str, Any])


@functools.cache
def _source(part: str) -> str:
    """Return LiteLLM's own code, in which a key that is read stands as a literal."""
    import litellm

    place = Path(litellm.__file__).parent / part
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
