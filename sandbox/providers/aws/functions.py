"""The functions of pulumi_aws that look things up, answered by the stand-in for AWS."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.providers.aws import network_functions
from sandbox.providers.aws.session import Session

Arguments = Mapping[str, Any]


class UnknownFunction(Exception):
    """A program calls a function that the table does not have."""


def invoke(session: Session, token: str, arguments: Arguments) -> dict[str, Any]:
    """Return the function's result.

    Raises UnknownFunction, LookupError where nothing or too much is found, or botocore's
    ClientError.
    """
    if token not in _FUNCTIONS:
        raise UnknownFunction(
            f"the function {token} is not known to the aws provider of the sandbox; "
            "an entry in sandbox/providers/aws/functions.py makes it known"
        )
    result = _FUNCTIONS[token](session, arguments)
    return {**arguments, "region": arguments.get("region") or session.region, **result}


def _caller_identity(session: Session, _arguments: Arguments) -> dict[str, Any]:
    if session.is_offline:
        account, arn = (
            session.account,
            f"arn:{session.partition}:iam::{session.account}:user/preview",
        )
        return {"accountId": account, "arn": arn, "userId": "preview", "id": account}
    answer = session.client("sts").get_caller_identity()
    account = answer["Account"]
    return {"accountId": account, "arn": answer["Arn"], "userId": answer["UserId"], "id": account}


def _region(session: Session, arguments: Arguments) -> dict[str, Any]:
    name = arguments.get("region") or arguments.get("name") or session.region
    return {
        "id": name,
        "name": name,
        "region": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "description": name,
    }


def _partition(session: Session, _arguments: Arguments) -> dict[str, Any]:
    suffix = "amazonaws.com.cn" if session.partition == "aws-cn" else "amazonaws.com"
    return {
        "id": session.partition,
        "partition": session.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _session_context(session: Session, arguments: Arguments) -> dict[str, Any]:
    """Return the role behind a session, with its path; anybody else as they are."""
    arn = str(arguments["arn"])
    prefix, _, rest = arn.partition(":assumed-role/")
    if not rest:
        return {"id": arn, "issuerArn": arn, "issuerId": "", "issuerName": "", "sessionName": ""}
    name, _, session_name = rest.partition("/")
    issuer = {"Arn": f"{prefix.replace(':sts:', ':iam:')}:role/{name}", "RoleId": ""}
    if not session.is_offline:
        issuer = session.client("iam").get_role(RoleName=name)["Role"]
    return {
        "id": arn,
        "issuerArn": issuer["Arn"],
        "issuerId": issuer["RoleId"],
        "issuerName": name,
        "sessionName": session_name,
    }


def _secret(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("secretsmanager", arguments.get("region"))
    wanted = str(arguments.get("arn") or arguments["name"])
    try:
        found = client.describe_secret(SecretId=wanted)
    except client.exceptions.ResourceNotFoundException:
        if not session.is_offline:
            raise
        return _assumed_secret(session, arguments, wanted)
    policy = client.get_resource_policy(SecretId=found["ARN"]).get("ResourcePolicy")
    return {
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "createdDate": found["CreatedDate"].isoformat(),
        "lastChangedDate": found["LastChangedDate"].isoformat(),
        "description": found.get("Description", ""),
        "kmsKeyId": found.get("KmsKeyId", ""),
        "policy": policy or "",
        "tags": network_functions.tag_map(found),
    }


def _assumed_secret(session: Session, arguments: Arguments, name: str) -> dict[str, Any]:
    """What a preview with no account takes for granted: that what is taken over is there."""
    region = arguments.get("region") or session.region
    place = f"arn:{session.partition}:{{}}:{region}:{session.account}"
    arn = f"{place.format('secretsmanager')}:secret:{name}-AbCdEf"
    key = f"{place.format('kms')}:key/{_assumed_key_id(name)}"
    return {
        "id": arn,
        "arn": arn,
        "name": name,
        "createdDate": "",
        "lastChangedDate": "",
        "description": "",
        "kmsKeyId": key,
        "policy": "",
        "tags": {},
    }


def _assumed_key_id(seed: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))


def _key(session: Session, arguments: Arguments) -> dict[str, Any]:
    client = session.client("kms", arguments.get("region"))
    try:
        found = client.describe_key(KeyId=arguments["keyId"])["KeyMetadata"]
    except client.exceptions.NotFoundException:
        if not session.is_offline:
            raise
        # As for secrets: a preview with no account takes it for granted.
        region = arguments.get("region") or session.region
        identifier = _assumed_key_id(str(arguments["keyId"]))
        arn = f"arn:{session.partition}:kms:{region}:{session.account}:key/{identifier}"
        return {"id": identifier, "arn": arn}
    return {
        "id": found["KeyId"],
        "arn": found["Arn"],
        "awsAccountId": found["AWSAccountId"],
        "cloudHsmClusterId": "",
        "creationDate": found["CreationDate"].isoformat(),
        "customKeyStoreId": "",
        "customerMasterKeySpec": found["KeySpec"],
        "deletionDate": "",
        "description": found["Description"],
        "enabled": found["Enabled"],
        "expirationModel": "",
        "keyManager": found["KeyManager"],
        "keySpec": found["KeySpec"],
        "keyState": found["KeyState"],
        "keyUsage": found["KeyUsage"],
        "multiRegion": found["MultiRegion"],
        "multiRegionConfigurations": [],
        "origin": found["Origin"],
        "pendingDeletionWindowInDays": 0,
        "validTo": "",
        "xksKeyConfigurations": [],
    }


_STATEMENT = {
    "sid": "Sid",
    "effect": "Effect",
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def _policy_document(_session: Session, arguments: Arguments) -> dict[str, Any]:
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if policy_id := arguments.get("policyId"):
        document["Id"] = policy_id
    sources = [json.loads(text) for text in arguments.get("sourcePolicyDocuments") or []]
    overrides = [json.loads(text) for text in arguments.get("overridePolicyDocuments") or []]
    statements = [one for source in sources for one in source["Statement"]]
    statements += [_statement(one) for one in arguments.get("statements") or []]
    for override in overrides:
        sids = {one.get("Sid") for one in override["Statement"]} - {None}
        statements = [one for one in statements if one.get("Sid") not in sids]
        statements += override["Statement"]
    document["Statement"] = statements
    return {
        "id": str(int(hashlib.sha256(json.dumps(document).encode()).hexdigest()[:8], 16)),
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statement(statement: Arguments) -> dict[str, Any]:
    result: dict[str, Any] = {"Effect": "Allow"}
    for name, member in _STATEMENT.items():
        value = statement.get(name)
        if value:
            result[member] = value[0] if isinstance(value, list) and len(value) == 1 else value
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if principals := statement.get(name):
            result[member] = _principals(principals)
    for condition in statement.get("conditions") or []:
        values = condition["values"]
        result.setdefault("Condition", {}).setdefault(condition["test"], {})[
            condition["variable"]
        ] = values[0] if len(values) == 1 else values
    return result


def _principals(principals: list[Arguments]) -> Any:
    result: dict[str, Any] = {}
    for principal in principals:
        if principal["type"] == "*" and principal["identifiers"] == ["*"]:
            return "*"
        known = [*result.get(principal["type"], []), *principal["identifiers"]]
        result[principal["type"]] = known
    return {kind: found[0] if len(found) == 1 else found for kind, found in result.items()}


_FUNCTIONS: Mapping[str, Callable[[Session, Arguments], dict[str, Any]]] = {
    **network_functions.FUNCTIONS,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:iam/getSessionContext:getSessionContext": _session_context,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
    "aws:kms/getKey:getKey": _key,
    "aws:secretsmanager/getSecret:getSecret": _secret,
}
