"""What a caller of Bedrock needs for the models of a catalogue. Pure: settings in, statements out.

Sources, each with AWS's own example policies:
docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html,
docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from infra.bedrock_profiles import GEOGRAPHIES, split_profile
from infra.iam_policies import Document, allow, document
from infra.model_catalogue import Deployment, Model
from infra.priced_models import Mode
from infra.setting_sections import BedrockSettings

_INVOKE = "bedrock:InvokeModel"
_STREAM = "bedrock:InvokeModelWithResponseStream"
_COUNT = "bedrock:CountTokens"


@dataclass(frozen=True, kw_only=True)
class BedrockAccount:
    """Whose inference profiles are called, and from which region unless a deployment has its own.

    A system-defined profile belongs to the account of the caller: that of an assumed role.
    """

    partition: str
    account: str
    region: str

    @classmethod
    def of(
        cls, settings: BedrockSettings, *, partition: str, account: str, region: str
    ) -> "BedrockAccount":
        """Return the account of the role that calls Bedrock."""
        owner = settings.role_arn.split(":")[4] if settings.role_arn else account
        return cls(partition=partition, account=owner, region=region)


def bedrock_statements(models: Sequence[Model], where: BedrockAccount) -> list[Document]:
    """Return the statements that allow exactly the Bedrock models of a catalogue.

    Models and profiles that requests name may be invoked; chats also with a streamed answer, and
    their tokens may be counted, which LiteLLM asks of the foundation model in the calling region.
    A foundation model behind a profile may be invoked through that profile only. Profiles may be
    listed, so that an operator can see from a pod what the account offers.
    """
    chats = _reached(models, "chat", where)
    embeddings = _reached(models, "embedding", where)
    statements = [
        *_invoke_statements([_INVOKE, _STREAM], chats),
        *_invoke_statements([_INVOKE], embeddings),
    ]
    if chats.counted:
        statements.append(allow([_COUNT], sorted(chats.counted)))
    if statements:
        # Lists have no resource; this one tells names, which are AWS's, and no content.
        statements.append(allow(["bedrock:ListInferenceProfiles"], ["*"]))
    return statements


@dataclass(frozen=True, kw_only=True)
class _Reached:
    """ARNs of one mode's models; profiles and what is behind them by the regions they reach."""

    named: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)
    routed: defaultdict[tuple[str, ...], set[str]] = field(default_factory=lambda: defaultdict(set))
    profiles: defaultdict[tuple[str, ...], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )


def _reached(models: Iterable[Model], mode: Mode, where: BedrockAccount) -> _Reached:
    reached = _Reached()
    for deployment in _deployments(models, mode):
        home = deployment.region or where.region
        geography, foundation = split_profile(deployment.model)
        here = _foundation_model(where.partition, home, foundation)
        reached.counted.add(here)
        if not geography and not deployment.inference_profile:
            reached.named.add(here)
            continue
        regions = (home, *GEOGRAPHIES[geography].destinations) if geography else (home,)
        reached.routed[regions].update(
            _foundation_model(where.partition, region, foundation) for region in regions
        )
        for profile in _profiles(deployment, geography, home, where):
            reached.named.add(profile)
            reached.profiles[regions].add(profile)
    return reached


def _invoke_statements(actions: list[str], reached: _Reached) -> Iterator[Document]:
    if reached.named:
        yield allow(actions, sorted(reached.named))
    for regions in sorted(reached.routed):
        profiles = sorted(reached.profiles[regions])
        yield allow(
            actions,
            sorted(reached.routed[regions]),
            Condition={"StringEquals": {"bedrock:InferenceProfileArn": profiles}},
        )


def _deployments(models: Iterable[Model], mode: Mode) -> Iterator[Deployment]:
    for model in models:
        for deployment in model.deployments:
            if model.mode == mode and model.provider_of(deployment) == "bedrock":
                yield deployment


def _foundation_model(partition: str, region: str, model: str) -> str:
    return f"arn:{partition}:bedrock:{region}::foundation-model/{model}"


def _profiles(
    deployment: Deployment, geography: str, home: str, where: BedrockAccount
) -> Iterator[str]:
    if geography:
        yield (
            f"arn:{where.partition}:bedrock:{home}:{where.account}:inference-profile/"
            f"{deployment.model}"
        )
    if deployment.inference_profile:
        yield deployment.inference_profile


def assume_statements(role_arn: str, settings: BedrockSettings) -> list[Document]:
    """Return the statements that let the gateway take one role, with the teams' session tags."""
    asked = (
        {"Condition": {"StringEquals": {"sts:ExternalId": settings.external_id}}}
        if settings.external_id
        else {}
    )
    statements = [allow(["sts:AssumeRole"], [role_arn], **asked)]
    if settings.teams:
        statements.append(allow(["sts:TagSession"], [role_arn], Condition=_team_tags(settings)))
    return statements


def role_trust(gateway_role_arn: str, settings: BedrockSettings) -> str:
    """Return the trust document of a role of this account that the gateway takes for a team."""
    principal = {"AWS": gateway_role_arn}
    return document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal},
        {
            "Effect": "Allow",
            "Action": "sts:TagSession",
            "Principal": principal,
            "Condition": _team_tags(settings),
        },
    )


def _team_tags(settings: BedrockSettings) -> Document:
    """Hold for the keys that the settings name, and for no other."""
    keys = sorted({key for team in settings.teams for key in team.tags})
    return {"ForAllValues:StringEquals": {"aws:TagKeys": keys}}
