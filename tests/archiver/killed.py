"""Runs a program of the archiver and kills it at a point: a kill -9 of the process by itself.

``python killed.py archiver.spend archiver.bucket.Bucket.put before 2`` kills it before the second
call of that method; ``after`` kills it when the call has returned. ``BATCH_OBJECTS`` in the
environment is how many log objects go into one file; with ``DAMAGE`` files of spend rows
lack their last row.
"""

import importlib
import os
import pydoc
import signal
import sys
from typing import Any


def kill_at(method: str, when: str, number: int) -> None:
    """Have the process die at a call of a method."""
    owner, name = pydoc.locate(method.rpartition(".")[0]), method.rpartition(".")[2]
    original, calls = getattr(owner, name), 0

    def dying(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **more)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)


def lose_a_row() -> None:
    """Have files be written without their last row."""
    program = importlib.import_module("archiver.spend")
    whole = program.to_parquet
    program.to_parquet = lambda columns, rows: whole(columns, rows[:-1])


if __name__ == "__main__":
    program: Any = importlib.import_module(sys.argv[1])
    if "BATCH_OBJECTS" in os.environ:
        program._BATCH_OBJECTS = int(os.environ["BATCH_OBJECTS"])
    if "DAMAGE" in os.environ:
        lose_a_row()
    if len(sys.argv) > 2:
        kill_at(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    program.main()
