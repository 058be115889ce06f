"""What the functions of the tables work with: one resource, its properties and the way to AWS."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from botocore import xform_name

from sandbox.paths import Instance
from sandbox.providers.aws.parameters import Failure, Translator, fill
from sandbox.providers.aws.session import Session
from sandbox.providers.aws.table import Call, Properties, ResourceType


class InvalidInputs(Exception):
    """A resource's inputs do not fit AWS's model of the operation."""

    def __init__(self, failures: list[Failure]) -> None:
        self.failures = failures
        super().__init__("; ".join(f"{failure.path}: {failure.reason}" for failure in failures))


@dataclass
class Context:
    """One resource in one request.

    ``inputs`` and ``outputs`` are plain, without marks of secrecy; ``outputs`` are those of the
    state. ``previous`` are the inputs before an update, ``created`` is the creating call's result,
    ``undoing`` says that what a failed creation left is deleted, ``skipped`` are the operations
    that moto lacks.
    """

    session: Session
    kind: ResourceType
    inputs: Properties
    outputs: Properties = field(default_factory=dict)
    id: str = ""
    previous: Properties = field(default_factory=dict)
    created: Any = None
    instance: Instance | None = None
    undoing: bool = False
    skipped: set[str] = field(default_factory=set)

    @property
    def region(self) -> str:
        """The resource's own region or else its provider's."""
        return str(self.inputs.get("region") or self.outputs.get("region") or self.session.region)

    def client(self, service: str | None = None) -> Any:
        return self.session.client(service or self.kind.service, self.region)

    @property
    def values(self) -> Mapping[str, Any]:
        """The names that templates may use."""
        return _Values(self)

    def call(
        self, call: Call, only: Iterable[str] | None = None, extra: Mapping[str, Any] | None = None
    ) -> Any:
        """Make the call with the resource's inputs and return its result.

        Raises InvalidInputs before AWS is asked, or botocore's ClientError with what AWS answers.
        """
        if self._lacks(call):
            return None
        translator = Translator(self.kind)
        fixed = fill(dict(call.fixed), self.values) | dict(extra or {})
        parameters = translator.parameters(call, self.inputs, fixed, only)
        if translator.failures:
            raise InvalidInputs(translator.failures)
        return jmespath.search(call.result, self.request(call, parameters))

    def ask(self, call: Call) -> Any:
        """Make the call with its fixed parameters only and return its result."""
        if self._lacks(call):
            return None
        return jmespath.search(call.result, self.request(call, fill(call.fixed, self.values)))

    def _lacks(self, call: Call) -> bool:
        if call.operation not in self.kind.lacking:
            return False
        self.skipped.add(call.operation)
        return True

    def request(self, call: Call, parameters: Mapping[str, Any]) -> dict[str, Any]:
        client = self.client(call.service)
        answer = getattr(client, xform_name(call.operation))(**parameters)
        answer.pop("ResponseMetadata", None)
        return answer


class _Values(dict[str, Any]):
    """A resource's properties, id, region and account, looked up when a template needs them."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.outputs | context.inputs)
        self._context = context
        self["id"] = context.id
        self["region"] = context.region
        self["partition"] = context.session.partition

    def __missing__(self, name: str) -> Any:
        if name == "account":
            return self._context.session.account
        raise KeyError(f"{self._context.kind.type} has no property {name}")
