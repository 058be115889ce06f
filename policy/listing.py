"""The controls as text or JSON, for people and reports."""

import json

from policy.controls import CONTROLS


def as_json() -> str:
    """Return every control with its row, ids, severity, what it requires and checks."""
    return json.dumps(
        [
            {
                "row": control.row,
                "policy": control.policy_name,
                "requires": control.requires,
                "ids": control.ids,
                "severity": control.severity.value,
                "checks": control.check_names,
                "resources": sorted(control.checks),
                "elsewhere": control.elsewhere,
            }
            for control in CONTROLS
        ],
        indent=2,
    )


def as_text() -> str:
    """Return every control in a few lines."""
    return "\n".join(
        f"{control.row:2}  {control.name} ({control.severity.value})\n"
        f"    {control.requires}\n"
        f"    ids: {', '.join(control.ids)}\n"
        f"    checks: {', '.join(control.check_names)}"
        + (f"\n    elsewhere: {control.elsewhere}" if control.elsewhere else "")
        for control in CONTROLS
    )
