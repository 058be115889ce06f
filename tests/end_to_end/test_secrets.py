"""Secrets reach pods through External Secrets, and nothing else."""

import subprocess
from pathlib import Path

from running_sandbox import DEPLOYMENT, NAMESPACE, RunningSandbox, environment_of

from sandbox import toolchain

EXTERNAL_SECRETS = "/apis/external-secrets.io/v1/namespaces/litellm/externalsecrets"


def test_every_secret_variable_comes_from_a_synced_secret(sandbox: RunningSandbox) -> None:
    (container,) = sandbox.kubernetes.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    named = {
        variable["valueFrom"]["secretKeyRef"]["name"]
        for variable in container["env"]
        if "secretKeyRef" in variable.get("valueFrom", {})
    }
    synced = {
        external["spec"]["target"]["name"]
        for external in sandbox.kubernetes.list(EXTERNAL_SECRETS)
        if any(
            c["type"] == "Ready" and c["status"] == "True" for c in external["status"]["conditions"]
        )
    }
    assert {"master-key-1", "salt-key-1", "database-1", "cache-1"} <= named <= synced


def test_the_running_proxy_has_the_value_of_secrets_manager(sandbox: RunningSandbox) -> None:
    key = sandbox.secret_values()["master-key-1.key"]
    (pid, *_) = sandbox.proxy_processes()
    assert environment_of(pid)["LITELLM_MASTER_KEY"] == key
    secrets = sandbox.aws("secretsmanager")
    (entry,) = [
        entry for entry in secrets.list_secrets()["SecretList"] if "/master-key-" in entry["Name"]
    ]
    stored = secrets.get_secret_value(SecretId=entry["ARN"], VersionStage="epoch-1")
    assert key in stored["SecretString"]


def test_the_master_key_is_long_and_random(sandbox: RunningSandbox) -> None:
    key = sandbox.secret_values()["master-key-1.key"]
    assert key.startswith("sk-")
    assert len(key) >= len("sk-") + 32


def test_synced_secrets_of_an_epoch_are_immutable(sandbox: RunningSandbox) -> None:
    secret = sandbox.kubernetes.get(f"{NAMESPACE}/secrets/master-key-1")
    assert secret["immutable"] is True


def _found_in(text: str, values: dict[str, str]) -> list[str]:
    """Names of the secrets whose values stand in a text; never the values themselves."""
    return [name for name, value in values.items() if value in text]


def test_no_secret_value_stands_in_helm_values(sandbox: RunningSandbox) -> None:
    helm = toolchain.ensure(["helm"])["helm"]
    values = subprocess.run(
        [str(helm), "get", "all", "gateway", "--namespace", "litellm"],
        env={"KUBECONFIG": str(sandbox.instance.kubeconfig), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "LITELLM_MASTER_KEY" in values
    assert _found_in(values, sandbox.secret_values()) == []


def test_no_secret_value_stands_in_a_config_map(sandbox: RunningSandbox) -> None:
    maps = str(sandbox.kubernetes.list("/api/v1/configmaps"))
    assert "os.environ/LITELLM_MASTER_KEY" in maps
    assert _found_in(maps, sandbox.secret_values()) == []


def test_no_secret_value_stands_in_clear_in_the_state(sandbox: RunningSandbox) -> None:
    project = sandbox.instance.state / "project"
    files = [file for file in project.rglob("*") if file.is_file() and not file.is_symlink()]
    text = "\n".join(file.read_text(errors="replace") for file in files)
    assert "random:index/randomPassword:RandomPassword" in text
    assert _found_in(text, sandbox.secret_values()) == []


def test_no_secret_value_stands_in_the_arguments_of_a_process(sandbox: RunningSandbox) -> None:
    text = ""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text += file.read_bytes().decode(errors="replace")
        except OSError:
            continue
    assert "kube-apiserver" in text
    assert _found_in(text, sandbox.secret_values()) == []


def test_no_secret_value_stands_in_a_log(sandbox: RunningSandbox) -> None:
    state = sandbox.instance.state
    logs = [*state.rglob("*.log"), *state.rglob("*.log.previous")]
    text = "\n".join(log.read_text(errors="replace") for log in logs)
    assert len(logs) > 8
    assert _found_in(text, sandbox.secret_values()) == []


def test_the_outputs_of_the_commands_hold_no_secret_value(sandbox: RunningSandbox) -> None:
    done = sandbox.command("preview")
    text = done.stdout + done.stderr + str(sandbox.status)
    assert _found_in(text, sandbox.secret_values()) == []
