"""Text that a template has made: parsed strictly, with errors that name the document."""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

import yaml


class InvalidConfiguration(ValueError):
    """A rendered document is not what its reader accepts; the text lists every problem."""

    def __init__(self, document: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{document} is not valid:\n{lines}")


class _UniqueKeyLoader(yaml.SafeLoader):
    """Refuses a mapping that names a key twice, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = Counter(key.value for key, _ in node.value)
        if repeated := sorted(key for key, count in keys.items() if count > 1):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {', '.join(repeated)} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def parse_yaml(document: str, text: str) -> dict[str, Any]:
    """Return the mapping that the text is; raise InvalidConfiguration if it is none."""
    try:
        parsed = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise InvalidConfiguration(document, [str(error)]) from error
    if not isinstance(parsed, dict):
        raise InvalidConfiguration(document, ["it is not a mapping"])
    return parsed
