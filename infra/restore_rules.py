"""Rules between what is restored and the rest of a stack's configuration."""

from collections.abc import Iterator

from infra.naming import Naming
from infra.settings import Settings
from infra.supplied_secrets import Supplied


def _another_region_was_left(settings: Settings, _: Supplied) -> Iterator[str]:
    left, home = settings.restore.from_region, settings.aws.region
    if left == home:
        yield (
            f"restore.fromRegion: {left} is the stack's own region; set aws.region to the region "
            "that has the copies, or leave fromRegion out to restore within the region"
        )


def _sources_are_in_the_region(settings: Settings, _: Supplied) -> Iterator[str]:
    restore, home = settings.restore, settings.aws.region
    point = restore.point_in_time
    for key, source, way_out in (
        (
            "snapshot",
            restore.snapshot,
            "copy it there with `aws rds copy-db-snapshot` and name the copy",
        ),
        (
            "pointInTime.source",
            point.source if point else None,
            "name the copy in this region, which `aws rds describe-db-instance-automated-backups` "
            "tells",
        ),
    ):
        region = source.split(":")[3] if source and source.startswith("arn:") else home
        if region != home:
            yield (
                f"restore.{key}: {source} is in {region}, and RDS restores within a region only, "
                f"here {home}; {way_out}"
            )
    first = settings.database.generation == 1 and not settings.database.retired_generations
    if restore.from_region and point and first and not point.source_is_a_copy:
        yield (
            f"restore.pointInTime.source: {point.source} is a database of "
            f"{restore.from_region}, and RDS restores within a region only; give the ARN of its "
            f"automated backups in {home}, which `aws rds describe-db-instance-automated-backups` "
            "tells"
        )


def _restored_credentials_can_be_read(settings: Settings, _: Supplied) -> Iterator[str]:
    restore, database, secrets = settings.restore, settings.database, settings.secrets
    if not restore.origin or (secrets.salt_key == "adopt" and secrets.adopt_from):
        return
    if restore.from_region:
        if secrets.salt_key == "create":
            yield (
                "secrets.saltKey: create would make a new salt key, with which nothing that was "
                f"stored in {restore.from_region} can be decrypted; set it to adopt, which takes "
                f"the key's replica{_adopted_epochs(settings)}"
            )
        if not secrets.adopt_from:
            yield (
                f"secrets.adoptFrom: name the stack that {restore.from_region} had: the entries of "
                "its secrets and the bucket of its copied logs carry its name"
            )
    elif (
        secrets.salt_key == "create"
        and database.generation == 1
        and not database.retired_generations
    ):
        yield (
            f"restore.{restore.origin}: the first database of a stack comes with a new salt key "
            "(secrets.saltKey create), and credentials that were stored with another one would "
            "not decrypt; set secrets.saltKey to adopt and secrets.adoptFrom to the stack whose "
            "data this is. A stack that serves already restores into a new generation: set "
            "database.generation to 2 and database.retiredGenerations to [1]"
        )


def _adopted_epochs(settings: Settings) -> str:
    """What else has to stay as it was, in words; nothing where no value is supplied."""
    families = settings.supplied_families
    if not families:
        return ""
    epochs = ", ".join(f"{family} {epoch}" for family, epoch in sorted(families.items()))
    return (
        "; supplied values are there too: set secrets.supplied to adopt and keep in `rotation` the "
        f"epochs that served (here: {epochs})"
    )


RESTORE_RULES = (
    _another_region_was_left,
    _sources_are_in_the_region,
    _restored_credentials_can_be_read,
)


def own_source_problems(stack: str, settings: Settings) -> Iterator[str]:
    """Yield what is wrong if a generation of this stack is to come from itself."""
    database, point = settings.database, settings.restore.point_in_time
    serving = Naming.of(stack, settings).named(f"database-{database.generation}")
    known = sorted({*database.retired_generations, database.generation})
    # An earlier one serves again after what was made from it has been given up.
    newest = database.generation == known[-1]
    if point and point.source == serving and newest:
        yield (
            f"restore.pointInTime.source: {serving} serves, and a database never changes by a "
            f"restore; set database.generation to {known[-1] + 1} and "
            f"database.retiredGenerations to {known}"
        )
