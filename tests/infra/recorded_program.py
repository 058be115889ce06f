"""The recorded program, and the configuration of the delivered stacks, for tests."""

import json

import yaml

from sandbox.paths import PROJECT_ROOT as ROOT
from sandbox.recorded_program import (
    ACCOUNT,
    CHOSEN,
    MASTER_SECRET,
    RecordingMocks,
    Registered,
    run_program,
)
from sandbox.stack_files import PROJECT

__all__ = [
    "ACCOUNT",
    "CHOSEN",
    "MASTER_SECRET",
    "PROJECT",
    "ROOT",
    "RecordingMocks",
    "Registered",
    "run_program",
    "stack_configuration",
]


def stack_configuration(stack: str) -> dict[str, str]:
    """Return a stack file's configuration as the engine hands it to the program."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }
