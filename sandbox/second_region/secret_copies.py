"""Entries of Secrets Manager that have a replica in the second region, and the keys there."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from sandbox.paths import Instance
from sandbox.second_region.aws import Resource, client, of_type

_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
_KEY, _ALIAS = "aws:kms/key:Key", "aws:kms/alias:Alias"

Keys = dict[str, str]
"""ARN of a key as the lost region's stack knew it → its ARN in the second region's AWS."""


def read_keys(resources: Sequence[Resource], region: str) -> list[dict[str, str]]:
    """Return the stack's keys of the second region, with their aliases."""
    aliases = {
        alias["inputs"]["targetKeyId"]: alias["inputs"]["name"]
        for alias in of_type(resources, _ALIAS)
        if alias["inputs"].get("region") == region
    }
    return [
        {
            "arn": key["outputs"]["arn"],
            "description": key["inputs"].get("description", ""),
            "policy": key["inputs"]["policy"],
            "alias": aliases.get(key["outputs"]["keyId"], ""),
        }
        for key in of_type(resources, _KEY)
        if key["inputs"].get("region") == region
    ]


def place_keys(keys: list[dict[str, str]], recovery: Instance, region: str) -> Keys:
    """Make the keys and return what they are called now: moto chooses the ids of keys itself."""
    kms, placed = client(recovery, "kms", region), {}
    for key in keys:
        answer = kms.create_key(
            Description=key["description"],
            Policy=key["policy"],
            KeyUsage="ENCRYPT_DECRYPT",
            MultiRegion=False,
        )
        made = answer["KeyMetadata"]
        if key["alias"]:
            kms.create_alias(AliasName=key["alias"], TargetKeyId=made["KeyId"])
        placed[key["arn"]] = made["Arn"]
    return placed


def read_secrets(
    resources: Sequence[Resource], home: Instance, home_region: str, region: str
) -> list[dict[str, Any]]:
    """Return the entries that the stack has replicated there, with every labelled version."""
    source, elsewhere = (client(home, "secretsmanager", one) for one in (home_region, region))
    found = []
    for secret in of_type(resources, _SECRET):
        wanted = {one["region"]: one for one in secret["inputs"].get("replicas") or []}
        name = secret["outputs"]["name"]
        if region not in wanted or not _exists(elsewhere, name):
            continue
        described = source.describe_secret(SecretId=name)
        versions = [
            {
                "id": version,
                "stages": stages,
                "value": elsewhere.get_secret_value(SecretId=name, VersionId=version)[
                    "SecretString"
                ],
            }
            for version, stages in described["VersionIdsToStages"].items()
            if stages
        ]
        key = wanted[region].get("kmsKeyId", "")
        found.append({"name": name, "key": key, "versions": versions})
    return found


def place_secrets(
    secrets: list[dict[str, Any]], recovery: Instance, region: str, keys: Keys
) -> None:
    """Make the entries, under the same names and with the same versions."""
    manager = client(recovery, "secretsmanager", region)
    for secret in secrets:
        key = {"KmsKeyId": keys[secret["key"]]} if secret["key"] else {}
        manager.create_secret(Name=secret["name"], **key)
        for version in secret["versions"]:
            manager.put_secret_value(
                SecretId=secret["name"],
                ClientRequestToken=version["id"],
                SecretString=version["value"],
                VersionStages=version["stages"],
            )


def _exists(manager: Any, name: str) -> bool:
    try:
        manager.describe_secret(SecretId=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return True
