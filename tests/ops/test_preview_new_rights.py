"""Rights that a change adds as resources of their own: to what is there, and to what is new."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
import pytest
from settled_stacks import Settled, altered, dangers, told, with_more

from ops.preview_report.checkout import HEAD
from ops.preview_report.dangers import Danger, Documents
from ops.preview_report.reading import read_preview
from ops.preview_report.redaction import Redactor
from sandbox.settled_stack import SettledStack

ROLE = "litellm-dev-gateway"
FOREIGN = {"Principal": {"AWS": "arn:aws:iam::999999999999:root"}}
EC2 = {"Principal": {"Service": "ec2.amazonaws.com"}}
GROUP = {"kind": "Group", "name": "guests", "apiGroup": "rbac.authorization.k8s.io"}


def document(action: str, resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


READ = document("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:1:secret:key")


def bound_to(kind: str, name: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}


def rights_of_what_is_there() -> None:
    aws.iam.RolePolicy("read", role=ROLE, policy=READ)
    aws.iam.RolePolicyAttachment("attached", role=ROLE, policy_arn="arn:aws:iam::aws:policy/Any")
    aws.s3.BucketPolicy("read", bucket="present", policy=document("s3:GetObject", **FOREIGN))
    aws.secretsmanager.SecretPolicy(
        "read",
        secret_arn="arn:aws:secretsmanager:us-east-1:1:secret:key",
        policy=document("secretsmanager:GetSecretValue", **FOREIGN),
    )
    aws.sns.TopicPolicy(
        "publish", arn="arn:aws:sns:us-east-1:1:a", policy=document("sns:Publish", **FOREIGN)
    )
    aws.kms.KeyPolicy("decrypt", key_id="present", policy=document("kms:Decrypt", **FOREIGN))
    # New ones elsewhere in the preview make none of the above new.
    aws.s3.Bucket("new")
    aws.iam.Role("new", assume_role_policy=document("sts:AssumeRole", **EC2))


def rights_beyond_the_stack() -> None:
    aws.iam.Role("trusting", assume_role_policy=document("sts:AssumeRole", **FOREIGN))
    service = document("sts:AssumeRole", **EC2)
    mighty = aws.iam.Role("mighty", name="mighty", assume_role_policy=service)
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    aws.iam.RolePolicyAttachment("mighty", role=mighty.name, policy_arn=administrator)
    kubernetes.networking.v1.NetworkPolicy(
        "open",
        metadata={"name": "open", "namespace": "litellm"},
        spec={"pod_selector": {}, "policy_types": ["Egress"], "egress": [{}]},
    )


def rights_of_what_is_new() -> None:
    named = aws.iam.Role(
        "named", name="named", assume_role_policy=document("sts:AssumeRole", **EC2)
    )
    aws.iam.RolePolicy("of-named", role=named.name, policy=READ)
    unnamed = aws.iam.Role("unnamed", assume_role_policy=document("sts:AssumeRole", **EC2))
    aws.iam.RolePolicy("of-unnamed", role=unnamed.id, policy=READ)
    bucket = aws.s3.Bucket("new")
    aws.s3.BucketPolicy(
        "of-new", bucket=bucket.id, policy=document("s3:GetObject", "b/*", **FOREIGN)
    )
    for namespace, egress in {"litellm": [], "elsewhere": [{}]}.items():
        kubernetes.networking.v1.NetworkPolicy(
            f"of-{namespace}",
            metadata={"name": "new", "namespace": namespace},
            spec={"pod_selector": {}, "policy_types": ["Egress"], "egress": egress},
        )
    kubernetes.core.v1.Namespace("elsewhere", metadata={"name": "elsewhere"})
    role = kubernetes.rbac.v1.ClusterRole(
        "new",
        metadata={"name": "new"},
        rules=[{"api_groups": [""], "resources": ["pods"], "verbs": ["get"]}],
    )
    account = kubernetes.core.v1.ServiceAccount(
        "new", metadata={"name": "new", "namespace": "litellm"}
    )
    subject = {"kind": "ServiceAccount", "name": account.metadata.name, "namespace": "litellm"}
    kubernetes.rbac.v1.ClusterRoleBinding(
        "new", role_ref=bound_to("ClusterRole", role.metadata.name), subjects=[subject]
    )


def what_nobody_knows_yet() -> None:
    topic = aws.sns.Topic("new")
    policy = topic.arn.apply(lambda arn: document("sns:Publish", arn))
    aws.iam.RolePolicy("unknown", role=ROLE, policy=policy)
    aws.iam.RolePolicy("secret", role=ROLE, policy=pulumi.Output.secret(READ))
    rule = {"api_groups": [""], "resources": [topic.arn], "verbs": ["get"]}
    kubernetes.rbac.v1.ClusterRole("unknown", rules=topic.arn.apply(lambda _: [rule]))


def bindings() -> None:
    kubernetes.rbac.v1.ClusterRole(
        "new",
        metadata={"name": "new"},
        rules=[{"api_groups": [""], "resources": ["pods"], "verbs": ["get"]}],
    )
    for name, role in {"administrators": "cluster-admin", "guests": "new"}.items():
        kubernetes.rbac.v1.ClusterRoleBinding(
            name, role_ref=bound_to("ClusterRole", role), subjects=[GROUP]
        )
    account = {"kind": "ServiceAccount", "name": "gateway", "namespace": "litellm"}
    kubernetes.rbac.v1.RoleBinding(
        "viewers", role_ref=bound_to("ClusterRole", "view"), subjects=[account]
    )


def of(settled: Settled, label: str, run: Any, documents: Documents | None = None) -> Danger:
    (found,) = (
        one for one in dangers(settled.preview(run=run), documents) if one.resource == label
    )
    return found


MORE = with_more(rights_of_what_is_there)
BEYOND = with_more(rights_beyond_the_stack)
UNKNOWN = with_more(what_nobody_knows_yet)
BINDINGS = with_more(bindings)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("RolePolicy read", "`secretsmanager:getsecretvalue on arn:aws:secretsmanager:"),
        ("RolePolicyAttachment attached", f"would be added to role `{ROLE}`"),
        ("BucketPolicy read", "for AWS:arn:aws:iam::999999999999:root` would be allowed"),
        ("SecretPolicy read", "for AWS:arn:aws:iam::999999999999:root` would be allowed"),
        ("TopicPolicy publish", "for AWS:arn:aws:iam::999999999999:root` would be allowed"),
        ("KeyPolicy decrypt", "for AWS:arn:aws:iam::999999999999:root` would be allowed"),
    ],
)
def test_a_new_right_of_what_is_there_is_dangerous(label: str, said: str, small: Settled) -> None:
    found = of(small, label, MORE)
    assert found.kind.name == "ACCESS"
    assert said in found.text


@pytest.mark.parametrize(
    ("label", "kind", "said"),
    [
        ("Role trusting", "ACCESS", "for AWS:arn:aws:iam::999999999999:root` would be allowed"),
        ("RolePolicyAttachment mighty", "ACCESS", "AdministratorAccess` allows every action"),
        ("NetworkPolicy open", "POLICY", "what it admits would change"),
    ],
)
def test_a_right_that_reaches_beyond_what_is_new_is_dangerous(
    label: str, kind: str, said: str, small: Settled
) -> None:
    found = of(small, label, BEYOND)
    assert found.kind.name == kind
    assert said in found.text


@pytest.mark.parametrize("held", ["inlinePolicies", "managedPolicyArns"])
def test_a_policy_that_a_role_gets_as_a_property_is_dangerous(held: str, small: Settled) -> None:
    # The stand-in of the provider knows neither property, so another one stands for it.
    text = small.text(run=altered("aws:iam/role:Role", "gateway", description="given"))
    given = text.replace('"description":"given"', f'"{held}":["arn:aws:iam::aws:policy/Any"]')
    (found,) = dangers(read_preview(given, Redactor().hide))
    assert (found.resource, found.kind.name) == ("Role gateway", "ACCESS")
    assert f"`{held}` would change" in found.text


def test_what_is_new_may_have_the_rights_that_it_is_made_with(small: Settled) -> None:
    assert told(small.preview(run=with_more(rights_of_what_is_new))) == set()


def test_what_a_new_stack_is_made_with_is_not_dangerous_but_for_what_reaches_beyond_it(
    tmp_path: Path,
) -> None:
    made = HEAD.made("prod")
    preview = read_preview(SettledStack("prod", tmp_path).preview_text("events"), Redactor().hide)
    documents = Documents(before=None, after=made["documents"], own=frozenset(made["own"]))
    assert told(preview, documents) == {
        # For log groups of the whole account.
        ("ACCESS", "LogResourcePolicy web-firewall"),
        # For everybody whose way leads through them.
        ("ACCESS", "VpcEndpoint s3"),
        ("ACCESS", "VpcEndpoint sts"),
    }


def test_more_groups_of_who_may_enter_the_cluster_already_are_dangerous(small: Settled) -> None:
    entered = altered(
        "aws:eks/accessEntry:AccessEntry", "github-preview", kubernetesGroups=["administrators"]
    )
    found = of(small, "AccessEntry github-preview", entered)
    assert "gives over clusterName `litellm-dev` would change" in found.text


def test_a_right_that_moves_to_another_role_is_dangerous(small: Settled) -> None:
    moved = altered("aws:iam/rolePolicy:RolePolicy", "secret-ages", role=ROLE)
    found = of(small, "RolePolicy secret-ages", moved)
    assert "`secretsmanager:listsecretversionids on " in found.text


@pytest.mark.parametrize(
    "label", ["RolePolicy unknown", "RolePolicy secret", "ClusterRole unknown"]
)
def test_a_new_right_that_nobody_knows_yet_cannot_be_judged(label: str, small: Settled) -> None:
    assert of(small, label, UNKNOWN).kind.name == "UNJUDGED"


def test_a_new_document_is_judged_by_what_the_checkout_of_the_change_makes(small: Settled) -> None:
    made = {"aws:iam/rolePolicy:RolePolicy::unknown": {"policy": document("sns:Publish", "topic")}}
    documents = Documents(before=None, after=made, own=frozenset({"topic"}))
    found = of(small, "RolePolicy unknown", UNKNOWN, documents)
    assert (found.kind.name, found.text) == (
        "ACCESS",
        "`policy`: `sns:publish on topic` would be allowed",
    )


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("ClusterRoleBinding administrators", "`Group guests` would have `cluster-admin`"),
        ("ClusterRoleBinding guests", "`Group guests` would have `new`"),
        ("RoleBinding viewers", "`ServiceAccount gateway` would have `view`"),
    ],
)
def test_a_new_binding_is_dangerous(label: str, said: str, small: Settled) -> None:
    found = of(small, label, BINDINGS)
    assert found.kind.name == "ACCESS"
    assert said in found.text
