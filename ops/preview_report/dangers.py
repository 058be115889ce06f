"""What a person must look at before the update: the kinds of danger, and all that find them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from ops.preview_report.preview import Preview, Step


class Kind(Enum):
    """Why something is dangerous; the order is that of the report."""

    LOSS = "Data or keys would be lost"
    PROTECTION = "Protection would be removed"
    PUBLIC = "Opened to the public"
    ACCESS = "Access would be loosened"
    ENCRYPTION = "Encryption would be weakened"
    POLICY = "A policy would be loosened"
    JUDGES = "How changes are judged would change"
    OUTAGE = "Service would be interrupted"
    UNJUDGED = "Cannot be judged before the update"


@dataclass(frozen=True, kw_only=True)
class Danger:
    """One thing that a person must approve."""

    kind: Kind
    resource: str
    urn: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Documents:
    """Policy documents that two checkouts make, by ``type::name`` and property, with stand-ins for
    what only AWS knows; ``own`` are the ARNs of the stack's own resources there. ``before`` is None
    where there is no checkout of the commit before."""

    before: Mapping[str, Mapping[str, str]] | None
    after: Mapping[str, Mapping[str, str]]
    own: frozenset[str]


Finder = Callable[[Preview], Iterator[Danger]]


def danger(kind: Kind, step: Step, text: str) -> Danger:
    """Return a danger about one resource."""
    return Danger(kind=kind, resource=step.label, urn=step.urn, text=text)


def in_order(found: Iterator[Danger]) -> tuple[Danger, ...]:
    """Return dangers by kind and resource, each once."""
    kinds = list(Kind)
    return tuple(
        sorted(set(found), key=lambda one: (kinds.index(one.kind), one.resource, one.urn, one.text))
    )
