"""One configured provider: its region, endpoints, credentials and default tags, and its clients."""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config

from sandbox.providers.properties import UNKNOWN

# What aws:endpoints calls a service where botocore has another name (pulumi-aws 7,
# "Custom Service Endpoints").
_ENDPOINT_KEYS = {"elbv2": ("elbv2", "elb"), "logs": ("logs", "cloudwatchlogs")}
# moto's own (moto.core.DEFAULT_ACCOUNT_ID).
OFFLINE_ACCOUNT = "123456789012"
_SETTINGS = Config(
    retries={"total_max_attempts": 2, "mode": "standard"},
    s3={"addressing_style": "path"},
    max_pool_connections=32,
    connect_timeout=10,
    read_timeout=60,
    parameter_validation=False,
)


class Clients:
    """boto3 clients, each made once: that takes a tenth of a second."""

    def __init__(self) -> None:
        self._boto: Any = boto3.session.Session()
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, ...], Any] = {}

    def get(self, service: str, region: str, endpoint: str, key: str, secret: str) -> Any:
        with self._lock:
            if (service, region, endpoint, key, secret) not in self._clients:
                self._clients[service, region, endpoint, key, secret] = self._boto.client(
                    service,
                    region_name=region,
                    endpoint_url=endpoint,
                    aws_access_key_id=key,
                    aws_secret_access_key=secret,
                    config=_SETTINGS,
                )
            return self._clients[service, region, endpoint, key, secret]


class Session:
    """The configuration of one provider instance, and the way to its AWS.

    ``fallback_endpoint`` gives the endpoint of every service that the configuration names none for;
    ``offline`` says that it is not worth asking for what is known without. Values of the
    configuration that a preview does not know yet count as absent.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        clients: Clients,
        fallback_endpoint: Callable[[], str],
        offline: bool = False,
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
        self.is_offline = offline and not self._endpoints
        # moto answers any credentials; real ones are not looked for, so none are used by mistake.
        self._key = str(known.get("accessKey") or "sandbox")
        self._secret = str(known.get("secretKey") or "sandbox")
        self._clients = clients
        self._fallback_endpoint = fallback_endpoint

    def client(self, service: str, region: str | None = None) -> Any:
        """Return the boto3 client of a service, in the given region or the provider's own."""
        return self._clients.get(
            service, region or self.region, self.endpoint(service), self._key, self._secret
        )

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
        if self.is_offline:
            return OFFLINE_ACCOUNT
        return str(self.client("sts").get_caller_identity()["Account"])
