"""A gateway as its administrator and its users see it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from ops.deployments.deployment import Deployment, admin_key

_SECONDS = 60
_PAGE = 100
# The time zone's name is not taken by /spend/logs/v2 of LiteLLM 1.106.2.
_MOMENT = "%Y-%m-%d %H:%M:%S"


class GatewayError(Exception):
    """A gateway does not answer, or not as an administrator should be answered; it says how."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What a team or a virtual key may spend, and has spent."""

    alias: str
    budget: float | None
    period: str | None
    spend: float


class Gateway:
    """A client of one gateway; GatewayError for an answer that no administrator should get."""

    def __init__(self, url: str, admin_key: str) -> None:
        self.url = url
        self._admin = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {admin_key}"}, timeout=_SECONDS
        )

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """Return the gateway of a stack that runs, with the admin key that its pods have."""
        url = str(deployment.outputs()["gatewayUrl"])
        return cls(url, admin_key(deployment.kubernetes()))

    def complete(self, key: str, model: str) -> httpx.Response:
        """Send one completion with a virtual key, and return whatever is answered."""
        return httpx.post(
            f"{self.url}/v1/chat/completions",
            headers={"Authorization": f"Bearer {key}"},
            json={"model": model, "messages": [{"role": "user", "content": "Is this a drill?"}]},
            timeout=_SECONDS,
        )

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an administrator's POST is answered with."""
        return self._answer(self.ask("POST", path, json=body))

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Return an administrator's answer as it is."""
        try:
            return self._admin.request(method, path, **more)
        except httpx.HTTPError as error:
            raise GatewayError(f"{self.url}{path} does not answer: {error}") from None

    def accounts(self) -> dict[str, Account]:
        """Return every team and every virtual key, by ``team <id>`` and ``key <hash>``."""
        teams = self._answer(self.ask("GET", "/team/list"))
        found = {f"team {team['team_id']}": _account(team) for team in teams}
        return found | {f"key {key['token']}": _account(key) for key in self._keys()}

    def store_credential(self, name: str, value: str) -> None:
        """Store a credential whose ``value``, the name of a variable, is encrypted.

        Of LiteLLM's credentials it is the kind that a route decrypts from the database, also where
        models are not stored there (GET /credentials/NAME/jwks of LiteLLM 1.106.2 and 1.108.5).
        """
        self.post(
            "/credentials",
            {
                "credential_name": name,
                "credential_values": {
                    "anthropic_identity_source": "internal_issuer",
                    "anthropic_issuer_url": "https://issuer.example",
                    "anthropic_issuer_subject": "drill",
                    "anthropic_issuer_signing_key_ref": value,
                },
                "credential_info": {"custom_llm_provider": "anthropic"},
            },
        )

    def decrypts(self, name: str, value: str) -> bool:
        """Tell whether a stored credential is decrypted to what it was."""
        return value in self.ask("GET", f"/credentials/{name}/jwks").text

    def rows(self, key_hash: str) -> tuple[int, float | None]:
        """Return how many rows of spend a key has, and the time of the newest, in epoch seconds."""
        now = datetime.now(UTC)
        answer = self._answer(
            self.ask(
                "GET",
                "/spend/logs/v2",
                params={
                    "api_key": key_hash,
                    "start_date": (now - timedelta(days=1)).strftime(_MOMENT),
                    "end_date": (now + timedelta(days=1)).strftime(_MOMENT),
                    "page": 1,
                    "page_size": 1,
                },
            )
        )
        newest = answer["data"][0]["startTime"] if answer["data"] else None
        return answer["total"], datetime.fromisoformat(newest).timestamp() if newest else None

    def _keys(self) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            answer = self._answer(
                self.ask(
                    "GET",
                    "/key/list",
                    params={"return_full_object": "true", "page": page, "size": _PAGE},
                )
            )
            yield from answer["keys"]
            if page >= answer["total_pages"]:
                return
            page += 1

    def _answer(self, answer: httpx.Response) -> Any:
        if answer.status_code != httpx.codes.OK:
            raise GatewayError(
                f"{answer.request.url.path} of the gateway answered {answer.status_code}: "
                f"{answer.text[:200]}"
            )
        return answer.json()


def _account(body: Mapping[str, Any]) -> Account:
    return Account(
        alias=body.get("key_alias") or body.get("team_alias") or "",
        budget=body.get("max_budget"),
        period=body.get("budget_duration"),
        spend=float(body.get("spend") or 0),
    )
