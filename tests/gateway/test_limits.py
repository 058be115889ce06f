"""Limits, alerts and guardrails of a rendered configuration, on two real proxies that share them.

They run on one PostgreSQL and one Redis, as the pods of a gateway do.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import mail_receiver
import pytest
import two_proxies
from click.testing import CliRunner
from gateway_config import ANTHROPIC, write_config
from litellm_process import MASTER_KEY, LiteLLM, wait_until
from mail_receiver import Mailbox
from test_settings import settings_of
from two_proxies import MODEL, NETWORK, NEXT_TO_NOTHING, NOT_HERE, VARIABLES, Gateway

from infra.proxy_config.alerting import mail_environment
from ops.cli import main


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with two_proxies.running(lambda: tmp_path_factory.mktemp("proxy")) as gateway:
        yield gateway


def test_a_key_that_asks_for_no_limit_gets_the_default(gateway: Gateway) -> None:
    assert gateway.first.key_info(gateway.key())["rpm_limit"] == 60


def test_a_key_that_asks_for_no_budget_gets_the_upper_bound(gateway: Gateway) -> None:
    info = gateway.first.key_info(gateway.key())
    assert (info["max_budget"], info["budget_duration"]) == (500, "30d")


def test_a_key_may_have_more_than_the_default_below_the_bound(gateway: Gateway) -> None:
    assert gateway.first.key_info(gateway.key(rpm_limit=9_000))["rpm_limit"] == 9_000


def test_a_key_that_asks_for_too_much_is_refused_and_told_why(gateway: Gateway) -> None:
    answer = gateway.first.post("/key/generate", {"rpm_limit": 20_000})
    assert answer.status_code == 400
    assert "rpm_limit is over max limit set in config" in answer.text
    assert "user_value=20000; max_value=10000" in answer.text


def test_a_key_cannot_be_raised_beyond_the_bound_later(gateway: Gateway) -> None:
    answer = gateway.first.post("/key/update", {"key": gateway.key(), "rpm_limit": 20_000})
    assert answer.status_code == 400
    assert "max_value=10000" in answer.text


def test_a_new_user_has_a_hundred_dollars_in_thirty_days(gateway: Gateway) -> None:
    user = {"user_id": "grace", "auto_create_key": False}
    gateway.first.create("/user/new", user)
    info = gateway.first.get("/user/info", user_id="grace").json()["user_info"]
    assert (info["max_budget"], info["budget_duration"]) == (100, "30d")


def test_a_new_team_has_the_default_limits(gateway: Gateway) -> None:
    team = gateway.first.create("/team/new", {"team_alias": "blue"})
    assert (team["rpm_limit"], team["max_budget"], team["budget_duration"]) == (1_000, 700, "7d")


def test_the_budget_of_everybody_is_there(gateway: Gateway) -> None:
    row = (
        'SELECT max_budget, budget_duration FROM "LiteLLM_UserTable" '
        "WHERE user_id = 'litellm-proxy-budget'"
    )
    wait_until(lambda: gateway.database.psql(row) == "900|30d", "the total budget's row")


def test_a_limit_of_requests_holds_over_both_proxies(gateway: Gateway) -> None:
    key = gateway.key(rpm_limit=4)
    answers = [
        proxy.chat(key, MODEL) for _ in range(5) for proxy in (gateway.first, gateway.second)
    ]
    states = [answer.status_code for answer in answers]
    assert states == [200] * 4 + [429] * 6


def test_a_budget_holds_over_both_proxies(gateway: Gateway) -> None:
    key = gateway.key(max_budget=NEXT_TO_NOTHING, soft_budget=NEXT_TO_NOTHING / 2)
    assert gateway.first.chat(key, MODEL).status_code == 200
    hashed = hashlib.sha256(key.encode()).hexdigest()
    wait_until(
        lambda: any(
            float(value) > 0
            for name in gateway.redis.ask("KEYS", f"spend:key:{hashed}*")
            for value in gateway.redis.ask("GET", name)
        ),
        "the spend to reach Redis",
    )
    refused = gateway.second.chat(key, MODEL)
    assert refused.status_code == 422
    assert refused.json()["error"]["type"] == "budget_exceeded"


def test_a_user_s_budget_holds_for_keys_of_a_team_too(gateway: Gateway) -> None:
    user = {"user_id": "alan", "auto_create_key": False, "max_budget": NEXT_TO_NOTHING}
    gateway.first.create("/user/new", user)
    team = gateway.first.create("/team/new", {"team_alias": "green"})["team_id"]
    member = {"role": "user", "user_id": "alan"}
    gateway.first.create("/team/member_add", {"team_id": team, "member": member})
    key = gateway.key(team_id=team, user_id="alan")
    assert gateway.first.chat(key, MODEL).status_code == 200
    refused = wait_until(
        lambda: (answer := gateway.first.chat(key, MODEL)).status_code != 200 and answer,
        "the user to be over budget",
    )
    assert refused.status_code == 422
    assert "User=alan over budget" in refused.text


def test_a_soft_budget_is_told_and_does_not_block(gateway: Gateway) -> None:
    key = gateway.key(key_alias="soft", max_budget=100)

    def asked_and_told() -> list[dict[str, Any]]:
        assert gateway.first.chat(key, MODEL).status_code == 200
        return gateway.told.events(event="soft_budget_crossed", key_alias="soft")

    (event, *_) = wait_until(asked_and_told, "an alert of the soft budget")
    assert event["soft_budget"] == NEXT_TO_NOTHING
    assert event["max_budget"] == 100


def test_a_hard_budget_is_told_and_blocks(gateway: Gateway) -> None:
    key = gateway.key(key_alias="hard", max_budget=NEXT_TO_NOTHING)
    assert gateway.first.chat(key, MODEL).status_code == 200
    wait_until(
        lambda: gateway.first.chat(key, MODEL).status_code == 422, "the budget to be exceeded"
    )
    wait_until(
        lambda: gateway.told.events(event="budget_crossed", key_alias="hard"),
        "an alert of the hard budget",
    )


def test_slack_is_told_of_a_budget(gateway: Gateway) -> None:
    key = gateway.key(key_alias="slack", max_budget=100)

    def asked_and_told() -> bool:
        gateway.first.chat(key, MODEL)
        texts = [event["text"] for event in list(gateway.told.told) if "text" in event]
        return any("Soft Budget" in text and "`slack`" in text for text in texts)

    wait_until(asked_and_told, "Slack to be told", 60)


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with mail_receiver.running(f"{NETWORK}.7") as box:
        yield box


@pytest.fixture(scope="module")
def mailing(
    gateway: Gateway, mailbox: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiteLLM]:
    """A third proxy, which tells by e-mail."""
    email = {
        "host": f"{NETWORK}.7",
        "port": mail_receiver.PORT,
        "startTls": False,
        "sender": "gateway@example.com",
        "budgetShares": {"20": ["finance@example.com"]},
    }
    changes = {"alerting.email": email, "gateway.batchWriteSeconds": 1}
    config, hooks = write_config(tmp_path_factory.mktemp("proxy"), changes, without=NOT_HERE)
    mail = mail_environment(settings_of("sandbox", {**ANTHROPIC, **changes}).alerting)
    more = {**gateway.redis.environment, **VARIABLES, **mail, **hooks}
    proxy = LiteLLM(f"{NETWORK}.8", gateway.database.url("b"), config, more)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


def test_mail_tells_of_a_share_of_a_budget(mailing: LiteLLM, mailbox: Mailbox) -> None:
    # Of what a key spends this alert learns with the next look into the database, a minute later.
    limits = {"models": [MODEL], "max_budget": 100, "spend": 30}
    key = mailing.create("/key/generate", limits)["key"]

    def asked_and_told() -> list[str]:
        mailing.chat(key, MODEL)
        return mailbox.subjects("finance@example.com")

    assert wait_until(asked_and_told, "a message", 60)


def _said(gateway: Gateway, text: str) -> Any:
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
    return gateway.first.post("/v1/chat/completions", body)


def test_a_forbidden_pattern_blocks_the_request(gateway: Gateway) -> None:
    answer = _said(gateway, "My number is 123-45-6789.")
    assert answer.status_code == 400
    assert "us_ssn" in answer.text


def test_a_forbidden_word_blocks_the_request(gateway: Gateway) -> None:
    answer = _said(gateway, "This is Top Secret.")
    assert answer.status_code == 400
    assert "top secret" in answer.text


def test_what_is_allowed_passes_the_guardrail(gateway: Gateway) -> None:
    assert _said(gateway, "What is the capital of France?").status_code == 200


def test_personal_data_is_masked(gateway: Gateway) -> None:
    body = {"guardrail_name": "personal-data", "text": "Ask ada@example.com of project-42."}
    answer = gateway.first.create("/guardrails/apply_guardrail", body)
    assert "ada@example.com" not in answer["response_text"]
    assert "project-42" not in answer["response_text"]


def _ops(gateway: Gateway, *words: str, key: str = MASTER_KEY) -> Any:
    environment = {"LITELLM_PROXY_API_KEY": key, "LITELLM_PROXY_URL": gateway.first.url}
    return CliRunner().invoke(main, list(words), env=environment)


def test_what_was_added_in_the_database_is_listed(gateway: Gateway) -> None:
    assert "No model was added" in _ops(gateway, "models").output
    parameters = {"model": "openai/gpt-4o-mini", "api_key": "none", "mock_response": "hello"}
    made = gateway.first.create(
        "/model/new", {"model_name": "added", "litellm_params": parameters, "model_info": {}}
    )
    listed = wait_until(
        lambda: "added" in (text := _ops(gateway, "models").output) and text, "the added model"
    )
    assert "openai/gpt-4o-mini" in listed
    assert made["model_id"] in listed
    assert MODEL not in listed
    (model,) = json.loads(_ops(gateway, "models", "--json").output)
    assert (model["name"], model["id"]) == ("added", made["model_id"])


def test_a_key_that_may_not_ask_is_refused_by_name(gateway: Gateway) -> None:
    done = _ops(gateway, "users", key=gateway.key())
    assert done.exit_code == 1
    assert "refuses the key in LITELLM_PROXY_API_KEY" in done.output


def test_more_users_than_may_sign_in_are_told(gateway: Gateway) -> None:
    for number in range(6):
        user = {"user_id": f"user-{number}", "auto_create_key": False}
        gateway.first.create("/user/new", user)
    counted = _ops(gateway, "users")
    assert counted.exit_code == 3, counted.output
    assert "5 may sign in" in counted.output
    assert "LiteLLM refuses every sign-in" in counted.output
