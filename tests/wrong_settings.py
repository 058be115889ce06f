"""Wrong settings of a stack: changes of prod's, and what has to be said of them."""

from typing import Any

HAIKU = {
    "name": "claude-haiku-4-5", "tier": "$", "provider": "bedrock",
    "deployments": [{"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}],
}  # fmt: skip


def catalogue(**changes: Any) -> dict[str, Any]:
    """Return changes of a stack whose catalogue is one model, made wrong."""
    return {"models": [HAIKU | changes]}


def deployment(**changes: Any) -> dict[str, Any]:
    return catalogue(deployments=[HAIKU["deployments"][0] | changes])


WRONG_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "a section is misspelt": ({"gatway": {}}, "gatway: unknown key; did you mean gateway?"),
    "a setting is misspelt": (
        {"gateway.replicsa": 3}, "gateway.replicsa: unknown key; did you mean replicas?",
    ),
    "a setting of a subsection is misspelt": (
        {"gateway.image": {"digset": "x"}}, "gateway.image.digset: unknown key; did you mean",
    ),
    "a setting of a model is misspelt": (
        catalogue(fallback=["a"]), "models[0].fallback: unknown key; did you mean fallbacks?",
    ),
    "a setting of a deployment is misspelt": (
        deployment(regoin="us-east-1"),
        "models[0].deployments[0].regoin: unknown key; did you mean region?",
    ),
    "a section is a text": ({"database": "small"}, "database: Input should be a valid dictionary"),
    "nothing is served": (
        {"providers": {"bedrock": {"enabled": False}}}, "models: nothing is served",
    ),
    "a model has no deployment": (
        catalogue(deployments=[]), "models[0].deployments: Tuple should have at least 1 item",
    ),
    "a model's name has capitals": (catalogue(name="Claude"), "models[0].name: String should"),
    "a tier that there is not": (catalogue(tier="$$$$"), "models[0].tier: Input should be"),
    "a provider that there is not": (
        catalogue(provider="bedrok"), "models.claude-haiku-4-5.provider: 'bedrok' is none of",
    ),
    "a limit of zero": (
        deployment(requestsPerMinute=0), "models[0].deployments[0].requestsPerMinute: Input",
    ),
    "a limit below zero": (
        deployment(tokensPerMinute=-5), "models[0].deployments[0].tokensPerMinute: Input should be",
    ),
    "a weight that is a word": (
        deployment(weight="heavy"), "models[0].deployments[0].weight: Input should be a valid",
    ),
    "an order of zero": (deployment(order=0), "models[0].deployments[0].order: Input should be"),
    "a model with a blank": (
        deployment(model="claude haiku"), "models[0].deployments[0].model: String should",
    ),
    "a model stands twice": ({"models": [HAIKU, HAIKU]}, "models: 'claude-haiku-4-5' stands"),
    "a fallback leads nowhere": (
        catalogue(fallbacks=["gpt-9"]), "models.claude-haiku-4-5.fallbacks: 'gpt-9' is not another",
    ),
    "a model falls back to itself": (
        catalogue(fallbacks=["claude-haiku-4-5"]), "models.claude-haiku-4-5.fallbacks: 'claude",
    ),
    "spend is written too often": (
        {"gateway.batchWriteSeconds": 2}, "gateway.batchWriteSeconds: 2 is below 10",
    ),
    "spend is never written": (
        {"gateway.batchWriteSeconds": 0}, "gateway.batchWriteSeconds: Input should be",
    ),
    "a pod has no connection": (
        {"gateway.databaseConnections": 0}, "gateway.databaseConnections: Input should be",
    ),
    "a stream of no length": (
        {"gateway.longestStreamSeconds": 0}, "gateway.longestStreamSeconds: Input should be",
    ),
    "an image without a version": (
        {"gateway.image": {"tag": "latest"}}, "gateway.image: tag 'latest' does not name",
    ),
    "a secret among plain variables": (
        {"gateway.environment": {"OPENAI_API_KEY": "x"}},
        "gateway.environment.OPENAI_API_KEY: looks",
    ),
    "a secret of a family that there is not": (
        {"suppliedSecrets.antropic": {"1": {"apiKey": "x"}}},
        "suppliedSecrets.antropic: unknown family; did you mean anthropic?",
    ),
    "a provider's key is not supplied": (
        catalogue(provider="anthropic"), "suppliedSecrets.anthropic: epoch 1 has no value",
    ),
    "a provider's key is misspelt": (
        catalogue(provider="anthropic") | {"suppliedSecrets.anthropic": {"1": {"key": "x"}}},
        'suppliedSecrets.anthropic["1"]: has key; needs apiKey',
    ),
}  # fmt: skip
