"""Budgets of an account."""

from typing import Any

from sandbox.providers.aws.context import Context
from sandbox.providers.aws.table import Call, Properties, ResourceType
from sandbox.providers.properties import UNKNOWN

_ACCOUNT = {"AccountId": "{account}"}
_SUBSCRIBERS = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}


def _as_asked_for(inputs: Properties) -> Properties:
    """Return the inputs with filters as a map and each notification beside its subscribers."""
    result = dict(inputs)
    filters = inputs.get("costFilters")
    if isinstance(filters, list):
        result["costFilters"] = {one["name"]: one["values"] for one in filters}
    notifications = inputs.get("notifications")
    if isinstance(notifications, list):
        result["notifications"] = [_with_subscribers(one) for one in notifications]
    return result


def _with_subscribers(notification: Any) -> Any:
    if notification is UNKNOWN:
        return notification
    subscribers = [
        {"subscriptionType": kind, "address": address}
        for name, kind in _SUBSCRIBERS.items()
        for address in notification.get(name) or []
    ]
    rest = {key: value for key, value in notification.items() if key not in _SUBSCRIBERS}
    return {"notification": rest, "subscribers": subscribers}


def _described(context: Context) -> Properties | None:
    account, _, name = context.id.partition(":")
    found = context.client().describe_budget(AccountId=account, BudgetName=name)["Budget"]
    return {
        "accountId": account,
        "name": found["BudgetName"],
        "budgetType": found["BudgetType"],
        "timeUnit": found["TimeUnit"],
        "limitAmount": found["BudgetLimit"]["Amount"],
        "limitUnit": found["BudgetLimit"]["Unit"],
        "costFilters": [
            {"name": key, "values": values}
            for key, values in (found.get("CostFilters") or {}).items()
        ],
    }


def _make_again(context: Context, _changed: set[str]) -> None:
    # moto has no UpdateBudget.
    account, _, name = context.id.partition(":")
    context.client().delete_budget(AccountId=account, BudgetName=name)
    context.call(BUDGET.create)


_CHANGEABLE = ("budgetType", "costFilters", "limitAmount", "limitUnit", "notifications", "timeUnit")

BUDGET = ResourceType(
    type="aws:budgets/budget:Budget",
    service="budgets",
    create=Call("CreateBudget", _ACCOUNT, properties=("name", *_CHANGEABLE)),
    id="{account}:{name}",
    reads=(_described,),
    delete=Call("DeleteBudget", {**_ACCOUNT, "BudgetName": "{name}"}),
    arn="arn:{partition}:budgets::{account}:budget/{name}",
    rename={
        "name": "Budget.BudgetName",
        "budgetType": "Budget.BudgetType",
        "costFilters": "Budget.CostFilters",
        "limitAmount": "Budget.BudgetLimit.Amount",
        "limitUnit": "Budget.BudgetLimit.Unit",
        "timeUnit": "Budget.TimeUnit",
        "notifications": "NotificationsWithSubscribers",
    },
    name="name",
    name_length=100,
    prepare=_as_asked_for,
    updated=_make_again,
    in_place=_CHANGEABLE,
    replace=("name",),
    # moto does not tell who is notified, and knows no tags of budgets.
    unread=("notifications",),
)

TYPES = (BUDGET,)
