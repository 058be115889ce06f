"""The bucket of copied logs in a second region, for who writes it and who reads it. Pure."""

from dataclasses import dataclass, replace

from infra.aws_account import AwsAccount
from infra.naming import Naming
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class CopiedLogs:
    """Where a stack that was left has copies here, and the database of the tables over them."""

    database: str
    bucket_name: str
    key_alias: str


def copies_bucket_name(naming: Naming, account: str, region: str) -> str:
    """Return the name of the bucket in a second region that has a stack's log objects."""
    return naming.bucket("log-copies", account, region)


def copied_logs(naming: Naming, account: AwsAccount, settings: Settings) -> CopiedLogs | None:
    """Return what a stack in another region left here; None for one that took nothing over."""
    if not (settings.restore.from_region and settings.secrets.adopt_from):
        return None
    left = replace(naming, stack=settings.secrets.adopt_from)
    return CopiedLogs(
        database=f"{naming.database}_copies",
        bucket_name=copies_bucket_name(left, account.account_id, account.region),
        key_alias=f"alias/{left.named('copies')}",
    )
