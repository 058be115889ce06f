"""Serves the policies to the engine, or lists them: ``python -m policy --list [--json]``."""

import argparse
import sys
from pathlib import Path


def main() -> None:
    # The engine runs this file by its path, and then Python does not look beside its folder.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from policy import listing, pack

    parser = argparse.ArgumentParser(prog="python -m policy", description=__doc__)
    parser.add_argument("--list", action="store_true", help="print every control and stop")
    parser.add_argument("--json", action="store_true", help="with --list: as JSON")
    # The engine gives arguments of its own.
    arguments, _ = parser.parse_known_args()
    if arguments.list:
        print(listing.as_json() if arguments.json else listing.as_text())
    else:
        pack.serve()


if __name__ == "__main__":
    main()
