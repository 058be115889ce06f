"""The admin UI in a real browser: signing in by every method, and what its pages show."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import postgresql_server
import pytest
from balanced import PORT, balanced
from browser import running_browser
from issuer import Issuer, running_issuer
from litellm_process import MASTER_KEY, LiteLLM, image_environment, wait_until
from playwright.sync_api import Browser, Page, expect
from postgresql_server import PostgreSQL
from recorded_program import run_program
from test_edge import ADMIN, API, rules
from test_settings import settings_of, with_changes

from infra.sign_in import sign_in_environment
from sandbox import litellm_image
from sandbox.load_balancer.configuration import Endpoint
from sandbox.paths import Instance

NETWORK = "127.214.15"
# Grafana would sign people in at the same issuer.
GRAFANA = {"suppliedSecrets.grafanaClient": {"1": {"clientId": "grafana", "clientSecret": "none"}}}
INSTANCE = Instance("admin-ui-tests", 178)
ADMIN_URL = f"https://{ADMIN}:{PORT}"
USERNAME, PASSWORD = "admin", "a-password-of-the-ui-alone"
# A page with its data takes seconds where everything shares two cores.
PATIENCE_MILLISECONDS = 120_000
# Not `/ui/`, which leads there too: the UI does so several times over, and a browser that is slow
# gives up the last of these when the form is filled in already (net::ERR_TOO_MANY_RETRIES).
LOGIN = "/ui/login/"
CONFIG = """
model_list:
  - model_name: small
    litellm_params: {model: openai/gpt-4o-mini, api_key: none, mock_response: hello from small}
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  proxy_batch_write_at: 1
  store_model_in_db: false
"""
ISSUER_ALONE = f"{CONFIG}  disable_password_login_when_sso_enabled: true\n"


@dataclass(frozen=True)
class Used:
    """A gateway that has answered requests of a team's key."""

    gateway: LiteLLM
    request: str
    """Identifier of one of the answers."""


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    litellm_image.ensure(print)
    with postgresql_server.running(NETWORK) as server:
        subprocess.run(
            [litellm_image.built_image().python, "-m", "litellm.proxy.prisma_migration"],
            env=image_environment({"DATABASE_URL": server.url("a")}),
            capture_output=True,
            check=True,
            timeout=300,
        )
        yield server


def ui_environment(directory: Path, changes: dict[str, Any]) -> dict[str, str]:
    """Return what a pod is told of the UI: the settings', and its directories as in the chart."""
    for name in ("ui", "assets"):
        (directory / name).mkdir()
    return {
        **sign_in_environment(settings_of("prod", changes)),
        "UI_USERNAME": USERNAME,
        "UI_PASSWORD": PASSWORD,
        "LITELLM_NON_ROOT": "true",
        "LITELLM_UI_PATH": str(directory / "ui"),
        "LITELLM_ASSETS_PATH": str(directory / "assets"),
    }


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("admin-ui")


@pytest.fixture(scope="module")
def used(database: PostgreSQL, directory: Path) -> Iterator[Used]:
    config = directory / "config.yaml"
    config.write_text(CONFIG)
    gateway = LiteLLM(f"{NETWORK}.3", database.url("b"), config, ui_environment(directory, {}))
    gateway.start()
    try:
        team = gateway.create("/team/new", {"team_alias": "search"})["team_id"]
        key = gateway.create("/key/generate", {"team_id": team, "key_alias": "laptop"})["key"]
        answers = [gateway.chat(key).json() for _ in range(3)]
        rows = 'SELECT count(*) FROM "LiteLLM_SpendLogs"'
        wait_until(lambda: int(database.psql(rows)) >= len(answers), "rows of the requests")
        # The usage page reads sums by day, which are written after the rows, and reads them once.
        sums = 'SELECT coalesce(sum(successful_requests), 0) FROM "LiteLLM_DailyUserSpend"'
        wait_until(lambda: int(database.psql(sums)) >= len(answers), "sums of the requests")
        yield Used(gateway, answers[0]["id"])
    finally:
        gateway.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    resolved = f"MAP {ADMIN} {INSTANCE.load_balancer_address}"
    with running_browser(f"--host-resolver-rules={resolved}") as browser:
        yield browser


def new_page(browser: Browser) -> Page:
    page = browser.new_page(ignore_https_errors=True)
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    return page


def fill_in_password(page: Page, password: str = PASSWORD) -> None:
    page.get_by_placeholder("Enter your username").fill(USERNAME)
    page.get_by_placeholder("Enter your password").fill(password)
    page.get_by_role("button", name="Login", exact=True).click()


def sees(page: Page, text: str) -> None:
    expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def signed_in(used: Used, browser: Browser) -> Iterator[Page]:
    page = new_page(browser)
    page.goto(f"{used.gateway.url}{LOGIN}")
    fill_in_password(page)
    sees(page, "Virtual Keys")
    yield page
    page.close()


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("usage", ["small", "laptop", "Total Requests", "3 ok"]),
        ("models-and-endpoints", ["small", "openai/gpt-4o-mini", "Defined in config"]),
        ("api-keys", ["laptop", "search", "Active"]),
        ("router-settings", ["simple-shuffle"]),
        ("admin-panel", ["SSO Settings", "UI Settings"]),
    ],
)
def test_a_page_shows_what_there_is(
    signed_in: Page, used: Used, path: str, texts: list[str]
) -> None:
    signed_in.goto(f"{used.gateway.url}/ui/{path}/")
    for text in texts:
        sees(signed_in, text)


def test_logs_can_be_searched(signed_in: Page, used: Used) -> None:
    signed_in.goto(f"{used.gateway.url}/ui/logs/")
    sees(signed_in, "Showing 1-3 of 3")
    signed_in.get_by_placeholder("Search logs by ID…").fill(used.request)
    sees(signed_in, "Showing 1-1 of 1")
    sees(signed_in, used.request)


def test_the_files_of_the_ui_are_served_from_a_directory_that_pods_may_write(
    signed_in: Page, directory: Path
) -> None:
    assert (directory / "ui" / "login" / "index.html").exists()


def test_a_wrong_password_opens_nothing(used: Used, browser: Browser) -> None:
    page = new_page(browser)
    page.goto(f"{used.gateway.url}{LOGIN}")
    fill_in_password(page, "guessed")
    expect(page.get_by_text("Invalid credentials").first).to_be_visible()
    page.close()


def test_the_master_key_is_no_password_of_the_ui(used: Used) -> None:
    answer = httpx.post(
        f"{used.gateway.url}/v2/login", json={"username": USERNAME, "password": MASTER_KEY}
    )
    assert answer.status_code == httpx.codes.UNAUTHORIZED


@pytest.fixture(scope="module")
def issuer(monkeypatch_module: pytest.MonkeyPatch) -> Iterator[Issuer]:
    with running_issuer(INSTANCE, f"{NETWORK}.4") as issuer:
        issuer.person("ada", name="Ada", groups=["platform"])
        issuer.person("bob", name="Bob", groups=["developers"])
        yield issuer


@pytest.fixture(scope="module")
def monkeypatch_module(directory: Path) -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(directory / "state"))
        yield patch


@pytest.fixture(scope="module")
def balancer(used: Used, issuer: Issuer) -> Iterator[None]:
    """The rules of a stack whose load balancer signs people in, before the gateway."""
    client, secret = issuer.client(f"{ADMIN_URL}/oauth2/idpresponse")
    changes = {
        "signIn": {"method": "loadBalancer", "issuer": issuer.settings, "clientId": client},
        "suppliedSecrets.loadBalancerClient": {"1": {"clientSecret": secret}},
        **GRAFANA,
        "loadBalancer.allowedCidrs": ["127.0.0.0/8"],
        "loadBalancer.adminCidrs": ["127.0.0.0/8"],
    }
    found = rules(run_program("prod", with_changes("prod", changes)), "https")
    with balanced(INSTANCE, found, Endpoint(f"{NETWORK}.3", 4000)):
        yield


@pytest.mark.usefixtures("balancer")
def test_the_issuer_lets_a_browser_in_and_the_password_then_opens_the_ui(
    browser: Browser, issuer: Issuer
) -> None:
    page = new_page(browser)
    page.goto(f"{ADMIN_URL}{LOGIN}")
    issuer.sign_in(page, "ada")
    fill_in_password(page)
    sees(page, "Virtual Keys")
    page.goto(f"{ADMIN_URL}/ui/api-keys/")
    sees(page, "laptop")
    page.close()


def asked(host: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask the load balancer under a name."""
    url = f"https://{INSTANCE.load_balancer_address}:{PORT}{path}"
    return httpx.request(method, url, headers={"Host": host, **headers}, verify=False)  # noqa: S501


@pytest.mark.usefixtures("balancer")
@pytest.mark.parametrize("path", ["/ui/", "/v2/login", "/v2/%6Cogin", "/key/list"])
def test_without_a_session_the_admin_host_leads_to_the_issuer(issuer: Issuer, path: str) -> None:
    answer = asked(ADMIN, path, "POST", **{"x-amzn-oidc-identity": "ada"})
    assert answer.status_code == httpx.codes.FOUND
    assert answer.headers["location"].startswith(f"{issuer.url}/oauth2/authorize?")


@pytest.mark.usefixtures("balancer")
def test_a_stranger_s_cookie_opens_no_session(issuer: Issuer) -> None:
    answer = asked(ADMIN, "/ui/", cookie="AWSELBAuthSessionCookie-0=made-up")
    assert answer.headers["location"].startswith(issuer.url)


@pytest.mark.usefixtures("balancer")
def test_a_program_administers_with_its_key_and_no_browser() -> None:
    key = {"Authorization": f"Bearer {MASTER_KEY}"}
    assert asked(ADMIN, "/key/list", **key).status_code == httpx.codes.OK
    assert asked(ADMIN, "/key/list", Authorization="Bearer sk-x").status_code == 401


@pytest.mark.usefixtures("balancer")
def test_a_key_reads_of_itself_on_the_api_host_and_writes_nothing(used: Used) -> None:
    used.gateway.create("/user/new", {"user_id": "eve", "auto_create_key": False})
    key, other = (
        used.gateway.create("/key/generate", {"user_id": user, "models": ["small"]})["key"]
        for user in ("eve", "mallory")
    )
    bearer = {"Authorization": f"Bearer {key}"}
    days = "start_date=2026-01-01&end_date=2026-02-01"
    assert asked(API, "/key/info", **bearer).json()["info"]["user_id"] == "eve"
    assert asked(API, "/user/info", **bearer).json()["user_id"] == "eve"
    assert asked(API, f"/user/daily/activity?{days}", **bearer).status_code == httpx.codes.OK
    groups = asked(API, "/model_group/info", **bearer).json()["data"]
    assert [group["model_group"] for group in groups] == ["small"]
    assert asked(API, f"/key/info?key={other}", **bearer).status_code == httpx.codes.NOT_FOUND
    assert asked(API, "/user/info?user_id=mallory", **bearer).status_code == 403
    others = f"/user/daily/activity?{days}&user_id=mallory"
    assert asked(API, others, **bearer).status_code == 403
    for path in ("/key/info", "/user/info", "/key/generate", "/user/update"):
        assert asked(API, path, "POST", **bearer).status_code == httpx.codes.NOT_FOUND


@pytest.fixture(scope="module")
def by_proxy(database: PostgreSQL, issuer: Issuer, directory: Path) -> Iterator[LiteLLM]:
    """A gateway whose people sign in with the issuer, each in a role of their own."""
    below = directory / "by-proxy"
    below.mkdir()
    address = f"{NETWORK}.5"
    client, secret = issuer.client(f"http://{address}:4000/sso/callback")
    changes = {
        "signIn": {
            "method": "proxy",
            "issuer": issuer.settings,
            "clientId": client,
            "roles": {"proxy_admin": ["platform"]},
        },
        "suppliedSecrets.signInClient": {"1": {"clientSecret": secret}},
        **GRAFANA,
    }
    config = below / "config.yaml"
    config.write_text(ISSUER_ALONE)
    extra = {
        "GENERIC_CLIENT_SECRET": secret,
        "PROXY_BASE_URL": f"http://{address}:4000",
        "SSL_CERT_FILE": issuer.authorities,
    }
    gateway = LiteLLM(
        address, database.url("b"), config, {**ui_environment(below, changes), **extra}
    )
    gateway.start()
    yield gateway
    gateway.stop()


def test_an_administrator_signs_in_with_the_issuer_alone(
    by_proxy: LiteLLM, browser: Browser, issuer: Issuer
) -> None:
    page = new_page(browser)
    page.goto(f"{by_proxy.url}{LOGIN}")
    issuer.sign_in(page, "ada")
    sees(page, "Virtual Keys")
    page.goto(f"{by_proxy.url}/ui/models-and-endpoints/")
    sees(page, "small")
    page.close()
    user = by_proxy.get("/user/info", user_id="ada").json()["user_info"]
    assert (user["user_role"], user["user_email"]) == ("proxy_admin", "ada@example.com")


def test_somebody_of_no_named_group_only_looks(
    by_proxy: LiteLLM, browser: Browser, issuer: Issuer
) -> None:
    page = new_page(browser)
    page.goto(f"{by_proxy.url}{LOGIN}")
    issuer.sign_in(page, "bob")
    sees(page, "Virtual Keys")
    page.close()
    user = by_proxy.get("/user/info", user_id="bob").json()["user_info"]
    assert user["user_role"] == "internal_user_viewer"


def test_the_password_opens_nothing_beside_the_issuer(by_proxy: LiteLLM) -> None:
    credentials = {"username": USERNAME, "password": PASSWORD}
    answer = httpx.post(f"{by_proxy.url}/v2/login", json=credentials)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert "Sign in via SSO" in answer.text
