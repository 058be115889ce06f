"""The README, the project file and the documents say what is there."""

import re
import tomllib
from itertools import accumulate
from pathlib import Path

import click
import pytest
import yaml
from recorded_program import ROOT

from infra.reference import README, rows, with_reference
from infra.secret_families import SUPPLIED
from infra.settings import Settings
from infra.supplied_secrets import SUPPLIED_SECRETS_KEY
from ops.cost.prices import load_prices
from sandbox.cli import main

MARKDOWN = [
    page
    for folder in ("*.md", "charts/**/*.md", "docs/**/*.md", "sandbox/**/*.md")
    for page in sorted(ROOT.glob(folder))
    if "node_modules" not in page.parts
]
PACKAGES = (
    "archiver",
    "benchmarks",
    "config_checks",
    "dashboards",
    "infra",
    "ops",
    "policy",
    "proxy_hooks",
    "sandbox",
)
LINES_OF_A_MODULE = 305
# What else is written like a key of the settings, with its source.
NO_SETTINGS = {
    "asyncio.timeout": "Python",
    "gc.freeze": "Python",
    "self.messages": "LiteLLM",
    "status.conditions": "Kubernetes",
    "image.tag": "the gateway's chart",
    "metadata.team": "a request",
    "agent.otelConfig": "the CloudWatch agent's chart",
}
DOCUMENTS = [README, *sorted(ROOT.glob("docs/**/*.md")), ROOT / "CONTRIBUTING.md"]


def test_the_reference_in_the_readme_is_current() -> None:
    assert with_reference(README.read_text()) == README.read_text()


def test_the_reference_says_what_may_be_given_and_when_it_has_to_be() -> None:
    table = {key: (default, meaning) for key, default, meaning in rows(Settings)}
    assert table["aws.bucketSuffix"][0] == "none"
    assert table["cluster.instanceCategories"][0] == "`c`, `m`, `r`"
    assert table["cluster.instanceCategories"][1].endswith(" Some of `c`, `m`, `r`, `t`.")
    assert table["cluster.capacityType"][1].endswith(" One of `on-demand`, `spot`.")
    assert "One of" not in table["durability"][1]
    assert table["observability.labels"][0] == "`release: kube-prometheus-stack`"
    assert table["signIn.roles"][1].startswith("With `proxy`: the groups of each role")
    assert " Keys are `proxy_admin`," in table["signIn.roles"][1]
    assert table["signIn.issuer.url"][0] == "required where `signIn.issuer` is set"
    assert table["models[].name"][0] == "required in each"


def test_no_default_of_the_reference_is_a_value_of_python() -> None:
    shown = [default for _, default, _ in rows(Settings)]
    python = re.compile(r"[(){}']|``|None|True|False")
    assert [one for one in shown if python.search(one)] == []


def test_every_setting_has_a_description() -> None:
    assert [key for key, _, description in rows(Settings) if not description] == []


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        name, _, anchor = link.partition("#")
        if ":" in name:
            continue
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_decision_is_in_the_index() -> None:
    index = ROOT / "docs" / "decisions" / "README.md"
    listed = re.findall(r"^\| \[[\w-]+\]\(([\w-]+\.md)\) \| \w", index.read_text(), re.MULTILINE)
    pages = {page.name for page in index.parent.glob("*.md")} - {index.name}
    assert sorted(pages) == listed


def is_a_file_or_a_host(name: str) -> bool:
    ends = "aws|com|header|io|json|lock|md|mod|py|sum|toml|yaml|yml"
    return re.search(rf"\.({ends})$", name) is not None


@pytest.mark.parametrize(
    "document",
    [document for document in DOCUMENTS if document.name != "sample-preview-comment.md"],
    ids=lambda path: path.name,
)
def test_every_setting_that_is_named_exists(document: Path) -> None:
    known = {key.replace("[]", "") for key, *_ in rows(Settings)}
    known |= {f"{SUPPLIED_SECRETS_KEY}.{family}" for family in SUPPLIED}
    prices = {price.partition(":")[0] for price in load_prices().prices}
    for key in list(known):
        *above, _ = accumulate(key.split("."), "{}.{}".format)
        known |= set(above)
    named = re.findall(
        r"`([a-z]\w*(?:\[\])?(?:\.[A-Za-z]+(?:\[\])?)+)(?:`|: )", document.read_text()
    )
    told = {name.replace("[]", "") for name in named if not is_a_file_or_a_host(name)}
    assert told - known - prices <= NO_SETTINGS.keys()


def test_the_project_file_describes_exactly_the_settings_that_exist() -> None:
    described = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    assert set(described) == known | {SUPPLIED_SECRETS_KEY}
    assert all(entry["description"] for entry in described.values())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_sandbox_command_that_is_told_exists(document: Path) -> None:
    assert isinstance(main, click.Group)
    told = re.findall(r"uv run sandbox((?: --\w+ \w+)*) ([a-z-]+)", document.read_text())
    assert {command for _, command in told} <= set(main.commands)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_told_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = re.findall(r"(?:^    |`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    assert set(told) <= targets


def test_continuous_integration_calls_the_test_command_of_the_readme() -> None:
    assert "make test" in README.read_text()
    assert "make test" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_the_versions_of_the_program_are_the_locked_ones() -> None:
    from infra import versions

    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (locked,) = {package["version"] for package in packages if package["name"] == "litellm"}
    assert locked == versions.LITELLM


def test_the_program_only_puts_components_together() -> None:
    program = ROOT / "infra" / "__main__.py"
    assert len(program.read_text().splitlines()) < 100


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_longer_than_one_concern(package: str) -> None:
    modules = {path: len(path.read_text().splitlines()) for path in (ROOT / package).rglob("*.py")}
    assert modules
    assert {path: lines for path, lines in modules.items() if lines > LINES_OF_A_MODULE} == {}
