"""Rules on what LiteLLM does with a licence only."""

from collections.abc import Iterator

from infra.proxy_config.enterprise_keys import ENTERPRISE_VARIABLES, LICENSE_VARIABLE
from infra.setting_sections import EnterpriseSettings, License
from infra.settings import Settings

_NEED = (
    "is LiteLLM Enterprise; set license to enterprise and supply suppliedSecrets.license, or "
    "remove it"
)


def enterprise_problems(settings: Settings, _supplied: object = None) -> Iterator[str]:
    """Yield a sentence for every setting that needs the licence which the stack does not have."""
    if LICENSE_VARIABLE in settings.gateway.environment:
        yield (
            f"gateway.environment.{LICENSE_VARIABLE}: is a secret; set license to enterprise and "
            "supply suppliedSecrets.license"
        )
    if settings.license is License.ENTERPRISE:
        return
    if settings.jwt.issuer:
        yield f"jwt.issuer: {_NEED}"
    if settings.scim:
        yield f"scim: {_NEED}"
    for name, field in EnterpriseSettings.model_fields.items():
        if getattr(settings.enterprise, name) != field.default:
            yield f"enterprise.{field.alias}: {_NEED}"
    for name in sorted(ENTERPRISE_VARIABLES & settings.gateway.environment.keys()):
        yield f"gateway.environment.{name}: {_NEED}"
