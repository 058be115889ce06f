"""What the gateway's own rules refuse: a change of what prod renders, and what is said of it."""

from config_changes import Change, add, drop, each, put, rename

DEPLOYMENT = "model_list[0].litellm_params"
INFO = "model_list[0].model_info"
SETTINGS = "litellm_settings"
CALLBACKS = ("callbacks", "success_callback", "failure_callback")
LOG = "litellm_settings.s3_callback_params"
ROUTER = "router_settings"
GENERAL = "general_settings"
REDIS = "general_settings.coordination_redis"
# Looks like a key, and is none.
CLEAR = "sk-not-a-real-key-0123456789"

# Found by the rules of the gateway, before anything is created.
BEFORE_AN_UPDATE: dict[str, tuple[Change, str]] = {
    "a section is misspelt": (
        rename(ROUTER, "router_setting"), "router_setting: unknown section; did you mean",
    ),
    "the models are missing": (drop("model_list"), "model_list: is missing"),
    "the general settings are missing": (drop(GENERAL), f"{GENERAL}: is missing"),
    "the settings are missing": (drop(SETTINGS), f"{SETTINGS}: is missing"),
    "a section is empty": (put(ROUTER, None), f"{ROUTER}: is empty"),
    "a section is a list": (put(SETTINGS, []), f"{SETTINGS}: is a list; must be a mapping"),
    "the models are a mapping": (put("model_list", {}), "model_list: is a mapping; must be a list"),
    "there is no model": (put("model_list", []), "model_list: it is empty"),
    "a setting is misspelt": (
        rename(f"{SETTINGS}.drop_params", "dorp_params"),
        f"{SETTINGS}.dorp_params: unknown key; did you mean drop_params?",
    ),
    "a general setting is misspelt": (
        rename(f"{GENERAL}.disable_spend_logs", "disable_spendlogs"),
        f"{GENERAL}.disable_spendlogs: unknown key; did you mean disable_spend_logs?",
    ),
    "a router setting is misspelt": (
        rename(f"{ROUTER}.max_fallbacks", "most_fallbacks"),
        f"{ROUTER}.most_fallbacks: unknown key; did you mean max_fallbacks?",
    ),
    "a parameter of the log is misspelt": (
        rename(f"{LOG}.s3_path", "s3_pfad"), f"{LOG}.s3_pfad: unknown key; did you mean s3_path?",
    ),
    "a parameter of the coordination cache is misspelt": (
        rename(f"{REDIS}.password", "pasword"),
        f"{REDIS}.pasword: unknown key; did you mean password?",
    ),
    "a parameter of a deployment is misspelt": (
        rename(f"{DEPLOYMENT}.aws_region_name", "aws_regoin_name"),
        f"{DEPLOYMENT}.aws_regoin_name: unknown key; did you mean aws_region_name?",
    ),
    "a key of a deployment's information is misspelt": (
        rename(f"{INFO}.access_groups", "acces_groups"),
        f"{INFO}.acces_groups: unknown key; did you mean access_groups?",
    ),
    "a key of an entry of the models is misspelt": (
        rename("model_list[0].model_info", "modelinfo"), "model_list[0].modelinfo: unknown key",
    ),
    "a setting of the router stands among the general ones": (
        put(f"{GENERAL}.num_retries", 2), "num_retries: unknown key here; it belongs in",
    ),
    "a subsection that nobody has written about": (
        put(f"{GENERAL}.disable_spend_logs", {"when": "never"}),
        f"{GENERAL}.disable_spend_logs: nobody has said which keys may stand here",
    ),
    "a model has no name": (
        drop("model_list[0].model_name"), "model_list[0].model_name: is missing",
    ),
    "a deployment has no model": (drop(f"{DEPLOYMENT}.model"), f"{DEPLOYMENT}.model: is missing"),
    "a deployment has no provider": (
        put(f"{DEPLOYMENT}.model", "claude"), f"{DEPLOYMENT}.model: is 'claude'; must be",
    ),
    "a deployment has no identity": (drop(f"{INFO}.id"), f"{INFO}.id: is missing"),
    "two deployments have one identity": (
        put(f"{INFO}.id", "claude-opus-4-5.bedrock.us-east-1"),
        "model_info.id: 2 deployments have the identity claude-opus-4-5.bedrock.us-east-1",
    ),
    "a deployment has no access groups": (
        drop(f"{INFO}.access_groups"), f"{INFO}.access_groups: is missing",
    ),
    "an access group is not in a list": (
        put(f"{INFO}.access_groups", "tier:1"), f"{INFO}.access_groups: is a text; must be a list",
    ),
    "an access group has an unknown form": (
        put(f"{INFO}.access_groups", ["providr:bedrock", "tier:1"]),
        f"{INFO}.access_groups: has providr:bedrock: unknown prefix; did you mean provider?",
    ),
    "an access group names a tier in signs": (
        put(f"{INFO}.access_groups", ["provider:bedrock", "tier:$$"]),
        f"{INFO}.access_groups: is 'tier:$$'; must be provider:NAME or tier:1 to tier:3",
    ),
    "a model is in no tier": (
        put(f"{INFO}.access_groups", ["provider:bedrock"]), f"{INFO}.access_groups: has no tier",
    ),
    "a model is in a group twice": (
        put(f"{INFO}.access_groups", ["provider:bedrock", "tier:1", "tier:1"]),
        f"{INFO}.access_groups: tier:1 stands 2 times",
    ),
    "a fallback leads nowhere": (
        add(f"{ROUTER}.fallbacks", {"claude-haiku-4-5": ["claude-sonet-4-5"]}),
        f"{ROUTER}.fallbacks.claude-haiku-4-5: there is no model claude-sonet-4-5; did you mean "
        "claude-sonnet-4-5?",
    ),
    "a fallback is for a model that is not there": (
        add(f"{ROUTER}.fallbacks", {"gpt-9": ["claude-haiku-4-5"]}),
        f"{ROUTER}.fallbacks.gpt-9: there is no model gpt-9",
    ),
    "a model falls back to itself": (
        add(f"{ROUTER}.fallbacks", {"claude-haiku-4-5": ["claude-haiku-4-5"]}),
        f"{ROUTER}.fallbacks.claude-haiku-4-5: falls back to itself",
    ),
    "a fallback is no list": (
        add(f"{ROUTER}.fallbacks", {"claude-haiku-4-5": "claude-sonnet-4-5"}),
        f"{ROUTER}.fallbacks.claude-haiku-4-5: is a text; must be a list",
    ),
    "two fallbacks stand in one entry": (
        put(f"{ROUTER}.fallbacks[0]", {"claude-haiku-4-5": ["b"], "claude-opus-4-5": ["c"]}),
        f"{ROUTER}.fallbacks[0]: must be one model with the list",
    ),
    "an alias leads nowhere": (
        put(f"{ROUTER}.model_group_alias", {"default": "gpt-9"}),
        f"{ROUTER}.model_group_alias.default: there is no model gpt-9",
    ),
    "an alias hides a model": (
        put(f"{ROUTER}.model_group_alias", {"claude-haiku-4-5": "claude-opus-4-5"}),
        f"{ROUTER}.model_group_alias.claude-haiku-4-5: is the name of a model already",
    ),
    "a variable is one that no pod has": (
        put(f"{REDIS}.password", "os.environ/REDIS_PASWORD"),
        f"{REDIS}.password: the pods have no variable REDIS_PASWORD; did you mean REDIS_PASSWORD?",
    ),
    "a reference is a part of a text": (
        put(f"{REDIS}.host", "cache-os.environ/REDIS_HOST"),
        f"{REDIS}.host: LiteLLM resolves a reference only as the whole value",
    ),
    "the master key stands in clear": (
        put(f"{GENERAL}.master_key", CLEAR), f"{GENERAL}.master_key: a secret stands here in clear",
    ),
    "the master key is missing": (
        drop(f"{GENERAL}.master_key"), f"{GENERAL}.master_key: is missing",
    ),
    "a provider's key stands in clear": (
        put(f"{DEPLOYMENT}.api_key", "abc"), f"{DEPLOYMENT}.api_key: a secret stands here in clear",
    ),
    "the cache's password stands in clear": (
        put(f"{REDIS}.password", "abc"), f"{REDIS}.password: a secret stands here in clear",
    ),
    "the drain token stands in clear": (
        put(f"{GENERAL}.drain_endpoint_token", "abc"), f"{GENERAL}.drain_endpoint_token: a secret",
    ),
    "a password stands in an address": (
        put(f"{LOG}.s3_endpoint_url", "https://me:word@store.example"),
        f"{LOG}.s3_endpoint_url: a secret",
    ),
    "a key stands where none is expected": (
        put(f"{LOG}.s3_path", CLEAR), f"{LOG}.s3_path: a secret stands here in clear",
    ),
    "keys pass without the database": (
        put(f"{GENERAL}.allow_requests_on_db_unavailable", True),
        f"{GENERAL}.allow_requests_on_db_unavailable: is true, and every key would pass",
    ),
    "a limit is below zero": (
        put(f"{DEPLOYMENT}.rpm", -1), f"{DEPLOYMENT}.rpm: is -1; is below zero",
    ),
    "a limit is zero": (put(f"{DEPLOYMENT}.tpm", 0), f"{DEPLOYMENT}.tpm: is 0; must be above zero"),
    "a limit is a text": (
        put(f"{DEPLOYMENT}.rpm", "600"), f"{DEPLOYMENT}.rpm: is '600', a text; must be a number",
    ),
    "a weight is a word": (
        put(f"{DEPLOYMENT}.weight", "heavy"), f"{DEPLOYMENT}.weight: is 'heavy', a text",
    ),
    "an order is true": (
        put(f"{DEPLOYMENT}.order", True), f"{DEPLOYMENT}.order: is true",
    ),
    "a price is below zero": (
        put(f"{DEPLOYMENT}.input_cost_per_token", -1e-6), f"{DEPLOYMENT}.input_cost_per_token",
    ),
    "a region is a place": (
        put(f"{DEPLOYMENT}.aws_region_name", "Virginia"),
        f"{DEPLOYMENT}.aws_region_name: is 'Virginia'; must be a region such as us-east-1",
    ),
    "an address has no scheme": (
        put(f"{DEPLOYMENT}.api_base", "models.example"), f"{DEPLOYMENT}.api_base: is",
    ),
    "tags that nobody looks at": (
        put(f"{DEPLOYMENT}.tags", ["batch"]),
        f"{DEPLOYMENT}.tags: does nothing without model_info.enable_tag_filtering: true",
    ),
    "the time-out is zero": (
        put(f"{SETTINGS}.request_timeout", 0), f"{SETTINGS}.request_timeout: is 0",
    ),
    "a flag is a text": (
        put(f"{SETTINGS}.drop_params", "true"), f"{SETTINGS}.drop_params: is 'true', a text",
    ),
    "a callback stands twice": (
        put(f"{SETTINGS}.callbacks", ["prometheus", "prometheus"]),
        f"{SETTINGS}.callbacks: prometheus stands 2 times",
    ),
    "the log has no bucket": (
        drop(f"{LOG}.s3_bucket_name"), f"has no bucket; give {LOG}.s3_bucket_name",
    ),
    "the log is nobody's callback": (
        each(*(put(f"{SETTINGS}.{name}", ["otel"]) for name in CALLBACKS)),
        f"{LOG}: does nothing without s3_v2 among the callbacks",
    ),
    "spend is written all the time": (
        put(f"{GENERAL}.proxy_batch_write_at", 0), f"{GENERAL}.proxy_batch_write_at: is 0",
    ),
    "a retention is a number": (
        put(f"{GENERAL}.maximum_spend_logs_retention_period", 90),
        f"{GENERAL}.maximum_spend_logs_retention_period: is 90; must be a number with",
    ),
    "a retention has a unit that is none": (
        put(f"{GENERAL}.maximum_spend_logs_retention_period", "3 months"),
        f"{GENERAL}.maximum_spend_logs_retention_period: is '3 months'; must be a number with",
    ),
    "the drain endpoint has no token": (
        drop(f"{GENERAL}.drain_endpoint_token"),
        f"{GENERAL}.enable_drain_endpoint: does nothing without {GENERAL}.drain_endpoint_token",
    ),
    "a number of retries is below zero": (
        put(f"{ROUTER}.num_retries", -1), f"{ROUTER}.num_retries: is -1; is below zero",
    ),
    "a cooldown is zero": (
        put(f"{ROUTER}.cooldown_time", 0), f"{ROUTER}.cooldown_time: is 0; must be above zero",
    ),
    "a value is left out": (
        put(f"{ROUTER}.max_fallbacks", None), f"{ROUTER}.max_fallbacks: is empty; give it a value",
    ),
}  # fmt: skip
