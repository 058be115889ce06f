"""A real LiteLLM proxy on a real PostgreSQL with TLS, through the query engine from npm."""

import datetime
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import postgresql_server
import pytest
from litellm_process import LiteLLM, image_environment, migrate, wait_until
from postgresql_server import PostgreSQL

from sandbox import litellm_image

NETWORK = "127.214.12"
CONFIG = """
model_list:
  - model_name: small
    litellm_params: {model: openai/gpt-4o-mini, api_key: none, mock_response: hello from small}
  - model_name: large
    litellm_params: {model: openai/gpt-4o, api_key: none, mock_response: hello from large}
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  proxy_batch_write_at: 1
  store_model_in_db: true
litellm_settings:
  telemetry: false
"""
TODAY = datetime.datetime.now(datetime.UTC).date()
DAYS = {
    "start_date": str(TODAY - datetime.timedelta(days=1)),
    "end_date": str(TODAY + datetime.timedelta(days=1)),
}

REPORTS = [
    "/global/spend",
    "/global/spend/logs",
    "/global/spend/keys?limit=5",
    "/global/spend/models?limit=5",
    "/global/spend/teams",
    "/global/spend/tags",
    "/global/spend/provider",
    "/global/spend/all_tag_names",
    "/global/activity",
    "/global/activity/model",
    "/spend/tags",
    "/spend/keys",
    "/spend/users",
    "/tag/daily/activity",
]
LISTINGS = [
    "/team/list",
    "/v2/team/list",
    "/user/list",
    "/key/list",
    "/key/aliases",
    "/models",
    "/v1/model/info",
    "/budget/list",
    "/customer/list",
    "/credentials",
    "/tag/list",
    "/guardrails/list",
    "/get/config/callbacks",
    "/health/readiness",
    "/health/liveliness",
]


@dataclass(frozen=True)
class Tenant:
    """A team with a user and a key of both, which have had three completions."""

    team: str
    user: str
    key: str


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    litellm_image.ensure(print)
    with postgresql_server.running(NETWORK) as server:
        yield server


@pytest.fixture(scope="module")
def migrated(database: PostgreSQL) -> "subprocess.CompletedProcess[str]":
    return migrate(database.url("a"))


@pytest.fixture(scope="module")
def gateway(
    database: PostgreSQL,
    migrated: "subprocess.CompletedProcess[str]",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LiteLLM]:
    assert migrated.returncode == 0, migrated.stderr
    config = tmp_path_factory.mktemp("litellm") / "config.yaml"
    config.write_text(CONFIG)
    proxy = LiteLLM(f"{NETWORK}.3", database.url("b"), config)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture(scope="module")
def tenant(gateway: LiteLLM) -> Tenant:
    team = gateway.create(
        "/team/new",
        {
            "team_alias": "red",
            "max_budget": 10,
            "budget_duration": "30d",
            "metadata": {"cost": "x"},
        },
    )["team_id"]
    user = {"user_id": "ada", "user_email": "ada@example.com", "auto_create_key": False}
    gateway.create("/user/new", {**user, "user_role": "internal_user", "max_budget": 5})
    member = {"role": "user", "user_id": "ada"}
    gateway.create("/team/member_add", {"team_id": team, "member": member})
    request = {"team_id": team, "user_id": "ada", "key_alias": "first", "models": ["small"]}
    request |= {"max_budget": 2, "tpm_limit": 9_000_000_000, "metadata": {"a": {"b": [1]}}}
    made = gateway.create("/key/generate", request)
    tenant = Tenant(team, "ada", made["key"])
    for _ in range(3):
        assert gateway.chat(tenant.key, metadata={"tags": ["blue"]}).status_code == 200
    return tenant


@pytest.fixture(scope="module")
def spent(gateway: LiteLLM, tenant: Tenant) -> float:
    def spend() -> float:
        return float(gateway.key_info(tenant.key)["spend"])

    return wait_until(spend, "spend of the key")


def new_key(gateway: LiteLLM, **request: object) -> str:
    return str(gateway.create("/key/generate", {"models": ["small"], **request})["key"])


def test_the_migration_job_succeeds(migrated: "subprocess.CompletedProcess[str]") -> None:
    assert migrated.returncode == 0, migrated.stderr


def test_the_migration_job_fails_with_a_status_when_it_may_not_connect(
    database: PostgreSQL,
) -> None:
    url = database.url("a", ca=database.other_ca)
    ran = subprocess.run(
        [str(litellm_image.built_image().python), "-m", "litellm.proxy.prisma_migration"],
        env=image_environment({"DATABASE_URL": url}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode != 0
    assert "secret-of-a" not in ran.stdout + ran.stderr


def test_the_views_and_tables_belong_to_the_shared_role(
    gateway: LiteLLM, database: PostgreSQL
) -> None:
    owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relkind IN ('r', 'v')"
    assert database.psql(f"{owners} AND relnamespace = 'public'::regnamespace") == "litellm_owner"
    assert int(database.psql("SELECT count(*) FROM pg_views WHERE schemaname = 'public'")) >= 1


def test_the_connections_are_encrypted(gateway: LiteLLM, database: PostgreSQL) -> None:
    encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    assert database.psql(f"{encrypted} WHERE usename = 'litellm_b'") == "t"


def test_a_key_keeps_what_it_was_made_with(gateway: LiteLLM, tenant: Tenant) -> None:
    info = gateway.key_info(tenant.key)
    assert info["metadata"]["a"] == {"b": [1]}
    assert (info["models"], info["max_budget"]) == (["small"], 2)
    assert info["tpm_limit"] == 9_000_000_000


def test_a_streamed_answer_ends_properly(gateway: LiteLLM, tenant: Tenant) -> None:
    answer = gateway.chat(tenant.key, stream=True)
    assert answer.status_code == 200
    assert answer.text.rstrip().endswith("[DONE]")


def test_a_model_outside_of_the_keys_list_is_refused(gateway: LiteLLM, tenant: Tenant) -> None:
    assert gateway.chat(tenant.key, "large").status_code in (401, 403)


def test_an_unknown_key_is_refused(gateway: LiteLLM) -> None:
    assert gateway.chat("sk-never-made").status_code == 401


def test_team_and_user_are_charged(gateway: LiteLLM, tenant: Tenant, spent: float) -> None:
    wait_until(
        lambda: gateway.get("/team/info", team_id=tenant.team).json()["team_info"]["spend"] > 0,
        "spend of the team",
    )
    wait_until(
        lambda: gateway.get("/user/info", user_id=tenant.user).json()["user_info"]["spend"] > 0,
        "spend of the user",
    )


def test_a_spend_row_stands_in_postgresql(database: PostgreSQL, spent: float) -> None:
    rows = 'SELECT count(*) FROM "LiteLLM_SpendLogs" WHERE spend > 0'
    wait_until(lambda: int(database.psql(rows)) >= 3, "rows of the requests")


def test_spend_logs_are_paged(gateway: LiteLLM, spent: float) -> None:
    days = {name: f"{day} 00:00:00" for name, day in DAYS.items()}

    def page() -> dict[str, Any]:
        return gateway.get("/spend/logs/v2", page=1, page_size=2, **days).json()

    wait_until(lambda: page()["total"] >= 3, "rows of the requests")
    assert len(page()["data"]) == 2


@pytest.mark.parametrize(
    "path", ["/team/daily/activity", "/user/daily/activity", "/user/daily/activity/aggregated"]
)
def test_daily_activity_adds_up(gateway: LiteLLM, spent: float, path: str) -> None:
    def total() -> float:
        answer = gateway.get(path, **DAYS)
        assert answer.status_code == 200, answer.text
        return float(answer.json()["metadata"]["total_spend"])

    assert wait_until(total, f"spend in {path}") > 0


@pytest.mark.parametrize("path", REPORTS)
def test_a_report_of_spend_is_answered(gateway: LiteLLM, spent: float, path: str) -> None:
    path, _, limit = path.partition("?limit=")
    answer = gateway.get(path, **DAYS, **({"limit": limit} if limit else {}))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", LISTINGS)
def test_a_listing_is_answered(gateway: LiteLLM, tenant: Tenant, path: str) -> None:
    answer = gateway.get(path)
    assert answer.status_code == 200, answer.text


def test_a_customer_with_a_budget_can_be_made(gateway: LiteLLM) -> None:
    budget = {"budget_id": "daily", "max_budget": 1.5, "budget_duration": "1d"}
    gateway.create("/budget/new", budget)
    made = gateway.create("/customer/new", {"user_id": "customer", "budget_id": "daily"})
    assert made["budget_id"] == "daily"


def test_a_model_can_be_stored_in_the_database(gateway: LiteLLM, tenant: Tenant) -> None:
    answer = {"model": "openai/gpt-4o-mini", "api_key": "none", "mock_response": "from a row"}
    gateway.create("/model/new", {"model_name": "stored", "litellm_params": answer})
    key = new_key(gateway, models=["stored"])
    assert "from a row" in gateway.chat(key, "stored").text


def test_a_key_past_its_budget_is_refused(gateway: LiteLLM, tenant: Tenant) -> None:
    key = new_key(gateway, max_budget=1e-8)
    refused = wait_until(
        lambda: next((a for a in [gateway.chat(key)] if a.status_code != 200), None), "a refusal"
    )
    assert refused is not None
    assert (refused.status_code, refused.json()["error"]["type"]) == (422, "budget_exceeded")


def test_a_raised_budget_opens_the_key_again(
    gateway: LiteLLM, tenant: Tenant, spent: float
) -> None:
    gateway.create("/key/update", {"key": tenant.key, "max_budget": 1e-8})
    assert gateway.chat(tenant.key).status_code == 422
    gateway.create("/key/update", {"key": tenant.key, "max_budget": 100})
    assert gateway.chat(tenant.key).status_code == 200


def test_a_team_past_its_budget_is_refused(gateway: LiteLLM, tenant: Tenant, spent: float) -> None:
    gateway.create("/team/update", {"team_id": tenant.team, "max_budget": 1e-8})
    wait_until(lambda: gateway.chat(tenant.key).status_code == 422, "the team's refusal")
    gateway.create("/team/update", {"team_id": tenant.team, "max_budget": 100})


def test_a_blocked_key_is_refused_until_it_is_unblocked(gateway: LiteLLM) -> None:
    key = new_key(gateway)
    gateway.create("/key/block", {"key": key})
    assert gateway.chat(key).status_code in (401, 403)
    gateway.create("/key/unblock", {"key": key})
    assert gateway.chat(key).status_code == 200


def test_a_deleted_key_is_refused(gateway: LiteLLM) -> None:
    key = new_key(gateway)
    gateway.create("/key/delete", {"keys": [key]})
    assert gateway.chat(key).status_code == 401


def test_a_killed_engine_is_replaced(gateway: LiteLLM) -> None:
    (before,) = gateway.engines()
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: set(gateway.engines()) - {before}, "a new engine")
    wait_until(lambda: gateway.get("/key/list").status_code == 200, "an answer from it")
    assert gateway.chat(new_key(gateway)).status_code == 200


def test_a_database_that_comes_back_is_used_again(
    gateway: LiteLLM, database: PostgreSQL, tenant: Tenant
) -> None:
    database.stop()
    try:
        assert gateway.chat("sk-never-made").status_code == 503
    finally:
        database.start()
    # Where the first attempt came too early, LiteLLM's watchdog makes the next, every 30 seconds.
    wait_until(lambda: gateway.get("/team/list").status_code == 200, "the database", 120)


def test_keys_budgets_and_blocks_survive_a_restart(
    gateway: LiteLLM, tenant: Tenant, spent: float
) -> None:
    blocked = new_key(gateway)
    gateway.create("/key/block", {"key": blocked})
    gateway.stop()
    gateway.start()
    assert gateway.chat(tenant.key).status_code == 200
    assert gateway.chat(blocked).status_code in (401, 403)
    assert gateway.key_info(tenant.key)["spend"] >= spent


def test_the_engine_ends_with_its_proxy(gateway: LiteLLM) -> None:
    (engine,) = gateway.engines()
    gateway.process.kill()
    gateway.process.wait()
    wait_until(lambda: not Path(f"/proc/{engine}").exists(), "the end of the engine")


def test_no_secret_is_written_to_the_log(gateway: LiteLLM, tenant: Tenant) -> None:
    log = gateway.log.read_text(errors="replace")
    for secret in ("secret-of-b", "sk-test-", tenant.key):
        assert secret not in log
