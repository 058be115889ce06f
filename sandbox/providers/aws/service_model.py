"""botocore's own models of the AWS services, and what they say about a single value.

botocore checks types, required members and minimum sizes when a call is made. Enumerations,
patterns and maximum sizes stand in the same models but are left to AWS; here they count before a
call, in a preview too.
"""

import functools
from collections.abc import Iterator
from typing import Any

import botocore.loaders
import regex
from botocore.model import OperationModel, ServiceModel

# A shape of botocore's; which attributes it has depends on its type_name.
AnyShape = Any

_loader = botocore.loaders.Loader()


@functools.cache
def service(name: str) -> ServiceModel:
    """Return the model of a service by its botocore name."""
    return ServiceModel(_loader.load_service_model(name, "service-2"), name)


def operation(service_name: str, name: str) -> OperationModel:
    """Return the model of an operation; botocore's OperationNotFoundError names an unknown one."""
    return service(service_name).operation_model(name)


def member_name(shape: AnyShape, name: str) -> str | None:
    """Return the member of a structure that a Pulumi property name means, None if there is none.

    Names differ by case (``dbName``, ``DBName``) and number (``bucketKey``, ``BucketKeys``).
    """
    members = _folded_members(shape)
    folded = name.lower()
    for candidate in (folded, f"{folded}s", folded.removesuffix("s")):
        if candidate in members:
            return members[candidate]
    return None


def scalar_problems(shape: AnyShape, value: Any) -> Iterator[str]:
    """Yield why the model refuses a string, number or boolean. The value itself is not repeated."""
    if shape.type_name == "string":
        if not isinstance(value, str):
            yield f"is {_article(value)}, expected a string"
        else:
            yield from _string_problems(shape, value)
    elif shape.type_name in ("integer", "long", "float", "double"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield f"is {_article(value)}, expected a number"
        else:
            yield from _range_problems(shape, value, "is")
    elif shape.type_name == "boolean" and not isinstance(value, bool):
        yield f"is {_article(value)}, expected true or false"


def size_problems(shape: AnyShape, size: int) -> Iterator[str]:
    """Yield why the model refuses a list or map of that many entries."""
    yield from _range_problems(shape, size, "has a size of")


def _string_problems(shape: AnyShape, value: str) -> Iterator[str]:
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        yield f"is not one of {', '.join(allowed)}"
        return
    yield from _range_problems(shape, len(value), "has a length of")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        yield f"does not match the pattern {pattern}"


def _range_problems(shape: AnyShape, size: float, verb: str) -> Iterator[str]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and size < minimum:
        yield f"{verb} {size}, the least is {minimum}"
    if maximum is not None and size > maximum:
        yield f"{verb} {size}, the most is {maximum}"


@functools.cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    # The models' patterns are Java's: they mean the whole value, with or without anchors, and write
    # the characters beyond the basic plane as surrogates.
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    return regex.compile(rf"\A(?:{pattern})\Z", regex.VERSION0)


@functools.cache
def _folded_members(shape: AnyShape) -> dict[str, str]:
    return {name.lower().replace("_", ""): name for name in shape.members}


def _article(value: Any) -> str:
    names = {bool: "a boolean", str: "a string", list: "a list", dict: "an object"}
    return names.get(type(value), "a number")
