"""Where moto would refuse what AWS allows."""

import json
from collections.abc import Mapping
from typing import Any


def apply() -> None:
    """Have moto judge bucket policies by the conditions of their statements.

    moto 5.2.5 takes a Deny whose condition does not hold for a Deny (FakeBucket.get_permission asks
    for no condition values), so the usual "no plain HTTP" statement would refuse every object. The
    loopback interface counts as secure transport; a statement with any other condition is
    passed over, because nothing here knows its values.
    """
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(bucket.policy)
        statements = policy["Statement"]
        if isinstance(statements, Mapping):
            statements = [statements]
        kept = [
            {key: value for key, value in statement.items() if key != "Condition"}
            for statement in statements
            if _holds(statement.get("Condition") or {})
        ]
        judged = IAMPolicy(json.dumps({**policy, "Statement": kept}))
        return judged.is_action_permitted(action, resource) if kept else PermissionResult.NEUTRAL

    FakeBucket.get_permission = get_permission


def _holds(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    return all(
        operator in ("Bool", "BoolIfExists")
        and key.lower() == "aws:securetransport"
        and str(value).lower() == "true"
        for operator, keys in conditions.items()
        for key, value in keys.items()
    )
