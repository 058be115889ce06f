"""The scheduled jobs in LiteLLM's own image: copies of logs, archive of spend, age of secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.analytics_policies import request_copy_policy, spend_archive_policy
from infra.database import DATABASE_NAME
from infra.database import PORT as DATABASE_PORT
from infra.iam_policies import secret_ages_policy
from infra.identity import ServiceAccountRole, ServiceAccountRoleArgs
from infra.images import proxy_image
from infra.job_network import job_egress
from infra.naming import NAMESPACE, PROJECT_ROOT, Naming
from infra.secret_ages import age_limits
from infra.secret_families import DATABASE, content_hash
from infra.settings import Settings

REQUEST_COPY, SPEND_ARCHIVE, SECRET_AGES = "request-copy", "spend-archive", "secret-ages"
# Once a day: what is counted is days.
_DAILY = "20 5 * * *"

_FILES = sorted((PROJECT_ROOT / "archiver").glob("*.py"))
_PROGRAMS = "/usr/local/lib/programs"
_CERTIFICATES = "/etc/gateway/certificates"
_CREDENTIALS = "/etc/archiver/database"
# A batch of the spend archive is in memory three times, a parsed log object about ten.
_MEMORY = "1Gi"


@dataclass(frozen=True, kw_only=True)
class ArchiverArgs:
    naming: Naming
    settings: Settings
    bucket: str
    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    database_host: pulumi.Input[str]
    database_cidrs: Sequence[str]
    certificates: pulumi.Input[str]
    """Name of the ConfigMap whose ``database.pem`` is the authority of the server."""
    secret_names: Mapping[str, pulumi.Input[str]]
    """Family → name of its entry in Secrets Manager."""
    secret_arns: Sequence[pulumi.Input[str]]
    provider_arn: pulumi.Input[str]
    issuer: pulumi.Input[str]


class Archiver(pulumi.ComponentResource):
    """A CronJob for each task that is on, each with a service account and a role of its own.

    One run at a time; a run that is cut short is taken up by the next. The programs are a ConfigMap
    named by its content. Their pods take no connections and reach DNS, HTTPS and, where the task
    needs it, the database.
    """

    def __init__(
        self, name: str, args: ArchiverArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:archiver:Archiver", name, None, opts)
        self._args = args
        settings = args.settings
        limits = age_limits(settings)
        if settings.log_analytics.enabled or settings.spend_archive.enabled or limits:
            self._programs = self._publish()
        known = pulumi.Output.all(bucket_arn=args.bucket_arn, key_arn=args.key_arn)
        if settings.log_analytics.enabled:
            self._job(
                REQUEST_COPY,
                module="archiver.requests",
                schedule=settings.log_analytics.copy_schedule,
                policy=known.apply(lambda arns: request_copy_policy(**arns)),
            )
        if settings.spend_archive.enabled:
            self._job(
                SPEND_ARCHIVE,
                module="archiver.spend",
                schedule=settings.spend_archive.schedule,
                policy=known.apply(lambda arns: spend_archive_policy(**arns)),
                environment={
                    "RETENTION_DAYS": str(settings.gateway.spend_log_retention_days),
                    "BATCH_ROWS": str(settings.spend_archive.batch_rows),
                },
                database=True,
            )
        if limits:
            self._job(
                SECRET_AGES,
                module="archiver.secret_ages",
                schedule=_DAILY,
                policy=pulumi.Output.all(*args.secret_arns).apply(secret_ages_policy),
                environment={
                    "SECRETS": pulumi.Output.json_dumps(
                        {
                            family: {"secret": args.secret_names[family], **asdict(limit)}
                            for family, limit in limits.items()
                        }
                    )
                },
            )
        self.register_outputs({})

    def _publish(self) -> pulumi.Output[str]:
        files = {path.name: path.read_text() for path in _FILES}
        return kubernetes.core.v1.ConfigMap(
            "archiver",
            metadata={
                "name": f"archiver-{content_hash(*files, *files.values())}",
                "namespace": NAMESPACE,
            },
            immutable=True,
            data=files,
            opts=pulumi.ResourceOptions(parent=self),
        ).metadata.name

    def _job(
        self,
        task: str,
        *,
        module: str,
        schedule: str,
        policy: pulumi.Output[str],
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        database: bool = False,
    ) -> None:
        args, child = self._args, pulumi.ResourceOptions(parent=self)
        role = ServiceAccountRole(
            task,
            ServiceAccountRoleArgs(
                naming=args.naming,
                namespace=NAMESPACE,
                service_account=task,
                provider_arn=args.provider_arn,
                issuer=args.issuer,
                policy=policy,
            ),
            child,
        )
        account = kubernetes.core.v1.ServiceAccount(
            task,
            metadata={
                "name": task,
                "namespace": NAMESPACE,
                "annotations": {"eks.amazonaws.com/role-arn": role.arn},
            },
            automount_service_account_token=False,
            opts=child,
        )
        reach = kubernetes.networking.v1.NetworkPolicy(
            task,
            metadata={"name": task, "namespace": NAMESPACE},
            spec=job_egress(args.settings, _labels(task), args.database_cidrs if database else ()),
            opts=child,
        )
        variables = [
            *({"name": name, "value": value} for name, value in (environment or {}).items()),
            *(self._database_environment() if database else []),
        ]
        kubernetes.batch.v1.CronJob(
            task,
            metadata={"name": task, "namespace": NAMESPACE},
            spec=self._spec(
                task, schedule, self._container(task, module, variables, database), database
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[account, reach]),
        )

    def _spec(self, task: str, schedule: str, container: Mapping[str, Any], database: bool) -> Any:
        return {
            "schedule": schedule,
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "backoffLimit": 2,
                    # The next run goes on where this one is stopped.
                    "activeDeadlineSeconds": 6 * 3600,
                    "template": {
                        "metadata": {"labels": _labels(task)},
                        "spec": self._pod(task, container, database),
                    },
                }
            },
        }

    def _pod(self, task: str, container: Mapping[str, Any], database: bool) -> Any:
        return {
            "restartPolicy": "Never",
            "serviceAccountName": task,
            # IRSA's token is a volume of its own.
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {"kubernetes.io/arch": self._args.settings.cluster.architecture},
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65534,
                "runAsGroup": 65534,
                "fsGroup": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [
                {"name": "programs", "configMap": {"name": self._programs, "items": _package()}},
                {"name": "certificates", "configMap": {"name": self._args.certificates}},
                {"name": "scratch", "emptyDir": {"sizeLimit": "256Mi"}},
                *([self._database_credentials()] if database else []),
            ],
        }

    def _container(
        self, task: str, module: str, variables: Sequence[Any], database: bool
    ) -> dict[str, Any]:
        settings = self._args.settings
        return {
            "name": task,
            "image": proxy_image(settings),
            "command": ["python", "-m", module],
            "env": [
                {"name": "PYTHONPATH", "value": _PROGRAMS},
                {"name": "BUCKET", "value": self._args.bucket},
                # Work is on one batch at a time; more threads only take more memory.
                {"name": "POLARS_MAX_THREADS", "value": "1"},
                *_addresses(settings),
                *variables,
            ],
            "resources": {
                "requests": {"cpu": "100m", "memory": _MEMORY},
                "limits": {"memory": _MEMORY},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "programs", "mountPath": _PROGRAMS, "readOnly": True},
                {"name": "certificates", "mountPath": _CERTIFICATES, "readOnly": True},
                {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 - an emptyDir
                *(
                    [{"name": "database", "mountPath": _CREDENTIALS, "readOnly": True}]
                    if database
                    else []
                ),
            ],
        }

    def _database_environment(self) -> list[dict[str, Any]]:
        """What libpq reads, apart from user and password."""
        plain: dict[str, pulumi.Input[str]] = {
            "PGHOST": self._args.database_host,
            "PGPORT": str(DATABASE_PORT),
            "PGDATABASE": DATABASE_NAME,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": f"{_CERTIFICATES}/database.pem",
            "PGCONNECT_TIMEOUT": "10",
            "PGAPPNAME": SPEND_ARCHIVE,
            "DATABASE_CREDENTIALS": _CREDENTIALS,
        }
        return [{"name": name, "value": value} for name, value in plain.items()]

    def _database_credentials(self) -> dict[str, Any]:
        """Files with user and password: the gateway's own of the serving epoch."""
        secret = DATABASE.secret_name(self._args.settings.rotation.serving("database"))
        return {"name": "database", "secret": {"secretName": secret, "defaultMode": 0o440}}


def _package() -> list[dict[str, str]]:
    """Where each file of the ConfigMap goes, whose keys cannot be paths."""
    return [{"key": path.name, "path": f"archiver/{path.name}"} for path in _FILES]


def _labels(task: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": task}


def _addresses(settings: Settings) -> list[dict[str, str]]:
    endpoint = settings.aws.endpoint
    return [{"name": "AWS_ENDPOINT_URL", "value": endpoint}] if endpoint else []
