"""External Secrets: the controller, its store, and one immutable Secret for each kept epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from infra import versions
from infra.credentials import StoredEpoch
from infra.images import external_secrets_values
from infra.naming import EXTERNAL_SECRETS_NAMESPACE, NAMESPACE

SERVICE_ACCOUNT = "external-secrets"
STORE = "secrets-manager"
_DATABASE_MASTER = "database-master"
_API_VERSION = "external-secrets.io/v1"


@dataclass(frozen=True, kw_only=True)
class ExternalSecretsArgs:
    region: str
    endpoint: str | None
    role_arn: pulumi.Input[str]
    mirror: str | None = None
    """Registry that its image is pulled from; None: its own."""
    namespaces: Sequence[str] = (NAMESPACE,)
    """Where Secrets may be synced to."""


class ExternalSecrets(pulumi.ComponentResource):
    """The controller from its own chart, and a store that serves the named namespaces only."""

    store: CustomResource

    def __init__(
        self, name: str, args: ExternalSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:secret-sync:ExternalSecrets", name, None, opts)
        namespace = kubernetes.core.v1.Namespace(
            "external-secrets",
            metadata={
                "name": EXTERNAL_SECRETS_NAMESPACE,
                "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
            },
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(delete="30m")
            ),
        )
        release = kubernetes.helm.v3.Release(
            "external-secrets",
            name="external-secrets",
            namespace=EXTERNAL_SECRETS_NAMESPACE,
            chart="external-secrets",
            version=versions.EXTERNAL_SECRETS,
            repository_opts={"repo": versions.EXTERNAL_SECRETS_REPOSITORY},
            values={
                "installCRDs": True,
                "serviceAccount": {
                    "name": SERVICE_ACCOUNT,
                    "annotations": {"eks.amazonaws.com/role-arn": args.role_arn},
                },
                **external_secrets_values(args.mirror),
                **({"extraEnv": _addresses(args.endpoint)} if args.endpoint else {}),
            },
            atomic=True,
            timeout=600,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[namespace]),
        )
        self.store = CustomResource(
            "store",
            api_version=_API_VERSION,
            kind="ClusterSecretStore",
            metadata={
                "name": STORE,
                "annotations": {"pulumi.com/waitFor": "condition=Ready"},
            },
            spec={
                "conditions": [{"namespaces": list(args.namespaces)}],
                "provider": {
                    "aws": {
                        "service": "SecretsManager",
                        "region": args.region,
                        "auth": {
                            "jwt": {
                                "serviceAccountRef": {
                                    "name": SERVICE_ACCOUNT,
                                    "namespace": EXTERNAL_SECRETS_NAMESPACE,
                                }
                            }
                        },
                    }
                },
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[release]),
        )
        self.register_outputs({})


def _addresses(endpoint: str) -> list[dict[str, str]]:
    """Variables with which the controller is told another address of AWS."""
    return [
        {"name": f"AWS_{service}_ENDPOINT", "value": endpoint}
        for service in ("SECRETSMANAGER", "STS")
    ]


@dataclass(frozen=True, kw_only=True)
class SyncedSecretsArgs:
    store: CustomResource
    namespace: kubernetes.core.v1.Namespace
    kept: Sequence[StoredEpoch]
    database_generation: int
    database_master_secret: pulumi.Input[str]
    wait_for: Sequence[pulumi.Resource] = ()
    """What must hold before a Secret may exist, such as a user that already has its password."""


class SyncedSecrets(pulumi.ComponentResource):
    """A Kubernetes Secret for each kept epoch: pinned to its version, immutable, awaited.

    Consumers name a Secret, so a new epoch is an ordinary rolling update that cannot start before
    the sync, and going back is naming the earlier one.
    """

    database_master: CustomResource

    def __init__(
        self, name: str, args: SyncedSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:secret-sync:SyncedSecrets", name, None, opts)
        child = pulumi.ResourceOptions(
            parent=self, depends_on=[args.store, args.namespace, *args.wait_for]
        )
        self.secrets = {
            stored.family.secret_name(stored.epoch): pinned_secret(stored, NAMESPACE, child)
            for stored in args.kept
            # What pods have no use for does not come into the cluster.
            if stored.family.environment
        }
        # AWS rotates this one by itself, so it is followed instead of pinned. The interval is
        # written as the controller writes it: it would change any other form, and own it then.
        self.database_master = _external_secret(
            _DATABASE_MASTER,
            NAMESPACE,
            {"key": args.database_master_secret},
            refresh={"refreshPolicy": "Periodic", "refreshInterval": "1m0s"},
            immutable=False,
            opts=child,
            object_name=database_master_secret(args.database_generation),
        )
        self.register_outputs({})


def database_master_secret(generation: int) -> str:
    """Name of the Secret with the master user of a database: each database has its own."""
    return f"{_DATABASE_MASTER}-{generation}"


def pinned_secret(
    stored: StoredEpoch, namespace: str, opts: pulumi.ResourceOptions
) -> CustomResource:
    """Sync one epoch into an immutable Secret of a namespace, and wait until it is there."""
    source: dict[str, pulumi.Input[str]] = {"key": stored.secret_name}
    if stored.version is not None:
        source["version"] = stored.version
    return _external_secret(
        stored.family.secret_name(stored.epoch),
        namespace,
        source,
        refresh={"refreshPolicy": "CreatedOnce"},
        immutable=True,
        opts=opts,
    )


def _external_secret(
    name: str,
    namespace: str,
    source: dict[str, pulumi.Input[str]],
    refresh: dict[str, str],
    immutable: bool,
    opts: pulumi.ResourceOptions,
    object_name: str | None = None,
) -> CustomResource:
    logical_name, name = name, object_name or name
    return CustomResource(
        logical_name,
        api_version=_API_VERSION,
        kind="ExternalSecret",
        metadata={
            "name": name,
            "namespace": namespace,
            "annotations": {"pulumi.com/waitFor": "condition=Ready"},
        },
        spec={
            **refresh,
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
            "target": {"name": name, "creationPolicy": "Owner", "immutable": immutable},
            "dataFrom": [{"extract": source}],
        },
        opts=opts,
    )
