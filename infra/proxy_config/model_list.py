"""``model_list``: a deployment of the catalogue is an entry, or one for each team and alias."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from infra.model_catalogue import Deployment, Model, Prices
from infra.priced_models import Mode
from infra.providers import connections
from infra.proxy_config.deployment_routing import DeploymentRouting, deployment_routing
from infra.setting_sections import BedrockSettings, BedrockTeam
from infra.settings import Settings

_MILLION = Decimal(10) ** 6


@dataclass(frozen=True, kw_only=True)
class AssumedRole:
    """A role that LiteLLM takes for a deployment's calls."""

    arn: str
    session_name: str
    external_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    """Session tags, which AWS puts beside the costs of the calls."""

    @property
    def parameters(self) -> dict[str, object]:
        tags = [{"Key": key, "Value": self.tags[key]} for key in sorted(self.tags)]
        return {
            "aws_role_name": self.arn,
            "aws_session_name": self.session_name,
            "aws_external_id": self.external_id,
            "aws_session_tags": tags or None,
        }


@dataclass(frozen=True, kw_only=True)
class ModelDeployment:
    """One place where a model runs, as an entry of LiteLLM's model list."""

    model_name: str
    """What developers ask for."""
    model: str
    """Route and model of the provider, such as ``bedrock/us.anthropic.claude-…``."""
    provider: str
    tier: int
    """Relative cost, 1 to 3."""
    name: str = ""
    """Tells deployments apart that agree in model name, provider and region."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """LiteLLM parameter → name of the environment variable that holds its value."""
    connection: Mapping[str, object] = field(default_factory=dict)
    """Further LiteLLM parameters of the provider: where it is, and who calls."""
    mode: Mode = "chat"
    base_model: str | None = None
    """What LiteLLM takes prices from where the provider's name of the model is one's own."""
    region: str | None = None
    inference_profile: str | None = None
    """ARN that is called in place of the model, which still tells the provider and the prices."""
    role: AssumedRole | None = None
    team: str = ""
    """Team that this deployment serves, in place of those that serve everyone."""
    order: int | None = None
    weight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tags: tuple[str, ...] = ()
    routing: DeploymentRouting = field(default_factory=DeploymentRouting)
    mock_response: str | None = None
    mock_delay_seconds: int | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    """LiteLLM parameter → USD per token; empty: LiteLLM's own prices."""

    @property
    def identity(self) -> str:
        """Stays the same when limits, prices or the provider's model version change."""
        parts = (self.model_name, self.provider, self.region or "", self.name, self.team)
        return ".".join(part for part in parts if part)

    @property
    def group(self) -> str:
        """LiteLLM's name of the group; a team's own must not be the one that everyone asks for."""
        return f"{self.model_name}.{self.team}" if self.team else self.model_name

    @property
    def access_groups(self) -> tuple[str, str]:
        return f"provider:{self.provider}", f"tier:{self.tier}"

    @property
    def parameters(self) -> dict[str, object]:
        """``litellm_params`` of the deployment, without those that are not set."""
        given: dict[str, object] = {
            "model": self.model,
            **{name: f"os.environ/{variable}" for name, variable in self.credentials.items()},
            **self.connection,
            "aws_region_name": self.region if self.provider == "bedrock" else None,
            "model_id": self.inference_profile,
            **(self.role.parameters if self.role else {}),
            "order": self.order,
            "weight": self.weight,
            "rpm": self.requests_per_minute,
            "tpm": self.tokens_per_minute,
            "tags": list(self.tags) or None,
            **self.routing.parameters,
            "mock_response": self.mock_response,
            "mock_delay": self.mock_delay_seconds,
            # Not in model_info, where ConfigYAML knows six names alone.
            "base_model": self.base_model,
            **self.costs,
        }
        return {name: value for name, value in given.items() if value is not None}


def model_list(settings: Settings, bedrock_role: str) -> Iterator[ModelDeployment]:
    """Yield every deployment; ``bedrock_role`` is taken for teams whose costs stand apart.

    An alias of several models is a group of its own with all of their deployments, because
    ``model_group_alias`` takes one model only.
    """
    models = {model.name: model for model in settings.models}
    for model in settings.models:
        yield from _group(settings, _own_deployments(settings, model), bedrock_role)
    for alias, targets in settings.aliases.items():
        if len(targets) > 1:
            members = [
                replace(member, model_name=alias, name=".".join(filter(None, (name, member.name))))
                for name in targets
                for member in _own_deployments(settings, models[name])
            ]
            yield from _group(settings, members, bedrock_role)


def single_aliases(settings: Settings) -> dict[str, str]:
    """Return the aliases of one model each, for ``model_group_alias``."""
    return {alias: targets[0] for alias, targets in settings.aliases.items() if len(targets) == 1}


def group_fallbacks(
    settings: Settings, of_model: Callable[[Model], tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the fallbacks of every model and of every alias that is a group of its own.

    Such an alias has those of its models, but for the models themselves, which were tried.
    """
    fallbacks = {model.name: of_model(model) for model in settings.models}
    for alias, targets in settings.aliases.items():
        if len(targets) > 1:
            of_targets = dict.fromkeys(name for one in targets for name in fallbacks[one])
            further = (name for name in of_targets if name not in (*targets, alias))
            fallbacks[alias] = tuple(further)
    return fallbacks


def _group(
    settings: Settings, members: Iterable[ModelDeployment], bedrock_role: str
) -> Iterator[ModelDeployment]:
    """Yield a group's deployments, and each again for every team with a session of its own.

    LiteLLM gives a team its own deployments of a name and no others, so that a group with one on
    Bedrock has all of its deployments again for each team.
    """
    members = tuple(members)
    on_bedrock = any(member.provider == "bedrock" for member in members)
    for member in members:
        if member.provider == "bedrock":
            yield replace(member, role=_shared_role(settings.bedrock))
        else:
            yield member
        for team in settings.bedrock.teams if on_bedrock else ():
            role = _team_role(settings, team, bedrock_role)
            yield replace(member, team=team.id, role=role if member.provider == "bedrock" else None)


def _own_deployments(settings: Settings, model: Model) -> Iterator[ModelDeployment]:
    for index, deployment in enumerate(model.deployments, start=1):
        name = str(index) if len(model.deployments) > 1 else ""
        yield _deployment(settings, model, deployment, name)


def _deployment(
    settings: Settings, model: Model, deployment: Deployment, name: str
) -> ModelDeployment:
    provider = model.provider_of(deployment)
    connection = connections(settings)[provider]
    region = deployment.region or (settings.aws.region if provider == "bedrock" else None)
    place = {"vertex_location": region} if provider == "vertex" and region else {}
    base_model = deployment.base_model
    return ModelDeployment(
        model_name=model.name,
        model=f"{connection.route}/{deployment.model}",
        provider=provider,
        tier=len(model.tier),
        name=name,
        mode=model.mode,
        base_model=f"{connection.route}/{base_model}" if base_model else None,
        credentials=connection.credentials,
        connection={**connection.parameters, **place},
        region=region,
        inference_profile=deployment.inference_profile,
        order=deployment.order,
        weight=deployment.weight,
        requests_per_minute=deployment.requests_per_minute,
        tokens_per_minute=deployment.tokens_per_minute,
        tags=deployment.tags,
        routing=deployment_routing(settings, model, deployment),
        mock_response=deployment.mock_response,
        mock_delay_seconds=deployment.mock_delay_seconds,
        costs=_costs(deployment.prices),
    )


def _costs(prices: Prices | None) -> dict[str, float]:
    if prices is None:
        return {}
    per_million = {
        "input_cost_per_token": prices.input,
        # Embeddings have no answer, and LiteLLM wants a figure.
        "output_cost_per_token": prices.output or 0.0,
        "cache_read_input_token_cost": prices.cache_read,
        "cache_creation_input_token_cost": prices.cache_write,
    }
    return {
        name: float(Decimal(str(price)) / _MILLION)
        for name, price in per_million.items()
        if price is not None
    }


def _shared_role(bedrock: BedrockSettings) -> AssumedRole | None:
    if not bedrock.role_arn:
        return None
    return AssumedRole(
        arn=bedrock.role_arn, session_name="litellm-gateway", external_id=bedrock.external_id
    )


def _team_role(settings: Settings, team: BedrockTeam, bedrock_role: str) -> AssumedRole:
    """The session that carries a team's tags; its name shows in CloudTrail."""
    return AssumedRole(
        arn=settings.bedrock.role_arn or bedrock_role,
        session_name=f"litellm-{team.id}",
        external_id=settings.bedrock.external_id,
        tags=team.tags,
    )
