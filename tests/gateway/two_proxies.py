"""Two proxies of a rendered configuration on one PostgreSQL and one Redis, as a gateway's pods."""

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import postgresql_server
import redis_server
import webhook_receiver
from gateway_config import write_config
from litellm_process import LiteLLM, image_environment
from postgresql_server import PostgreSQL
from redis_server import Redis
from webhook_receiver import Receiver

from sandbox import litellm_image

NETWORK = "127.214.41"
MODEL = "claude-haiku-4-5"
# Less than one mocked answer costs.
NEXT_TO_NOTHING = 1e-7
SETTINGS = {
    "gateway.storeModelsInDatabase": True,
    "gateway.maximumReplicas": 2,
    "gateway.batchWriteSeconds": 1,
    "limits.newKeys": {"softBudgetUsd": NEXT_TO_NOTHING},
    "limits.keyMaximum": {"requestsPerMinute": 10_000, "budgetUsd": 500, "budgetPeriod": "30d"},
    "limits.newTeams": {"requestsPerMinute": 1_000, "budgetUsd": 700, "budgetPeriod": "7d"},
    "limits.total": {"budgetUsd": 900, "budgetPeriod": "30d"},
    "alerting": {"slack": True, "webhook": True},
    "suppliedSecrets.slackWebhook": {"1": {"url": "https://slack.example"}},
    "suppliedSecrets.alertWebhook": {"1": {"url": "https://alerts.example"}},
    "guardrails": [
        {
            "name": "personal-data",
            "patterns": {"us_ssn": "block", "email": "mask"},
            "ownPatterns": {"project": {"expression": r"project-\d+", "action": "mask"}},
            "words": {"top secret": "block"},
        }
    ],
}
VARIABLES = {"ANTHROPIC_API_KEY": "none", "AWS_REGION": "us-east-1", "DRAIN_TOKEN": "drain"}
NOT_HERE = ("callbacks", "s3_callback_params")


@dataclass(frozen=True)
class Gateway:
    """Two proxies, what they share and where they tell their alerts."""

    first: LiteLLM
    second: LiteLLM
    database: PostgreSQL
    redis: Redis
    told: Receiver

    def key(self, **limits: Any) -> str:
        return self.first.create("/key/generate", {"models": [MODEL], **limits})["key"]


@contextmanager
def running(new_folder: Callable[[], Path]) -> Iterator[Gateway]:
    """Start everything, stop it at the end."""
    litellm_image.ensure(print)
    with (
        postgresql_server.running(NETWORK) as database,
        redis_server.running(f"{NETWORK}.3", new_folder()) as redis,
        webhook_receiver.running(f"{NETWORK}.4") as told,
    ):
        _migrate(database)
        proxies = []
        for number in (5, 6):
            config, hooks = write_config(new_folder(), SETTINGS, without=NOT_HERE)
            urls = {"SLACK_WEBHOOK_URL": told.url, "WEBHOOK_URL": told.url}
            more = {**redis.environment, **VARIABLES, **urls, **hooks}
            proxies.append(LiteLLM(f"{NETWORK}.{number}", database.url("b"), config, more))
        try:
            with ThreadPoolExecutor() as starting:
                list(starting.map(LiteLLM.start, proxies))
            yield Gateway(*proxies, database, redis, told)
        finally:
            for proxy in proxies:
                if hasattr(proxy, "process"):
                    proxy.stop()


def _migrate(database: PostgreSQL) -> None:
    python = str(litellm_image.built_image().python)
    done = subprocess.run(
        [python, "-m", "litellm.proxy.prisma_migration"],
        env=image_environment({"DATABASE_URL": database.url("a")}),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
