"""The life of what stands at the edge: certificates, records, web ACLs, their logs, listeners."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from stacks import Outcome, Refused, Stack, serving

from infra.setting_sections import WebFirewallSettings
from infra.web_firewall import firewall_rules
from sandbox.providers.aws import AwsProvider, local_moto

REGION = "us-east-1"
NAMES = ("gateway.example.org", "admin.example.org")


def client(service: str) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=local_moto.endpoint(),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def program(
    zone: str, rate_limit: int = 1000, ttl: int = 300, validated: tuple[str, ...] = NAMES
) -> Callable[[], None]:
    def resources() -> None:
        provider = aws.Provider("aws", region=REGION, default_tags={"tags": {"stack": "edge"}})
        options = pulumi.ResourceOptions(provider=provider)
        certificate = aws.acm.Certificate(
            "certificate",
            domain_name=NAMES[0],
            subject_alternative_names=[NAMES[1]],
            validation_method="DNS",
            opts=options,
        )
        fqdns = []
        for name in validated:
            option = certificate.domain_validation_options.apply(
                lambda found, name=name: next(one for one in found if one.domain_name == name)
            )
            record = aws.route53.Record(
                f"validation-{name}",
                zone_id=zone,
                name=option.apply(lambda found: found.resource_record_name or ""),
                type=option.apply(lambda found: found.resource_record_type or ""),
                records=[option.apply(lambda found: found.resource_record_value or "")],
                ttl=ttl,
                allow_overwrite=True,
                opts=options,
            )
            fqdns.append(record.fqdn)
        aws.acm.CertificateValidation(
            "validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=fqdns,
            opts=options,
        )
        balancer = _balancer(options)
        aws.route53.Record(
            "alias",
            zone_id=zone,
            name=NAMES[0],
            type="A",
            aliases=[
                {
                    "name": balancer.dns_name,
                    "zone_id": balancer.zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=options,
        )
        _firewall(balancer, rate_limit, options)

    return resources


def _balancer(options: pulumi.ResourceOptions) -> aws.lb.LoadBalancer:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.9.0.0/16", opts=options)
    subnets = [
        aws.ec2.Subnet(
            zone,
            vpc_id=vpc.id,
            cidr_block=f"10.9.{index}.0/24",
            availability_zone=f"{REGION}{zone}",
            opts=options,
        )
        for index, zone in enumerate("ab")
    ]
    bucket = aws.s3.Bucket("logs", bucket="edge-access-logs", opts=options)
    balancer = aws.lb.LoadBalancer(
        "balancer",
        name="edge",
        internal=True,
        subnets=[subnet.id for subnet in subnets],
        access_logs={"bucket": bucket.bucket, "prefix": "load-balancer", "enabled": True},
        opts=options,
    )
    listener = aws.lb.Listener(
        "listener",
        load_balancer_arn=balancer.arn,
        port=80,
        protocol="HTTP",
        default_actions=[{"type": "fixed-response", "fixed_response": NOT_FOUND}],
        opts=options,
    )
    aws.lb.ListenerRule(
        "rule",
        listener_arn=listener.arn,
        priority=1,
        conditions=[
            {"host_header": {"values": [NAMES[1]]}},
            {"source_ip": {"values": ["10.0.8.0/24"]}},
        ],
        actions=[{"type": "fixed-response", "fixed_response": NOT_FOUND}],
        opts=options,
    )
    return balancer


NOT_FOUND = {"content_type": "text/plain", "message_body": "not found", "status_code": "404"}


def _firewall(
    balancer: aws.lb.LoadBalancer, rate_limit: int, options: pulumi.ResourceOptions
) -> None:
    visible = {
        "metric_name": "edge",
        "cloudwatch_metrics_enabled": True,
        "sampled_requests_enabled": True,
    }
    acl = aws.wafv2.WebAcl(
        "acl",
        name="edge",
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=list(firewall_rules(WebFirewallSettings(rate_limit=rate_limit))),
        visibility_config=visible,
        opts=options,
    )
    aws.wafv2.WebAclAssociation(
        "association", resource_arn=balancer.arn, web_acl_arn=acl.arn, opts=options
    )
    group = aws.cloudwatch.LogGroup(
        "group", name="aws-waf-logs-edge", retention_in_days=30, opts=options
    )
    aws.cloudwatch.LogResourcePolicy(
        "policy", policy_name="edge", policy_document='{"Statement": []}', opts=options
    )
    aws.wafv2.WebAclLoggingConfiguration(
        "logging",
        resource_arn=acl.arn,
        log_destination_configs=[group.arn],
        redacted_fields=[{"single_header": {"name": "authorization"}}, {"query_string": {}}],
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
        opts=options,
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
    """What the engine did with the program, one operation after another."""

    second: Outcome
    refreshed: Outcome
    acl: dict[str, Any]
    protected: dict[str, Any]
    logging: dict[str, Any]
    records: dict[tuple[str, str], dict[str, Any]]
    attributes: dict[str, str]
    changed: Outcome
    limit: int
    ttls: set[int]
    left: list[str]


@pytest.fixture(scope="module")
def story(zone: str, stack_of: Callable[[str], Stack]) -> Story:
    stack, waf, elb = stack_of("edge"), client("wafv2"), client("elbv2")
    stack.up(program(zone))
    second, refreshed = stack.up(program(zone)), stack.refresh(program(zone))
    state = stack.state()
    arn, balancer = state["acl"]["outputs"]["arn"], state["balancer"]["id"]
    acl, protected = _acl(state), waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]
    logging = waf.get_logging_configuration(ResourceArn=arn)["LoggingConfiguration"]
    records = _records(zone)
    described = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
    changed = stack.up(program(zone, rate_limit=500, ttl=60))
    limit = _acl(state)["Rules"][0]["Statement"]["RateBasedStatement"]["Limit"]
    ttls = {record["TTL"] for record in _records(zone).values() if record["Type"] == "CNAME"}
    stack.destroy(program(zone))
    return Story(
        second,
        refreshed,
        acl,
        protected,
        logging,
        records,
        {one["Key"]: one["Value"] for one in described},
        changed,
        limit,
        ttls,
        _left(zone),
    )


def _acl(state: dict[str, Any]) -> dict[str, Any]:
    place = {"Name": "edge", "Scope": "REGIONAL", "Id": state["acl"]["id"]}
    return dict(client("wafv2").get_web_acl(**place)["WebACL"])


def _records(zone: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {(one["Name"], one["Type"]): one for one in found if one["Type"] not in ("NS", "SOA")}


def _left(zone: str) -> list[str]:
    certificates = client("acm").list_certificates()["CertificateSummaryList"]
    acls = client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]
    policies = client("logs").describe_resource_policies()["resourcePolicies"]
    balancers = client("elbv2").describe_load_balancers()["LoadBalancers"]
    return [
        *(str(key) for key in _records(zone)),
        *(one["CertificateArn"] for one in certificates if one["DomainName"] in NAMES),
        *(one["ARN"] for one in acls),
        *(one["policyName"] for one in policies),
        *(one["LoadBalancerName"] for one in balancers),
    ]


def test_a_second_up_changes_nothing(story: Story) -> None:
    assert story.second.changed == set()


def test_a_refresh_right_after_creation_finds_no_drift(story: Story) -> None:
    assert story.refreshed.drift == {}


def test_the_balancer_logs_to_the_bucket(story: Story) -> None:
    assert story.attributes["access_logs.s3.enabled"] == "true"
    assert story.attributes["access_logs.s3.bucket"] == "edge-access-logs"


def test_the_firewall_stands_before_the_balancer(story: Story) -> None:
    assert story.protected["Name"] == "edge"


def test_what_is_logged_of_the_firewall_reaches_aws(story: Story) -> None:
    assert story.logging["RedactedFields"][0] == {"SingleHeader": {"Name": "authorization"}}
    (kept,) = story.logging["LoggingFilter"]["Filters"]
    assert kept["Conditions"] == [{"ActionCondition": {"Action": "BLOCK"}}]


def test_counted_rules_reach_aws(story: Story) -> None:
    rules = {rule["Name"]: rule for rule in story.acl["Rules"]}
    group = rules["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    counted = {one["Name"]: one["ActionToUse"] for one in group["RuleActionOverrides"]}
    assert counted["SizeRestrictions_BODY"] == {"Count": {}}


def test_every_name_has_its_validation_record_and_the_first_its_alias(story: Story) -> None:
    types = sorted(kind for _, kind in story.records)
    assert types == ["A", "CNAME", "CNAME"]
    assert story.records[f"{NAMES[0]}.", "A"]["AliasTarget"]["EvaluateTargetHealth"] is False


def test_a_rate_limit_and_a_record_change_in_place(story: Story) -> None:
    assert story.changed.named("update") >= {"acl", f"validation-{NAMES[0]}"}
    assert not story.changed.named("replace", "create-replacement")
    assert story.limit == 500
    assert story.ttls == {60}


def test_destroy_leaves_nothing_in_moto(story: Story) -> None:
    assert story.left == []


def test_a_name_without_its_validation_record_is_told(
    zone: str, stack_of: Callable[[str], Stack]
) -> None:
    stack, lacking = stack_of("lacking"), program(zone, validated=NAMES[:1])
    with pytest.raises(Refused, match=r"lacks the validation records .*admin\.example\.org"):
        stack.up(lacking)
    stack.destroy(lacking)
