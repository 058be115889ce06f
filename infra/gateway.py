"""The gateway in the cluster: its configuration, its release, its place behind the balancer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from infra.credentials import StoredEpoch
from infra.helm_values import render_helm_values, values_context
from infra.load_balancer import bind_targets
from infra.naming import NAMESPACE, PRIORITY_CLASS, PROJECT_ROOT, RELEASE, SERVICE_ACCOUNT
from infra.pod_environment import plain_environment, secret_environment
from infra.proxy_config.document import config_context, render_litellm_config
from infra.proxy_config.log_sinks import hook_files
from infra.secret_families import content_hash
from infra.settings import Settings
from infra.subnets import SubnetPlan

CHART_FILES = PROJECT_ROOT / "charts" / "litellm-gateway"
# Relative to the program, so that the state is the same for every checkout.
CHART = f"../{CHART_FILES.relative_to(PROJECT_ROOT)}"
_RELEASE_SECONDS = 2400


@dataclass(frozen=True, kw_only=True)
class GatewayArgs:
    settings: Settings
    serving: Sequence[StoredEpoch]
    role_arn: pulumi.Input[str]
    bedrock_role_arn: str
    """Role for the calls of teams whose costs stand apart, if there are any."""
    database_host: pulumi.Input[str]
    cache_host: pulumi.Input[str]
    bucket: str
    log_key_arn: pulumi.Input[str]
    response_bucket: str | None
    """Where answers are kept, if that is in S3."""
    certificates: pulumi.Input[str]
    own_cache_authority: bool
    target_group_arn: pulumi.Input[str]
    subnets: SubnetPlan


class Gateway(pulumi.ComponentResource):
    """LiteLLM's configuration, its Helm release with migrations, and its target binding.

    What the migration needs is there before the release: it runs ahead of everything of the chart.

    The configuration is an immutable ConfigMap named by its content: a change makes a new one and
    rolls the pods onto it, while old pods keep theirs until they are gone.
    """

    config_text: pulumi.Output[str]

    def __init__(
        self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:gateway:Gateway", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        secrets = secret_environment(args.serving)
        environment = pulumi.Output.all(args.database_host, args.cache_host).apply(
            lambda hosts: plain_environment(
                settings,
                database_host=hosts[0],
                cache_host=hosts[1],
                own_cache_authority=args.own_cache_authority,
            )
        )
        self.config_text = pulumi.Output.all(environment, args.log_key_arn).apply(
            lambda known: render_litellm_config(
                config_context(
                    settings,
                    environment=frozenset(known[0]) | {variable.name for variable in secrets},
                    bucket=args.bucket,
                    log_key_arn=known[1],
                    bedrock_role=args.bedrock_role_arn,
                    response_bucket=args.response_bucket,
                )
            )
        )
        account = kubernetes.core.v1.ServiceAccount(
            "gateway",
            metadata={
                "name": SERVICE_ACCOUNT,
                "namespace": NAMESPACE,
                "annotations": {"eks.amazonaws.com/role-arn": args.role_arn},
            },
            automount_service_account_token=False,
            opts=child,
        )
        files = hook_files(settings)
        config = kubernetes.core.v1.ConfigMap(
            "config",
            metadata={
                "name": self.config_text.apply(
                    lambda text: f"gateway-config-{content_hash(text, *files, *files.values())}"
                ),
                "namespace": NAMESPACE,
            },
            immutable=True,
            data={"config.yaml": self.config_text, **files},
            opts=child,
        )
        priority = kubernetes.scheduling.v1.PriorityClass(
            "gateway",
            metadata={"name": PRIORITY_CLASS},
            # Above all that has no class, which is 0, and far below the system's own.
            value=1_000_000,
            description="The gateway and its migrations, before whatever has no class",
            opts=child,
        )
        # What is known stays outside of outputs, so that policies see it in the first preview.
        fixed = render_helm_values(
            values_context(
                settings,
                environment={},
                secrets=secrets,
                config_map="",
                certificates="",
                plan=args.subnets,
            )
        )
        values = {
            **fixed,
            "environment": environment,
            "configMap": {**fixed["configMap"], "name": config.metadata.name},
            "certificatesConfigMap": args.certificates,
        }
        release = kubernetes.helm.v3.Release(
            "gateway",
            name=RELEASE,
            namespace=NAMESPACE,
            chart=CHART,
            values=values,
            description=f"Chart of content {chart_content(CHART_FILES)}",
            atomic=True,
            # Long enough for a new node, the image and the migrations.
            timeout=_RELEASE_SECONDS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, priority]),
        )
        bind_targets(
            args.target_group_arn,
            RELEASE,
            pulumi.ResourceOptions(parent=self, depends_on=[release]),
        )
        self.register_outputs({})


def chart_content(chart: Path) -> str:
    """Return what changes with every file of a chart that can change what it renders.

    Of a local chart Pulumi looks at the version alone (pulumi/pulumi-kubernetes issue 2251). As a
    release's description this makes it upgrade, and rolls pods only if their template changed.
    """
    files = sorted(file for file in chart.rglob("*") if file.is_file() and file.suffix != ".md")
    return content_hash(
        *(part for file in files for part in (str(file.relative_to(chart)), file.read_text()))
    )
