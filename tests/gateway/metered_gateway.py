"""The proxy as production configures it, with mocked models, and a Prometheus that scrapes it."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import postgresql_server
import yaml
from hook_folder import lay_out_hooks
from litellm_process import LiteLLM, migrate, wait_until
from test_settings import settings_of

from sandbox import certificates, litellm_image, pod_targets, prometheus, toolchain
from sandbox.backing_services.redis import Cache, Caches, password_hash
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.supervisor_client import SupervisorClient

INSTANCE = Instance("metrics-contract", 162)

ENVIRONMENT = "prod"
METRICS_PORT = 9100
CONFIG = PROJECT_ROOT / "tests" / "golden" / "prod" / "litellm_config.yaml"
EXTRA_MODELS = ("unavailable", "hopeless", "unpriced", "half-cached", "locked-out")
ANSWER = "An answer of the kind that models give. " * 6
BROKEN = "litellm.InternalServerError"
HALF_CACHED = {
    "choices": [{"message": {"role": "assistant", "content": ANSWER}}],
    "usage": {
        "prompt_tokens": 800,
        "completion_tokens": 60,
        "total_tokens": 860,
        "prompt_tokens_details": {"cached_tokens": 400},
    },
}
_CACHE_PASSWORD = "a-password-of-the-cache"


@dataclass(frozen=True)
class MeteredGateway:
    """A running proxy and the Prometheus that scrapes it."""

    proxy: LiteLLM
    prometheus_url: str
    moment: float | None = None
    """The time that queries are answered for; none: when they are asked."""

    def ask(self, path: str, **parameters: Any) -> Any:
        """Return the data of an answer of Prometheus's API; fails with its words on an error."""
        answer = httpx.get(f"{self.prometheus_url}/api/v1/{path}", params=parameters, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        at = {} if self.moment is None else {"time": self.moment}
        result: list[dict[str, Any]] = self.ask("query", query=expression, **at)["result"]
        return result

    def wait_for_a_scrape(self) -> float:
        """Wait until Prometheus has read what there is at this moment; return when it did."""
        asked_at = time.time()

        def read_since() -> float | None:
            samples = self.query(
                f"max_over_time(timestamp(up == 1)[1m:{prometheus.SCRAPE_INTERVAL}])"
            )
            read_at = float(samples[0]["value"][1]) if samples else 0
            return read_at if read_at > asked_at else None

        return wait_until(read_since, "a scrape", 60)


@contextmanager
def running(folder: Path, rules: str) -> Iterator[MeteredGateway]:
    """Start PostgreSQL, Redis, the proxy and a Prometheus with these rules; stop them at the end.

    The proxy keeps its metrics in a process of their own, as the chart has it.
    """
    litellm_image.ensure(print)
    client = SupervisorClient(INSTANCE)
    client.shutdown()
    shutil.rmtree(INSTANCE.state, ignore_errors=True)
    client.launch()
    address = f"{INSTANCE.pod_network(0)}.1"
    try:
        with postgresql_server.running(f"{INSTANCE.network}.1") as database:
            migrated = migrate(database.url("a"))
            assert migrated.returncode == 0, migrated.stderr
            environment = {"REDIS_HOST": _cache(), "REDIS_PORT": "6379", "REDIS_SSL": "True"}
            text = CONFIG.read_text()
            for name in re.findall(r"os\.environ/(\w+)", text):
                environment.setdefault(name, f"value-of-{name.lower()}")
            environment |= {"REDIS_USERNAME": "default", "REDIS_PASSWORD": _CACHE_PASSWORD}
            environment["DEFAULT_S3_FLUSH_INTERVAL_SECONDS"] = "5"
            config = mocked(yaml.safe_load(text), f"http://{address}:4000/v1")
            file = folder / "config.yaml"
            file.write_text(yaml.safe_dump(config, sort_keys=False))
            proxy = LiteLLM(
                address,
                database.url("b"),
                file,
                {name: environment[name] for name in environment if name != "LITELLM_MASTER_KEY"}
                | lay_out_hooks(folder, settings_of("prod")),
                ("--prometheus_metrics_port", str(METRICS_PORT)),
            )
            proxy.start()
            try:
                _scrape(client, address, rules)
                yield MeteredGateway(proxy, INSTANCE.prometheus_url)
            finally:
                proxy.stop()
    finally:
        client.shutdown()
        shutil.rmtree(INSTANCE.state, ignore_errors=True)


def mocked(config: dict[str, Any], own_url: str) -> dict[str, Any]:
    """Return production's configuration with mocked models and without what is elsewhere.

    The dearer a model, the slower it answers. The log goes where nothing listens, and answers are
    kept in the proxy's own memory. Beside production's models there are a deployment of the first
    one that always fails, models that fail with and without a fallback that answers, one that has
    no price, one whose provider has cached half of each prompt, and one whose provider (the proxy
    itself) does not know the key.
    """
    models = config["model_list"]
    for deployment in models:
        tier = deployment["model_info"]["cost_tier"]
        deployment["litellm_params"] |= {"mock_response": ANSWER, "mock_delay": 0.05 * tier}
    first = models[0]
    models += [
        _model(first, first["model_name"], BROKEN, identity="broken-deployment"),
        _model(first, "unavailable", BROKEN),
        _model(first, "hopeless", BROKEN),
        _model(first, "broken", BROKEN),
        _model(first, "unpriced", ANSWER, model="openai/a-model-without-a-price"),
        _model(first, "half-cached", HALF_CACHED),
    ]
    locked_out = _model(first, "locked-out", ANSWER, model="openai/locked-out")
    del locked_out["litellm_params"]["mock_response"]
    locked_out["litellm_params"] |= {"api_base": own_url, "api_key": "sk-revoked"}
    models.append(locked_out)
    config["router_settings"].setdefault("fallbacks", [])
    config["router_settings"]["fallbacks"] += [
        {"unavailable": [models[1]["model_name"]]},
        {"hopeless": ["broken"]},
    ]
    settings = config["litellm_settings"]
    settings["s3_callback_params"]["s3_endpoint_url"] = "http://127.0.0.1:9"
    settings |= {"cache": True, "cache_params": {"type": "local"}}
    config["general_settings"]["proxy_batch_write_at"] = 1
    config["general_settings"]["coordination_redis"]["ssl_ca_certs"] = str(
        certificates.ca_bundle(INSTANCE)
    )
    return config


def _model(
    like: dict[str, Any], name: str, answer: Any, *, identity: str = "", model: str = ""
) -> dict[str, Any]:
    parameters = {**like["litellm_params"], "mock_response": answer}
    if model:
        parameters["model"] = model
    return {
        "model_name": name,
        "litellm_params": parameters,
        "model_info": {**like["model_info"], "id": identity or name},
    }


def _cache() -> str:
    return Caches(INSTANCE).create(
        Cache(identifier="cache", token_hashes=[password_hash(_CACHE_PASSWORD)])
    )


def _scrape(client: SupervisorClient, address: str, rules: str) -> None:
    specification = prometheus.service(toolchain.ensure(["prometheus"]), INSTANCE)
    (prometheus.rules_directory(INSTANCE) / "gateway.yaml").write_text(rules)
    labels = {"environment": ENVIRONMENT, "namespace": "litellm", "pod": "gateway-1"}
    target = {"targets": [f"{address}:{METRICS_PORT}"], "labels": labels}
    pod_targets.targets_file(INSTANCE).write_text(json.dumps([target]))
    client.start(specification)
