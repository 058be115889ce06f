"""The order of a rotation: preview, confirm, keep, bring up, watch, verify. Safe to run again."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from infra.secret_families import MASTER_KEY
from infra.settings import Settings
from ops.changes import OtherChanges
from ops.deployments.deployment import Deployment, DeploymentError, admin_key
from ops.deployments.helm_releases import free_releases
from ops.deployments.pods import longest_roll_out
from ops.rotate.checks import Check, Rotated, checks
from ops.rotate.families import RotatingFamily
from ops.rotate.journal import Journal
from ops.rotate.plan import Move, Plan, others
from ops.rotate.pods import PodsOfFamily
from ops.rotate.report import Report
from ops.steady_load import Load, VirtualKey, delete_key, make_key, mocked_model, steady_load
from ops.steps import Steps
from sandbox.lifecycle import SandboxError
from sandbox.outcome import Change
from sandbox.stack_operations import EngineError
from sandbox.stack_operations import Report as Told


@dataclass(kw_only=True)
class Rotation:
    """One rotation of a stack, from its plan to its report."""

    deployment: Deployment
    plan: Plan
    rollback: bool
    earlier: Journal | None
    """The note of a run that did not end: of this rotation, or of the one that is gone back from.
    """
    steps: Steps
    told: Told
    probe_model: str | None = None
    with_load: bool = True
    with_other_changes: bool = False
    _outputs: Mapping[str, object] = field(default_factory=dict)
    _load: Load = field(default_factory=Load)
    _checks: list[Check] = field(default_factory=list)

    @property
    def report(self) -> Report:
        """What has happened so far."""
        return Report(plan=self.plan, load=self._load, steps=self.steps.done, checks=self._checks)

    def preview(self) -> list[Change]:
        """Return what will change; changes nothing. Raises OtherChanges."""
        with self.steps.step("preview"):
            previewed = self.deployment.preview(self.plan.changes, self.told).changes
        unexpected = others(self.plan.moves, previewed)
        if unexpected and not self.with_other_changes:
            raise OtherChanges(unexpected)
        return previewed

    def run(self) -> Report:
        """Do what is left to do and return the report."""
        settings = self.deployment.settings(self.plan.changes)
        self._outputs = self.deployment.outputs()
        with self.steps.step("virtual key"):
            journal, key = self._begin(settings)
        try:
            with self._asking(key, settings):
                ready = self._roll(journal, settings)
                with self.steps.step("verify"):
                    self._checks.extend(self._verify(key, settings, ready))
        finally:
            self._clean_up(journal)
        if self.report.is_verified:
            Journal.remove(self.deployment.notes)
        return self.report

    def _begin(self, settings: Settings) -> tuple[Journal, VirtualKey | None]:
        """Note the rotation, then make the key of the load, so that no key is ever forgotten."""
        journal = Journal(
            rollback=self.rollback,
            from_epochs={move.family.name: move.from_epoch for move in self.plan.moves},
            to_epochs={move.family.name: move.to_epoch for move in self.plan.moves},
            changes=self.plan.changes,
            key_alias=f"ops-rotate-{secrets.token_hex(4)}" if self._needs_key else "",
            updated=self.is_updated,
        )
        admin = self._url("adminUrl")
        if self._needs_key and admin is None:
            raise DeploymentError(
                "no host name serves the admin paths, so no virtual key can be made for the load; "
                "rotate with --no-load"
            )
        if self.earlier and self.earlier.key_alias and admin:
            delete_key(admin, self._admin_keys(), self.earlier.key_alias)
        journal.write(self.deployment.notes)
        if not self._needs_key or admin is None:
            return journal, None
        try:
            return journal, make_key(admin, self._admin_keys(), journal.key_alias, settings)
        except DeploymentError:
            if self.earlier is None:
                Journal.remove(self.deployment.notes)
            raise

    @property
    def is_updated(self) -> bool:
        """Whether an earlier run of this rotation has brought the stack up to it."""
        earlier = self.earlier
        return earlier is not None and earlier.rollback == self.rollback and earlier.updated

    @property
    def _needs_key(self) -> bool:
        return self.with_load or self.probe_model is not None

    @contextmanager
    def _asking(self, key: VirtualKey | None, settings: Settings) -> Iterator[None]:
        if key is None or not self.with_load:
            yield
            return
        model = self.probe_model or mocked_model(settings)
        with steady_load(str(self._outputs["gatewayUrl"]), key, model, settings) as self._load:
            yield

    def _roll(self, journal: Journal, settings: Settings) -> dict[str, int]:
        """Bring the stack up to the new epochs and wait for its pods; pods by family."""
        if not journal.updated:
            if self.earlier and not self.earlier.updated:
                # Killed in the middle of an update, it leaves a release that Helm refuses to touch.
                free_releases(self.deployment.kubernetes(), self.told)
            if self.earlier and self.earlier.rollback != self.rollback:
                self._finish_what_was_begun()
            with self.steps.step("keep"):
                self.deployment.keep(self.plan.changes)
            with self.steps.step("up"):
                self.deployment.up(self.told)
            journal.mark_updated(self.deployment.notes)
        seconds = longest_roll_out(settings)
        with self.steps.step("watch"):
            return {
                move.family.name: self._pods(move.family, settings).wait_for(
                    move.to_epoch, seconds, self.told
                )
                for move in self.plan.moves
            }

    def _finish_what_was_begun(self) -> None:
        """Bring the stack up to the rotation that was killed, before it is gone back from.

        The engine has not noted what that run did. It would find nothing to take back.
        """
        with self.steps.step("finish what was begun"):
            try:
                self.deployment.up(self.told)
            except (EngineError, SandboxError) as error:
                self.told(f"{error}\ngoing back from there")

    def _verify(
        self, key: VirtualKey | None, settings: Settings, ready: Mapping[str, int]
    ) -> Iterator[Check]:
        several = len(self.plan.moves) > 1
        for move in self.plan.moves:
            family = move.family.name
            for check in checks(self._rotated(move, key, settings, ready[family])):
                yield replace(check, name=f"{family}: {check.name}") if several else check

    def _rotated(
        self, move: Move, key: VirtualKey | None, settings: Settings, ready: int
    ) -> Rotated:
        return Rotated(
            deployment=self.deployment,
            settings=settings,
            move=move,
            pods=self._pods(move.family, settings),
            ready=ready,
            gateway_url=str(self._outputs["gatewayUrl"]),
            admin_url=self._url("adminUrl"),
            key=key,
            probe_model=self.probe_model,
        )

    def _clean_up(self, journal: Journal) -> None:
        """Delete the load's key with the admin key that serves now; it ends by itself in a day."""
        admin = self._url("adminUrl")
        if not journal.key_alias or admin is None:
            return
        with self.steps.step("clean up"):
            try:
                if delete_key(admin, self._admin_keys(), journal.key_alias):
                    return
            except DeploymentError as error:
                self.told(str(error))
            self.told(f"the virtual key {journal.key_alias} is left, and ends within a day")

    def _pods(self, family: RotatingFamily, settings: Settings) -> PodsOfFamily:
        return PodsOfFamily(self.deployment.kubernetes(), settings, family.family)

    def _admin_keys(self) -> list[str]:
        """The key that new pods take, then that of pods which an interrupted run left behind."""
        keys = [admin_key(self.deployment.kubernetes())]
        for move in self.plan.moves:
            if move.family.family is MASTER_KEY:
                pods = self._pods(move.family, self.deployment.settings())
                both = (move.to_epoch, move.from_epoch)
                keys += filter(None, (pods.value(epoch, "key") for epoch in both))
        return list(dict.fromkeys(keys))

    def _url(self, output: str) -> str | None:
        url = self._outputs.get(output)
        return str(url) if url else None
