"""What is compared: production's rendered configuration, stock LiteLLM, and features one by one.

Pure: from what the program has rendered to configurations, environments and arguments.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Config = dict[str, Any]

MODEL = "gpt-4o-mini"
METRICS_PORT = 9090
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Set by the bundle and by nothing in LiteLLM's documentation of these features.
_OURS_ALONE = (
    "LITELLM_LOG",
    "LITELLM_MODE",
    "PYTHON_GC_THRESHOLD",
    "DEFAULT_S3_FLUSH_INTERVAL_SECONDS",
    "PYTHONPATH",
    _METRICS_FOLDER,
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to run a worker."""

    name: str
    config: Config
    environment: Mapping[str, str] = field(repr=False)
    """Has secrets; never printed."""
    arguments: tuple[str, ...] = ()
    metrics_port: int | None = None
    virtual_keys: bool = True
    """Whether callers have keys of the database, or all of them the master key."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What the program has rendered for a gateway, with addresses of this machine."""

    config: Config
    environment: Mapping[str, str] = field(repr=False)
    arguments: tuple[str, ...]


def localised(config: Config, here: Config, model_url: str) -> Config:
    """Return production's configuration with the stores that ``here`` names, and one model."""
    localised = copy.deepcopy(config)
    (logs, logs_here) = (
        each["litellm_settings"]["s3_callback_params"] for each in (localised, here)
    )
    logs |= {key: value for key, value in logs_here.items() if isinstance(value, str)}
    localised["general_settings"]["coordination_redis"] = here["general_settings"][
        "coordination_redis"
    ]
    localised["router_settings"].pop("fallbacks", None)  # they name models that are not here
    localised["model_list"] = [
        {
            "model_name": MODEL,
            "litellm_params": _parameters(model_url),
            "model_info": {
                "id": f"{MODEL}.openai",
                "mode": "chat",
                "cost_tier": 1,
                "access_groups": ["provider:openai", "tier:1"],
            },
        }
    ]
    return localised


def rendered(gateway: Rendered) -> Variant:
    """The gateway as it is deployed."""
    return Variant(
        name="rendered",
        config=gateway.config,
        environment=gateway.environment,
        arguments=gateway.arguments,
        metrics_port=METRICS_PORT,
    )


def stock(gateway: Rendered, model_url: str) -> Variant:
    """LiteLLM with the same features on, each as its page of the documentation has it.

    Metrics by ``callbacks: ["prometheus"]`` on the API's port, logs by ``s3_v2`` for success and
    failure, Redis and the database by their variables, the same limits, budgets and redaction.
    """
    config = copy.deepcopy(gateway.config)
    settings, general = config["litellm_settings"], config["general_settings"]
    for key in [key for key in settings if key.startswith("prometheus_")]:
        del settings[key]
    del settings["json_logs"], settings["s3_callback_params"]["s3_batch_file_upload"]
    settings["callbacks"] = ["prometheus"]
    settings["success_callback"] = settings["failure_callback"] = ["s3_v2"]
    for key in (
        "proxy_batch_write_at",
        "database_connection_pool_limit",
        "spend_logs_metadata_fields",
        "enable_drain_endpoint",
        "drain_endpoint_token",
    ):
        del general[key]
    config["model_list"] = [{"model_name": MODEL, "litellm_params": _parameters(model_url)}]
    return Variant(name="stock", config=config, environment=_without(gateway, _OURS_ALONE))


def features(gateway: Rendered) -> list[Variant]:
    """A worker that only forwards, and one for each feature that this one has beside."""
    ours = gateway.config["litellm_settings"]
    bare = {
        "model_list": gateway.config["model_list"],
        "litellm_settings": {"request_timeout": ours["request_timeout"]},
        "general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"},
    }
    stores = [name for name in gateway.environment if name.startswith(("DATABASE_", "REDIS_"))]
    alone = _without(gateway, (*stores, _METRICS_FOLDER))

    def variant(name: str, settings: Config, general: Config, *further: str) -> Variant:
        config = copy.deepcopy(bare)
        config["litellm_settings"] |= settings
        config["general_settings"] |= general
        environment = {**alone, **{each: gateway.environment[each] for each in further}}
        with_metrics = _METRICS_FOLDER in environment
        return Variant(
            name=name,
            config=config,
            environment=environment,
            arguments=gateway.arguments if with_metrics else ("--num_workers", "1"),
            metrics_port=METRICS_PORT if with_metrics else None,
            virtual_keys="DATABASE_URL" in environment,
        )

    def sink(module: str) -> list[str]:
        return [f"proxy_hooks.{module}.sink"]

    metrics = {key: value for key, value in ours.items() if key.startswith("prometheus_")}
    redis = [name for name in stores if name.startswith("REDIS_")]
    coordination = gateway.config["general_settings"]["coordination_redis"]
    cache = {"type": "redis", **coordination, "mode": "default_on", "namespace": "benchmark"}
    database = {
        key: value
        for key, value in gateway.config["general_settings"].items()
        if key not in ("coordination_redis", "use_redis_transaction_buffer")
    }
    return [
        variant("bare", {}, {}),
        variant("metrics", {**metrics, "callbacks": ["prometheus"]}, {}, _METRICS_FOLDER),
        variant(
            "s3_log",
            {"s3_callback_params": ours["s3_callback_params"], "callbacks": sink("s3_log")},
            {},
        ),
        variant(
            "cache",
            {"cache": True, "cache_params": cache},
            {"coordination_redis": coordination},
            *redis,
        ),
        variant(
            "database",
            {"callbacks": sink("database_log")},
            database,
            *(name for name in stores if name.startswith("DATABASE_")),
            "DRAIN_TOKEN",
        ),
    ]


def _parameters(model_url: str) -> Config:
    return {"model": f"openai/{MODEL}", "api_base": model_url, "api_key": "none"}


def _without(gateway: Rendered, names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in gateway.environment.items() if name not in names}
