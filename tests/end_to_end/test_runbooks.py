"""What runbooks are for really happens to a sandbox, and their commands mend it."""

import os
import secrets
import shutil
import signal

import httpx
import pytest
import yaml
from figures import FIGURES
from runbook_shell import RunbookShell
from runbooks import Command, Ran, commands, steps
from running_sandbox import RunningSandbox, eventually

from sandbox import base_services, lifecycle
from sandbox.supervisor_client import SupervisorClient

MODULE = "tests/end_to_end/test_runbooks.py"


def here(page: str, section: str, *, in_text: bool = True) -> list[Command]:
    """Return what this module runs of a section."""
    return [one for one in commands(page, section, in_text=in_text) if one.module == MODULE]


def serves(sandbox: RunningSandbox, key: str) -> None:
    eventually(lambda: sandbox.complete(key).status_code == httpx.codes.OK, wanted="an answer")


def test_what_the_alerts_tell_to_look_at_is_there(shell: RunbookShell) -> None:
    shell.run([one for one in commands("alerts") if one.module == MODULE])


def test_a_deleted_pod_has_a_successor(
    shell: RunbookShell, sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    before = {pod["metadata"]["uid"] for pod in sandbox.pods()}
    shell.run(here("lost-pod", "See", in_text=False))
    with FIGURES.fault("pod deleted"):
        shell.run(here("lost-pod", "Mend", in_text=False))
        serves(sandbox, team["key"])
    shell.run(here("lost-pod", "Check", in_text=False))
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in sandbox.pods())
    serves(sandbox, team["key"])


def test_the_pods_of_a_lost_node_serve_from_another_one(
    shell: RunbookShell, sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    seen = steps("lost-node", "See")
    (node,) = {pod["spec"]["nodeName"] for pod in sandbox.pods()}
    with FIGURES.fault("node drained"):
        shell.run([*seen, *steps("lost-node", "Mend")])
        shell.run(steps("lost-node", "Check"))
        serves(sandbox, team["key"])
    assert node not in {pod["spec"]["nodeName"] for pod in sandbox.pods()}
    shell.run(here("lost-node", "Afterwards"))
    serves(sandbox, team["key"])


def test_a_zone_can_be_left_and_taken_again(
    shell: RunbookShell, sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    shell.run(here("lost-zone", "See", in_text=False))
    with FIGURES.fault("zone left"):
        shell.run(here("lost-zone", "Mend", in_text=False))
        serves(sandbox, team["key"])
    shell.run(here("lost-zone", "Check", in_text=False))
    nodes = sandbox.kubernetes.list("/api/v1/nodes")
    left = [node["metadata"]["name"] for node in nodes if node["spec"].get("unschedulable")]
    assert len(left) == 1
    shell.run(steps("lost-zone", "Afterwards"))
    nodes = sandbox.kubernetes.list("/api/v1/nodes")
    assert not [node for node in nodes if node["spec"].get("unschedulable")]
    serves(sandbox, team["key"])


def test_the_gateway_answers_again_after_its_database_was_killed(
    shell: RunbookShell, sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    with FIGURES.fault("database killed"):
        for service in SupervisorClient(sandbox.instance).status():
            if service.name.startswith("rds-") and service.pid:
                os.kill(service.pid, signal.SIGKILL)
        serves(sandbox, team["key"])
    for section in ("See", "Mend", "Check"):
        shell.run(here("lost-database", section, in_text=False))


def test_a_key_that_waits_for_its_deletion_is_kept(
    shell: RunbookShell, sandbox: RunningSandbox
) -> None:
    kms = sandbox.aws("kms")
    key = kms.describe_key(KeyId="alias/litellm-sandbox-secrets")["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    (_, seen) = shell.run(steps("key-scheduled-for-deletion", "See"))
    assert "PendingDeletion" in seen
    shell.run(steps("key-scheduled-for-deletion", "Mend"))
    (state, entries) = shell.run(steps("key-scheduled-for-deletion", "Check"))
    assert state.strip() == "Enabled"
    assert "False" not in entries


def test_the_state_comes_back_from_a_copy(shell: RunbookShell, sandbox: RunningSandbox) -> None:
    shell.run(here("lost-state", "Afterwards"))
    state = lifecycle.project_directory(sandbox.instance) / "state" / ".pulumi" / "stacks"
    kept = state.with_name("stacks-of-before")
    shutil.move(state, kept)
    with pytest.raises(AssertionError, match="no stack named"):
        shell.run(steps("lost-state", "See"))
    with FIGURES.fault("state lost"):
        shell.run(steps("lost-state", "Mend"))
    *_, preview = shell.run([*steps("lost-state", "See"), *steps("lost-state", "Check")])
    assert "create" not in preview
    shutil.rmtree(kept)


def test_a_lost_cluster_is_made_anew_around_what_is_kept(
    shell: RunbookShell, sandbox: RunningSandbox, team: dict[str, str]
) -> None:
    lose_cluster(sandbox)
    with FIGURES.fault("cluster lost"):
        shell.run([*steps("lost-cluster", "See"), *steps("lost-cluster", "Mend")])
        serves(sandbox, team["key"])
    shell.run(here("lost-cluster", "Check", in_text=False))


def lose_cluster(sandbox: RunningSandbox) -> None:
    """Delete the cluster behind the engine's back, with all that it held; another one is empty."""
    sandbox.aws("eks").delete_cluster(name="litellm-sandbox")
    # EKS takes its own security group along; moto's knows of none.
    ec2 = sandbox.aws("ec2")
    names = [{"Name": "group-name", "Values": ["eks-cluster-sg-litellm-sandbox"]}]
    for group in ec2.describe_security_groups(Filters=names)["SecurityGroups"]:
        ec2.delete_security_group(GroupId=group["GroupId"])
    client, instance = SupervisorClient(sandbox.instance), sandbox.instance
    for name in ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"):
        client.stop(name)
    shutil.rmtree(instance.state / "control-plane" / "etcd")
    base_services.start(instance, lifecycle.region(instance), lambda _: None)


def test_leaked_keys_are_made_useless(
    shell: RunbookShell, sandbox: RunningSandbox, ran: Ran
) -> None:
    master_key = sandbox.command("master-key").stdout.strip()
    with sandbox.admin() as admin:
        leaked = admin.post("/key/generate", json={"key_alias": f"leak-{secrets.token_hex(4)}"})
        admin.post(
            "/credentials",
            json={
                "credential_name": "drill-of-a-leak",
                "credential_values": {"api_key": "none"},
                "credential_info": {"custom_llm_provider": "openai"},
            },
        ).raise_for_status()
    key = leaked.json()["key"]
    serves(sandbox, key)
    shell.run(here("leaked-key", "Leaked key"), typed=[master_key])
    *_, status = shell.run(steps("leaked-key", "A virtual key"), typed=[key])
    assert status.strip() == "401"
    assert key not in (shell.folder / "refused.json").read_text()
    for section in ("The master key", "The salt key"):
        shell.run(here("leaked-key", section))
    with sandbox.admin() as admin:
        assert "drill-of-a-leak" not in admin.get("/credentials").text


def test_credentials_of_aws_are_ended(shell: RunbookShell, sandbox: RunningSandbox) -> None:
    iam = sandbox.aws("iam")
    iam.create_user(UserName="leaked")
    iam.create_access_key(UserName="leaked")
    shell.run(steps("leaked-key", "Credentials of AWS"), USER_NAME="leaked")
    assert iam.list_access_keys(UserName="leaked")["AccessKeyMetadata"] == []
    iam.delete_user(UserName="leaked")


def test_the_way_to_the_api_server_is_found(shell: RunbookShell, sandbox: RunningSandbox) -> None:
    # What moto gives out leads nowhere.
    kubeconfig = yaml.safe_load(sandbox.instance.kubeconfig.read_text())
    endpoint = kubeconfig["clusters"][0]["cluster"]["server"]
    for command in here("first-run", "Reaching the API server"):
        text = command.text.replace("<stack>", "sandbox").replace("<endpoint>", endpoint)
        shell.run([Command(command.page, command.section, text)])
        shell.ran.note(command)


def test_every_command_that_is_said_to_be_run_here_was(ran: Ran) -> None:
    assert ran.missing() == []
