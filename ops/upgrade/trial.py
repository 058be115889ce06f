"""A version tried on a copy of the database, beside the gateway that serves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.images import proxy_image
from infra.naming import NAMESPACE, Naming
from infra.settings import Settings
from ops.deployments.deployment import PROXY_DEPLOYMENT, Deployment
from ops.gateway import Account, Gateway
from ops.steady_load import VirtualKey
from ops.steps import Steps
from ops.upgrade import pods, scratch
from ops.upgrade.journal import Journal
from ops.upgrade.report import Check
from sandbox.kube_api import KubeApi
from sandbox.stack_operations import Report

_PROXY_POLICY = f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies/gateway-proxy"
# What a new node, the image and the proxy's own start take (infra/gateway.py).
_START_SECONDS = 1200
_READY_SECONDS = 300
_AFTER_A_FAILURE = (
    "Nothing of this was on the database that serves. If Prisma speaks of a migration that failed "
    "there before, say what came of it with `ops resolve-migration` (docs/runbooks/alerts.md, "
    "MigrationFailed)"
)
# What sums of floating-point numbers may differ by, in USD.
_ROUNDING = 1e-6


class TrialFailed(Exception):
    """The version does not do on the copy what it should; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial of a version: a snapshot, a database made from it, its migrations, questions."""

    deployment: Deployment
    settings: Settings
    """As they will be."""
    journal: Journal
    steps: Steps
    told: Report

    def run(
        self, gateway: Gateway | None, key: VirtualKey | None, model: str | None
    ) -> Iterator[Check]:
        """Yield what was asked and answered; raise TrialFailed or DeploymentError at a failure.

        Without a gateway that could be asked as an administrator, accounts are not compared.
        """
        api, image = self.deployment.kubernetes(), proxy_image(self.settings)
        copies, tags = self.deployment.database_copies(), self._tags
        serving = str(self.deployment.outputs()["databaseIdentifier"])
        before = gateway.accounts() if gateway else None
        with self.steps.step("snapshot"):
            copies.snapshot(serving, self.journal.snapshot, tags, self.told)
        after = gateway.accounts() if gateway else None
        with self.steps.step("restore"):
            host = copies.restore(self.journal.snapshot, serving, self._database, tags, self.told)
        with self.steps.step("migrate"):
            self._migrate(api, image, host)
        yield Check(where="trial", name="the migrations run", passed=True)
        with self.steps.step("smoke test"):
            results = self._ask(api, image, host, key, model)
            for check in (*_checks(results), *_compared(results, before, after)):
                if not check.passed:
                    raise TrialFailed(f"{check.name}: {check.detail}")
                yield check

    def remove(self) -> None:
        """Delete all that a trial of this stack has made, whenever that was, but for snapshots."""
        pods.remove_leftovers(self.deployment.kubernetes())
        self.deployment.database_copies().delete(self._database, self.told)

    def _migrate(self, api: KubeApi, image: str, host: str) -> None:
        job = pods.migration_job(api)
        seconds = job["spec"].get("activeDeadlineSeconds", _START_SECONDS)
        pod = scratch.migration_pod(job, image, host)
        container = pod["spec"]["containers"][0]["name"]
        try:
            pods.run(api, pod, container, seconds, self.told)
        except pods.PodFailed as error:
            raise TrialFailed(f"{error}\n{_AFTER_A_FAILURE}") from error

    def _ask(
        self, api: KubeApi, image: str, host: str, key: VirtualKey | None, model: str | None
    ) -> Mapping[str, Any]:
        deployment = api.get(PROXY_DEPLOYMENT)
        live = f"/api/v1/namespaces/{NAMESPACE}/configmaps/{scratch.config_map_name(deployment)}"
        known = (
            {
                "SMOKE_KEY": key.key,
                "SMOKE_CREDENTIAL": self.journal.name,
                "SMOKE_VALUE": self.journal.value,
            }
            if key
            else {}
        )
        pods.make(
            api,
            [
                scratch.network_policy(api.get(_PROXY_POLICY)),
                scratch.config_map(api.get(live)),
                scratch.secret(known),
            ],
        )
        pod = scratch.smoke_pod(deployment, image, host, model, _READY_SECONDS)
        told = pods.run(api, pod, scratch.PROBE, _START_SECONDS, self.told, may_fail=True)
        return pods.results(told)

    @property
    def _naming(self) -> Naming:
        return Naming.of(self.deployment.stack, self.settings)

    @property
    def _database(self) -> str:
        return self._naming.named("upgrade-scratch")

    @property
    def _tags(self) -> dict[str, str]:
        return {**self._naming.tags, "litellm:managed-by": "ops-upgrade"}


def snapshot_name(deployment: Deployment, settings: Settings, version: str) -> str:
    """Return a name that no snapshot has: what it comes before, and when."""
    naming = Naming.of(deployment.stack, settings)
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    return naming.named(f"before-{version.replace('.', '-')}-{moment}")


def _checks(results: Mapping[str, Any]) -> Iterator[Check]:
    for one in results["checks"]:
        yield Check(where="trial", **one)


def _compared(
    results: Mapping[str, Any],
    before: Mapping[str, Account] | None,
    after: Mapping[str, Account] | None,
) -> Iterator[Check]:
    """Compare accounts on the copy with those of the gateway around the snapshot."""
    found = results.get("accounts")
    if found is None or before is None or after is None:
        return
    sums = [_sums(accounts) for accounts in (before, after)]
    wrong = [
        f"{name} is {found[name]}, not {sums[0][name]}"
        for name in sums[0]
        if not min(one[name] for one in sums) - _ROUNDING
        <= found[name]
        <= max(one[name] for one in sums) + _ROUNDING
    ]
    yield Check(
        where="trial",
        name="teams, keys, budgets and spend are those of the snapshot",
        passed=not wrong,
        detail="; ".join(wrong),
    )


def _sums(accounts: Mapping[str, Account]) -> dict[str, float]:
    return {
        "teams": sum(name.startswith("team ") for name in accounts),
        "keys": sum(name.startswith("key ") for name in accounts),
        "budget": sum(one.budget or 0 for one in accounts.values()),
        "spend": sum(one.spend for one in accounts.values()),
    }
