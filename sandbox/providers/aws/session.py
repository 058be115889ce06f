"""One configured provider: its region, endpoints, credentials and default tags, and its clients."""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.config import Config

from sandbox.providers.properties import UNKNOWN

# What aws:endpoints calls a service where botocore has another name (pulumi-aws 7,
# "Custom Service Endpoints").
_ENDPOINT_KEYS = {"elbv2": ("elbv2", "elb"), "logs": ("logs", "cloudwatchlogs")}
_SETTINGS = Config(
    retries={"total_max_attempts": 2, "mode": "standard"},
    s3={"addressing_style": "path"},
    max_pool_connections=32,
    connect_timeout=10,
    read_timeout=60,
    parameter_validation=False,
)


class Session:
    """The clients of one provider instance.

    ``fallback_endpoint`` gives the endpoint of every service that the configuration names none for.
    Values of the configuration that a preview does not know yet count as absent.
    """

    def __init__(
        self, configuration: Mapping[str, Any], fallback_endpoint: Callable[[], str]
    ) -> None:
        known = {key: value for key, value in configuration.items() if value is not UNKNOWN}
        self.region: str = (
            known.get("region")
            or os.environ.get("AWS_REGION")
            or os.environ.get("AWS_DEFAULT_REGION")
            or "us-east-1"
        )
        self.partition = "aws-cn" if self.region.startswith("cn-") else "aws"
        tags = (known.get("defaultTags") or {}).get("tags") or {}
        self.default_tags: dict[str, Any] = dict(tags) if tags is not UNKNOWN else {}
        self._endpoints: dict[str, Any] = {}
        for endpoints in known.get("endpoints") or []:
            self._endpoints |= endpoints
        # moto answers any credentials; real ones are not looked for and so cannot be used by mistake.
        self._credentials = {
            "aws_access_key_id": known.get("accessKey") or "sandbox",
            "aws_secret_access_key": known.get("secretKey") or "sandbox",
        }
        self._fallback_endpoint = fallback_endpoint
        self._boto = boto3.session.Session()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service, in the given region or the provider's own."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._boto.client(
                    service,
                    region_name=key[1],
                    endpoint_url=self.endpoint(service),
                    config=_SETTINGS,
                    **self._credentials,
                )
            return self._clients[key]

    def endpoint(self, service: str) -> str:
        """Return where the calls of a service go."""
        for key in _ENDPOINT_KEYS.get(service, (service,)):
            endpoint = self._endpoints.get(key)
            if endpoint and endpoint is not UNKNOWN:
                return str(endpoint)
        return self._fallback_endpoint()

    @functools.cached_property
    def account(self) -> str:
        """The account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])
