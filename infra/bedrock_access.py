"""What a caller of Bedrock needs for the models of a catalogue. Pure: settings in, statements out.

Sources, each with AWS's own example policies:
docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html,
docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from infra.iam_policies import Document, allow, document
from infra.model_catalogue import Deployment, Model
from infra.setting_sections import BedrockSettings

_INVOKE = ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream")

# Regions to which a profile of a geography may route a request, beside the one that is called. AWS
# lists them for each model and adds to them, so a list would refuse requests now and then; the
# pattern keeps to the geography, and the condition on the profile leaves the choice to AWS. A
# global profile has one model ARN without a region.
_GEOGRAPHIES: Mapping[str, tuple[str, ...]] = {
    "us": ("us-*",),
    "us-gov": ("us-gov-*",),
    "eu": ("eu-*",),
    "apac": ("ap-*",),
    # Tokyo and Osaka: aws.amazon.com/jp/blogs/news/
    # amazon-bedrock-now-supports-japan-cross-region-inference
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    # Sydney and Melbourne, from Auckland too: docs/not-confirmed.md
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "global": ("",),
}


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


def bedrock_statements(models: Iterable[Model], where: BedrockAccount) -> list[Document]:
    """Return the statements that allow exactly the Bedrock models of a catalogue.

    Models and profiles that requests name may be invoked, with and without a streamed answer. A
    foundation model behind a profile may be invoked through that profile only. Tokens may be
    counted for the same models, which LiteLLM asks of the foundation model in the calling region.
    Profiles may be listed, so that an operator can see from a pod what the account offers.
    """
    named: set[str] = set()
    counted: set[str] = set()
    routed: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    profiles: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for deployment in _deployments(models):
        home = deployment.region or where.region
        geography, foundation = _parts(deployment.model)
        here = _foundation_model(where.partition, home, foundation)
        counted.add(here)
        if not geography and not deployment.inference_profile:
            named.add(here)
            continue
        regions = (home, *_GEOGRAPHIES[geography]) if geography else (home,)
        routed[regions].update(
            _foundation_model(where.partition, region, foundation) for region in regions
        )
        for profile in _profiles(deployment, geography, home, where):
            named.add(profile)
            profiles[regions].add(profile)
    if not named:
        return []
    through = [
        allow(
            _INVOKE,
            sorted(routed[regions]),
            Condition={"StringEquals": {"bedrock:InferenceProfileArn": sorted(profiles[regions])}},
        )
        for regions in sorted(routed)
    ]
    return [
        allow(_INVOKE, sorted(named)),
        *through,
        allow(["bedrock:CountTokens"], sorted(counted)),
        # Lists have no resource; this one tells names, which are AWS's, and no content.
        allow(["bedrock:ListInferenceProfiles"], ["*"]),
    ]


def _deployments(models: Iterable[Model]) -> Iterator[Deployment]:
    for model in models:
        if model.provider == "bedrock":
            yield from model.deployments


def _parts(model: str) -> tuple[str, str]:
    """Return geography and foundation model; the geography is empty where there is none."""
    prefix, _, rest = model.partition(".")
    return (prefix, rest) if prefix in _GEOGRAPHIES else ("", model)


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
