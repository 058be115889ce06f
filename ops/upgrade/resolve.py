"""Runs in a pod of LiteLLM's image: ``prisma migrate resolve``, the way its migrations are run.

The private functions know where an image keeps Prisma and what an offline one needs
(litellm_proxy_extras/utils.py, of 1.106.2 and 1.108.5 alike).
"""

import importlib
import subprocess
import sys
from pathlib import Path

utils = importlib.import_module("litellm_proxy_extras.utils")


def main(how: str, name: str) -> None:
    # `resolve --applied` would take one that is only to come, and it would never run.
    _, told = prisma("status")
    _, _, failed = told.partition("have failed:")
    if name not in failed.split():
        end(1, f"{name} is none that failed. Prisma says:\n{told}")
    end(*prisma("resolve", how, name))


def prisma(*arguments: str) -> tuple[int, str]:
    """Return exit code and output of a subcommand of ``prisma migrate``."""
    done = subprocess.run(
        [utils._get_prisma_command(), "migrate", *arguments],
        cwd=utils.ProxyExtrasDBManager._get_prisma_dir(),
        env=utils._get_prisma_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def end(code: int, message: str) -> None:
    Path("/dev/termination-log").write_text(message[-3000:])
    sys.exit(code)


main(*sys.argv[1:])
