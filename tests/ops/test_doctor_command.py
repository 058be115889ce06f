"""How the doctor judges, what it shows, what it hides, and how it ends."""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click import unstyle
from click.testing import CliRunner

from infra.versions import KUBERNETES, KUBERNETES_STANDARD_SUPPORT
from ops.cli import main
from ops.deployments.cloud import CloudDeployment
from ops.doctor.checks import CHECKS
from ops.doctor.checks.budget import judged_budget
from ops.doctor.checks.canary import cheapest_model
from ops.doctor.checks.certificates import judged as judged_certificate
from ops.doctor.checks.pods import judged_deployment, judged_pod
from ops.doctor.checks.stores import judged_cache, judged_connections
from ops.doctor.checks.stuck import judged_release
from ops.doctor.checks.versions import judged_support, judged_waivers, waivers_of
from ops.doctor.examination import Examined, examine
from ops.doctor.findings import Finding, Result, attention, failed, ok, shortened, unknown, worst
from ops.doctor.redaction import Hider
from ops.doctor.registry import Check, UnknownCheckError, chosen
from ops.doctor.report import Report
from ops.doctor.running_stack import Once, RunningStack, told_age
from sandbox.paths import PROJECT_ROOT

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def stack() -> RunningStack:
    """A stack of which nothing runs: enough for whoever only judges."""
    deployment = CloudDeployment("prod")
    return RunningStack(deployment, deployment.settings(), now=NOW)


def before(**more: float) -> str:
    return (NOW - timedelta(**more)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    named = {"namespace": "litellm", "name": "gateway-1", "creationTimestamp": before(hours=2)}
    return {"metadata": {**named, **metadata}, "status": {"phase": "Running", **status}}


def container(**more: Any) -> dict[str, Any]:
    plain = {"state": {"running": {}}, "ready": True, "restartCount": 0, "lastState": {}}
    return {"containerStatuses": [{**plain, **more}]}


def ended(reason: str, **ago: float) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": 137, "finishedAt": before(**ago)}}


PODS = {
    "ready": (container(), None),
    "a job that is done": ({"phase": "Succeeded"}, None),
    "no image": (
        container(state={"waiting": {"reason": "ImagePullBackOff", "message": "no such tag"}}),
        (Result.FAILED, "waits: ImagePullBackOff no such tag"),
    ),
    "crashing": (
        container(
            state={"waiting": {"reason": "CrashLoopBackOff"}},
            lastState=ended("Error", minutes=2),
            restartCount=4,
        ),
        (Result.FAILED, "waits: CrashLoopBackOff"),
    ),
    "no node": (
        {
            "phase": "Pending",
            "conditions": [
                {"type": "PodScheduled", "status": "False", "message": "0/3 nodes have memory"}
            ],
        },
        (Result.FAILED, "finds no node: 0/3 nodes have memory"),
    ),
    "out of memory": (
        container(lastState=ended("OOMKilled", hours=20), restartCount=1),
        (Result.ATTENTION, "ran out of memory 20 h ago"),
    ),
    "restarted just now": (
        container(lastState=ended("Error", minutes=5), restartCount=3),
        (Result.ATTENTION, "was restarted 3 times, last 5 min ago with exit code 137"),
    ),
    "restarted long ago": (container(lastState=ended("Error", days=2), restartCount=3), None),
    "not ready for long": (
        container(ready=False),
        (Result.ATTENTION, "runs and is not ready"),
    ),
}


@pytest.mark.parametrize("case", PODS)
def test_a_pod_is_judged_by_its_status(stack: RunningStack, case: str) -> None:
    status, expected = PODS[case]
    found = list(judged_pod(stack, pod(status)))
    if expected is None:
        assert found == []
    else:
        result, text = expected
        assert found[0].result is result
        assert text in found[0].text


def test_a_pod_that_has_just_begun_may_wait(stack: RunningStack) -> None:
    status = container(state={"waiting": {"reason": "ContainerCreating"}}, ready=False)
    new = pod(status, creationTimestamp=before(seconds=20))
    assert list(judged_pod(stack, new)) == []
    (old,) = judged_pod(stack, pod(status))
    assert old.result is Result.FAILED


def test_a_pod_that_does_not_go_is_named(stack: RunningStack) -> None:
    (finding,) = judged_pod(stack, pod({}, deletionTimestamp=before(minutes=30)))
    assert "should have been gone 30 min ago" in finding.text


@pytest.mark.parametrize(
    ("ready", "result"), [(3, None), (1, Result.ATTENTION), (0, Result.FAILED)]
)
def test_a_deployment_without_all_of_its_pods_is_named(ready: int, result: Result | None) -> None:
    deployment = {
        "metadata": {"namespace": "litellm", "name": "gateway"},
        "spec": {"replicas": 3},
        "status": {"readyReplicas": ready},
    }
    assert [one.result for one in judged_deployment(deployment)] == ([result] if result else [])


CONNECTIONS = {
    "few": ({"used": 10, "maximum": 103, "reserved": 3, "by_user": {"a": 10}}, Result.OK),
    "many": ({"used": 85, "maximum": 103, "reserved": 3, "by_user": {"a": 85}}, Result.ATTENTION),
    "all": ({"error": "OperationalError", "full": True, "refused": False}, Result.FAILED),
    "login": ({"error": "OperationalError", "full": False, "refused": True}, Result.FAILED),
    "gone": ({"error": "OperationalError", "full": False, "refused": False}, Result.FAILED),
}


@pytest.mark.parametrize("case", CONNECTIONS)
def test_connections_are_judged_against_those_that_are_left(case: str) -> None:
    found, result = CONNECTIONS[case]
    assert judged_connections(found, 80).result is result


def seen(**more: Any) -> dict[str, Any]:
    plain = {"used_memory": 2**20, "maxmemory": 2**30, "evicted_keys": 0, "uptime_in_seconds": 900}
    return {**plain, **more}


CACHES = {
    "idle": (seen(), Result.OK),
    "full": (seen(used_memory=0.9 * 2**30), Result.ATTENTION),
    "no limit": (seen(maxmemory=0), Result.OK),
    "evicting": (seen(evicted_keys=600), Result.ATTENTION),
    "evicted once": (seen(evicted_keys=600, uptime_in_seconds=86400), Result.OK),
    "login": ({"error": "AuthenticationError", "refused": True}, Result.FAILED),
    "gone": ({"error": "ConnectionError", "refused": False}, Result.FAILED),
}


@pytest.mark.parametrize("case", CACHES)
def test_a_cache_is_judged_by_memory_and_evictions(case: str) -> None:
    found, result = CACHES[case]
    findings = judged_cache(found, memory_percent=80, evictions=100)
    assert worst(one.result for one in findings) is result


@pytest.mark.parametrize(
    ("labels", "result"),
    [
        ({"status": "deployed"}, None),
        ({"status": "superseded"}, None),
        ({"status": "failed"}, Result.FAILED),
        ({"status": "pending-upgrade", "age": 60}, Result.ATTENTION),
        ({"status": "pending-upgrade", "age": 7200}, Result.FAILED),
        ({"status": "pending-install", "age": 7200}, Result.FAILED),
        ({"status": "pending-rollback", "age": 7200}, Result.FAILED),
    ],
)
def test_a_release_is_stuck_when_nobody_can_be_at_it_any_more(
    stack: RunningStack, labels: dict[str, Any], result: Result | None
) -> None:
    begun = int(NOW.timestamp()) - labels.pop("age", 3600)
    metadata = {"labels": {"version": "7", "modifiedAt": str(begun), **labels}}
    found = list(judged_release(stack, "litellm/gateway", metadata))
    assert [one.result for one in found] == ([result] if result else [])


def budget_of(spent: float, forecast: float = 0, limit: float = 500) -> dict[str, Any]:
    def usd(amount: float) -> dict[str, str]:
        return {"Amount": str(amount), "Unit": "USD"}

    spend = {"ActualSpend": usd(spent), "ForecastedSpend": usd(forecast)}
    return {"BudgetLimit": usd(limit), "CalculatedSpend": spend}


@pytest.mark.parametrize(
    ("found", "result"),
    [
        (budget_of(100), Result.OK),
        (budget_of(400), Result.ATTENTION),
        (budget_of(100, forecast=501), Result.ATTENTION),
        (budget_of(100, limit=1000), Result.ATTENTION),
    ],
)
def test_a_budget_is_judged_by_spend_and_forecast(found: dict[str, Any], result: Result) -> None:
    assert judged_budget(found, 500).result is result


@pytest.mark.parametrize(
    ("days", "result"), [(-1, Result.FAILED), (5, Result.ATTENTION), (200, Result.OK)]
)
def test_a_certificate_is_judged_by_its_last_day(
    stack: RunningStack, days: int, result: Result
) -> None:
    end = NOW + timedelta(days=days)
    assert judged_certificate(stack, "a certificate", end, "renew it").result is result


def test_kubernetes_is_judged_by_its_last_day_of_standard_support() -> None:
    end = KUBERNETES_STANDARD_SUPPORT[KUBERNETES]
    judged = [judged_support(KUBERNETES, end - timedelta(days=days)) for days in (200, 30, -1)]
    assert [one.result for one in judged] == [Result.OK, Result.ATTENTION, Result.ATTENTION]
    assert "none that this bundle is made for" in judged_support("1.20", date(2026, 1, 1)).text


def test_waivers_are_judged_by_their_last_days() -> None:
    until = date(2026, 11, 30)
    waiver = {"row": 3, "check": "a-check", "until": until}
    for days, result in ((100, []), (8, [Result.ATTENTION]), (-1, [Result.FAILED])):
        found = judged_waivers([waiver], until - timedelta(days=days))
        assert [one.result for one in found] == result


def test_waivers_of_other_stacks_are_not_looked_at() -> None:
    dev, prod = waivers_of("dev", PROJECT_ROOT), waivers_of("prod", PROJECT_ROOT)
    assert dev != prod
    assert all("prod" in one["stacks"] for one in prod if one.get("stacks"))


def test_the_canary_asks_a_model_that_costs_little(stack: RunningStack) -> None:
    tiers = {model.name: model.tier for model in stack.settings.models}
    assert tiers[cheapest_model(stack.settings)] == "$"


# Running checks.


def check(name: str, *findings: Finding, seconds: float = 60) -> Check:
    return Check(name=name, looks_at=name, examine=lambda _: iter(findings), seconds=seconds)


def hidden(text: str) -> str:
    return text


def test_one_check_that_raises_stops_none_of_the_others(stack: RunningStack) -> None:
    def raises(_: RunningStack) -> Iterator[Finding]:
        yield attention("seen before")
        raise RuntimeError("no such cluster")

    broken = Check(name="broken", looks_at="", examine=raises)
    first, second = examine(stack, [broken, check("fine", ok("well"))], hidden)
    assert [one.text for one in first.findings] == ["seen before", "RuntimeError: no such cluster"]
    assert first.findings[-1].result is Result.UNKNOWN
    assert second.result is Result.OK


def test_a_check_that_hangs_is_given_up_and_the_others_are_told(stack: RunningStack) -> None:
    released = threading.Event()

    def hangs(_: RunningStack) -> Iterator[Finding]:
        released.wait()
        yield ok("too late")

    slow = Check(name="slow", looks_at="", examine=hangs, seconds=0.1)
    try:
        late, fine = examine(fresh(stack), [slow, check("fine", ok("well"))], hidden)
    finally:
        released.set()
    assert late.result is Result.UNKNOWN
    assert "did not end within" in late.findings[0].text
    assert fine.result is Result.OK


def test_an_interrupt_lets_a_check_delete_what_it_made(stack: RunningStack) -> None:
    tidied = threading.Event()

    def makes(examined: RunningStack) -> Iterator[Finding]:
        examined.stopping.wait()
        tidied.set()
        yield ok("nobody reads this")

    def interrupt(_one: Examined, _left: int) -> None:
        raise KeyboardInterrupt

    making = Check(name="making", looks_at="", examine=makes)
    with pytest.raises(KeyboardInterrupt):
        examine(fresh(stack), [making, check("fine", ok("well"))], hidden, interrupt)
    assert tidied.is_set()


def fresh(stack: RunningStack) -> RunningStack:
    return RunningStack(stack.deployment, stack.settings, now=NOW)


def test_what_many_checks_ask_for_is_fetched_once() -> None:
    once, asked = Once(), []

    def fails() -> str:
        asked.append(1)
        raise ValueError("no cluster")

    for _ in range(3):
        with pytest.raises(ValueError, match="no cluster"):
            once.get("cluster", fails)
    assert len(asked) == 1
    assert [once.get("answer", Fetched()) for _ in range(2)] == [1, 1]


class Fetched:
    count = 0

    def __call__(self) -> int:
        self.count += 1
        return self.count


# What is shown.


def report_of(*findings: Finding) -> Report:
    examined = [
        Examined(check=check(f"check-{number}"), findings=[finding], seconds=1)
        for number, finding in enumerate(findings)
    ]
    return Report(stack="prod", examined=examined)


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([ok("a")], 0),
        ([ok("a"), attention("b")], 3),
        ([ok("a"), unknown("b")], 3),
        ([attention("a"), unknown("b"), failed("c"), ok("d")], 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst_finding(findings: list[Finding], code: int) -> None:
    assert report_of(*findings).exit_code == code


def test_the_table_has_a_line_for_what_is_well_and_what_to_do_for_the_rest() -> None:
    text = unstyle(report_of(ok("all is there"), failed("gone", "bring it back")).as_text())
    assert re.search(r"ok +check-0 +all is there", text)
    assert re.search(r"failed +check-1 +gone\n +→ bring it back", text)
    assert text.endswith("prod: 1 ok, 1 failed")


def test_a_finding_without_advice_names_the_page_of_its_check() -> None:
    assert "→ docs/runbooks/doctor.md#check-0" in unstyle(report_of(attention("odd")).as_text())


def test_json_has_every_finding_of_every_check() -> None:
    document = json.loads(json.dumps(report_of(ok("a"), attention("b", "c")).as_document()))
    assert document["result"] == "attention"
    (first, second) = document["checks"]
    assert first["findings"] == [{"result": "ok", "text": "a", "advice": ""}]
    assert (second["name"], second["page"]) == ("check-1", "docs/runbooks/doctor.md#check-1")


def test_long_lists_are_shortened() -> None:
    assert shortened(str(number) for number in range(7)) == "0, 1, 2, 3, 4 and 2 more"


def test_ages_are_told_in_one_unit() -> None:
    assert [told_age(s) for s in (-1, 59, 300, 7200, 200000)] == [
        "0 s", "59 s", "5 min", "2 h", "2 d",
    ]  # fmt: skip


# What is hidden.

PASSWORD = "c0rrect/horse+battery"
HIDDEN: dict[str, Callable[[str], str]] = {
    "as it is": lambda value: f"FATAL: no login with {value} today",
    "in a URL": lambda value: f"postgresql://litellm_a:{quote(value, safe='')}@db:5432/litellm",
    "in a Secret": lambda value: f"data: {base64.b64encode(value.encode()).decode()}",
    "in an annotation": lambda value: f'{{"last-applied": "{{\\"token\\":\\"{value}\\"}}"}}',
}
LOOKS = {
    "a key of LiteLLM": "pod said sk-abcdefgh12345678 is wrong",
    "a password with a name": "connection failed: password=Xy9plantedvalue host=db",
    "a password in JSON": '{"password": "Xy9plantedvalue"}',
    "a header": "Authorization: Bearer Xy9plantedvalue",
    "a signed URL": "https://b.s3.amazonaws.com/o?X-Amz-Signature=Xy9plantedvalue&X-Amz-Date=1",
    "a web token": "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0ZWFtIn0.Xy9plantedvalue",
    "an address with a password": "redis://user:Xy9plantedvalue@cache:6379",
}


@pytest.mark.parametrize("form", HIDDEN)
def test_a_known_secret_is_hidden_in_every_form(form: str) -> None:
    text = HIDDEN[form](PASSWORD)
    shown = Hider([PASSWORD]).hide(text)
    for written in (
        PASSWORD,
        quote(PASSWORD, safe=""),
        base64.b64encode(PASSWORD.encode()).decode(),
    ):
        assert written not in shown


@pytest.mark.parametrize("looks", LOOKS)
def test_what_looks_like_a_secret_is_hidden(looks: str) -> None:
    shown = Hider().hide(LOOKS[looks])
    assert "Xy9plantedvalue" not in shown
    assert "abcdefgh12345678" not in shown


def test_what_the_doctor_says_itself_is_not_hidden() -> None:
    for text in (
        "drain-token is 95 days old at epoch 2, 90 are allowed",
        "the database refuses the gateway's user",
        "ExternalSecret litellm/master-key-1 is not synced: could not get secret data",
        "uv run ops rotate master-key --stack prod",
    ):
        assert Hider(["something-else"]).hide(text) == text


def test_no_secret_of_an_error_or_a_finding_is_in_text_or_json(stack: RunningStack) -> None:
    def raises(_: RunningStack) -> Iterator[Finding]:
        yield failed(f"pod said {PASSWORD}", f"try again with {PASSWORD}")
        raise RuntimeError(f"no connection to postgresql://litellm_a:{PASSWORD}@db/litellm")

    broken = Check(name="broken", looks_at="", examine=raises)
    report = Report(stack="prod", examined=examine(fresh(stack), [broken], Hider([PASSWORD]).hide))
    for printed in (report.as_text(), json.dumps(report.as_document())):
        assert PASSWORD not in printed
        assert "[secret]" in printed


# The command.


def test_only_and_skip_choose_checks() -> None:
    names = [one.name for one in chosen(CHECKS, ["pods", "drift"], ["drift"])]
    assert names == ["pods"]
    assert len(chosen(CHECKS, [], ["canary"])) == len(CHECKS) - 1


def test_a_check_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownCheckError, match="no check 'pod': did you mean pods"):
        chosen(CHECKS, ["pod"], [])


def test_skipping_everything_is_refused() -> None:
    with pytest.raises(UnknownCheckError, match="every check is skipped"):
        chosen(CHECKS, ["pods"], ["pods"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "podz"], "did you mean pods?"),
        (["--skip", "everything"], "there is no check 'everything'"),
        (["--canary-model", "gpt-1"], "the catalogue has no model 'gpt-1'"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_why(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(main, ["doctor", "--stack", "prod", *arguments])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def test_the_list_names_every_check_and_needs_no_stack() -> None:
    done = CliRunner().invoke(main, ["doctor", "--list"])
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.output.splitlines()] == [one.name for one in CHECKS]


def test_a_sandbox_that_is_not_up_is_told_and_not_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_STATE", str(tmp_path))
    done = CliRunner().invoke(main, ["doctor", "--stack", "sandbox", "--sandbox", "nowhere"])
    assert done.exit_code == 1
    assert "run `uv run sandbox up`" in done.output


def test_every_check_has_a_section_on_the_page_that_it_names() -> None:
    page = (PROJECT_ROOT / "docs" / "runbooks" / "doctor.md").read_text()
    assert re.findall(r"^## (\S+)$", page, re.M) == [one.name for one in CHECKS]


def test_every_check_that_a_page_names_exists() -> None:
    names = {one.name for one in CHECKS}
    for page in sorted((PROJECT_ROOT / "docs").glob("*/*.md")):
        for told in re.findall(r"`ops doctor` in((?:\s|,|and|`[a-z-]+`)+)", page.read_text()):
            assert set(re.findall(r"`([a-z-]+)`", told)) <= names, page.name
