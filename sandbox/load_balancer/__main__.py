"""``python -m sandbox.load_balancer --name N --slot S``: balance until SIGTERM."""

import argparse
import asyncio
import logging

from sandbox.load_balancer.balancer import Balancer
from sandbox.paths import Instance


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="sandbox.load_balancer", description="Serves the load balancers of a sandbox."
    )
    parser.add_argument("--name", required=True, help="the sandbox's name")
    parser.add_argument("--slot", required=True, type=int, help="the sandbox's slot")
    parser.add_argument("--region", default="us-east-1", help="the region to read")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("botocore").setLevel(logging.WARNING)
    asyncio.run(Balancer(Instance(options.name, options.slot), options.region).run())


if __name__ == "__main__":
    main()
