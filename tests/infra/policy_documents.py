"""Every policy document that the program makes, and whose rights they are."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recorded_program import Registered

Document = dict[str, Any]
Kind = Literal["identity", "boundary", "trust", "resource"]


@dataclass(frozen=True)
class PolicyDocument:
    """A document as an input of the resource that holds it."""

    kind: Kind
    type: str
    name: str
    text: str

    @property
    def content(self) -> Document:
        return json.loads(self.text)

    @property
    def size(self) -> int:
        """Characters that count against a quota: white space does not."""
        return len("".join(self.text.split()))

    def __str__(self) -> str:
        return f"{self.kind} {self.type.split(':')[-1]} {self.name}"


def documents(resources: Sequence[Registered]) -> list[PolicyDocument]:
    """Return all documents, wherever among the inputs they stand."""
    return [
        PolicyDocument(_kind(resource, path), resource.type, resource.name, text)
        for resource in resources
        if resource.type.startswith("aws:")
        for path, text in _texts(resource.inputs, "")
    ]


def _kind(resource: Registered, path: str) -> Kind:
    if path == "assumeRolePolicy":
        return "trust"
    if resource.type == "aws:iam/policy:Policy" and resource.name == "boundary":
        return "boundary"
    return "identity" if resource.type.startswith("aws:iam/") else "resource"


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if value.lstrip().startswith("{") and '"Statement"' in value:
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


@dataclass(frozen=True)
class Role:
    """A role with everything that says what it may do."""

    name: str
    """Logical name."""
    arn: str
    trust: Document
    identity: tuple[Document, ...]
    inline_size: int
    attached: tuple[str, ...]
    boundary: Document | None

    @property
    def trusted(self) -> set[str]:
        """Services, accounts and identity providers that may take the role."""
        return {
            one
            for statement in self.trust["Statement"]
            for given in statement["Principal"].values()
            for one in ([given] if isinstance(given, str) else given)
        }

    @property
    def is_a_workloads(self) -> bool:
        """Whether pods take the role, by a token of the cluster, or a pod's role takes it."""
        return any("oidc-provider/oidc" in one or ":role/" in one for one in self.trusted)


def roles(resources: Sequence[Registered]) -> dict[str, Role]:
    """Return every role of the program by its logical name."""
    managed = {
        f"arn:aws:iam::111122223333:policy/{one.inputs['name']}": one.inputs["policy"]
        for one in resources
        if one.type == "aws:iam/policy:Policy"
    }
    found = {}
    for role in resources:
        if role.type != "aws:iam/role:Role":
            continue
        physical = role.inputs["name"]
        inline = [
            one.inputs["policy"]
            for one in resources
            if one.type == "aws:iam/rolePolicy:RolePolicy" and one.inputs["role"] == physical
        ]
        attached = [
            one.inputs["policyArn"]
            for one in resources
            if one.type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
            and one.inputs["role"] == physical
        ]
        own = [managed[arn] for arn in attached if arn in managed]
        boundary = role.inputs.get("permissionsBoundary")
        found[role.name] = Role(
            name=role.name,
            arn=f"arn:aws:iam::111122223333:role/{physical}",
            trust=json.loads(role.inputs["assumeRolePolicy"]),
            identity=tuple(json.loads(text) for text in [*inline, *own]),
            inline_size=sum(len("".join(text.split())) for text in inline),
            attached=tuple(attached),
            boundary=json.loads(managed[boundary]) if boundary else None,
        )
    return found
