"""What this checkout's program makes of a stack, with stand-ins for what only AWS knows.

    python -m ops.preview_report.made --stack prod

prints JSON. A report runs it in the checkout of the change and in that of the commit before, so
that each is read by its own code.
"""

import argparse
import json
import sys
from typing import Any

from infra.documents import InvalidConfiguration
from infra.settings import SettingsError
from ops.config.rendered import record, rendered_by, settings_of
from ops.config.stack_file import UnknownStack, read_stack_file
from ops.preview_report.iam import DOCUMENTS
from sandbox.recorded_program import Registered, arn_of


def made_by(resources: list[Registered]) -> dict[str, Any]:
    """Return LiteLLM's configuration, every policy document and the ARNs of the resources."""
    documents: dict[str, dict[str, str]] = {}
    for resource in resources:
        found = {name: resource.inputs[name] for name in DOCUMENTS if name in resource.inputs}
        texts = {name: text for name, text in found.items() if isinstance(text, str)}
        if texts:
            documents[f"{resource.type}::{resource.name}"] = texts
    return {
        "config": rendered_by(resources).text,
        "documents": documents,
        "own": sorted({arn_of(one.type, one.name, one.inputs) for one in resources}),
    }


def main() -> None:
    """Print what the program makes."""
    parser = argparse.ArgumentParser(description="Tell what the program makes of a stack.")
    parser.add_argument("--stack", required=True)
    stack: str = parser.parse_args().stack
    try:
        file = read_stack_file(stack)
        json.dump(made_by(record(stack, file, settings_of(stack, file))), sys.stdout)
    except (InvalidConfiguration, SettingsError, UnknownStack) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
