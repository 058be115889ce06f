"""A real proxy with the configuration of a stack's settings, and everything that it logs to."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import collector
import httpx
import postgresql_server
from collector import Collector
from hook_folder import lay_out_hooks
from litellm_process import CHAT, LiteLLM, image_environment, wait_until
from model_server import ModelServer
from postgresql_server import PostgreSQL
from test_settings import settings_of

from infra.proxy_config.document import config_context, render_litellm_config
from infra.proxy_config.log_sinks import sink_environment
from infra.proxy_config.model_list import ModelDeployment
from sandbox import litellm_image
from sandbox.providers.aws import local_moto

NETWORK = "127.214.31"
SECRETS = {
    "LITELLM_MASTER_KEY": "",
    "DRAIN_TOKEN": "drain",
    "LANGFUSE_PUBLIC_KEY": "pk-test",
    "LANGFUSE_SECRET_KEY": "sk-test",
    "LANGSMITH_API_KEY": "ls-test",
    "OTEL_EXPORTER_OTLP_HEADERS": "x-test=1",
    "MODEL_KEY": "none",
}
SUPPLIED = {
    "langfuse": {"1": {"publicKey": "pk-test", "secretKey": "sk-test"}},
    "langsmith": {"1": {"apiKey": "ls-test"}},
    "openTelemetry": {"1": {"headers": "x-test=1"}},
}
# What must not be found where content does not go, and what of it must not be found anywhere.
PROMPT, SYSTEM, ANSWER, TOOL = "PROMPTMARK", "SYSTEMMARK", "ANSWERMARK", "TOOLMARK"
PERSONAL = ("ada@example.com", "+49 30 1234567", "4111 1111 1111 1111")
MESSAGES = [
    {"role": "system", "content": SYSTEM},
    {"role": "user", "content": f"{PROMPT} {' and '.join(PERSONAL)}"},
]
TOOLS = [{"type": "function", "function": {"name": "ask", "description": TOOL, "parameters": {}}}]
CLAUDE = {"model": "claude", "max_tokens": 9, "system": SYSTEM, "messages": MESSAGES[1:]}


@dataclass
class LoggedGateway:
    """A proxy, its key ``own``, and what it has logged."""

    proxy: LiteLLM
    database: PostgreSQL
    bucket: str
    sinks: Collector
    model: ModelServer
    key: str = ""
    since: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"))

    def call(self, path: str, body: Mapping[str, Any], **headers: str) -> httpx.Response:
        """Send a request, which a sink that never answers must not delay."""
        return httpx.post(
            self.proxy.url + path,
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **headers},
            timeout=15,
        )

    def chat(self, session: str = "", **more: Any) -> httpx.Response:
        metadata = {"session_id": session, **more.pop("metadata", {})} if session else {}
        return self.call(
            CHAT, {"model": "small", "messages": MESSAGES, "metadata": metadata, **more}
        )

    def rows(self, condition: str = "true") -> list[dict[str, Any]]:
        """Return this gateway's spend rows that fulfil a condition of SQL."""
        selected = (
            f'SELECT to_json(t) FROM "LiteLLM_SpendLogs" t WHERE {condition} '
            f"AND \"startTime\" >= '{self.since}'"
        )
        return [json.loads(line) for line in self.database.psql(selected).splitlines()]

    def row(self, session: str) -> dict[str, Any]:
        """Return the first spend row of a session, found as an operator would find it."""
        found = wait_until(lambda: self.rows(of_session(session)), f"a row of {session}")
        return found[0]

    def objects(self) -> list[dict[str, Any]]:
        """Return the records in the bucket."""
        s3 = bucket_client()
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]
        bodies = [s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys]
        return [json.loads(line) for body in bodies for line in body.decode().splitlines()]

    def object(self, session: str) -> dict[str, Any]:
        """Return the first log object of a session."""

        def found() -> list[dict[str, Any]]:
            return [one for one in self.objects() if one["session_id"] == session]

        return wait_until(found, f"a log object of {session}")[0]


def of_session(session: str) -> str:
    return f"metadata -> 'spend_logs_metadata' ->> 'session_id' = '{session}'"


def bucket_client() -> Any:
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=local_moto.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@contextmanager
def migrated_database() -> Iterator[PostgreSQL]:
    litellm_image.ensure(print)
    with postgresql_server.running(NETWORK) as server:
        done = subprocess.run(
            [str(litellm_image.built_image().python), "-m", "litellm.proxy.prisma_migration"],
            env=image_environment({"DATABASE_URL": server.url("a")}),
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        yield server


@contextmanager
def logged_gateway(
    folder: Path,
    database: PostgreSQL,
    model: ModelServer,
    changes: Mapping[str, Any],
    *,
    silent: bool = False,
    flush_seconds: int = 1,
) -> Iterator[LoggedGateway]:
    """Run the proxy as the chart does; ``{sinks}`` in ``changes`` is where its sinks listen.

    Silent sinks never answer, the bucket included.
    """
    bucket = folder.name
    bucket_client().create_bucket(Bucket=bucket)
    with collector.running(silent=silent) as sinks:
        used = {key: value for key, value in SUPPLIED.items() if f"requestLogging.{key}" in changes}
        written = json.dumps({**changes, "suppliedSecrets": used})
        settings = settings_of("dev", json.loads(written.replace("{sinks}", sinks.url)))
        environment = {
            **sink_environment(settings.request_logging),
            "AWS_ENDPOINT_URL": sinks.url if silent else local_moto.endpoint(),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "DEFAULT_S3_FLUSH_INTERVAL_SECONDS": str(flush_seconds),
        }
        context = config_context(
            settings,
            environment=frozenset(environment) | SECRETS.keys(),
            bucket=bucket,
            log_key_arn="arn:aws:kms:us-east-1:111122223333:key/1",
            bedrock_role="",
            response_bucket=None,
        )
        context = replace(
            context,
            deployments=tuple(_deployments(model)),
            log_store=replace(context.log_store, endpoint=True),
            routing=replace(context.routing, fallbacks={}),
            spend_write_seconds=1,
        )
        config = folder / "config.yaml"
        config.write_text(render_litellm_config(context))
        own = {
            **{name: value for name, value in SECRETS.items() if value},
            **environment,
            **lay_out_hooks(folder, settings),
        }
        proxy = LiteLLM(f"{NETWORK}.3", database.url("b"), config, own)
        proxy.start()
        try:
            gateway = LoggedGateway(proxy, database, bucket, sinks, model)
            metadata = {"agent_name": "nightly", "spend_logs_metadata": {"workspace_id": "w-1"}}
            request = {
                "key_alias": f"own-of-{bucket}",
                "metadata": metadata,
                "rpm_limit": 10_000,
            }
            gateway.key = proxy.create("/key/generate", request)["key"]
            yield gateway
        finally:
            proxy.stop()


def _deployments(model: ModelServer) -> Iterator[ModelDeployment]:
    for name, route, base in (
        ("small", "openai/gpt-4o-mini", f"{model.url}/v1"),
        ("broken", "openai/broken", f"{model.url}/v1"),
        ("claude", "anthropic/claude-haiku-4-5-20251001", model.url),
    ):
        yield ModelDeployment(
            model_name=name,
            model=route,
            provider=name,
            tier=1,
            connection={"api_base": base},
            credentials={"api_key": "MODEL_KEY"},
        )
