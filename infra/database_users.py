"""The application's two database users, made by a Job that the cluster runs beside the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.credentials import StoredEpoch
from infra.database import DATABASE_NAME, PORT
from infra.naming import NAMESPACE, PROJECT_ROOT
from infra.secret_families import DATABASE, content_hash

_SCRIPTS = "/etc/database-users"
_CERTIFICATES = "/etc/gateway/certificates"
_FILES = ("database_users.sh", "database_users.sql")


@dataclass(frozen=True, kw_only=True)
class DatabaseUsersArgs:
    image: str
    """An image with psql."""
    host: pulumi.Input[str]
    master_secret: str
    """Name of the Secret with the master user and its password."""
    database: pulumi.Output[str]
    """What distinguishes this database from a restored one: passwords are set anew in each."""
    epochs: Sequence[StoredEpoch]
    certificates: pulumi.Input[str]
    """Name of the ConfigMap whose ``database.pem`` is the authority of the server."""


class DatabaseUsers(pulumi.ComponentResource):
    """A Job that makes roles and sets passwords; it runs again only when an input changed.

    Only the idle user's password ever changes: the serving one was set an epoch before.
    """

    job: kubernetes.batch.v1.Job

    def __init__(
        self, name: str, args: DatabaseUsersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:database-users:DatabaseUsers", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        files = {file: (PROJECT_ROOT / "config_templates" / file).read_text() for file in _FILES}
        numbers = [str(stored.epoch) for stored in args.epochs]
        identity = args.database.apply(lambda one: content_hash(*files.values(), *numbers, one))
        scripts = kubernetes.core.v1.ConfigMap(
            "scripts",
            metadata={
                "name": f"database-users-{content_hash(*files.values())}",
                "namespace": NAMESPACE,
            },
            immutable=True,
            data=files,
            opts=child,
        )
        self.job = kubernetes.batch.v1.Job(
            "database-users",
            metadata={
                "name": pulumi.Output.concat("database-users-", identity),
                "namespace": NAMESPACE,
            },
            spec=self._spec(args, scripts.metadata.name),
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create="12m")
            ),
        )
        self.register_outputs({})

    def _spec(self, args: DatabaseUsersArgs, scripts: pulumi.Input[str]) -> Any:
        return {
            "backoffLimit": 6,
            "activeDeadlineSeconds": 600,
            "template": {
                "metadata": {"labels": {"app.kubernetes.io/name": "database-users"}},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65534,
                        "runAsGroup": 65534,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [self._container(args)],
                    "volumes": [
                        {"name": "scripts", "configMap": {"name": scripts}},
                        {"name": "certificates", "configMap": {"name": args.certificates}},
                    ],
                },
            },
        }

    @staticmethod
    def _container(args: DatabaseUsersArgs) -> dict[str, Any]:
        plain: dict[str, pulumi.Input[str]] = {
            "PGHOST": args.host,
            "PGPORT": str(PORT),
            "PGDATABASE": DATABASE_NAME,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": f"{_CERTIFICATES}/database.pem",
            "PGCONNECT_TIMEOUT": "10",
            "SCRIPTS": _SCRIPTS,
            "EPOCHS": " ".join(str(stored.epoch) for stored in args.epochs),
        }
        secret = {
            "PGUSER": (args.master_secret, "username"),
            "PGPASSWORD": (args.master_secret, "password"),
        }
        for stored in args.epochs:
            synced = DATABASE.secret_name(stored.epoch)
            secret[f"USER_{stored.epoch}"] = (synced, "username")
            secret[f"PASSWORD_{stored.epoch}"] = (synced, "password")
        return {
            "name": "database-users",
            "image": args.image,
            "command": ["sh", f"{_SCRIPTS}/database_users.sh"],
            "env": [
                *({"name": name, "value": value} for name, value in plain.items()),
                *(
                    {"name": name, "valueFrom": {"secretKeyRef": {"name": from_, "key": key}}}
                    for name, (from_, key) in secret.items()
                ),
            ],
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"memory": "64Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "scripts", "mountPath": _SCRIPTS, "readOnly": True},
                {"name": "certificates", "mountPath": _CERTIFICATES, "readOnly": True},
            ],
        }
