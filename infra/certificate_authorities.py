"""Which authorities vouch for the database and the cache, as a ConfigMap that pods mount."""

import re

import pulumi
import pulumi_kubernetes as kubernetes

from infra.naming import NAMESPACE, PROJECT_ROOT
from infra.secret_families import content_hash
from infra.settings import Settings

_AMAZON_RDS = PROJECT_ROOT / "infra" / "certificates" / "amazon_rds.pem"


def amazon_rds_authority(region: str) -> str:
    """Return the PEM of Amazon RDS's root for a region; LookupError where none is known.

    One certificate only: Prisma reads no more than the first of a file.
    """
    text = _AMAZON_RDS.read_text()
    found = re.search(
        rf"^# {re.escape(region)}, valid to [^\n]*\n(-----BEGIN.+?-----END CERTIFICATE-----\n)",
        text,
        re.MULTILINE | re.DOTALL,
    )
    if not found:
        raise LookupError(
            f"no Amazon RDS authority for region {region!r} in {_AMAZON_RDS.name}; give one as "
            "database.certificateAuthorityFile"
        )
    return found[1]


def certificate_files(settings: Settings) -> dict[str, str]:
    """Return file name → PEM: ``database.pem`` always, ``cache.pem`` where one is configured."""
    own = {"database": settings.database, "cache": settings.cache}
    files = {
        f"{name}.pem": (PROJECT_ROOT / section.certificate_authority_file).read_text()
        for name, section in own.items()
        if section.certificate_authority_file
    }
    if "database.pem" not in files:
        files["database.pem"] = amazon_rds_authority(settings.aws.region)
    return files


def publish(files: dict[str, str], opts: pulumi.ResourceOptions) -> kubernetes.core.v1.ConfigMap:
    """Make the ConfigMap, named by its content so that a changed authority rolls the pods."""
    name = f"certificate-authorities-{content_hash(*files, *files.values())}"
    return kubernetes.core.v1.ConfigMap(
        "certificate-authorities",
        metadata={"name": name, "namespace": NAMESPACE},
        immutable=True,
        data=files,
        opts=opts,
    )
