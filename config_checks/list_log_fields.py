"""Prints every field of LiteLLM's log payload with its kind of column, as JSON; stands alone.

Run it with the Python of an environment that has ``litellm[proxy]``::

    python config_checks/list_log_fields.py
"""

import json
import os
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

# Prices come with the package; without this, the import asks GitHub for newer ones.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"

_KINDS: Mapping[Any, str] = {bool: "boolean", float: "double", int: "bigint", str: "string"}


def kind_of(hint: Any) -> str:
    """Return the kind of a column that holds values of a type: JSON text for all nested ones."""
    origin = get_origin(hint)
    if origin is Annotated or (origin and getattr(origin, "_name", "") in _QUALIFIERS):
        return kind_of(get_args(hint)[0])
    if origin is Literal:
        return "string"
    if origin in (Union, types.UnionType):
        kinds = {kind_of(part) for part in get_args(hint) if part is not types.NoneType}
        return kinds.pop() if len(kinds) == 1 else "json"
    return _KINDS.get(hint, "json")


_QUALIFIERS = {"NotRequired", "ReadOnly", "Required"}


def fields(typed_dict: type) -> dict[str, str]:
    """Return the fields of a TypedDict and the kind of each."""
    return {name: kind_of(hint) for name, hint in get_type_hints(typed_dict).items()}


if __name__ == "__main__":
    from litellm.types.utils import StandardLoggingMetadata, StandardLoggingPayload

    print(
        json.dumps(
            {
                "payload": fields(StandardLoggingPayload),
                "metadata": fields(StandardLoggingMetadata),
            }
        )
    )
