"""The way into an EKS cluster: a bearer token that is signed anew before it has ended."""

import base64
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import boto3
import httpx
from botocore.signers import RequestSigner

from ops.deployments.errors import DeploymentError

# The form and the life of the token that `aws eks get-token` makes; the server takes one for a
# quarter of an hour, whatever it asks for: github.com/kubernetes-sigs/aws-iam-authenticator,
# README, "API Authorization from Outside a Cluster", and pkg/token/token.go.
_PREFIX = "k8s-aws-v1."
_SECONDS = 60
_RENEWED_AFTER = 600
_UNAUTHORIZED = 401


class RenewedToken(httpx.Auth):
    """Puts a token on each request, a new one after ten minutes or where the server wants one."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._token = ""
        self._made = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token = self._at_most(_RENEWED_AFTER)
        request.headers["Authorization"] = f"Bearer {token}"
        answer = yield request
        if answer.status_code == _UNAUTHORIZED:
            request.headers["Authorization"] = f"Bearer {self._at_most(_SECONDS)}"
            yield request

    def _at_most(self, seconds: float) -> str:
        # The clock of the wall, because the other one stands still while a machine sleeps.
        with self._lock:
            if not 0 <= time.time() - self._made < seconds:
                self._token, self._made = self._make(), time.time()
            return self._token


def signed_token(cluster: str, sts: Any) -> str:
    """Return a token: a signed question to STS who asks. DeploymentError without credentials."""
    credentials = boto3.Session().get_credentials()
    if credentials is None:
        raise DeploymentError("there are no credentials of AWS; log in, for example with SSO")
    signer = RequestSigner(
        sts.meta.service_model.service_id,
        sts.meta.region_name,
        "sts",
        "v4",
        credentials,
        sts.meta.events,
    )
    url = signer.generate_presigned_url(
        {
            "method": "GET",
            "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {"x-k8s-aws-id": cluster},
            "context": {},
        },
        region_name=sts.meta.region_name,
        expires_in=_SECONDS,
        operation_name="",
    )
    return _PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
