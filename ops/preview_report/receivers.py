"""Whom a right is given to, and whether the same change makes it.

What is new may have the rights that it is made with; what is there already may not get more.
"""

from dataclasses import dataclass
from enum import Enum, auto

from ops.preview_report.preview import Preview, Step
from ops.preview_report.values import UNKNOWN


@dataclass(frozen=True)
class Receiver:
    """The property of a right that names its receiver, and the receiver's type."""

    property: str
    type: str


class Standing(Enum):
    """How a receiver stands to a right: it has it already, is made with it, or is somebody else."""

    HAS_IT = auto()
    IS_NEW = auto()
    IS_ANOTHER = auto()


CLUSTER = "aws:eks/cluster:Cluster"
_ROLE = Receiver("role", "aws:iam/role:Role")
_USER = Receiver("user", "aws:iam/user:User")
_GROUP = Receiver("group", "aws:iam/group:Group")
_OF_CLUSTER = Receiver("clusterName", CLUSTER)
_RECEIVERS = {
    "aws:eks/accessEntry:AccessEntry": _OF_CLUSTER,
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _OF_CLUSTER,
    "aws:iam/groupPolicy:GroupPolicy": _GROUP,
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": _GROUP,
    "aws:iam/rolePolicy:RolePolicy": _ROLE,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _ROLE,
    "aws:iam/userPolicy:UserPolicy": _USER,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": _USER,
    "aws:kms/keyPolicy:KeyPolicy": Receiver("keyId", "aws:kms/key:Key"),
    "aws:s3/bucketPolicy:BucketPolicy": Receiver("bucket", "aws:s3/bucket:Bucket"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Receiver(
        "secretArn", "aws:secretsmanager/secret:Secret"
    ),
    "aws:sns/topicPolicy:TopicPolicy": Receiver("arn", "aws:sns/topic:Topic"),
    "aws:sqs/queuePolicy:QueuePolicy": Receiver("queueUrl", "aws:sqs/queue:Queue"),
}
# Their documents are about themselves.
_RECEIVE_THEMSELVES = {
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:iam/policy:Policy",
    *(receiver.type for receiver in _RECEIVERS.values()),
}
# Properties of a receiver by which others name it before it is there.
_NAMES = ("name", "bucket")


def named_by(step: Step) -> str:
    """Return the property of a right that names its receiver, empty if there is none."""
    receiver = _RECEIVERS.get(step.type)
    return receiver.property if receiver else ""


def standing(step: Step, preview: Preview) -> Standing:
    """Return how the receiver of a right stands to it.

    The name of what is there already is known. One that is not known is that of something which is
    replaced with the right, or created; where the preview has nothing like that, it is another's.
    """
    changed = step.action != "create"
    if (receiver := _RECEIVERS.get(step.type)) is None:
        if changed:
            return Standing.HAS_IT
        return Standing.IS_NEW if step.type in _RECEIVE_THEMSELVES else Standing.IS_ANOTHER
    name = step.inputs_after.get(receiver.property)
    candidates = [one for one in preview.steps if one.type == receiver.type]
    replaced = name is UNKNOWN and any(one.action == "replace" for one in candidates)
    if changed and (replaced or name == step.inputs_before.get(receiver.property)):
        return Standing.HAS_IT
    created = [one.inputs_after for one in candidates if one.action == "create"]
    if name is UNKNOWN:
        is_new = bool(created)
    else:
        is_new = any(name == inputs.get(key) for inputs in created for key in _NAMES)
    return Standing.IS_NEW if is_new else Standing.IS_ANOTHER
