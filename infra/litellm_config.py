"""What a rendered LiteLLM configuration must satisfy before it may reach a pod.

LiteLLM ignores an unknown key of ``litellm_settings`` and drops an invalid deployment, both in
silence. So the keys are an allow-list here, taken from the source of LiteLLM 1.106.2; the module
that reads each section stands beside it. ``config_checks/check_litellm_config.py`` repeats the
check with LiteLLM itself.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import yaml

ENVIRONMENT_PREFIX = "os.environ/"

SECTIONS = frozenset({"model_list", "litellm_settings", "router_settings", "general_settings"})

ALLOWED_KEYS: Mapping[str, frozenset[str]] = {
    # litellm/__init__.py, and ProxyConfig.load_config in litellm/proxy/proxy_server.py
    "litellm_settings": frozenset({
        "callbacks", "drop_params", "failure_callback", "json_logs",
        "prometheus_exclude_labels", "prometheus_initialize_budget_metrics", "request_timeout",
        "require_auth_for_metrics_endpoint", "s3_callback_params", "success_callback",
        "turn_off_message_logging",
    }),
    # S3Logger._init_s3_params in litellm/integrations/s3_v2.py
    "litellm_settings.s3_callback_params": frozenset({
        "s3_batch_file_upload", "s3_bucket_name", "s3_endpoint_url", "s3_path", "s3_region_name",
        "s3_server_side_encryption", "s3_sse_kms_key_id", "s3_use_key_prefix",
        "s3_use_team_prefix",
    }),
    # Router.__init__ in litellm/router.py
    "router_settings": frozenset({
        "allowed_fails", "cooldown_time", "enable_tag_filtering", "fallbacks",
        "model_group_alias", "num_retries", "routing_strategy",
    }),
    # ConfigGeneralSettings in litellm/proxy/_types.py; proxy_batch_write_at in proxy_server.py;
    # the drain endpoint in health_endpoints/_health_endpoints.py; disable_spend_logs and
    # allow_requests_on_db_unavailable in proxy/db
    "general_settings": frozenset({
        "allow_requests_on_db_unavailable", "background_health_checks", "coordination_redis",
        "database_connection_pool_limit", "disable_spend_logs", "drain_endpoint_token",
        "enable_drain_endpoint", "master_key", "maximum_spend_logs_retention_period",
        "proxy_batch_write_at", "store_model_in_db", "store_prompts_in_spend_logs",
    }),
    # CoordinationRedisParams in litellm/proxy/_types.py; its further keys go to redis.Redis
    "general_settings.coordination_redis": frozenset({
        "host", "password", "ssl", "ssl_ca_certs", "username",
    }),
    "model_list[]": frozenset({"litellm_params", "model_info", "model_name"}),
    # LiteLLM_Params in litellm/types/router.py; order in litellm/router.py, weight in
    # router_strategy/simple_shuffle.py,
    # model_id and the aws_* in llms/bedrock/base_aws_llm.py
    "model_list[].litellm_params": frozenset({
        "api_base", "api_key", "aws_external_id", "aws_region_name", "aws_role_name",
        "aws_session_name", "aws_session_tags", "input_cost_per_token", "mock_delay",
        "mock_response", "model", "model_id", "order", "output_cost_per_token", "rpm", "tags",
        "tpm", "weight",
    }),
    # ModelInfo in litellm/types/router.py; its own `tier` knows `free` and `paid` only
    "model_list[].model_info": frozenset({
        "access_groups", "cost_tier", "id", "team_id", "team_public_model_name",
    }),
}  # fmt: skip


class InvalidConfiguration(ValueError):
    """A rendered document is not what its reader accepts; the text lists every problem."""

    def __init__(self, document: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{document} is not valid:\n{lines}")


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a mapping that names a key twice, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = Counter(key.value for key, _ in node.value)
        if repeated := sorted(key for key, count in keys.items() if count > 1):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {', '.join(repeated)} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def parse_yaml(document: str, text: str) -> dict[str, Any]:
    """Return the mapping that the text is; raise InvalidConfiguration if it is none."""
    try:
        parsed = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise InvalidConfiguration(document, [str(error)]) from error
    if not isinstance(parsed, dict):
        raise InvalidConfiguration(document, ["it is not a mapping"])
    return parsed


def check_litellm_config(config: Mapping[str, Any], environment: frozenset[str]) -> None:
    """Raise InvalidConfiguration with every problem of a parsed configuration.

    ``environment`` has the names of all variables that the pods are given.
    """
    problems = [
        *_unknown_keys(config),
        *_missing_variables(config, environment),
        *_repeated_deployments(config["model_list"]),
        *_unknown_targets(config),
    ]
    if problems:
        raise InvalidConfiguration("LiteLLM's configuration", problems)


def _unknown_keys(config: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(config.keys() - SECTIONS):
        yield f"{name}: unknown section; known are {', '.join(sorted(SECTIONS))}"
    for path, allowed in ALLOWED_KEYS.items():
        for mapping in _mappings(config, path):
            for key in sorted(mapping.keys() - allowed):
                yield f"{path}.{key}: unknown key; known are {', '.join(sorted(allowed))}"


def _mappings(config: Mapping[str, Any], path: str) -> Iterator[Mapping[str, Any]]:
    """Every mapping at a path, in which ``[]`` stands for each item of a list."""
    found: list[Any] = [config]
    for part in path.split("."):
        found = [
            mapping[part.removesuffix("[]")]
            for mapping in found
            if part.removesuffix("[]") in mapping
        ]
        if part.endswith("[]"):
            found = [item for items in found for item in items]
    yield from found


def _missing_variables(config: Mapping[str, Any], environment: frozenset[str]) -> Iterator[str]:
    for path, text in _texts(config, ""):
        name = text.removeprefix(ENVIRONMENT_PREFIX)
        if text.startswith(ENVIRONMENT_PREFIX) and name not in environment:
            yield f"{path}: the pods have no variable {name}"


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


def _repeated_deployments(models: list[Mapping[str, Any]]) -> Iterator[str]:
    if not models:
        yield "model_list: it is empty; a gateway needs at least one model"
    for name, count in Counter(model["model_info"]["id"] for model in models).items():
        if count > 1:
            yield (
                f"model_list: {count} deployments have the identity {name}; give them different "
                "regions or names"
            )


def _unknown_targets(config: Mapping[str, Any]) -> Iterator[str]:
    router = config.get("router_settings", {})
    aliases = router.get("model_group_alias", {})
    names = {model["model_name"] for model in config["model_list"]}
    for alias, target in aliases.items():
        if alias in names:
            yield f"router_settings.model_group_alias.{alias}: is the name of a model already"
        if target not in names:
            yield f"router_settings.model_group_alias.{alias}: there is no model {target}"
    for entry in router.get("fallbacks", []):
        for source, targets in entry.items():
            for name in (source, *targets):
                if name not in names | aliases.keys():
                    yield f"router_settings.fallbacks.{source}: there is no model {name}"
            if source in targets:
                yield f"router_settings.fallbacks.{source}: falls back to itself"
