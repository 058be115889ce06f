"""Clients of the stand-in for AWS that tests share."""

from typing import Any

import boto3
from botocore.config import Config

from sandbox.providers.aws import local_moto


def client(service: str, region: str | None = None) -> Any:
    return boto3.client(
        service,
        region_name=region or "us-east-1",
        endpoint_url=local_moto.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )
