"""What the pulumi_aws SDK says of a resource type, read from its generated source.

Importing ``pulumi_aws.ec2`` alone takes more than a second; the one module of a type is text of
a fixed shape, which is searched in some milliseconds.
"""

import functools
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<wire>\w+)"\))?\n'
    r"(?:    @_utilities\.deprecated\([^\n]*\n)?"
    r"    def (?P<name>\w+)\(self\) -> (?P<type>[^\n]+):\n"
    r'(?:        """\n(?P<documentation>.*?)        """\n)?',
    re.DOTALL,
)
_SECRETS = re.compile(r"additional_secret_outputs=\[([^\]]*)\]")
_REPLACES = re.compile(
    r"forces? (a |an )?(new|replacement|re-?creation)|creates? a new (resource|cluster)"
    r"|force resource recreation|force a new cluster|destroy and recreate",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(if|when|unless|after|for multi-az|subsequent|back to|other than|decreased)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.;])\s+|\n\s*\n")


@dataclass(frozen=True)
class Property:
    """One property of a resource class: how it is typed and what its documentation says."""

    optional: bool
    is_list: bool
    is_map: bool
    replaces: bool
    empty: Any
    """What stands for nothing: "", False, []; None for structures and numbers."""


@dataclass(frozen=True)
class ResourceClass:
    """The inputs and outputs of a resource class of the SDK, by their names on the wire."""

    inputs: Mapping[str, Property]
    outputs: Mapping[str, Property]
    secrets: frozenset[str]

    def is_computed(self, name: str) -> bool:
        """Whether AWS chooses the property's value where the program leaves it out."""
        return not self.outputs[name].optional


def resource_class(token: str) -> ResourceClass:
    """Return what the SDK says of a type such as ``aws:ec2/vpc:Vpc``; LookupError if nothing."""
    return _parse(token)


@functools.cache
def _parse(token: str) -> ResourceClass:
    _, module, name = token.split(":")
    path = _package() / f"{_snake_case(module)}.py"
    if not path.is_file():
        raise LookupError(f"pulumi_aws has no resource type {token}")
    source = path.read_text()
    arguments, _, rest = source.partition(f"\nclass _{name}State:\n")
    resource = rest.partition(f"\nclass {name}(pulumi.CustomResource):\n")[2]
    if not resource:
        raise LookupError(f"pulumi_aws has no resource type {token} in {path.name}")
    secrets = _SECRETS.search(resource)
    return ResourceClass(
        inputs=_properties(arguments),
        outputs=_properties(resource),
        secrets=frozenset(re.findall(r'"(\w+)"', secrets[1]) if secrets else ()),
    )


def _properties(source: str) -> dict[str, Property]:
    found = {}
    for match in _GETTER.finditer(source):
        kind = match["type"]
        found[match["wire"] or match["name"]] = Property(
            optional="Optional[" in kind,
            is_list="Sequence[" in kind,
            is_map="Mapping[" in kind,
            empty=_empty(kind),
            replaces=_says_replacement(match["documentation"] or ""),
        )
    return found


def _empty(kind: str) -> Any:
    if "Sequence[" in kind:
        return []
    if "Mapping[" in kind:
        return None
    return "" if "builtins.str]" in kind else False if "builtins.bool]" in kind else None


def _says_replacement(documentation: str) -> bool:
    """Whether any change replaces; a sentence with a condition is left to the tables."""
    return any(
        _REPLACES.search(sentence) and not _CONDITION.search(sentence)
        for sentence in _SENTENCE.split(documentation)
    )


@functools.cache
def _package() -> Path:
    specification = importlib.util.find_spec("pulumi_aws")
    if specification is None or specification.origin is None:
        raise LookupError("the Python package pulumi_aws is not installed")
    return Path(specification.origin).parent


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
