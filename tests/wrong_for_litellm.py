"""Configurations that LiteLLM alone can tell to be wrong: a change of prod's, and what is said."""

from config_changes import Change, add, each, put

DEPLOYMENT = "model_list[0].litellm_params"
INFO = "model_list[0].model_info"
SETTINGS = "litellm_settings"
LOG = "litellm_settings.s3_callback_params"
ROUTER = "router_settings"
GENERAL = "general_settings"
REDIS = "general_settings.coordination_redis"
CACHE = "litellm_settings.cache_params"
CHECK = "guardrails[0].litellm_params"
GUARDRAIL = {
    "guardrail_name": "pii",
    "litellm_params": {"guardrail": "presidio", "mode": "pre_call"},
}

# What only LiteLLM itself can tell: its types, its names, what its router drops.
BY_LITELLM: dict[str, tuple[Change, str]] = {
    "a routing strategy that there is not": (
        put(f"{ROUTER}.routing_strategy", "fastest"), f'{ROUTER}.routing_strategy: is "fastest"',
    ),
    "a provider that there is not": (
        put(f"{DEPLOYMENT}.model", "antropic/claude"),
        f"{DEPLOYMENT}: LiteLLM drops this deployment: BadRequestError",
    ),
    "a deployment is dropped": (
        put(f"{DEPLOYMENT}.model", "antropic/claude"), "3 deployments went in, 2 came out",
    ),
    "a callback that there is not": (
        put(f"{SETTINGS}.callbacks", ["promethius"]),
        f"{SETTINGS}.callbacks[0]: LiteLLM has no callback promethius",
    ),
    "a callback of failures that there is not": (
        put(f"{SETTINGS}.failure_callback", ["s3v2"]), f"{SETTINGS}.failure_callback[0]: LiteLLM",
    ),
    "a number of connections is a word": (
        put(f"{GENERAL}.database_connection_pool_limit", "ten"),
        f"{GENERAL}.database_connection_pool_limit: ",
    ),
    "a number of retries is a word": (
        put(f"{ROUTER}.num_retries", "two"), f'{ROUTER}.num_retries: is "two"',
    ),
    "a list is a text": (
        put(f"{SETTINGS}.prometheus_exclude_labels", "user_email"),
        f'{SETTINGS}.prometheus_exclude_labels: is "user_email"; Input',
    ),
    "a bucket is a number": (
        put(f"{LOG}.s3_bucket_name", 7), f"{LOG}.s3_bucket_name: is 7; Input should be a valid",
    ),
    "the tier of a deployment is one of LiteLLM's own": (
        put(f"{INFO}.tier", 7), f"{INFO}.tier: is 7; Input should be 'free' or 'paid'",
    ),
    "a type of cache that there is not": (
        put(CACHE, {"type": "memcached"}), f'{CACHE}.type: is "memcached"',
    ),
    "a time to live that is a word": (
        put(CACHE, {"type": "redis", "ttl": "an hour"}), f'{CACHE}.ttl: is "an hour"',
    ),
    "a parameter of the cache is misspelt": (
        put(CACHE, {"type": "redis", "namespac": "a"}),
        f"{CACHE}.namespac: LiteLLM reads no such key; did you mean namespace?",
    ),
    "a call that is never cached": (
        put(CACHE, {"type": "redis", "supported_call_types": ["chat"]}), f"{CACHE}.supported",
    ),
    "a key of the retry policy is misspelt": (
        put(f"{ROUTER}.retry_policy", {"TimeoutErorRetries": 1}),
        f"{ROUTER}.retry_policy.TimeoutErorRetries: LiteLLM reads no such key; did you mean",
    ),
    "a key of a model's retry policy is misspelt": (
        put(f"{ROUTER}.model_group_retry_policy", {"claude-haiku-4-5": {"TimeoutRetries": 1}}),
        f"{ROUTER}.model_group_retry_policy.claude-haiku-4-5.TimeoutRetries: LiteLLM reads no",
    ),
    "a key of the policy of allowed failures is misspelt": (
        put(f"{ROUTER}.allowed_fails_policy", {"RateLimitErrorAllowedFail": 1}),
        f"{ROUTER}.allowed_fails_policy.RateLimitErrorAllowedFail: LiteLLM reads no such key",
    ),
    "an argument of the routing strategy is misspelt": (
        each(
            put(f"{ROUTER}.routing_strategy", "latency-based-routing"),
            put(f"{ROUTER}.routing_strategy_args", {"lowest_latency_bufer": 0.5}),
        ),
        f"{ROUTER}.routing_strategy_args.lowest_latency_bufer: LiteLLM reads no such key",
    ),
    "an upper bound of keys is misspelt": (
        put(f"{SETTINGS}.upperbound_key_generate_params", {"max_bugdet": 1}),
        f"{SETTINGS}.upperbound_key_generate_params.max_bugdet: LiteLLM reads no such key",
    ),
    "a default of keys is misspelt": (
        put(f"{SETTINGS}.default_key_generate_params", {"rmp_limit": 60}),
        f"{SETTINGS}.default_key_generate_params.rmp_limit: LiteLLM reads no such key",
    ),
    "a default of users is misspelt": (
        put(f"{SETTINGS}.default_internal_user_params", {"budget_durration": "1d"}),
        f"{SETTINGS}.default_internal_user_params.budget_durration: LiteLLM reads no such key",
    ),
    "a kind of alert that there is not": (
        each(put(f"{GENERAL}.alerting", ["slack"]), put(f"{GENERAL}.alert_types", ["budget"])),
        f'{GENERAL}.alert_types[0]: is "budget"',
    ),
    "an argument of alerts is misspelt": (
        put(f"{GENERAL}.alerting_args", {"budget_alert_tll": 60}),
        f"{GENERAL}.alerting_args.budget_alert_tll: LiteLLM reads no such key; did you mean",
    ),
    "a claim of tokens is misspelt": (
        put(f"{GENERAL}.litellm_jwtauth", {"user_id_jwt_feld": "sub"}),
        f"{GENERAL}.litellm_jwtauth.user_id_jwt_feld: LiteLLM reads no such key; did you mean",
    ),
    "users are made by a text": (
        put(f"{GENERAL}.litellm_jwtauth", {"user_id_upsert": "yes"}),
        f'{GENERAL}.litellm_jwtauth.user_id_upsert: is "yes"; Input should be a valid boolean',
    ),
    "a guardrail that there is not": (
        each(put("guardrails", [GUARDRAIL]), put(f"{CHECK}.guardrail", "presidoi")),
        'guardrails[0].litellm_params.guardrail: is "presidoi"',
    ),
    "a guardrail's mode that there is not": (
        each(put("guardrails", [GUARDRAIL]), put(f"{CHECK}.mode", "on")),
        'guardrails[0].litellm_params.mode: is "on"',
    ),
    "a guardrail has no name": (
        put("guardrails", [{"litellm_params": GUARDRAIL["litellm_params"]}]),
        "guardrails[0].guardrail_name: is missing",
    ),
    "a section that LiteLLM does not read": (
        put("generel_settings", {}), "generel_settings: LiteLLM reads no such key; did you mean",
    ),
    "a general setting that LiteLLM does not read": (
        put(f"{GENERAL}.disable_spendlogs", True), f"{GENERAL}.disable_spendlogs: LiteLLM reads no",
    ),
    "a parameter that no provider reads": (
        put(f"{DEPLOYMENT}.aws_regoin_name", "x"),
        f"{DEPLOYMENT}.aws_regoin_name: LiteLLM reads no",
    ),
    "a key of a session tag is misspelt": (
        put(f"{DEPLOYMENT}.aws_session_tags", [{"Key": "team", "Valeu": "a"}]),
        f"{DEPLOYMENT}.aws_session_tags[0].Valeu: LiteLLM reads no such key; did you mean Value?",
    ),
    "a parameter of the coordination cache is unknown to Redis": (
        put(f"{REDIS}.prot", 6379), f"{REDIS}.prot: LiteLLM reads no such key; did you mean port?",
    ),
    "a port is a reference": (
        put(f"{REDIS}.port", "os.environ/REDIS_PORT"), f"{REDIS}.port: Input should be a valid",
    ),
    "a fallback leads nowhere, for LiteLLM too": (
        add(f"{ROUTER}.fallbacks", {"claude-haiku-4-5": ["gpt-9"]}),
        f"{ROUTER}.fallbacks.claude-haiku-4-5: there is no model gpt-9",
    ),
}  # fmt: skip
