"""The rules that tell a model's tier, and what becomes of them in a query."""

import subprocess
from pathlib import Path

import yaml

from dashboards.queries import by_tier
from infra.model_tiers import model_tier_rules
from sandbox import toolchain

GROUP = model_tier_rules({"haiku": "$", "sonnet": "$$", "nova": "$"}, "prod")
SPENT = 'spent{environment="prod",requested_model='


def test_prometheus_sums_what_models_of_a_tier_have_in_common(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [GROUP]}))
    query = by_tier("sum by (environment, requested_model) (spent)").replace("$environment", "prod")
    series = {"haiku": 1, "nova": 2, "sonnet": 10, "of no tier": 100}
    test = {
        "rule_files": ["rules.yaml"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'{SPENT}"{model}"}}', "values": f"{value}x5"}
                    for model, value in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": query,
                        "eval_time": "5m",
                        "exp_samples": [
                            {"labels": '{tier="$"}', "value": 3},
                            {"labels": '{tier="$$"}', "value": 10},
                        ],
                    }
                ],
            }
        ],
    }
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(test))
    promtool = toolchain.ensure(["promtool"])["promtool"]
    done = subprocess.run(
        [promtool, "test", "rules", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
