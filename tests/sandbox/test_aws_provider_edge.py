"""The life of the program's edge: names, certificate, access logs, web firewall, on moto."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto_client import client
from stacks import Outcome, Refused, Stack, serving
from two_zones import two_zones

from infra import host_names
from infra.access_logs import LOAD_BALANCER_PREFIX, AccessLogs, AccessLogsArgs
from infra.aws_account import AwsAccount
from infra.durability import POLICIES
from infra.naming import Naming
from infra.setting_sections import (
    AccessLogSettings,
    Durability,
    LoadBalancerSettings,
    WebFirewallSettings,
)
from infra.web_firewall import WebFirewall, WebFirewallArgs
from sandbox.providers.aws import AwsProvider

REGION = "us-east-1"
NAMES = ("gateway.example.org", "admin.example.org")
NAMING = Naming(stack="edge")


def program(zone: str, rate_limit: int = 1000, days: int = 30) -> Callable[[], None]:
    settings = LoadBalancerSettings(
        host_name=NAMES[0],
        admin_host_name=NAMES[1],
        hosted_zone_id=zone,
        web_firewall=WebFirewallSettings(rate_limit=rate_limit),
    )

    def resources() -> None:
        provider = aws.Provider("aws", region=REGION, default_tags={"tags": {"stack": "edge"}})
        account = AwsAccount(
            provider=provider,
            account_id="123456789012",
            caller_arn="arn:aws:iam::123456789012:role/deployer",
            partition="aws",
            region=REGION,
        )
        everything = pulumi.ComponentResource(
            "litellm:tests:Edge", "edge", None, pulumi.ResourceOptions(providers=[provider])
        )
        inside = pulumi.ResourceOptions(parent=everything)
        logs = AccessLogs(
            "access-logs",
            AccessLogsArgs(
                naming=NAMING,
                account=account,
                settings=AccessLogSettings(retention_days=days),
                durability=POLICIES[Durability.DISPOSABLE],
            ),
            inside,
        )
        balancer = _balancer(logs, everything)
        pulumi.export("certificate", host_names.certificate(settings, everything))
        names = host_names.HostNamesArgs(settings=settings, parent=everything, balancer=balancer)
        host_names.HostNames("host-names", names, inside)
        key = aws.kms.Key("key", deletion_window_in_days=7, opts=inside)
        firewall = WebFirewallArgs(
            naming=NAMING,
            account=account,
            settings=settings.web_firewall,
            load_balancer_arn=balancer.arn,
            log_key_arn=key.arn,
        )
        WebFirewall("web-firewall", firewall, inside)

    return resources


def _balancer(logs: AccessLogs, parent: pulumi.Resource) -> aws.lb.LoadBalancer:
    options = pulumi.ResourceOptions(parent=parent)
    _, subnets = two_zones(options)
    return aws.lb.LoadBalancer(
        "balancer",
        name="edge",
        internal=True,
        subnets=[subnet.id for subnet in subnets],
        access_logs={"bucket": logs.bucket_name, "prefix": LOAD_BALANCER_PREFIX, "enabled": True},
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[logs]),
    )


@pytest.fixture(scope="module")
def zone() -> str:
    created = client("route53").create_hosted_zone(Name="example.org", CallerReference="edge")
    return str(created["HostedZone"]["Id"]).removeprefix("/hostedzone/")


@pytest.fixture(scope="module")
def stack_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stack]]:
    with serving("aws", AwsProvider(None)) as debug_providers:
        yield lambda name: Stack(tmp_path_factory.mktemp(name) / "stack", debug_providers)


@dataclass
class Story:
    """What the engine did with the program, one operation after another, and what AWS had."""

    second: Outcome
    refreshed: Outcome
    certificate: dict[str, Any]
    acl: dict[str, Any]
    protected: str
    logging: dict[str, Any]
    policy: dict[str, Any]
    records: dict[tuple[str, str], dict[str, Any]]
    attributes: dict[str, str]
    changed: Outcome
    limit: int
    expiry: int
    left: list[str]


@pytest.fixture(scope="module")
def story(zone: str, stack_of: Callable[[str], Stack]) -> Story:
    stack, waf = stack_of("edge"), client("wafv2")
    stack.up(program(zone))
    second, refreshed = stack.up(program(zone)), stack.refresh(program(zone))
    state, arn = stack.state(), stack.outputs()["certificate"]
    (acl,), balancer = waf.list_web_acls(Scope="REGIONAL")["WebACLs"], state["balancer"]["id"]
    logging = waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]
    (policy,) = client("logs").describe_resource_policies()["resourcePolicies"]
    described = client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=balancer)
    before, records, found = _acl(), _records(zone), client("acm")
    certificate = found.describe_certificate(CertificateArn=arn)["Certificate"]
    changed = stack.up(program(zone, rate_limit=500, days=7))
    lifecycle = client("s3").get_bucket_lifecycle_configuration(
        Bucket=f"litellm-edge-access-123456789012-{REGION}"
    )
    limit = _acl()["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"]
    protected = waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]["Name"]
    stack.destroy(program(zone))
    return Story(
        second,
        refreshed,
        certificate,
        before,
        protected,
        logging,
        json.loads(policy["policyDocument"]),
        records,
        {one["Key"]: one["Value"] for one in described["Attributes"]},
        changed,
        limit,
        lifecycle["Rules"][0]["Expiration"]["Days"],
        _left(zone),
    )


def _acl() -> dict[str, Any]:
    (summary,) = client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]
    place = {"Name": summary["Name"], "Scope": "REGIONAL", "Id": summary["Id"]}
    return dict(client("wafv2").get_web_acl(**place)["WebACL"])


def _records(zone: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {(one["Name"], one["Type"]): one for one in found if one["Type"] not in ("NS", "SOA")}


def _left(zone: str) -> list[str]:
    certificates = client("acm").list_certificates()["CertificateSummaryList"]
    acls = client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]
    policies = client("logs").describe_resource_policies()["resourcePolicies"]
    groups = client("logs").describe_log_groups(logGroupNamePrefix="aws-waf-logs")["logGroups"]
    balancers = client("elbv2").describe_load_balancers()["LoadBalancers"]
    buckets = client("s3").list_buckets()["Buckets"]
    return [
        *(str(key) for key in _records(zone)),
        *(one["CertificateArn"] for one in certificates if one["DomainName"] in NAMES),
        *(one["ARN"] for one in acls),
        *(one["policyName"] for one in policies),
        *(one["logGroupName"] for one in groups),
        *(one["LoadBalancerName"] for one in balancers),
        *(one["Name"] for one in buckets if one["Name"].startswith(NAMING.prefix)),
    ]


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_right_after_creation_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_the_balancer_logs_to_the_bucket(story: Story) -> None:
    assert story.attributes["access_logs.s3.enabled"] == "true"
    assert story.attributes["access_logs.s3.prefix"] == LOAD_BALANCER_PREFIX


def test_the_certificate_has_both_names(story: Story) -> None:
    assert story.certificate["DomainName"] == NAMES[0]
    assert set(story.certificate["SubjectAlternativeNames"]) == set(NAMES)


def test_every_name_has_its_alias_and_its_validation_record(story: Story) -> None:
    assert sorted(kind for _, kind in story.records) == ["A", "A", "CNAME", "CNAME"]
    for name in NAMES:
        assert story.records[f"{name}.", "A"]["AliasTarget"]["EvaluateTargetHealth"] is False


def test_the_firewall_stands_before_the_balancer(story: Story) -> None:
    assert story.protected == NAMING.prefix


def test_counted_rules_reach_aws(story: Story) -> None:
    rules = {rule["Name"]: rule for rule in story.acl["Rules"]}
    group = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"]: one["ActionToUse"] for one in group["RuleActionOverrides"]}
    assert counted["SizeRestrictions_BODY"] == {"Count": {}}


def test_what_is_logged_of_the_firewall_reaches_aws(story: Story) -> None:
    assert {"SingleHeader": {"Name": "authorization"}} in story.logging["RedactedFields"]
    (kept,) = story.logging["LoggingFilter"]["Filters"]
    assert kept["Conditions"] == [{"ActionCondition": {"Action": "BLOCK"}}]
    assert story.policy["Statement"][0]["Principal"] == {"Service": "delivery.logs.amazonaws.com"}


def test_limits_and_days_change_in_place(story: Story) -> None:
    assert (story.limit, story.expiry) == (500, 7)
    assert story.changed.changed - {"aws"} == {"gateway", "access-logs"}
    assert not story.changed.named("replace", "create-replacement", "delete")


def test_destroy_leaves_nothing_in_moto(story: Story) -> None:
    assert story.left == []


def test_a_name_without_its_validation_record_is_told(stack_of: Callable[[str], Stack]) -> None:
    def lacking() -> None:
        options = pulumi.ResourceOptions(provider=aws.Provider("aws", region=REGION))
        certificate = aws.acm.Certificate(
            "certificate",
            domain_name=NAMES[0],
            subject_alternative_names=[NAMES[1]],
            validation_method="DNS",
            opts=options,
        )
        first = certificate.domain_validation_options.apply(
            lambda found: next(one.resource_record_name for one in found) or ""
        )
        aws.acm.CertificateValidation(
            "validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[first],
            opts=options,
        )

    stack = stack_of("lacking")
    with pytest.raises(Refused, match=r"lacks the validation records .*example\.org"):
        stack.up(lacking)
    stack.destroy(lacking)
