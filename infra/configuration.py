"""A stack's configuration, read once and checked whole; afterwards it is only read.

Errors of all sections are collected, then those of the rules between them, and raised as one
:class:`~infra.settings.SettingsError` before any resource exists.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pydantic import TypeAdapter, ValidationError

from infra.restore_rules import own_source_problems
from infra.served_models import served
from infra.setting_errors import describe
from infra.setting_rules import RULES
from infra.setting_warnings import setting_warnings
from infra.settings import Settings, SettingsError
from infra.suggestions import unknown
from infra.supplied_secrets import ENCRYPTED, SUPPLIED_SECRETS_KEY, Supplied


def load() -> Settings:
    """Return the settings of the current stack and log what is worth a second look.

    Raises :class:`SettingsError` with all errors.
    """
    settings = parse(pulumi.get_stack(), pulumi.get_project(), _raw_configuration())
    for warning in setting_warnings(settings):
        pulumi.log.warn(warning)
    return settings


def _raw_configuration() -> dict[str, str]:
    """All keys at once: ``pulumi.Config`` can only ask for those it knows."""
    config = pulumi.runtime.config
    return {**config.get_config_env(), **config.CONFIG.get()}


def parse(stack: str, project: str, configuration: Mapping[str, str]) -> Settings:
    """Check a stack's raw configuration (full key → text or JSON) and return its settings."""
    prefix = f"{project}:"
    texts = {
        key.removeprefix(prefix): text
        for key, text in configuration.items()
        if key.startswith(prefix)
    }
    supplied = _shape_of_supplied_secrets(texts.pop(SUPPLIED_SECRETS_KEY, "{}"))
    sections: dict[str, Any] = {}
    problems: list[str] = []
    fields = {field.alias or name: (name, field) for name, field in Settings.model_fields.items()}
    for key, text in sorted(texts.items()):
        if key not in fields:
            problems.append(f"{key}: {unknown('key', key, [*fields, SUPPLIED_SECRETS_KEY])}")
            continue
        name, field = fields[key]
        try:
            sections[name] = TypeAdapter(field.annotation).validate_python(_decode(text))
        except ValidationError as error:
            problems.extend(describe(key, field.annotation, error))
    if problems:
        raise SettingsError(stack, problems)
    settings = served(Settings(**sections))
    problems = [problem for rule in RULES for problem in rule(settings, supplied)]
    problems.extend(own_source_problems(stack, settings))
    if problems:
        raise SettingsError(stack, problems)
    return settings


def _decode(text: str) -> Any:
    """Objects and lists arrive as JSON, everything else as plain text."""
    return json.loads(text) if text.lstrip().startswith(("{", "[")) else text


def _shape_of_supplied_secrets(text: str) -> Supplied:
    """Family → epoch → names of the fields. Values are dropped here: errors never hold one."""
    if text == ENCRYPTED:
        return None
    decoded = _decode(text)
    if not isinstance(decoded, dict):
        return {}
    return {
        family: {
            str(epoch): frozenset(values) if isinstance(values, dict) else frozenset()
            for epoch, values in epochs.items()
        }
        for family, epochs in decoded.items()
        if isinstance(epochs, dict)
    }
