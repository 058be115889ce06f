"""What putting a copy back would do. Pure."""

from dataclasses import dataclass

from ops.state.stack_state import Document, StateError, resources, secrets_provider


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """A copy beside the present state: what the engine would forget, and what it would recall."""

    copy: Document
    forgotten: list[str]
    recalled: list[str]
    changed: list[str]

    def as_document(self) -> dict[str, list[str]]:
        return {"forgotten": self.forgotten, "recalled": self.recalled, "changed": self.changed}

    def as_lines(self) -> list[str]:
        lines = []
        for title, urns in (
            ("no longer known, although they exist; import or delete them by hand", self.forgotten),
            ("known again, although they may be gone; `pulumi refresh` tells", self.recalled),
            ("as they were then; `pulumi refresh` reads what they are", self.changed),
        ):
            if urns:
                lines += [f"{len(urns)} {title}:", *(f"    {urn}" for urn in urns)]
        return lines or ["the copy and the state are the same"]


def restoration(copy: Document, present: Document | None, stack: str, project: str) -> Restoration:
    """Compare a copy with the present state, if there is one that can be read.

    Raises StateError for a copy of another stack, or one whose secrets another key encrypts.
    """
    owner = f"urn:pulumi:{stack}::{project}::"
    strange = [
        str(one.get("urn")) for one in resources(copy) if not str(one.get("urn")).startswith(owner)
    ]
    if strange:
        raise StateError(
            f"the copy is of another stack than {stack!r} of {project!r}: it has {strange[0]}"
        )
    here, there = secrets_provider(present or {}), secrets_provider(copy)
    if resources(present or {}) and here[0] and here != there:
        raise StateError(
            f"secrets of the copy are encrypted by {' '.join(there).strip() or 'nothing'}, those "
            f"of the state by {' '.join(here).strip()}; restore a copy that was made with the same"
        )
    before = {str(one["urn"]): one for one in resources(present or {})}
    after = {str(one["urn"]): one for one in resources(copy)}
    return Restoration(
        copy=copy,
        forgotten=sorted(before.keys() - after.keys()),
        recalled=sorted(after.keys() - before.keys()),
        changed=sorted(urn for urn in before.keys() & after.keys() if before[urn] != after[urn]),
    )


def without_repetitions(document: Document) -> tuple[Document, list[str]]:
    """Return the state without resources that stand there twice, word for word, and their URNs.

    The engine refuses a state with two of one URN, and repairs no such. Two that differ are left:
    only the world can tell which is right.
    """
    kept: list[Document] = []
    dropped = []
    for resource in resources(document):
        if resource in kept:
            dropped.append(str(resource["urn"]))
        else:
            kept.append(resource)
    deployment = {**document["deployment"], "resources": kept}
    return {**document, "deployment": deployment}, dropped
