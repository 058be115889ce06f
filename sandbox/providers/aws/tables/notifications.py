"""Subscriptions to notification topics, and their policies."""

import json

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Reader, ResourceType

_FLAGS = ("confirmationWasAuthenticated", "pendingConfirmation", "rawMessageDelivery")


def _flag(name: str) -> Reader:
    """Return the reader of an attribute whose value is the word true or false."""
    attribute = f"{name[0].upper()}{name[1:]}"
    return lambda _context, found: found.get(attribute) == "true"


SUBSCRIPTION = ResourceType(
    type="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    create=Call("Subscribe", {"ReturnSubscriptionArn": True}),
    id="SubscriptionArn",
    reads=(Call("GetSubscriptionAttributes", {"SubscriptionArn": "{id}"}, result="Attributes"),),
    delete=Call("Unsubscribe", {"SubscriptionArn": "{id}"}),
    arn="{id}",
    rename={"topic": "TopicArn"},
    outputs={name: _flag(name) for name in _FLAGS} | {"ownerId": "Owner"},
    defaults={
        "confirmationTimeoutInMinutes": 1,
        "endpointAutoConfirms": False,
        "rawMessageDelivery": False,
    },
    also=("confirmationTimeoutInMinutes", "endpointAutoConfirms", "rawMessageDelivery"),
    replace=("topic", "protocol", "endpoint"),
)


def _put_default(context: Context) -> None:
    """Give the topic the policy that a new one has, as the real provider does."""
    actions = ("Publish", "Subscribe", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic")
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": context.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": context.values["account"]}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    context.client().set_topic_attributes(
        TopicArn=context.id, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )


_PUT_POLICY = Call(
    "SetTopicAttributes",
    {"TopicArn": "{arn}"},
    properties=("policy",),
    build=lambda given: {"AttributeName": "Policy", "AttributeValue": given["policy"]},
)

TOPIC_POLICY = ResourceType(
    type="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    create=_PUT_POLICY,
    id="{arn}",
    reads=(Call("GetTopicAttributes", {"TopicArn": "{id}"}, result="Attributes"),),
    updates=(_PUT_POLICY,),
    deleting=_put_default,
    arn="{id}",
    replace=("arn",),
    also=("arn",),
)

TYPES = (SUBSCRIPTION, TOPIC_POLICY)
