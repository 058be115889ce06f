"""The archiver's programs as processes of LiteLLM's image, with a bucket of their own."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from litellm_process import image_environment

from sandbox import litellm_image
from sandbox.paths import PROJECT_ROOT
from sandbox.providers.aws import local_moto

HERE = Path(__file__).parent
SIGKILL = -9
ACCESS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class Archiver:
    """One bucket, and the programs that work on it."""

    bucket: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.s3: Any = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=local_moto.endpoint(),
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.s3.create_bucket(Bucket=self.bucket)

    def run(self, program: str, *killed: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end, or to the point where it is killed (see ``killed.py``)."""
        return subprocess.run(
            [litellm_image.built_image().python, HERE / "killed.py", program, *killed],
            env=image_environment(
                {
                    **ACCESS,
                    "PYTHONPATH": str(PROJECT_ROOT),
                    "AWS_ENDPOINT_URL": local_moto.endpoint(),
                    "BUCKET": self.bucket,
                    **self.environment,
                    **more,
                }
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def succeed(self, program: str, **more: str) -> str:
        """Run a program, which must succeed; return what it said."""
        done = self.run(program, **more)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [one["Key"] for page in pages for one in page.get("Contents", [])]

    def download(self, prefix: str, folder: Path) -> Path:
        """Copy all objects below a prefix into a folder, under their keys."""
        for key in self.keys(prefix):
            target = folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        return folder

    def empty(self) -> None:
        for key in self.keys(""):
            self.s3.delete_object(Bucket=self.bucket, Key=key)
