"""The AWS of a sandbox, for what copies from one to another."""

from collections.abc import Mapping, Sequence
from typing import Any

import boto3

from sandbox.paths import Instance

Resource = Mapping[str, Any]
"""A resource of a stack's state."""


def client(instance: Instance, service: str, region: str) -> Any:
    """Return boto3's client of a service of a sandbox's AWS."""
    session: Any = boto3.Session(
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",  # noqa: S106 - moto takes any
        region_name=region,
    )
    return session.client(service, endpoint_url=instance.aws_endpoint)


def of_type(resources: Sequence[Resource], token: str) -> list[Resource]:
    """Return the resources of one type."""
    return [resource for resource in resources if resource["type"] == token]
