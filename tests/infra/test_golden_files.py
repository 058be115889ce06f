"""What the delivered stacks render, as files that a review can read.

``UPDATE_GOLDEN=1 make test-quick`` writes them anew.
"""

import os

import pytest
import yaml
from recorded_program import ROOT, Registered

GOLDEN = ROOT / "tests" / "golden"


def rendered(resources: list[Registered]) -> dict[str, str]:
    (config,) = [
        r for r in resources if (r.type, r.name) == ("kubernetes:core/v1:ConfigMap", "config")
    ]
    (release,) = [r for r in resources if r.type.endswith("Release") and r.name == "gateway"]
    return {
        "litellm_config.yaml": config.inputs["data"]["config.yaml"],
        "helm_values.yaml": yaml.safe_dump(release.inputs["values"], sort_keys=True),
    }


@pytest.mark.parametrize("stack", ["dev", "prod", "prod-dr"])
@pytest.mark.parametrize("name", ["litellm_config.yaml", "helm_values.yaml"])
def test_a_stack_renders_its_golden_file(
    stack: str, name: str, request: pytest.FixtureRequest
) -> None:
    text = rendered(request.getfixturevalue(stack.replace("-", "_")))[name]
    golden = GOLDEN / stack / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()
