"""The course of a drill: evidence, copies, loss, redeploy, restore, proofs."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from infra.secret_families import SALT_KEY, supplied_family
from infra.settings import Settings
from ops.console import step
from ops.deployments.sandboxed import SandboxDeployment
from ops.drill.evidence import Backup, Evidence, plant
from ops.drill.journal import Journal
from ops.drill.proofs import (
    COMES_UP,
    Proof,
    Recovered,
    family_name,
    missing_copies,
    prove,
    unreached,
)
from ops.drill.report import RPO, RTO, Report, Step
from ops.drill.until import until
from ops.drill.writes import Writes
from ops.gateway import Gateway
from sandbox import base_services, lifecycle
from sandbox.paths import Instance
from sandbox.second_region.copies import Copied
from sandbox.second_region.loss import lose
from sandbox.stack_files import keep_settings, kept_settings, name_stack
from sandbox.stack_operations import EngineError
from sandbox.supervisor_client import SupervisorClient

_LEAST_WRITES = 8
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Course:
    """One drill on a sandbox, in whose place another one comes up in the second region."""

    home: Instance
    recovery: Instance
    copy_age: float
    """Seconds between the last copy and the loss."""
    keep: bool
    """Whether the second region stays up after a drill on a sandbox of its own."""
    report: Callable[[str], None]

    def run(self, journal: Journal) -> Report:
        """Take the drill to its end, from where its journal is.

        Before the loss it begins anew; after it, it goes on with the copies. Raises what the
        sandbox and the engine raise, DrillError and GatewayError; all of it leaves a drill that can
        be gone on with.
        """
        resumed = journal.lost_at is not None
        if resumed:
            # Those of before the loss, of which there is one; the rest is shown anew.
            del journal.proofs[1:]
            with self._step(journal, "the rest of the region is lost"):
                lose(self.home)
            with self._step(journal, "the second region starts anew, with the copies"):
                self._start_second_region(journal)
                self._bring_copies(journal)
        elif not self._before_the_loss(journal):
            return self._stopped(journal)
        return self._after_the_loss(journal, resumed)

    def _before_the_loss(self, journal: Journal) -> bool:
        """Prepare the loss and let it happen; False if it must not, since a copy is missing."""
        home = SandboxDeployment(self.home)
        if not SupervisorClient(self.home).running():
            journal.throw_away = True
            journal.save()
            with self._step(journal, "a sandbox of the drill's own comes up"):
                lifecycle.up(self.home, {}, self.report)
        journal.save()
        gateway, settings = Gateway.of(home), home.settings()
        with self._step(journal, "evidence is planted: team, keys, requests, a credential"):
            evidence = plant(home, gateway)
        journal.evidence, journal.stack = evidence, f"{home.stack}-dr"
        journal.targets = {
            RTO: settings.disaster_recovery.rto_minutes * _MINUTE,
            RPO: settings.disaster_recovery.rpo_minutes * _MINUTE,
        }
        with self._step(journal, "a second region is there, with nothing in it"):
            self._start_second_region(journal)
        with Writes(gateway, evidence.stream_key, evidence.model) as writes:
            until(
                lambda: gateway.rows(evidence.stream_key_hash)[0] >= _LEAST_WRITES or None,
                "row of spend of the stream of requests",
            )
            with self._step(journal, "backup, log objects and secrets are copied there"):
                taken = self._copy(journal, home, gateway, evidence)
            if taken is None:
                return False
            writes.go_on_for(max(0.0, taken + self.copy_age - time.time()))
            if writes.failures:
                self.report(f"{len(writes.failures)} requests failed: {writes.failures[0]}")
            writes.expect_failures()
            journal.answered, journal.lost_at = writes.answered, time.time()
            journal.save()
            with self._step(journal, "the region is lost"):
                lose(self.home)
        return True

    def _copy(
        self, journal: Journal, home: SandboxDeployment, gateway: Gateway, evidence: Evidence
    ) -> float | None:
        """Bring the copies to the second region, and return the time of the backup's.

        None if they lack what cannot be made anew.
        """
        settings = home.settings()
        before = gateway.accounts()
        copied = journal.copies.take(self.home, evidence.region)
        journal.backup = Backup(before=before, after=gateway.accounts())
        database = str(home.outputs()["databaseIdentifier"])
        complete = missing_copies(copied, settings, database)
        journal.proofs.append(complete)
        backup = copied.backup_of(database)
        if not complete.passed or backup is None:
            return None
        journal.settings = {
            **kept_settings(lifecycle.project_directory(self.home)),
            **recovery_settings(home.stack, settings, copied, backup["arn"]),
        }
        self._bring_copies(journal)
        return float(backup["taken"])

    def _after_the_loss(self, journal: Journal, resumed: bool) -> Report:
        evidence, backup, lost_at = journal.of_the_lost()
        recovery = SandboxDeployment(self.recovery)
        try:
            with self._step(journal, "the stack comes up from code, with the restored database"):
                outcome = recovery.up(self.report)
        except (EngineError, lifecycle.SandboxError) as error:
            journal.proofs += unreached(str(error).splitlines()[0])
            return self._ended(journal, resumed)
        gateway = Gateway.of(recovery)
        accounts = gateway.accounts()
        with self._step(journal, "the first request with an old virtual key is answered"):
            until(lambda: _answer(gateway, evidence.key, evidence.model), "answer to an old key")
        rto = time.time() - lost_at
        survived, newest = gateway.rows(evidence.stream_key_hash)
        with self._step(journal, "proofs"):
            recovered = Recovered(
                deployment=recovery,
                gateway=gateway,
                accounts=accounts,
                evidence=evidence,
                backup=backup,
                copied=journal.copies.taken(),
            )
            journal.proofs += [Proof(name=COMES_UP, passed=True), *prove(recovered)]
        return self._ended(
            journal,
            resumed,
            rto=rto,
            rpo=lost_at - newest if newest else None,
            survived=survived,
            url=str(outcome.outputs["gatewayUrl"]),
        )

    def _start_second_region(self, journal: Journal) -> None:
        """Start the sandbox that is the second region: an AWS with nothing in it, no stack."""
        lose(self.recovery)
        directory = lifecycle.project_directory(self.recovery)
        name_stack(directory, journal.stack)
        keep_settings(directory, {"aws.region": journal.region})
        with lifecycle.exclusively(self.recovery):
            base_services.start(self.recovery, lifecycle.region(self.recovery), self.report)

    def _bring_copies(self, journal: Journal) -> None:
        """Put the copies into the second region, and write down how a stack takes them over."""
        journal.copies.place(self.recovery)
        keep_settings(lifecycle.project_directory(self.recovery), journal.settings)

    def _stopped(self, journal: Journal) -> Report:
        """End before the loss: a region that is lost now could not be brought back."""
        lose(self.recovery)
        if journal.throw_away and not self.keep:
            lifecycle.down(self.home, self.report)
        journal.close()
        return Report(
            proofs=journal.proofs,
            targets=journal.targets,
            steps=journal.steps,
            notes=["Nothing was lost: what has no copy could not be brought back."],
        )

    def _ended(
        self,
        journal: Journal,
        resumed: bool,
        *,
        rto: float | None = None,
        rpo: float | None = None,
        survived: int = 0,
        url: str | None = None,
    ) -> Report:
        stays = self.keep or not journal.throw_away
        if not stays:
            lose(self.recovery)
        journal.close()
        name, slot = self.recovery.name, self.recovery.slot
        notes = ["The drill was interrupted after the loss; RTO counts that time too."] * resumed
        if stays:
            notes.append(
                f"What came up is in sandbox {name!r}; `uv run sandbox --name {name} --slot "
                f"{slot} down` ends it."
            )
        return Report(
            proofs=journal.proofs,
            targets=journal.targets,
            steps=journal.steps,
            rto_seconds=None if rto is None else round(rto, 1),
            rpo_seconds=None if rpo is None else round(rpo, 1),
            answered=journal.answered,
            survived=survived,
            resumed=resumed,
            gateway_url=url if stays else None,
            notes=notes,
        )

    @contextlib.contextmanager
    def _step(self, journal: Journal, name: str) -> Iterator[None]:
        step(name)
        started = time.monotonic()
        yield
        seconds = round(time.monotonic() - started, 1)
        lost = journal.lost_at
        since = None if lost is None else round(time.time() - lost, 1)
        journal.steps.append(Step(name=name, seconds=seconds, since_loss=since))
        journal.save()


def recovery_settings(
    stack: str, settings: Settings, copied: Copied, backups: str
) -> dict[str, str]:
    """Return what the stack of the second region differs in from the lost one, as YAML texts.

    The same that ``Pulumi.prod-dr.yaml`` has, and the names of the copied entries, which have a
    suffix here. ``backups`` is the ARN of the copied backups.
    """
    families = [SALT_KEY, *map(supplied_family, settings.supplied_families)]
    names = {family.name: family_name(copied, family.name) for family in families if family}
    secrets = {
        "saltKey": "adopt",
        "supplied": "adopt",
        "adoptFrom": stack,
        "adoptNames": {family: name for family, name in names.items() if name},
    }
    restore = {
        "pointInTime": {"source": backups, "time": "latest"},
        "fromRegion": settings.aws.region,
    }
    return {
        "aws.region": copied.region,
        "disasterRecovery": "{}",
        "secrets": json.dumps(secrets),
        "database.retiredGenerations": "[]",
        "restore": json.dumps(restore),
    }


def _answer(gateway: Gateway, key: str, model: str) -> bool | None:
    try:
        return True if gateway.complete(key, model).status_code == httpx.codes.OK else None
    except httpx.HTTPError:
        return None
