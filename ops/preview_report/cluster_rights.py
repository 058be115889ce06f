"""Rights within the cluster: roles, who has them, and what limits traffic and changes."""

from collections.abc import Iterator, Mapping
from typing import Any

from ops.preview_report.dangers import Danger, Kind, danger
from ops.preview_report.preview import Preview, Step
from ops.preview_report.receivers import CLUSTER
from ops.preview_report.values import ABSENT, UNKNOWN, Word, at

_RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
_ADMINISTRATOR = "cluster-admin"
_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
_NAMESPACE = "kubernetes:core/v1:Namespace"
_NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_WAYS = ("ingress", "egress")
_POLICIES = {
    _NETWORK_POLICY,
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
}


def cluster_rights(preview: Preview) -> Iterator[Danger]:
    """Yield rights in the cluster that somebody would get, and policies that would change.

    A new role may be bound to service accounts that are made with it, and in a new cluster to
    everybody; the administrator's role and wildcards are for a person in each case.
    """
    for step in preview.steps:
        if step.action not in ("create", "update", "replace"):
            continue
        if step.type.startswith(_RBAC) and "Binding" in step.type:
            yield from _binding(step, preview)
        elif step.type.startswith(_RBAC):
            yield from _role(step)
        elif step.type in _POLICIES and _changes_what_it_admits(step, preview):
            text = "what it admits would change; its properties below show how"
            yield danger(Kind.POLICY, step, text)


def _changes_what_it_admits(step: Step, preview: Preview) -> bool:
    """Whether traffic or objects would be let in; by a new policy, where there are pods already.

    Network policies add up: a new one takes nothing away, and lets through what it lists.
    """
    if step.action != "create":
        return any(one.path[0] != "metadata" for one in step.differences)
    created = [one for one in preview.steps if one.action == "create"]
    namespaces = {_place(one)[1] for one in created if one.type == _NAMESPACE}
    lists = any(at(step.inputs_after, ("spec", way)) not in (ABSENT, []) for way in _WAYS)
    return step.type == _NETWORK_POLICY and lists and _place(step)[0] not in namespaces


def _binding(step: Step, preview: Preview) -> Iterator[Danger]:
    if step.action != "create":
        if any(one.path[0] in ("subjects", "roleRef") for one in step.differences):
            yield danger(Kind.ACCESS, step, "who has the role in the cluster would change")
        return
    role = at(step.inputs_after, ("roleRef", "name"))
    new_cluster = any(one.type == CLUSTER and one.action == "create" for one in preview.steps)
    limited = isinstance(role, str) and role != _ADMINISTRATOR
    subjects = step.inputs_after.get("subjects")
    if not limited or not (new_cluster or _is_among_new(step, subjects, preview)):
        text = f"{_named(subjects)} would have `{role}` in the cluster"
        yield danger(Kind.ACCESS, step, text)


def _is_among_new(step: Step, subjects: Any, preview: Preview) -> bool:
    """Whether a role is bound that the same preview creates, to service accounts of it alone."""
    created = [one for one in preview.steps if one.action == "create"]
    kind, role = (at(step.inputs_after, ("roleRef", key)) for key in ("kind", "name"))
    roles = {_place(one)[1] for one in created if one.type == f"{_RBAC}{kind}"}
    accounts = {("ServiceAccount", *_place(one)) for one in created if one.type == _ACCOUNT}
    return (
        role in roles
        and isinstance(subjects, list)
        and all(
            tuple(at(one, (key,)) for key in ("kind", "namespace", "name")) in accounts
            for one in subjects
        )
    )


def _place(step: Step) -> tuple[Any, Any]:
    namespace, name = (at(step.inputs_after, ("metadata", key)) for key in ("namespace", "name"))
    return namespace, name


def _named(subjects: Any) -> str:
    if not isinstance(subjects, list):
        return "who is not known yet"
    return ", ".join(f"`{at(one, ('kind',))} {at(one, ('name',))}`" for one in subjects)


def _role(step: Step) -> Iterator[Danger]:
    before = _rules(step.inputs_before.get("rules"))
    rules = step.inputs_after.get("rules")
    if rules is UNKNOWN:
        yield danger(Kind.UNJUDGED, step, "`rules` depends on what does not exist yet")
    for rule in _rules(rules) - before:
        if step.action != "create" or "*" in rule:
            group, resource, verb = rule
            text = f"`{verb}` on `{group or 'core'}/{resource}` in the cluster would be allowed"
            yield danger(Kind.ACCESS, step, text)


def _rules(rules: Any) -> set[tuple[str, str, str]]:
    if isinstance(rules, Word) or not isinstance(rules, list):
        return set()
    return {
        (str(group), str(resource), str(verb))
        for rule in rules
        if isinstance(rule, Mapping)
        for group in rule.get("apiGroups") or [""]
        for resource in rule.get("resources") or rule.get("nonResourceURLs") or [""]
        for verb in rule.get("verbs") or ()
    }
