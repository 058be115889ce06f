"""``model_list``: a deployment of the catalogue is an entry, or one for each team."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from infra.model_catalogue import Deployment, Model, provider_of
from infra.proxy_config.deployment_routing import DeploymentRouting, deployment_routing
from infra.setting_sections import BedrockSettings, BedrockTeam
from infra.settings import Settings

# Field of a provider's credentials → LiteLLM's parameter.
_PARAMETERS = {"apiKey": "api_key"}


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
    region: str | None = None
    inference_profile: str | None = None
    """ARN that is called in place of the model, which still tells the provider and the prices."""
    role: AssumedRole | None = None
    team: str = ""
    """Team that this deployment serves, in place of those that serve everyone."""
    api_base: str | None = None
    order: int | None = None
    weight: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tags: tuple[str, ...] = ()
    routing: DeploymentRouting = field(default_factory=DeploymentRouting)
    mock_response: str | None = None
    mock_delay_seconds: int | None = None
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None

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
            "api_base": self.api_base,
            "aws_region_name": self.region,
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
            "input_cost_per_token": self.input_cost_per_token,
            "output_cost_per_token": self.output_cost_per_token,
        }
        return {name: value for name, value in given.items() if value is not None}


def model_list(settings: Settings, bedrock_role: str) -> Iterator[ModelDeployment]:
    """Yield every deployment; ``bedrock_role`` is taken for teams whose costs stand apart."""
    for model in settings.models:
        for index, deployment in enumerate(model.deployments, start=1):
            name = str(index) if len(model.deployments) > 1 else ""
            shared = _deployment(settings, model, deployment, name)
            if model.provider != "bedrock":
                yield shared
                continue
            yield replace(shared, role=_shared_role(settings.bedrock))
            for team in settings.bedrock.teams:
                yield replace(shared, team=team.id, role=_team_role(settings, team, bedrock_role))


def _deployment(
    settings: Settings, model: Model, deployment: Deployment, name: str
) -> ModelDeployment:
    provider = provider_of(model.provider)
    region = deployment.region or settings.aws.region if model.provider == "bedrock" else None
    return ModelDeployment(
        model_name=model.name,
        model=f"{provider.route}/{deployment.model}",
        provider=model.provider,
        tier=len(model.tier),
        name=name,
        credentials={
            _PARAMETERS[field]: variable for field, variable in provider.credentials.items()
        },
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
    )


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
