"""Rules of security groups: what would be let in or out that is not now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.preview_report.dangers import Danger, Kind, danger
from ops.preview_report.preview import Preview, Step
from ops.preview_report.safeguards import within
from ops.preview_report.values import SECRET, UNKNOWN

_RULES = {
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "in",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "out",
}
# Groups with rules of their own.
_GROUPS = {
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
}
_WAYS = {"ingress": "in", "egress": "out"}
_WORLD = ("0.0.0.0/0", "::/0")


@dataclass(frozen=True)
class Opening:
    """One way that a group lets through: direction, peer, protocol and ports."""

    group: str
    way: str
    peer: str
    protocol: str
    first: int
    last: int

    def covers(self, other: "Opening") -> bool:
        """Whether the other lets nothing through that this does not."""
        return (
            self.group == other.group
            and self.way == other.way
            and (self.peer == other.peer or within(other.peer, self.peer))
            and self.protocol in ("-1", other.protocol)
            and (self.protocol == "-1" or self.first <= other.first <= other.last <= self.last)
        )

    def __str__(self) -> str:
        ports = "every port" if self.protocol == "-1" else f"port {self.first}"
        if self.protocol != "-1" and self.last != self.first:
            ports = f"ports {self.first}-{self.last}"
        return f"{ports} {'from' if self.way == 'in' else 'to'} {self.peer}"


def openings(preview: Preview) -> Iterator[Danger]:
    """Yield what groups would let through that they do not now.

    A group that is new itself may let through what it was made for, but never the world in.
    """
    before = [
        one for step in preview.steps for one in _of(step, step.inputs_before, step.inputs_before)
    ]
    for step in preview.steps:
        for opening in _of(step, step.inputs_after, step.inputs_before):
            if any(known.covers(opening) for known in before):
                continue
            world = opening.peer in _WORLD and opening.way == "in"
            if world or not _is_new(opening, step):
                kind = Kind.PUBLIC if world else Kind.ACCESS
                way = "in" if opening.way == "in" else "out"
                yield danger(kind, step, f"traffic would be let {way}: {opening}")


def _is_new(opening: Opening, step: Step) -> bool:
    return opening.group == UNKNOWN.text or (step.type in _GROUPS and step.action == "create")


def _of(step: Step, inputs: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Opening]:
    if step.type in _RULES and inputs:
        group = inputs.get("securityGroupId")
        if group is UNKNOWN:  # of a group that is replaced as well: judged as the old one's
            group = before.get("securityGroupId", group)
        yield from _openings(str(group), _RULES[step.type], inputs)
    elif step.type in _GROUPS:
        for name, way in _WAYS.items():
            rules = inputs.get(name)
            for rule in rules if isinstance(rules, list) else ():
                if isinstance(rule, Mapping):
                    yield from _openings(step.urn, way, rule)


def _openings(group: str, way: str, rule: Mapping[str, Any]) -> Iterator[Opening]:
    protocol = str(rule.get("ipProtocol", rule.get("protocol", "-1")))
    first, last = _port(rule.get("fromPort"), 0), _port(rule.get("toPort"), 65535)
    for peer in _peers(rule):
        yield Opening(group, way, peer, "-1" if protocol == "all" else protocol, first, last)


def _port(value: Any, otherwise: int) -> int:
    return int(value) if isinstance(value, int | float) and value >= 0 else otherwise


def _peers(rule: Mapping[str, Any]) -> Iterator[str]:
    for name in (
        *("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"),
        *("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"),
    ):
        value = rule.get(name)
        for one in value if isinstance(value, list) else [value]:
            if one is not None and one is not SECRET:
                yield str(one)
