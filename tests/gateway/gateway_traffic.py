"""Traffic of every kind: what succeeds, what fails, what is refused, by whom."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
from litellm_process import LiteLLM

# Wide enough for several requests at once: LiteLLM sets aside what the longest answer would cost.
TEAMS: dict[str, dict[str, Any]] = {
    "Engineering": {"max_budget": 200, "budget_duration": "30d"},
    "Research": {"max_budget": 100, "budget_duration": "30d"},
    "Support": {},
}
USERS = {"ada": "Engineering", "grace": "Engineering", "alan": "Research"}
# Whose key it is, of which team, with what else; `spent` is refused after its first request, and
# `hasty` after its first of a minute.
KEYS: dict[str, dict[str, Any]] = {
    "ada-laptop": {"team": "Engineering", "user_id": "ada"},
    "grace-agent": {"team": "Engineering", "user_id": "grace", "max_budget": 50},
    "notebook": {"team": "Research", "user_id": "alan"},
    "helpdesk": {"team": "Support"},
    "spent": {"team": "Research", "max_budget": 1e-7},
    "hasty": {"team": "Engineering", "rpm_limit": 1},
    "small-only": {"team": "Engineering"},
}
PEOPLE = ("ada-laptop", "grace-agent", "notebook", "helpdesk")


@dataclass
class Traffic:
    """Callers of a proxy that serves these models, and the statuses of the answers they got."""

    proxy: LiteLLM
    models: list[str]
    other_models: list[str]
    statuses: set[int] = field(default_factory=set)
    _keys: dict[str, str] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def introduce_everybody(self) -> None:
        """Make teams, users and keys."""
        create = self.proxy.create
        teams = {
            name: create("/team/new", {"team_alias": name, **limits})["team_id"]
            for name, limits in TEAMS.items()
        }
        for user, team in USERS.items():
            budget = {"max_budget": 50, "budget_duration": "30d", "auto_create_key": False}
            create("/user/new", {"user_id": user, "teams": [teams[team]], **budget})
        for alias, given in KEYS.items():
            request = {"key_alias": alias, **given, "team_id": teams[given["team"]]}
            if alias == "small-only":
                request["models"] = self.models[:1]
            del request["team"]
            self._keys[alias] = create("/key/generate", request)["key"]

    def wave(self) -> None:
        """Send each kind of request at least once, some at a time."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            for done in [pool.submit(send) for send in self._requests()]:
                done.result()

    def _requests(self) -> Iterator[Callable[[], None]]:
        chat, stream, (first, *_, last) = self.chat, self.stream, self.models
        for model in self.other_models:
            yield from (partial(chat, person, model) for person in PEOPLE[1:3])
        for model in self.models:
            yield from (partial(chat, person, model) for person in PEOPLE)
            yield from (partial(stream, person, model) for person in PEOPLE[:2])
        # Its deployment that always fails is picked at random, and set aside after several.
        yield from [partial(chat, "helpdesk", first)] * 20
        yield partial(chat, "ada-laptop", last, "What is asked again and again.")
        yield partial(chat, "spent", first)
        yield from [partial(chat, "hasty", first)] * 2
        yield partial(chat, "small-only", last)

    def chat(self, caller: str, model: str, words: str | None = None) -> None:
        messages = [{"role": "user", "content": words or f"Question {next(self._numbers)}"}]
        body = {"model": model, "messages": messages}
        answer = self.proxy.post("/v1/chat/completions", body, self._keys[caller])
        self.statuses.add(answer.status_code)

    def stream(self, caller: str, model: str) -> None:
        messages = [{"role": "user", "content": f"Question {next(self._numbers)}"}]
        with httpx.stream(
            "POST",
            f"{self.proxy.url}/v1/chat/completions",
            json={"model": model, "messages": messages, "stream": True},
            headers={"Authorization": f"Bearer {self._keys[caller]}"},
            timeout=60,
        ) as answer:
            answer.read()
        self.statuses.add(answer.status_code)
