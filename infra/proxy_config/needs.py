"""Options that LiteLLM reads only beside another one, and passes over in silence without it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.proxy_config.walk import at

# Option → what must be there for it to be read, and with which value (None: any).
# ProxyConfig.load_config in litellm/proxy/proxy_server.py; tags in
# litellm/router_strategy/tag_based_routing.py.
_NEEDS: Mapping[str, tuple[str, object]] = {
    "litellm_settings.cache_params": ("litellm_settings.cache", True),
    "general_settings.alerting_args": ("general_settings.alerting", None),
    "general_settings.alert_types": ("general_settings.alerting", None),
    "general_settings.alert_to_webhook_url": ("general_settings.alerting", None),
    "general_settings.litellm_jwtauth": ("general_settings.enable_jwt_auth", True),
    "general_settings.health_check_interval": ("general_settings.background_health_checks", True),
    "general_settings.enable_drain_endpoint": ("general_settings.drain_endpoint_token", None),
    "general_settings.drain_endpoint_token": ("general_settings.enable_drain_endpoint", True),
}
# LiteLLM's own callback, or one in a file that is made of it, such as ``hooks.s3_log.sink``.
_STORE = re.compile(r"(^|[._])s3([._]|$)")
_STORE_PARAMETERS = "litellm_settings.s3_callback_params"


def need_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield options that would do nothing, because what they need is not there."""
    for pattern, (needed, value) in _NEEDS.items():
        found = [place.value for place in at(config, needed)]
        if found and (value is None or value in found):
            continue
        for place in at(config, pattern):
            if place.value is not False:
                wanted = needed if value is None else f"{needed}: {str(value).lower()}"
                yield f"{place.path}: does nothing without {wanted}"
    yield from _log_store(config)
    yield from _tags(config)


def _tags(config: Mapping[str, Any]) -> Iterator[str]:
    """Tags are looked at in the whole router, or for the deployments of one model."""
    if True in [place.value for place in at(config, "router_settings.enable_tag_filtering")]:
        return
    for model in at(config, "model_list[]"):
        filtered = [place.value for place in at(model.value, "model_info.enable_tag_filtering")]
        if any(at(model.value, "litellm_params.tags")) and True not in filtered:
            yield (
                f"{model.path}.litellm_params.tags: does nothing without "
                "model_info.enable_tag_filtering: true"
            )


def _log_store(config: Mapping[str, Any]) -> Iterator[str]:
    lists = ("callbacks", "success_callback", "failure_callback")
    users = [
        place
        for name in lists
        for place in at(config, f"litellm_settings.{name}[]")
        if _STORE.search(str(place.value))
    ]
    if any(at(config, _STORE_PARAMETERS)) and not users:
        yield f"{_STORE_PARAMETERS}: does nothing without s3_v2 among the callbacks"
    if users and not any(at(config, f"{_STORE_PARAMETERS}.s3_bucket_name")):
        yield (
            f"{users[0].path}: {users[0].value} has no bucket; give "
            f"{_STORE_PARAMETERS}.s3_bucket_name"
        )
