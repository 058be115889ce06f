"""Prints names that LiteLLM knows and the configuration uses, as JSON; stands alone.

Run it with the Python of an environment that has ``litellm[proxy]``::

    python config_checks/list_names.py
"""

import json
import os

# Prices come with the package; without this, the import asks GitHub for newer ones.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOG"] = "ERROR"


def names() -> dict[str, list[str]]:
    """Return what each part of the configuration may name."""
    from litellm.proxy._types import DefaultInternalUserParams, LiteLLM_JWTAuth, SpecialModelNames
    from litellm.proxy.guardrails.guardrail_hooks.litellm_content_filter import patterns
    from litellm.types.guardrails import LitellmParams
    from litellm.types.integrations.slack_alerting import AlertType, SlackAlertingArgs
    from litellm.types.proxy.management_endpoints import ui_sso

    found = {
        "alertTypes": [kind.value for kind in AlertType],
        "alertingArgs": SlackAlertingArgs.model_fields,
        "guardrailParameters": LitellmParams.model_fields,
        "jwt": LiteLLM_JWTAuth.model_fields,
        "newTeams": ui_sso.DefaultTeamSSOParams.model_fields,
        "newUsers": DefaultInternalUserParams.model_fields,
        "keyMaximum": ui_sso.LiteLLM_UpperboundKeyGenerateParams.model_fields,
        "patterns": patterns.PREBUILT_PATTERNS,
        "specialModels": [name.value for name in SpecialModelNames],
    }
    return {name: sorted(values) for name, values in found.items()}


if __name__ == "__main__":
    print(json.dumps(names()))
