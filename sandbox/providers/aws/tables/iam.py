"""IAM roles, policies and OIDC providers. IAM is global: none of its types has a region."""

import json
from typing import Any
from urllib.parse import unquote

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType, Tagging


def _document(member: str) -> Any:
    """Return a reader of a policy document, which IAM gives out URL-encoded."""

    def read(_context: Context, description: Properties) -> Any:
        document = description.get(member)
        if document is None:
            return None
        return unquote(document) if isinstance(document, str) else json.dumps(document)

    return read


def _delete_role_policies(context: Context) -> None:
    if not context.values.get("forceDetachPolicies"):
        return
    client = context.client()
    for policy in client.list_attached_role_policies(RoleName=context.id)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=context.id, PolicyArn=policy["PolicyArn"])
    for name in client.list_role_policies(RoleName=context.id)["PolicyNames"]:
        client.delete_role_policy(RoleName=context.id, PolicyName=name)


def _change_boundary(context: Context, changed: set[str]) -> None:
    if "permissionsBoundary" in changed and not context.inputs.get("permissionsBoundary"):
        context.client().delete_role_permissions_boundary(RoleName=context.id)


ROLE = ResourceType(
    type="aws:iam/role:Role",
    service="iam",
    create=Call("CreateRole", result="Role"),
    id="RoleName",
    reads=(Call("GetRole", {"RoleName": "{id}"}, result="Role"),),
    updates=(
        Call(
            "UpdateAssumeRolePolicy",
            {"RoleName": "{id}"},
            properties=("assumeRolePolicy",),
            build=lambda given: {"PolicyDocument": given["assumeRolePolicy"]},
        ),
        Call("UpdateRole", {"RoleName": "{id}"}, properties=("description", "maxSessionDuration")),
        Call(
            "PutRolePermissionsBoundary", {"RoleName": "{id}"}, properties=("permissionsBoundary",)
        ),
    ),
    delete=Call("DeleteRole", {"RoleName": "{id}"}),
    rename={
        "name": "RoleName",
        "assumeRolePolicy": "AssumeRolePolicyDocument",
    },
    outputs={
        "assumeRolePolicy": _document("AssumeRolePolicyDocument"),
        "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
        "uniqueId": "RoleId",
    },
    defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
    name="name",
    name_length=64,
    also=("forceDetachPolicies",),
    updated=_change_boundary,
    deleting=_delete_role_policies,
    # The policies are resources of their own here.
    unread=("inlinePolicies", "managedPolicyArns"),
    tagging=Tagging(tag="TagRole", untag="UntagRole", resource={"RoleName": "{id}"}),
)

ROLE_POLICY = ResourceType(
    type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    create=Call("PutRolePolicy"),
    id="{role}:{name}",
    reads=(Call("GetRolePolicy", {"RoleName": "{role}", "PolicyName": "{name}"}),),
    updates=(Call("PutRolePolicy"),),
    replace=("role", "name"),
    delete=Call("DeleteRolePolicy", {"RoleName": "{role}", "PolicyName": "{name}"}),
    rename={"role": "RoleName", "name": "PolicyName", "policy": "PolicyDocument"},
    outputs={"policy": _document("PolicyDocument")},
    name="name",
    name_length=128,
)


def _attachment(context: Context) -> Properties | None:
    role, policy = context.values["role"], context.values["policyArn"]
    pages = context.client().get_paginator("list_attached_role_policies")
    for page in pages.paginate(RoleName=role):
        if any(one["PolicyArn"] == policy for one in page["AttachedPolicies"]):
            return {"role": role, "policyArn": policy}
    return None


ROLE_POLICY_ATTACHMENT = ResourceType(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    create=Call("AttachRolePolicy"),
    id="{role}/{policyArn}",
    reads=(_attachment,),
    delete=Call("DetachRolePolicy", {"RoleName": "{role}", "PolicyArn": "{policyArn}"}),
    rename={"role": "RoleName"},
)


def _policy_version(context: Context) -> Properties:
    client = context.client()
    version = client.get_policy(PolicyArn=context.id)["Policy"]["DefaultVersionId"]
    answer = client.get_policy_version(PolicyArn=context.id, VersionId=version)
    return {"Document": answer["PolicyVersion"]["Document"]}


def _new_policy_version(context: Context, changed: set[str]) -> None:
    if "policy" not in changed:
        return
    client = context.client()
    _delete_old_versions(context)
    client.create_policy_version(
        PolicyArn=context.id, PolicyDocument=context.inputs["policy"], SetAsDefault=True
    )


def _delete_old_versions(context: Context) -> None:
    client = context.client()
    for version in client.list_policy_versions(PolicyArn=context.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=context.id, VersionId=version["VersionId"])


POLICY = ResourceType(
    type="aws:iam/policy:Policy",
    service="iam",
    create=Call("CreatePolicy", result="Policy"),
    id="Arn",
    reads=(Call("GetPolicy", {"PolicyArn": "{id}"}, result="Policy"), _policy_version),
    in_place=("policy",),
    updated=_new_policy_version,
    deleting=_delete_old_versions,
    delete=Call("DeletePolicy", {"PolicyArn": "{id}"}),
    rename={"name": "PolicyName", "policy": "PolicyDocument"},
    outputs={"policy": _document("Document")},
    # Attaching it elsewhere is no change of the policy.
    unread=("attachmentCount",),
    defaults={"path": "/"},
    name="name",
    name_length=128,
    tagging=Tagging(tag="TagPolicy", untag="UntagPolicy", resource={"PolicyArn": "{id}"}),
)

_OIDC = {"OpenIDConnectProviderArn": "{id}"}

OPEN_ID_CONNECT_PROVIDER = ResourceType(
    type="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    service="iam",
    create=Call("CreateOpenIDConnectProvider"),
    id="OpenIDConnectProviderArn",
    reads=(Call("GetOpenIDConnectProvider", _OIDC),),
    updates=(
        Call("UpdateOpenIDConnectProviderThumbprint", _OIDC, properties=("thumbprintLists",)),
    ),
    delete=Call("DeleteOpenIDConnectProvider", _OIDC),
    arn="{id}",
    rename={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
    outputs={
        # IAM keeps the URL without its scheme.
        "url": lambda context, found: context.inputs.get("url") or f"https://{found['Url']}",
    },
    tagging=Tagging(
        tag="TagOpenIDConnectProvider", untag="UntagOpenIDConnectProvider", resource=_OIDC
    ),
)

TYPES = (ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT, POLICY, OPEN_ID_CONNECT_PROVIDER)
