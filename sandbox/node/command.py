"""The command line of the node agent."""

import argparse
import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sandbox.node.agent import Agent
from sandbox.paths import Instance

if TYPE_CHECKING:
    from sandbox.images import Image


def main(
    resolve_image: "Callable[[str], Image]",
    unknown_image: type[Exception],
    arguments: Sequence[str] | None = None,
) -> None:
    """Run the node agent with the images that a function knows, until it is told to end."""
    parser = argparse.ArgumentParser(prog="sandbox.node", description="Runs pods as processes.")
    parser.add_argument("--name", required=True, help="the sandbox's name")
    parser.add_argument("--slot", required=True, type=int, help="the sandbox's slot")
    parser.add_argument("--region", default="us-east-1", help="the region that the nodes are in")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # A request to the API server is not news.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    os.umask(0o077)
    instance = Instance(options.name, options.slot)
    asyncio.run(Agent(instance, resolve_image, unknown_image, options.region).run())
