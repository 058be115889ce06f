"""What the project's lock file pins."""

import tomllib
from functools import cache
from typing import Any

from sandbox.paths import PROJECT_ROOT


@cache
def lock_file() -> dict[str, Any]:
    """Return the lock file, parsed."""
    return tomllib.loads((PROJECT_ROOT / "uv.lock").read_text())


def locked_packages(group: str) -> set[str]:
    """Return name and version of whatever a dependency group may bring, markers left aside."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for package in lock_file()["package"]:
        by_name.setdefault(package["name"], []).append(package)
    project = next(p for p in lock_file()["package"] if "dev-dependencies" in p)
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = list(project["dev-dependencies"][group])
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.get("extra", ())):
            if (requirement["name"], extra) in seen:
                continue
            seen.add((requirement["name"], extra))
            for package in by_name[requirement["name"]]:
                found.add(f"{package['name']}=={package.get('version')}")
                if extra:
                    waiting += package.get("optional-dependencies", {}).get(extra, ())
                else:
                    waiting += package.get("dependencies", ())
    return found
