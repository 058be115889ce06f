"""The callbacks of a stack, laid out for a proxy of a test as the chart mounts them."""

from pathlib import Path

from infra.proxy_config.log_sinks import HOOK_SETTINGS, hook_files
from infra.settings import Settings
from proxy_hooks.settings import VARIABLE


def lay_out_hooks(folder: Path, settings: Settings) -> dict[str, str]:
    """Write modules and settings into a folder; return the variables that lead a proxy there."""
    modules = folder / "hooks" / "proxy_hooks"
    modules.mkdir(parents=True)
    for name, text in hook_files(settings).items():
        path = folder / name if name == HOOK_SETTINGS else modules / name
        path.write_text(text)
    return {"PYTHONPATH": str(modules.parent), VARIABLE: str(folder / HOOK_SETTINGS)}
