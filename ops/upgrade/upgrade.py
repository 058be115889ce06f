"""The order of an upgrade: image, preview, trial on a copy, update, watch, verify."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from infra.images import proxy_image
from infra.settings import Settings
from ops.changes import OtherChanges
from ops.deployments.deployment import Deployment, DeploymentError, admin_key
from ops.deployments.errors import STACK_ERRORS
from ops.deployments.helm_releases import free_releases
from ops.deployments.pods import longest_roll_out
from ops.gateway import Gateway, GatewayError
from ops.steady_load import Load, VirtualKey, delete_key, make_key, mocked_model, steady_load
from ops.steps import Steps
from ops.upgrade import pods
from ops.upgrade.journal import Journal
from ops.upgrade.plan import Plan, others, previous
from ops.upgrade.report import Check, Report
from ops.upgrade.trial import Trial, snapshot_name
from sandbox.outcome import Change
from sandbox.stack_operations import Report as Told


class UpdateFailed(Exception):
    """The stack could not be updated, and went back; the message says how it was left."""


class NotVerified(Exception):
    """The gateway does not do what it should after the update; the message says what not."""


@dataclass(kw_only=True)
class Upgrade:
    """One upgrade of a stack."""

    deployment: Deployment
    from_version: str
    to_version: str
    digest: str | None
    journal: Journal | None
    """The note of an earlier run of the same upgrade that had tried the version already."""
    steps: Steps
    told: Told
    probe_model: str | None = None
    with_load: bool = True
    with_other_changes: bool = False
    _outputs: Mapping[str, object] = field(default_factory=dict)

    def plan(self) -> tuple[Plan, list[Change]]:
        """Find the image and preview the update; return the plan and all of its changes.

        Changes nothing. Raises OtherChanges.
        """
        if self.journal:
            return self._plan(self.journal.changes, self.journal.previous), []
        with self.steps.step("image"):
            changes = self.deployment.obtain_image(self.to_version, self.digest, self.told)
        with self.steps.step("preview"):
            previewed = self.deployment.preview(changes, self.told).changes
        unexpected = others(previewed)
        if unexpected and not self.with_other_changes:
            raise OtherChanges(unexpected)
        return self._plan(changes, previous(self.deployment.settings(), changes)), previewed

    def run(self, plan: Plan) -> Report:
        """Try the version and then, only if it did what it should, update the stack to it."""
        self._outputs = self.deployment.outputs()
        settings = self.deployment.settings(plan.changes)
        journal = self._begin(plan, settings)
        checks: list[Check] = []
        try:
            with self.steps.step("virtual key"):
                key = self._make_key(journal, settings)
            if not journal.tried:
                journal = self._try(journal, settings, key, checks)
            with self._load(key, settings) as load:
                try:
                    checks += self._update(journal, settings, key)
                except (*STACK_ERRORS, NotVerified) as error:
                    raise UpdateFailed(self._go_back(journal, error)) from error
        except BaseException:
            # What is to be gone on with needs the credential, for the question whether it decrypts.
            if not journal.tried or Journal.read(self.deployment.notes) is None:
                self.forget(journal)
            raise
        self.forget(journal)
        return Report(
            plan=plan, snapshot=journal.snapshot, steps=self.steps.done, checks=checks, load=load
        )

    def clean_up(self, journal: Journal) -> None:
        """Remove what a run that was killed while it tried a version has left."""
        self._outputs = self.deployment.outputs()
        with self.steps.step("clean up after an earlier run"):
            self._trial(journal, self.deployment.settings()).remove()
        self.forget(journal)

    def forget(self, journal: Journal) -> None:
        """Delete key and credential as far as that goes, and the note: the upgrade is over."""
        if self.with_load:
            with self.steps.step("clean up"):
                try:
                    delete_key(self._admin_url, [self._admin_key()], journal.name)
                    self._gateway().ask("DELETE", f"/credentials/{journal.name}")
                except (*STACK_ERRORS, GatewayError) as error:
                    self.told(f"{error}; {journal.name} is left, and its key ends within a day")
        Journal.remove(self.deployment.notes)

    def _plan(self, changes: Mapping[str, str], back: Mapping[str, str]) -> Plan:
        return Plan(
            from_version=self.from_version,
            to_version=self.to_version,
            changes=changes,
            previous=back,
        )

    def _begin(self, plan: Plan, settings: Settings) -> Journal:
        if self.journal:
            return self.journal
        mark = secrets.token_hex(4)
        return Journal(
            from_version=plan.from_version,
            to_version=plan.to_version,
            changes=plan.changes,
            previous=plan.previous,
            snapshot=snapshot_name(self.deployment, settings, plan.to_version),
            name=f"ops-upgrade-{mark}",
            value=f"os.environ/OPS_UPGRADE_{mark.upper()}",
        ).write(self.deployment.notes)

    def _try(
        self,
        journal: Journal,
        settings: Settings,
        key: VirtualKey | None,
        checks: list[Check],
    ) -> Journal:
        trial = self._trial(journal, settings)
        trial.remove()  # what a run elsewhere may have left
        gateway = self._gateway() if key else None
        if gateway:
            gateway.store_credential(journal.name, journal.value)
        try:
            checks.extend(trial.run(gateway, key, self._model(settings)))
        finally:
            with self.steps.step("remove the copy"):
                trial.remove()
        return journal.mark_tried(self.deployment.notes)

    def _trial(self, journal: Journal, settings: Settings) -> Trial:
        return Trial(
            deployment=self.deployment,
            settings=settings,
            journal=journal,
            steps=self.steps,
            told=self.told,
        )

    def _update(self, journal: Journal, settings: Settings, key: VirtualKey | None) -> list[Check]:
        """Update the stack, and return what was asked of it then; NotVerified if that failed."""
        if self.journal:
            # Killed in the middle of an update, it leaves a release that Helm refuses to touch.
            free_releases(self.deployment.kubernetes(), self.told)
        with self.steps.step("keep"):
            self.deployment.keep(journal.changes)
        with self.steps.step("up"):
            self.deployment.up(self.told)
        with self.steps.step("watch"):
            ready = self._watch(settings)
        with self.steps.step("verify"):
            checks = list(self._verify(journal, key, ready))
            failed = [f"{one.name} ({one.detail})" for one in checks if not one.passed]
            if failed:
                raise NotVerified(f"with {journal.to_version} not so: {'; '.join(failed)}")
        return checks

    def _go_back(self, journal: Journal, error: Exception) -> str:
        """Put the settings back, bring the stack up to them, and say what came of it."""
        said = f"the update failed: {error}\n"
        kept = (
            f"Migrations of {journal.to_version} may have run on the database; the one of before "
            f"is in the snapshot {journal.snapshot} (docs/runbooks/upgrade.md, Go back; if one "
            "failed, docs/runbooks/alerts.md, MigrationFailed)"
        )
        with self.steps.step("go back"):
            self.deployment.keep(journal.previous)
            try:
                self.deployment.up(self.told)
            except STACK_ERRORS as second:
                return (
                    f"{said}the settings are those of before, but bringing the stack up to them "
                    f"failed too: {second}\n{kept}"
                )
            finally:
                Journal.remove(self.deployment.notes)
        serving = pods.what_serves(self.deployment)
        return f"{said}the settings are those of before, and {serving} serves. {kept}"

    def _watch(self, settings: Settings) -> int:
        seconds = longest_roll_out(settings)
        api = self.deployment.kubernetes()
        return pods.wait_for_image(api, proxy_image(settings), seconds, self.told)

    def _verify(self, journal: Journal, key: VirtualKey | None, ready: int) -> Iterator[Check]:
        def check(name: str, passed: bool, detail: str = "") -> Check:
            return Check(where="gateway", name=name, passed=passed, detail=detail)

        yield check(f"all {ready} pods are ready with {journal.to_version}", ready > 0)
        if key is None:
            return
        for name, ask in (
            ("a virtual key works", lambda: self._answers(key)),
            ("budgets and spend are read", self._gateway().accounts),
            ("a credential that was stored before decrypts", lambda: self._decrypts(journal)),
        ):
            try:
                ask()
            except (GatewayError, httpx.HTTPError) as error:
                yield check(name, False, str(error))
            else:
                yield check(name, True)

    def _answers(self, key: VirtualKey) -> None:
        url = f"{self._outputs['gatewayUrl']}/v1/models"
        headers = {"Authorization": f"Bearer {key.key}"}
        httpx.get(url, headers=headers, timeout=60).raise_for_status()

    def _decrypts(self, journal: Journal) -> None:
        if not self._gateway().decrypts(journal.name, journal.value):
            raise GatewayError(f"the answer for {journal.name} does not hold what was stored")

    @contextmanager
    def _load(self, key: VirtualKey | None, settings: Settings) -> Iterator[Load]:
        if key is None:
            yield Load()
            return
        url = str(self._outputs["gatewayUrl"])
        with steady_load(url, key, self._model(settings), settings) as load:
            yield load

    def _model(self, settings: Settings) -> str | None:
        return self.probe_model or mocked_model(settings)

    def _make_key(self, journal: Journal, settings: Settings) -> VirtualKey | None:
        if not self.with_load:
            return None
        url = self._admin_url
        delete_key(url, [self._admin_key()], journal.name)
        return make_key(url, [self._admin_key()], journal.name, settings)

    @property
    def _admin_url(self) -> str:
        url = self._outputs.get("adminUrl")
        if not url:
            raise DeploymentError(
                "no host name serves the admin paths, so neither key nor credential can be made "
                "to ask with; upgrade with --no-load"
            )
        return str(url)

    def _admin_key(self) -> str:
        return admin_key(self.deployment.kubernetes())

    def _gateway(self) -> Gateway:
        return Gateway(self._admin_url, self._admin_key())
