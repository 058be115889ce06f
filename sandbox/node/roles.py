"""The credentials of IAM roles for service accounts, as EKS's pod identity webhook adds them."""

import copy
from collections.abc import Mapping
from typing import Any

_ANNOTATION = "eks.amazonaws.com/"
# Names, paths and defaults of github.com/aws/amazon-eks-pod-identity-webhook.
_VOLUME, _DIRECTORY = "aws-iam-token", "/var/run/secrets/eks.amazonaws.com/serviceaccount"
_AUDIENCE, _SECONDS = "sts.amazonaws.com", 86400


def with_role_credentials(
    pod: Mapping[str, Any], annotations: Mapping[str, str], region: str
) -> dict[str, Any]:
    """Return the pod with the volume, mounts and variables that its role's credentials need.

    A service account without a role leaves it as it is, and so does a variable that it sets.
    """
    changed: dict[str, Any] = copy.deepcopy(dict(pod))
    role = annotations.get(f"{_ANNOTATION}role-arn")
    if not role:
        return changed
    token = {
        "audience": annotations.get(f"{_ANNOTATION}audience", _AUDIENCE),
        "expirationSeconds": int(annotations.get(f"{_ANNOTATION}token-expiration", _SECONDS)),
        "path": "token",
    }
    spec = changed["spec"]
    volume = {"name": _VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}
    spec["volumes"] = [*spec.get("volumes", []), volume]
    variables = {
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ROLE_ARN": role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{_DIRECTORY}/token",
    }
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        present = {variable["name"] for variable in container.get("env", [])}
        added = [
            {"name": name, "value": value}
            for name, value in variables.items()
            if name not in present
        ]
        container["env"] = [*container.get("env", []), *added]
        mount = {"name": _VOLUME, "mountPath": _DIRECTORY, "readOnly": True}
        container["volumeMounts"] = [*container.get("volumeMounts", []), mount]
    return changed
