"""What the program renders for a stack, with stand-ins for what only AWS knows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from infra.configuration import parse
from infra.documents import InvalidConfiguration
from infra.settings import Settings
from infra.supplied_secrets import ENCRYPTED, SUPPLIED_SECRETS_KEY
from ops.config.stack_file import StackFile
from sandbox.recorded_program import Registered, run_program
from sandbox.stack_files import PROJECT
from sandbox.stand_in_secrets import supplied_shape

# Told to whoever reads the text.
STAND_INS = "account, hosts and ARNs are stand-ins: AWS gives them when the stack is created"


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """LiteLLM's configuration, and the names of all variables that the pods are given."""

    text: str
    variables: frozenset[str]


def settings_of(stack: str, file: StackFile) -> Settings:
    """Return a stack's settings; raise SettingsError with all errors."""
    return parse(stack, PROJECT, file.configuration)


def render(stack: str, file: StackFile, settings: Settings) -> Rendered:
    """Run the program as ``pulumi up`` would and return what it puts into the cluster.

    Raises InvalidConfiguration if the program refuses what it has rendered.
    """
    return rendered_by(record(stack, file, settings))


def record(stack: str, file: StackFile, settings: Settings) -> list[Registered]:
    """Run the program as ``pulumi up`` would and return all that it registered.

    Raises InvalidConfiguration if the program refuses what it has rendered.
    """
    try:
        return run_program(stack, _with_supplied_secrets(file.configuration, settings))
    except Exception as error:
        if refusal := _refusal(error):
            raise refusal from error
        raise


def rendered_by(resources: list[Registered]) -> Rendered:
    """Return what a recorded program has rendered."""
    (config,) = (
        each for each in resources
        if (each.type, each.name) == ("kubernetes:core/v1:ConfigMap", "config")
    )  # fmt: skip
    (release,) = (
        each for each in resources if each.type.endswith(":Release") and each.name == "gateway"
    )
    values = release.inputs["values"]
    secret = (variable["name"] for variable in values["secretEnvironment"])
    return Rendered(
        text=config.inputs["data"]["config.yaml"],
        variables=frozenset((*values["environment"], *secret)),
    )


def _with_supplied_secrets(
    configuration: Mapping[str, str], settings: Settings
) -> Mapping[str, str]:
    """Fill in the shape of secrets that are encrypted as a whole; values are of no concern."""
    key = f"{PROJECT}:{SUPPLIED_SECRETS_KEY}"
    if configuration.get(key) != ENCRYPTED:
        return configuration
    return {**configuration, key: json.dumps(supplied_shape(settings))}


def _refusal(error: BaseException) -> InvalidConfiguration | None:
    """Find the program's own error below those that Pulumi has put around it."""
    seen: list[BaseException] = []
    found: BaseException | None = error
    # The chain of errors from an event loop may lead back to itself.
    while found is not None and found not in seen:
        if isinstance(found, InvalidConfiguration):
            return found
        seen.append(found)
        found = found.__cause__ or found.__context__
    return None
