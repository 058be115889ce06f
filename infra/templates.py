"""Jinja over ``config_templates/``: a template that asks for what its context lacks fails.

Secrets never pass through here, only the names of the variables and Secrets that hold them.
"""

import json
from collections.abc import Mapping
from decimal import Decimal

import jinja2

from infra.naming import PROJECT_ROOT


def _yaml(value: object) -> str:
    """Return a value as JSON, which is YAML but for exponents: it takes ``3e-06`` for a text."""
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    if isinstance(value, Mapping):
        pairs = (f"{_yaml(str(key))}: {_yaml(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    return json.dumps(value, ensure_ascii=False)


_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(PROJECT_ROOT / "config_templates"),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - YAML, in which every value is written as JSON
)
_TEMPLATES.filters["yaml"] = _yaml
# Prometheus' own templates are written with braces as well.
_RULE_TEMPLATES = _TEMPLATES.overlay(variable_start_string="[[", variable_end_string="]]")


def render_text(template: str, **context: object) -> str:
    """Return a template's text; whoever calls parses and checks it."""
    return _TEMPLATES.get_template(template).render(**context)


def render_rules(template: str, **context: object) -> str:
    """Return the text of a template of Prometheus rules, whose variables stand in ``[[ ]]``."""
    return _RULE_TEMPLATES.get_template(template).render(**context)
