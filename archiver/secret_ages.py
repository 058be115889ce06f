"""Tells how old each secret is and warns of old ones: ``python -m archiver.secret_ages``.

A line of JSON for each family goes to standard output; CloudWatch counts the warnings. It reads
when versions were made, never a value.

Environment: ``SECRETS`` has for each family ``secret``, the name of its entry, ``days`` that it may
serve, and ``back``, 1 where the epoch before the newest serves; ``AWS_*`` as boto3 reads them.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3

_LABEL = "epoch-"


def dates(client: Any, secret: str) -> dict[int, datetime]:
    """Return when the version of each epoch of a secret was made."""
    found = {}
    parameters = {"SecretId": secret}
    while True:
        page = client.list_secret_version_ids(**parameters)
        for version in page["Versions"]:
            for label in version.get("VersionStages", ()):
                if label.startswith(_LABEL):
                    found[int(label.removeprefix(_LABEL))] = version["CreatedDate"]
        if not page.get("NextToken"):
            return found
        parameters["NextToken"] = page["NextToken"]


def lines(client: Any, secrets: Mapping[str, Mapping[str, Any]], now: datetime) -> Iterator[str]:
    """Yield what there is to say of each family; LookupError for one without its epoch."""
    for family, watched in sorted(secrets.items()):
        epochs = dates(client, watched["secret"])
        if not epochs:
            raise LookupError(f"{watched['secret']} has no version with a label {_LABEL}N")
        epoch = max(epochs) - watched["back"]
        days = (now - epochs[epoch]).days
        overdue = days > watched["days"]
        yield json.dumps(
            {
                "level": "WARNING" if overdue else "INFO",
                "message": f"{family} is {days} days old at epoch {epoch}; the policy allows "
                f"{watched['days']}",
                "overdue": overdue,
            }
        )


def main() -> None:
    client = boto3.client("secretsmanager")
    for line in lines(client, json.loads(os.environ["SECRETS"]), datetime.now(UTC)):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
