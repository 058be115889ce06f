"""Commands that ask a running proxy; its real answers are in ``tests/gateway/test_limits.py``."""

from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.models import added_models
from ops.running_proxy import KEY_VARIABLE, ProxyError
from ops.users import Users, counted_users

NOBODY = "http://127.0.0.1:9"


def _ran(*words: str, key: str | None = "sk-1") -> Any:
    return CliRunner().invoke(main, list(words), env={KEY_VARIABLE: key})


@pytest.mark.parametrize("command", ["models", "users"])
def test_without_a_key_a_command_says_where_it_goes(command: str) -> None:
    done = _ran(command, "--url", NOBODY, key=None)
    assert done.exit_code == 1
    assert "LITELLM_PROXY_API_KEY is not set; put an administrator's key there" in done.output


def test_a_proxy_that_does_not_answer_is_named() -> None:
    done = _ran("models", "--url", NOBODY)
    assert done.exit_code == 1
    assert f"{NOBODY} does not answer" in done.output


def test_what_is_no_url_is_refused() -> None:
    assert "'admin.example' is no URL of a proxy" in _ran("models", "--url", "admin.example").output


def test_without_a_url_a_command_is_called_wrongly() -> None:
    assert _ran("users").exit_code == 2


@pytest.mark.parametrize("answer", [None, {}, {"data": [{}]}, {"data": None}])
def test_an_answer_of_something_else_is_not_taken_for_no_models(answer: Any) -> None:
    with pytest.raises(ProxyError, match="/model/info does not answer as LiteLLM does"):
        added_models(answer)


def test_an_answer_of_something_else_is_not_taken_for_no_users() -> None:
    with pytest.raises(ProxyError, match="the proxy does not answer as LiteLLM does"):
        counted_users({"total": 1}, {})


def test_a_licence_has_a_limit_of_its_own_or_none() -> None:
    for limit in (50, None):
        licence = {"license_type": "enterprise", "limits": {"max_users": limit}}
        counted = counted_users({"total": 9}, licence)
        assert counted == Users(users=9, limit=limit)
        assert not counted.too_many


def test_the_sixth_user_is_one_too_many_without_a_licence() -> None:
    community = {"license_type": "community"}
    assert not counted_users({"total": 5}, community).too_many
    assert counted_users({"total": 6}, community).too_many
