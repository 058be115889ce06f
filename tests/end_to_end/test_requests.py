"""What a developer, a team lead and an auditor see after a request."""

import json

import httpx
import pytest
from running_sandbox import RunningSandbox, eventually


@pytest.fixture(scope="module")
def answer(sandbox: RunningSandbox, team: dict[str, str]) -> httpx.Response:
    return sandbox.complete(team["key"])


def test_a_completion_with_a_virtual_key_is_answered(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.OK
    assert answer.json()["choices"][0]["message"]["content"] == "A mocked answer of Claude Haiku."


def test_a_streamed_completion_ends_properly(sandbox: RunningSandbox, team: dict[str, str]) -> None:
    assert sandbox.complete(team["key"], stream=True).text.rstrip().endswith("data: [DONE]")


def test_a_spend_row_of_the_team_stands_in_the_database(
    sandbox: RunningSandbox, team: dict[str, str], answer: httpx.Response
) -> None:
    statement = (
        'SELECT model_group, spend > 0 FROM "LiteLLM_SpendLogs" '
        f"WHERE team_id = '{team['id']}' AND request_id = '{answer.json()['id']}'"
    )
    rows = eventually(lambda: sandbox.sql(statement), wanted="spend row")
    assert rows == [["claude-haiku-4-5", "t"]]


def test_a_log_object_stands_under_the_prefix_of_the_team(
    sandbox: RunningSandbox, team: dict[str, str], answer: httpx.Response
) -> None:
    s3 = sandbox.aws("s3")
    prefix = f"logs/engineering/{team['alias']}/"

    def find() -> dict[str, object] | None:
        listed = s3.list_objects_v2(Bucket=sandbox.bucket, Prefix=prefix).get("Contents", [])
        for entry in listed:
            body = s3.get_object(Bucket=sandbox.bucket, Key=entry["Key"])["Body"].read().decode()
            for line in body.splitlines():
                record = json.loads(line)
                if record["id"] == answer.json()["id"]:
                    return record
        return None

    record = eventually(find, wanted="log object")
    assert record["status"] == "success"
    assert "hello" not in json.dumps(record["messages"])


def test_prometheus_has_scraped_the_request(
    sandbox: RunningSandbox, answer: httpx.Response
) -> None:
    query = 'litellm_proxy_total_requests_metric_total{team_alias="engineering",status_code="200"}'
    (series, *_) = eventually(lambda: sandbox.prometheus(query), wanted="scraped metric")
    assert float(series["value"][1]) >= 1


def test_a_model_outside_the_list_of_the_key_is_refused(
    sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    refused = sandbox.complete(team["key"], model="claude-opus-4-5")
    assert refused.status_code in (401, 403)
    assert "claude-opus-4-5" in refused.text


def test_an_unknown_key_is_refused(sandbox: RunningSandbox) -> None:
    assert sandbox.complete("sk-nobody-has-this-one").status_code == httpx.codes.UNAUTHORIZED


def test_a_key_past_its_budget_is_refused(sandbox: RunningSandbox, team: dict[str, str]) -> None:
    with sandbox.admin() as admin:
        made = admin.post(
            "/key/generate",
            json={
                "team_id": team["id"],
                "key_alias": f"spent-{team['alias']}",
                "max_budget": 0.0000001,
                "rpm_limit": 10_000,
            },
        )
    key = made.json()["key"]

    def refusal() -> httpx.Response | None:
        answer = sandbox.complete(key)
        return answer if answer.status_code != httpx.codes.OK else None

    refused = eventually(refusal, wanted="refusal")
    assert "budget" in refused.text.lower()


def test_metrics_are_not_served_to_clients(sandbox: RunningSandbox) -> None:
    assert httpx.get(f"{sandbox.url}/metrics").status_code == httpx.codes.NOT_FOUND
    assert httpx.get(f"{sandbox.url}/metrics/").status_code == httpx.codes.NOT_FOUND


def test_the_admin_ui_opens_with_its_own_password(sandbox: RunningSandbox) -> None:
    password = sandbox.command("ui-password").stdout.strip()
    page = sandbox.status["admin_ui_url"]
    assert "LiteLLM" in httpx.get(page, follow_redirects=True).text
    credentials = {"username": "admin", "password": password}
    assert httpx.post(f"{sandbox.url}/v2/login", json=credentials).status_code == httpx.codes.OK
    credentials["password"] = sandbox.command("master-key").stdout.strip()
    refused = httpx.post(f"{sandbox.url}/v2/login", json=credentials)
    assert refused.status_code == httpx.codes.UNAUTHORIZED


def test_the_status_tells_where_everything_is(sandbox: RunningSandbox) -> None:
    assert sandbox.status.keys() >= {
        "gateway_url",
        "master_key_command",
        "admin_ui_url",
        "ui_password_command",
        "aws_endpoint",
        "kubeconfig",
        "prometheus_url",
        "postgres_dsn",
        "stack",
        "outputs",
        "processes",
    }
    assert "password" not in sandbox.status["postgres_dsn"]
    assert {process["state"] for process in sandbox.status["processes"]} == {"ready"}


def test_the_status_leaves_the_lock_of_a_run_that_is_at_work(sandbox: RunningSandbox) -> None:
    lock = sandbox.instance.state / "project/state/.pulumi/locks/organization/of-a-run.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("{}")
    sandbox.json("status")
    assert lock.exists()
    lock.unlink()
