"""What a database is restored from: every wrong combination is told with the way out."""

from typing import Any

import pytest
from test_settings import problems_of, settings_of

BACKUPS = "arn:aws:rds:us-west-2:111122223333:auto-backup:ab-example"
IN_THE_OTHER_REGION = {
    "aws.region": "us-west-2",
    "disasterRecovery": {},
    "restore.fromRegion": "us-east-1",
    "restore.pointInTime.source": BACKUPS,
    "secrets": {"saltKey": "adopt", "supplied": "adopt", "adoptFrom": "prod"},
}
SECOND_GENERATION = {"database.generation": 2, "database.retiredGenerations": [1]}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"restore.snapshto": "x"}, "restore.snapshto: unknown key; did you mean snapshot?"),
    ({"restore.snapshot": "two words"}, "is neither the identifier nor the ARN of a database sn"),
    ({"restore.pointInTime": {}}, "restore.pointInTime.source: Field required"),
    ({"restore.pointInTime.source": "-x"}, "is neither the identifier of a database nor the ARN"),
    (
        {"restore.pointInTime": {"source": "old", "time": "yesterday"}},
        "restore.pointInTime.time: is neither latest nor a moment such as 2026-03-01T14:05:00Z "
        "(given 'yesterday')",
    ),
    (
        {"restore.pointInTime": {"source": "old", "time": "2026-03-01T14:05:00"}},
        "has no zone; end it with Z for UTC or an offset: 2026-03-01T14:05:00Z",
    ),
    (
        {"restore.pointInTime": {"source": "old", "time": "2026-03-01T14:05:00.5Z"}},
        "has a fraction of a second",
    ),
    (
        {"restore.pointInTime": {"source": "old", "time": "2996-03-01T14:05:00Z"}},
        "lies in the future",
    ),
    (
        {"restore.snapshot": "a", "restore.pointInTime": {"source": "b"}},
        "restore: snapshot and pointInTime are both given",
    ),
    ({"restore.fromRegion": "us-west-2"}, "give snapshot or pointInTime as well"),
    ({"restore.fromRegion": "Oregon", "restore.snapshot": "a"}, "restore.fromRegion"),
    (
        {"restore.fromRegion": "us-east-1", "restore.snapshot": "a"},
        "restore.fromRegion: us-east-1 is the stack's own region; set aws.region to the region "
        "that has the copies",
    ),
    (
        IN_THE_OTHER_REGION | {"secrets": {}},
        "secrets.saltKey: create would make a new salt key, with which nothing that was stored "
        "in us-east-1 can be decrypted; set it to adopt, which takes the key's replica",
    ),
    (
        IN_THE_OTHER_REGION | {"secrets": {"saltKey": "adopt"}},
        "secrets.adoptFrom: name the stack that us-east-1 had",
    ),
    (
        IN_THE_OTHER_REGION
        | {
            "secrets": {},
            "requestLogging.langfuse": {"host": "https://langfuse.example"},
            "rotation.langfuse": 3,
        },
        "supplied values are there too: set secrets.supplied to adopt and keep in `rotation` the "
        "epochs that served (here: langfuse 3)",
    ),
    (
        IN_THE_OTHER_REGION | {"restore.pointInTime.source": BACKUPS.replace("west-2", "east-1")},
        "is in us-east-1, and RDS restores within a region only, here us-west-2",
    ),
    (
        IN_THE_OTHER_REGION | {"restore.pointInTime.source": "litellm-prod-database-1"},
        "litellm-prod-database-1 is a database of us-east-1",
    ),
    (
        {"restore.snapshot": "arn:aws:rds:us-west-2:111122223333:snapshot:saved"},
        "copy it there with `aws rds copy-db-snapshot`",
    ),
    (
        {"restore.snapshot": "before-the-loss"},
        "restore.snapshot: the first database of a stack comes with a new salt key "
        "(secrets.saltKey create), and credentials that were stored with another one would not "
        "decrypt",
    ),
    (
        {"restore.pointInTime": {"source": "litellm-dev-database-1"}},
        "A stack that serves already restores into a new generation: set database.generation to "
        "2 and database.retiredGenerations to [1]",
    ),
    (
        {
            "restore.pointInTime": {"source": "litellm-dev-database-2"},
            "database.generation": 2,
            "database.retiredGenerations": [1],
        },
        "litellm-dev-database-2 serves, and a database never changes by a restore; set "
        "database.generation to 3 and database.retiredGenerations to [1, 2]",
    ),
]


@pytest.mark.parametrize(("changes", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_wrong_restore_is_told_with_the_way_out(changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of("dev", changes))


def test_all_errors_of_a_restore_come_at_once() -> None:
    changes = IN_THE_OTHER_REGION | {"secrets": {}, "aws.region": "us-east-1"}
    keys = {problem.partition(":")[0] for problem in problems_of("dev", changes)}
    assert keys == {
        *("restore.fromRegion", "restore.pointInTime.source"),
        *("secrets.saltKey", "secrets.adoptFrom"),
    }


@pytest.mark.parametrize(
    "changes",
    [
        IN_THE_OTHER_REGION,
        SECOND_GENERATION | {"restore.snapshot": "rds:litellm-dev-database-1-2026-03-01-05-10"},
        SECOND_GENERATION | {"restore.pointInTime": {"source": "litellm-dev-database-1"}},
        # The old database serves again, and what the new one came from still stands there.
        {"database.retiredGenerations": [2], "restore.snapshot": "before-the-loss"},
        {
            "database.retiredGenerations": [2],
            "restore.pointInTime": {"source": "litellm-dev-database-1"},
        },
        {
            "restore.snapshot": "a-copy-of-prod",
            "secrets": {"saltKey": "adopt", "adoptFrom": "prod"},
        },
    ],
)
def test_a_sound_restore_is_taken(changes: dict[str, Any]) -> None:
    assert settings_of("dev", changes).restore.origin


def test_a_moment_is_told_to_rds_in_utc() -> None:
    point = {"source": "litellm-dev-database-1", "time": "2026-03-01T16:05:00+02:00"}
    restore = settings_of("dev", SECOND_GENERATION | {"restore.pointInTime": point}).restore
    assert restore.point_in_time
    assert restore.point_in_time.time == "2026-03-01T14:05:00Z"
