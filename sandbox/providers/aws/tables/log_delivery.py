"""Which AWS services may write to log groups."""

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType


def _read(context: Context) -> Properties | None:
    policies = context.client().describe_resource_policies()["resourcePolicies"]
    return next((one for one in policies if one["policyName"] == context.id), None)


LOG_RESOURCE_POLICY = ResourceType(
    type="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    service="logs",
    create=Call("PutResourcePolicy", properties=("policyName", "policyDocument")),
    id="{policyName}",
    reads=(_read,),
    updates=(Call("PutResourcePolicy", properties=("policyName", "policyDocument")),),
    delete=Call("DeleteResourcePolicy", {"policyName": "{id}"}),
    replace=("policyName",),
    in_place=("policyDocument",),
)

TYPES = (LOG_RESOURCE_POLICY,)
