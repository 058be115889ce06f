"""The web application firewall before the load balancer, and its log."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws_account import AwsAccount
from infra.iam_policies import allow, document
from infra.naming import Naming
from infra.setting_sections import WebFirewallSettings

# docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html: the rules
# of each group that read a request's body, which are counted instead of enforced. A body is a
# prompt: it is above the 8 KB of SizeRestrictions_BODY as a rule, and what developers ask about
# (scripts, paths, addresses, exploits) is what the others look for. LiteLLM takes it as JSON and
# passes it on; it neither renders nor executes it. WAF ignores a name that no rule has.
COUNTED_RULES = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        "JavaDeserializationRCE_BODY",
        "Log4JRCE_BODY",
        "ReactJSRCE_BODY",
    ),
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
}
# Where LiteLLM looks for a key: litellm/proxy/auth/user_api_key_auth.py.
_HEADERS_WITH_KEYS = (
    "authorization",
    "api-key",
    "cookie",
    "ocp-apim-subscription-key",
    "x-api-key",
    "x-drain-token",
    "x-goog-api-key",
    "x-litellm-api-key",
)


@dataclass(frozen=True, kw_only=True)
class WebFirewallArgs:
    naming: Naming
    account: AwsAccount
    settings: WebFirewallSettings
    load_balancer_arn: pulumi.Input[str]
    log_key_arn: pulumi.Input[str]


class WebFirewall(pulumi.ComponentResource):
    """A web ACL of a rate limit and AWS's managed rules, and an encrypted log of what it blocks.

    The log holds no key: headers in which one may stand, and the query, are left out of it.
    """

    def __init__(
        self, name: str, args: WebFirewallArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("litellm:web-firewall:WebFirewall", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        acl = aws.wafv2.WebAcl(
            "gateway",
            name=args.naming.prefix,
            description="Rate limit and managed rules before the gateway",
            scope="REGIONAL",
            default_action={"allow": {}},
            rules=list(firewall_rules(args.settings)),
            visibility_config=_visible("gateway"),
            # Its name is fixed; what is associated with it is taken off before.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        aws.wafv2.WebAclAssociation(
            "gateway",
            resource_arn=args.load_balancer_arn,
            web_acl_arn=acl.arn,
            # A balancer has one ACL: to take off the old one later would take off the new one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        log_group = aws.cloudwatch.LogGroup(
            "web-firewall",
            # WAF takes no other prefix:
            # docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
            name=f"aws-waf-logs-{args.naming.prefix}",
            retention_in_days=args.settings.log_retention_days,
            kms_key_id=args.log_key_arn,
            opts=child,
        )
        delivery = aws.cloudwatch.LogResourcePolicy(
            "web-firewall",
            policy_name=args.naming.named("web-firewall"),
            policy_document=delivery_policy(args.account, f"aws-waf-logs-{args.naming.prefix}"),
            opts=child,
        )
        aws.wafv2.WebAclLoggingConfiguration(
            "gateway",
            resource_arn=acl.arn,
            log_destination_configs=[log_group.arn],
            redacted_fields=[
                {"query_string": {}},
                *({"single_header": {"name": header}} for header in _HEADERS_WITH_KEYS),
            ],
            # The load balancer's own log has every request.
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": "BLOCK"}}],
                    }
                ],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[delivery]),
        )
        self.register_outputs({})


def firewall_rules(settings: WebFirewallSettings) -> Iterable[Any]:
    """Yield the rules of the web ACL, the cheapest first."""
    yield {
        "name": "rate-limit",
        "priority": 1,
        "action": {"block": {}},
        "statement": {
            "rate_based_statement": {
                "aggregate_key_type": "IP",
                "limit": settings.rate_limit,
                "evaluation_window_sec": 300,
            }
        },
        "visibility_config": _visible("rate-limit"),
    }
    for priority, (group, counted) in enumerate(COUNTED_RULES.items(), start=2):
        yield {
            "name": group,
            "priority": priority,
            "override_action": {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": group,
                    "rule_action_overrides": [
                        {"name": rule, "action_to_use": {"count": {}}} for rule in counted
                    ]
                    or None,
                }
            },
            "visibility_config": _visible(group),
        }


def delivery_policy(account: AwsAccount, log_group: str) -> str:
    """Return what lets AWS deliver logs of this account into one log group.

    docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    """
    logs = f"arn:{account.partition}:logs:{account.region}:{account.account_id}"
    return document(
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{logs}:log-group:{log_group}:*"],
            Principal={"Service": "delivery.logs.amazonaws.com"},
            Condition={
                "StringEquals": {"aws:SourceAccount": account.account_id},
                "ArnLike": {"aws:SourceArn": f"{logs}:*"},
            },
        )
    )


def _visible(name: str) -> Any:
    return {
        "metric_name": name,
        "cloudwatch_metrics_enabled": True,
        "sampled_requests_enabled": True,
    }
