"""What a rendered LiteLLM configuration must satisfy before it may reach a pod.

These rules need nothing but the text, and run before anything is created. LiteLLM's own part is
``config_checks/check_litellm_config.py``; ``ops config check`` runs both.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from infra.documents import InvalidConfiguration
from infra.proxy_config.enterprise_keys import unlicensed
from infra.proxy_config.key_checks import key_problems
from infra.proxy_config.model_checks import model_problems
from infra.proxy_config.needs import need_problems
from infra.proxy_config.secret_checks import reference_problems, secret_problems
from infra.proxy_config.value_checks import value_problems


def problems_of(config: Mapping[str, Any], environment: frozenset[str] | None) -> Iterator[str]:
    """Yield every problem of a parsed configuration: the key, what it is, what would be right.

    ``environment`` has the names of all variables that the pods are given; None if they are not
    known.
    """
    yield from key_problems(config)
    yield from secret_problems(config)
    yield from reference_problems(config, environment)
    yield from value_problems(config)
    yield from model_problems(config)
    yield from need_problems(config)
    if environment is not None:
        yield from unlicensed(config, environment)


def check_litellm_config(config: Mapping[str, Any], environment: frozenset[str]) -> None:
    """Raise InvalidConfiguration with every problem of a parsed configuration."""
    if problems := tuple(problems_of(config, environment)):
        raise InvalidConfiguration("LiteLLM's configuration", problems)
