"""``python -m policy --list`` tells what the pack holds a stack to."""

import json
import os
import subprocess
import sys

from sandbox.paths import PROJECT_ROOT


def listed(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "policy", "--list", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_list_names_rows_ids_and_checks() -> None:
    text = listed()
    assert "15  database-access (critical)" in text
    assert "RDS.2" in text
    assert "forces-tls" in text


def test_the_list_as_json_has_an_entry_for_each_row() -> None:
    rows = {entry["row"]: entry for entry in json.loads(listed("--json"))}
    assert set(range(1, 33)) <= set(rows)
    assert rows[23]["checks"][-1] == "speaks-tls"
    assert "tests/chart/test_chart_network_policies.py" in rows[30]["elsewhere"]
