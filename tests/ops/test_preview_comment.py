"""The comment on a pull request is created once and updated in place, page by page."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from ops.cli import main

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
BOT = "github-actions[bot]"
MARKER = "<!-- litellm-gateway: preview of prod -->"
REPORT = f"{MARKER}\n\n## Preview of `prod`\n"


class GitHub:
    """The part of GitHub's REST API about comments of issues, as it is documented."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.permitted = True
        github = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                github.list(self)

            def do_POST(self) -> None:
                github.create(self)

            def do_PATCH(self) -> None:
                github.update(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def has(self, author: str, body: str) -> int:
        number = len(self.comments) + 1
        self.comments.append(
            {
                "id": number,
                "user": {"login": author},
                "body": body,
                "html_url": f"https://github.com/example/gateway/pull/7#issuecomment-{number}",
            }
        )
        return number

    def body_of(self, number: int) -> str:
        return str(self.comments[number - 1]["body"])

    def list(self, request: BaseHTTPRequestHandler) -> None:
        if not self._accepts(request, r"/repos/example/gateway/issues/7/comments"):
            return
        query = parse_qs(urlsplit(request.path).query)
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        size = min(size, 100)
        headers = {}
        if page * size < len(self.comments):
            following = f"{self.url}/repositories/1/issues/7/comments?per_page={size}"
            # GitHub's own addresses of further pages name the repository by its number.
            headers["Link"] = f'<{following}&page={page + 1}>; rel="next"'
        self._answer(request, 200, self.comments[(page - 1) * size : page * size], headers)

    def create(self, request: BaseHTTPRequestHandler) -> None:
        if self._accepts(request, r"/repos/example/gateway/issues/7/comments"):
            number = self.has(BOT, self._content(request)["body"])
            self._answer(request, 201, self.comments[number - 1])

    def update(self, request: BaseHTTPRequestHandler) -> None:
        if self._accepts(request, r"/repos/example/gateway/issues/comments/\d+"):
            comment = self.comments[int(request.path.rpartition("/")[2]) - 1]
            comment["body"] = self._content(request)["body"]
            self._answer(request, 200, comment)

    def _accepts(self, request: BaseHTTPRequestHandler, path: str) -> bool:
        self.requests.append(f"{request.command} {request.path}")
        right = (
            request.headers["Authorization"] == f"Bearer {TOKEN}"
            and request.headers["X-GitHub-Api-Version"] == "2022-11-28"
        )
        known = rf"{path}|/repositories/1/issues/7/comments"
        if not right or not self.permitted:
            self._answer(request, 403, {"message": "Resource not accessible by integration"})
        elif not re.fullmatch(known, urlsplit(request.path).path):
            self._answer(request, 404, {"message": "Not Found"})
        else:
            return True
        return False

    @staticmethod
    def _content(request: BaseHTTPRequestHandler) -> dict[str, str]:
        content: dict[str, str] = json.loads(
            request.rfile.read(int(request.headers["Content-Length"]))
        )
        return content

    @staticmethod
    def _answer(
        request: BaseHTTPRequestHandler,
        status: int,
        content: Any,
        headers: dict[str, str] | None = None,
    ) -> None:
        body = json.dumps(content).encode()
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def github() -> Iterator[GitHub]:
    running = GitHub()
    thread = threading.Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    thread.join()
    running.server.server_close()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "comment.md"
    file.write_text(REPORT)
    return file


def post(github: GitHub, report: Path, *arguments: str, **variables: str) -> Result:
    environment = {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": "example/gateway",
        "GITHUB_REF": "refs/pull/7/merge",
        "GITHUB_TOKEN": TOKEN,
        **variables,
    }
    return CliRunner().invoke(
        main, ["preview-comment", "--file", str(report), *arguments], env=environment
    )


def test_a_report_becomes_a_comment(github: GitHub, report: Path) -> None:
    done = post(github, report)
    assert done.exit_code == 0, done.output
    assert [comment["body"] for comment in github.comments] == [REPORT]
    assert done.stdout.startswith("created: https://github.com/")


def test_the_second_report_takes_the_place_of_the_first(github: GitHub, report: Path) -> None:
    post(github, report)
    report.write_text(f"{REPORT}\nAnother commit.\n")
    done = post(github, report, "--json")
    assert json.loads(done.stdout)["outcome"] == "updated"
    assert len(github.comments) == 1
    assert "Another commit." in github.body_of(1)


def test_the_same_report_changes_nothing(github: GitHub, report: Path) -> None:
    post(github, report)
    assert post(github, report).stdout.startswith("unchanged")
    assert not [one for one in github.requests if one.startswith("PATCH")]


def test_a_comment_on_a_later_page_is_found(github: GitHub, report: Path) -> None:
    for number in range(205):
        github.has("someone", f"comment {number}")
    number = github.has(BOT, f"{MARKER}\nold")
    assert post(github, report).stdout.startswith("updated")
    assert github.body_of(number) == REPORT
    assert len(github.comments) == 206


def test_each_stack_has_a_comment_of_its_own(github: GitHub, report: Path) -> None:
    dev = github.has(BOT, REPORT.replace("prod", "dev"))
    post(github, report)
    assert "dev" in github.body_of(dev)
    assert len(github.comments) == 2


def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(
    github: GitHub, report: Path
) -> None:
    forged = github.has("mallory", f"{MARKER}\nnothing dangerous")
    assert post(github, report).stdout.startswith("created")
    assert github.body_of(forged).endswith("nothing dangerous")


def test_a_token_without_the_right_is_told_which_one_it_needs(github: GitHub, report: Path) -> None:
    github.permitted = False
    done = post(github, report)
    assert done.exit_code == 1
    assert "403 Resource not accessible by integration" in done.stderr
    assert "pull-requests: write" in done.stderr
    assert TOKEN not in done.output


def test_an_unreachable_github_is_named_and_the_token_is_not(github: GitHub, report: Path) -> None:
    done = post(github, report, GITHUB_API_URL="http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "http://127.0.0.1:9 could not be reached" in done.stderr
    assert TOKEN not in done.output


@pytest.mark.parametrize(
    ("variables", "arguments", "said"),
    [
        ({"GITHUB_TOKEN": ""}, [], "GITHUB_TOKEN is not set"),
        ({"GITHUB_REF": "refs/heads/main"}, [], "give --pull-request NUMBER; GITHUB_REF is"),
        ({}, ["--repository", "gateway"], "'gateway' is not OWNER/NAME"),
        ({}, ["--pull-request", "0"], "--pull-request"),
    ],
)
def test_a_wrong_call_ends_with_2_and_the_way_out(
    variables: dict[str, str], arguments: list[str], said: str, github: GitHub, report: Path
) -> None:
    done = post(github, report, *arguments, **variables)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not github.requests


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Some words.", "does not begin as a report of `ops preview-report` does"),
        (f"{MARKER}\n{'x' * 65_536}", "characters, a comment holds 65,536"),
    ],
)
def test_a_file_that_is_no_report_is_not_posted(
    text: str, said: str, github: GitHub, report: Path
) -> None:
    report.write_text(text)
    done = post(github, report)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
    assert not github.requests
