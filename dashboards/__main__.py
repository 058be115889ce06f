"""``python -m dashboards --write`` makes the JSON files anew; without it, says which differ."""

import argparse
import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import model_comparison, operations_finops, team_view

FOLDER = Path(__file__).parent
ALL = (operations_finops.DASHBOARD, team_view.DASHBOARD, model_comparison.DASHBOARD)


def text(dashboard: Dashboard) -> str:
    return json.dumps(dashboard, cls=JSONEncoder, indent=1, ensure_ascii=False) + "\n"


def file(dashboard: Dashboard) -> Path:
    return FOLDER / f"{dashboard.uid}.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="dashboards", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the files")
    write = parser.parse_args().write
    differing = [one for one in ALL if not file(one).exists() or file(one).read_text() != text(one)]
    for one in differing:
        if write:
            file(one).write_text(text(one))
        print(f"{file(one).name} {'written' if write else 'differs; run with --write'}")
    return 1 if differing and not write else 0


if __name__ == "__main__":
    sys.exit(main())
