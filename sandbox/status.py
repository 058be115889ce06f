"""What a sandbox is doing, as data."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox import lifecycle
from sandbox.backing_services import Databases
from sandbox.paths import Instance
from sandbox.stack_files import stack_name
from sandbox.supervisor_client import SupervisorClient


def collect(instance: Instance) -> dict[str, Any]:
    """Return the state of a sandbox. Holds no secret: commands that print one are named instead."""
    processes = [asdict(status) for status in SupervisorClient(instance).status()]
    up = bool(processes)
    outputs = lifecycle.outputs(instance) if up else {}
    admin = outputs.get("adminUrl")
    identity = "" if instance == Instance() else f" --name {instance.name} --slot {instance.slot}"
    return {
        "up": up,
        "stack": stack_name(lifecycle.project_directory(instance)),
        "gateway_url": outputs.get("gatewayUrl"),
        "master_key_command": f"uv run sandbox{identity} master-key",
        "admin_ui_url": f"{admin}/ui/" if admin else None,
        "ui_password_command": f"uv run sandbox{identity} ui-password",
        "aws_endpoint": instance.aws_endpoint,
        "kubeconfig": str(instance.kubeconfig),
        "prometheus_url": instance.prometheus_url,
        "postgres_dsn": _postgres_dsn(instance, outputs),
        "outputs": outputs,
        "processes": processes,
        "kept_in_state": _read(instance.state / "kept-in-state.json"),
        "load_balancer": _read(instance.state / "load-balancer.json"),
    }


def _postgres_dsn(instance: Instance, outputs: dict[str, object]) -> str | None:
    """The administrator's way in: a socket that only this machine's user can open."""
    identifier = outputs.get("databaseIdentifier")
    return Databases(instance).dsn(str(identifier)) if identifier else None


def _read(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None
