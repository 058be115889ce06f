"""``aws SERVICE OPERATION --options``, read by botocore's own model: ``python aws_command.py …``.

The names of services, operations and options are those of the model in kebab case, as the AWS CLI
makes them; a flag may begin with ``no-``. It asks AWS_ENDPOINT_URL, and prints JSON, or text for
``--output text``. There is no package of the CLI that fits beside the botocore of this project.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.config import Config
from botocore.validate import validate_parameters

OWN = frozenset({"query", "output", "region"})
# What the CLI calls differently from the API (awscli/customizations/argrename.py).
RENAMED = {("eks", "update-cluster-version", "kubernetes-version"): "version"}


def parse(
    words: list[str], client: Callable[[str, str | None], Any]
) -> tuple[Callable[..., Any], dict[str, Any], dict[str, str]]:
    """Return the client's method, its parameters, and the CLI's own options.

    Raises KeyError for a name that the model does not have, ParamValidationError for a value.
    """
    service, operation, *options = words
    own = {name: options[options.index(f"--{name}") + 1] for name in OWN if f"--{name}" in options}
    known = client({"s3api": "s3"}.get(service, service), own.get("region"))
    names = {xform_name(name, "-"): name for name in known.meta.service_model.operation_names}
    shape = known.meta.service_model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): name for name in shape.members} if shape else {}
    given: dict[str, Any] = {}
    while options:
        option = options.pop(0).removeprefix("--")
        option = RENAMED.get((service, operation, option), option)
        values = []
        while options and not options[0].startswith("--"):
            values.append(options.pop(0))
        if option in OWN:
            continue
        if not values:
            given[members[option.removeprefix("no-")]] = not option.startswith("no-")
        else:
            given[members[option]] = _typed(shape.members[members[option]], values)
    if shape:
        validate_parameters(given, shape)
    return getattr(known, operation.replace("-", "_")), given, own


def _typed(shape: Any, values: list[str]) -> Any:
    """Return words as the model's type; a structure is ``Key=value,Other=value``."""
    if shape.type_name == "list":
        words = [word for value in values for word in _words(shape.member, value)]
        return [_typed(shape.member, [word]) for word in words]
    (value,) = values
    if shape.type_name == "structure":
        pairs = [part.split("=", 1) for part in value.split(",")]
        return {name: _typed(shape.members[name], [text]) for name, text in pairs}
    if getattr(shape, "enum", None) and value not in shape.enum:
        raise KeyError(f"{value}: it is one of {', '.join(shape.enum)}")
    return int(value) if shape.type_name in ("integer", "long") else value


def _words(shape: Any, value: str) -> list[str]:
    return [value] if shape.type_name == "structure" else value.split(",")


def run_aws(command: str, client: Callable[[str, str | None], Any]) -> Any:
    """Do what a whole line would, and return the answer, or what ``--query`` takes from it."""
    method, given, own = parse(shlex.split(command)[1:], client)
    answer = {key: value for key, value in method(**given).items() if key != "ResponseMetadata"}
    return jmespath.search(own["query"], answer) if "query" in own else answer


def _client(service: str, region: str | None) -> Any:
    return boto3.client(
        service,
        region_name=region or os.environ.get("AWS_REGION", "us-east-1"),
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )


def _text(found: Any) -> str:
    """Return an answer as ``--output text`` prints it, as far as the runbooks need that."""
    if isinstance(found, list):
        rows = [one if isinstance(one, list) else [one] for one in found]
        separator = "\n" if any(isinstance(one, list) for one in found) else "\t"
        return separator.join("\t".join(str(cell) for cell in row) for row in rows)
    return str(found)


if __name__ == "__main__":
    line = shlex.join(["aws", *sys.argv[1:]])
    result = run_aws(line, _client)
    is_text = "--output" in sys.argv and sys.argv[sys.argv.index("--output") + 1] == "text"
    print(_text(result) if is_text else json.dumps(result, indent=2, default=str))
