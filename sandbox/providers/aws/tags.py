"""Tags in the forms that the services have for them."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.parameters import fill
from sandbox.providers.aws.table import Properties, ResourceType, Tagging
from sandbox.providers.properties import UNKNOWN

_DESCRIBED = ("Tags", "tags", "TagList", "TagSet")


def all_tags(context: Context) -> Properties:
    """Return the provider's default tags and the resource's own, which win, as far as known."""
    own = context.inputs.get("tags") or {}
    # Of what depends on a resource that is replaced, the engine asks with whole inputs unknown.
    return {**context.session.default_tags, **({} if own is UNKNOWN else own)}


def creation_parameters(kind: ResourceType, tags: Properties) -> Properties:
    """Return what the creating call takes for the tags."""
    tagging = kind.tagging
    if not tagging or not tagging.parameter or not tags:
        return {}
    if tagging.form == "ec2":
        specification = {"ResourceType": kind.tag_type, "Tags": _to_form(tags, "list")}
        return {"TagSpecifications": [specification]}
    return {tagging.parameter: _to_form(tags, tagging.form)}


def change(context: Context, old: Properties, new: Properties) -> None:
    """Make the resource's tags the new ones."""
    tagging = context.kind.tagging
    if tagging is None or old == new:
        return
    resource = fill(dict(tagging.resource), context.values)
    gone = sorted(set(old) - set(new))
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if tagging.whole:
        changed, gone = new, [] if new else gone
    if gone:
        removal = {tagging.keys: _keys(tagging, gone)} if tagging.keys else {}
        _request(context, tagging.untag, resource | removal)
    if changed:
        outer, _, last = tagging.values.rpartition(".")
        value: Properties = {last: _to_form(changed, tagging.form)}
        _request(context, tagging.tag, resource | ({outer: value} if outer else value))


def read(context: Context, description: Mapping[str, Any]) -> Properties:
    """Return the tags that the resource has, without those that AWS reserves to itself."""
    tagging = context.kind.tagging
    found: Any = None
    if tagging and tagging.read:
        try:
            found = context.ask(tagging.read)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchTagSet":
                raise
    else:
        found = next((description[name] for name in _DESCRIBED if name in description), None)
    if not isinstance(found, Mapping):
        key, value = (
            ("TagKey", "TagValue") if tagging and tagging.form == "kms" else ("Key", "Value")
        )
        found = {tag[key]: tag.get(value, "") for tag in found or []}
    return {key: value for key, value in found.items() if not key.startswith("aws:")}


def _request(context: Context, operation: str, parameters: Properties) -> None:
    getattr(context.client(), xform_name(operation))(**parameters)


def _to_form(tags: Mapping[str, str], form: str) -> Any:
    if form == "map":
        return dict(tags)
    key, value = ("TagKey", "TagValue") if form == "kms" else ("Key", "Value")
    return [{key: name, value: tag} for name, tag in tags.items()]


def _keys(tagging: Tagging, keys: list[str]) -> Any:
    # EC2 and ACM name tags to remove as they name them to add.
    return [{"Key": key} for key in keys] if tagging.keys == "Tags" else keys
