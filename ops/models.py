"""``ops models``: the models that stand in the proxy's database and in no file."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import click

from ops.console import failing_clearly
from ops.running_proxy import ProxyError, ask, url_option


@dataclass(frozen=True, kw_only=True)
class AddedModel:
    """One deployment that was added while the proxy ran."""

    name: str
    """What developers ask for."""
    model: str
    """Route and model of the provider."""
    id: str
    changed: str
    """When it was changed last, or empty."""
    changed_by: str
    """Who changed it last, or empty."""


def added_models(answer: Any) -> list[AddedModel]:
    """Return those of a proxy's models that are in its database; ``answer`` is /model/info's.

    LiteLLM marks them with ``db_model`` (ModelInfo in litellm/types/router.py). Raises ProxyError
    if the answer is not one of /model/info.
    """
    try:
        found = [entry for entry in answer["data"] if entry["model_info"].get("db_model")]
        return sorted(
            (
                AddedModel(
                    name=entry["model_name"],
                    model=entry["litellm_params"]["model"],
                    id=entry["model_info"]["id"],
                    changed=entry["model_info"].get("updated_at") or "",
                    changed_by=entry["model_info"].get("updated_by") or "",
                )
                for entry in found
            ),
            key=lambda model: (model.name, model.id),
        )
    except (KeyError, TypeError) as error:
        raise ProxyError(f"/model/info does not answer as LiteLLM does: {error!r}") from None


@click.command()
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@failing_clearly(ProxyError)
def models(url: str, as_json: bool) -> None:
    """List the models that were added in the admin UI, which are in no file.

    There are some only where gateway.storeModelsInDatabase is on. The key of an administrator comes
    from LITELLM_PROXY_API_KEY.
    """
    found = added_models(ask(url, "/model/info"))
    if as_json:
        click.echo(json.dumps([asdict(model) for model in found], indent=2))
        return
    if not found:
        click.echo("No model was added: all are those of the configuration.")
        return
    widths = {
        name: max(len(name), *(len(getattr(model, name)) for model in found))
        for name in ("name", "model", "id", "changed")
    }
    click.echo("  ".join([*(name.ljust(width) for name, width in widths.items()), "changed by"]))
    for model in found:
        cells = [getattr(model, name).ljust(width) for name, width in widths.items()]
        click.echo("  ".join([*cells, model.changed_by]).rstrip())
