"""Python of ``proxy_hooks/``, which LiteLLM loads from beside its configuration."""

from infra.naming import PROJECT_ROOT
from infra.settings import Settings

HOOKS = PROJECT_ROOT / "proxy_hooks"


def hook_files(settings: Settings) -> dict[str, str]:
    """Return the files that a stack's configuration names, by file name."""
    names = ["soft_budget.py"] if settings.limits.new_keys.soft_budget_usd else []
    return {name: (HOOKS / name).read_text(encoding="utf-8") for name in names}
