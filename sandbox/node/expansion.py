"""The ``$(NAME)`` references of Kubernetes in commands, arguments and variables."""

import re
from collections.abc import Mapping

# The rules of k8s.io/kubernetes/third_party/forked/golang/expansion: ``$$`` is a dollar sign, a
# reference to an unknown name stays as it is, and so does everything else.
_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with every reference to one of the variables replaced by its value."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(value, text)
