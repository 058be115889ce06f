"""``python -m benchmarks NAME``: progress on standard error, one JSON line last."""

import argparse
import sys
from collections.abc import Callable

from benchmarks import bring_up, preview, time_to_gateway
from benchmarks.report import Figure
from benchmarks.throughput.gateway_throughput import gateway_throughput

BENCHMARKS: dict[str, Callable[[], Figure]] = {
    "preview_prod": preview.preview_prod,
    "up_warm": bring_up.up_warm,
    "up_unchanged": bring_up.up_unchanged,
    "up_cold": bring_up.up_cold,
    "time_to_gateway": time_to_gateway.time_to_gateway,
    "gateway_throughput": gateway_throughput,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=[*BENCHMARKS, "all"], help="benchmark to run")
    name = parser.parse_args().name
    # `all` leaves the cold build out: it empties caches and takes half an hour.
    names = [each for each in BENCHMARKS if each != "up_cold"] if name == "all" else [name]
    for each in names:
        print(BENCHMARKS[each]().line(), flush=True)


if __name__ == "__main__":
    sys.exit(main())
