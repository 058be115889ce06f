"""What keeps a stack from being deleted, read where it counts: in its state and in AWS."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from ops.deployments.deployment import Deployment
from ops.state.stack_state import Document, resources

_DATABASE = "aws:rds/instance:Instance"
_LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


@dataclass(frozen=True)
class Protection:
    """One thing that may not be deleted, who says so, and the command that lifts it."""

    name: str
    by: str
    lift: str

    def as_document(self) -> dict[str, str]:
        return asdict(self)


def protections(document: Document, deployment: Deployment) -> list[Protection]:
    """Return all that stands in the way of a deletion; raise ClientError if AWS does not answer.

    The engine refuses a protected resource only when it comes to it, and AWS a protected database
    when everything that used it is gone: both would leave half a stack.
    """
    return [*_by_pulumi(document, deployment.stack), *_by_aws(document, deployment)]


def _by_pulumi(document: Document, stack: str) -> Iterator[Protection]:
    for resource in resources(document):
        if resource.get("protect") and not resource.get("delete"):
            urn = str(resource["urn"])
            yield Protection(
                name=f"{urn.rsplit('::', 1)[-1]} ({resource['type']})",
                by="Pulumi",
                lift=f"pulumi state unprotect --stack {stack} --yes '{urn}'",
            )


def _by_aws(document: Document, deployment: Deployment) -> Iterator[Protection]:
    for resource in resources(document):
        found = resource.get("outputs") or {}
        region = found.get("region")
        if resource["type"] == _DATABASE and _database_is_protected(
            deployment.aws("rds", region), name := str(found.get("identifier"))
        ):
            yield Protection(
                name=name,
                by="RDS",
                lift=f"aws rds modify-db-instance --db-instance-identifier {name} "
                "--no-deletion-protection --apply-immediately",
            )
        if resource["type"] == _LOAD_BALANCER and _load_balancer_is_protected(
            deployment.aws("elbv2", region), arn := str(found.get("arn"))
        ):
            yield Protection(
                name=str(found.get("name")),
                by="Elastic Load Balancing",
                lift=f"aws elbv2 modify-load-balancer-attributes --load-balancer-arn {arn} "
                "--attributes Key=deletion_protection.enabled,Value=false",
            )


def _database_is_protected(rds: Any, name: str) -> bool:
    try:
        (found,) = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("DBInstanceNotFound", "DBInstanceNotFoundFault"):
            return False
        raise
    return bool(found.get("DeletionProtection"))


def _load_balancer_is_protected(elbv2: Any, arn: str) -> bool:
    try:
        found = elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "LoadBalancerNotFound":
            return False
        raise
    return {"Key": "deletion_protection.enabled", "Value": "true"} in found
