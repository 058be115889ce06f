"""What the load balancer serves to whom, and what stands before it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_edge_settings import CERTIFICATE, NAMED
from test_program import of_type
from test_settings import settings_of, with_changes
from test_sign_in import BY_BALANCER

from infra.edge_rules import NEVER_ON_THE_API_HOST
from infra.gateway import CHART_FILES, chart_content
from infra.listener_rules import API_PATHS, OWN_PATHS
from infra.setting_sections import WebFirewallSettings
from infra.subnets import plan_subnets
from infra.web_firewall import COUNTED_RULES, firewall_rules
from sandbox.load_balancer.rules import Answer, Authenticate, Forward, Incoming, Rule

API, ADMIN = "gateway.example.com", "gateway-admin.example.com"
GRAFANA = "gateway-grafana.example.com"
ADMINISTRATOR, DEVELOPER = "10.0.8.7", "10.0.1.7"
_FIELDS = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


def listeners(resources: list[Registered]) -> dict[str, dict[str, Any]]:
    return {r.name: r.inputs for r in of_type(resources, "listener:Listener")}


def rules(resources: list[Registered], listener: str) -> list[Rule]:
    """Return a listener's rules as the sandbox's load balancer knows them, the default last."""
    registered = [
        rule.inputs
        for rule in of_type(resources, "ListenerRule")
        if listener in rule.inputs["listenerArn"]
    ]
    ordered = sorted(registered, key=lambda rule: rule["priority"])
    default = {"conditions": [], "actions": listeners(resources)[listener]["defaultActions"]}
    return [
        Rule(tuple(map(_condition, rule["conditions"])), tuple(map(_action, plain_actions(rule))))
        for rule in (*ordered, default)
    ]


def plain_actions(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a rule's actions, which are a secret where a client's secret is among them."""
    given = rule["actions"]
    return given["value"] if isinstance(given, dict) else given


def _condition(given: dict[str, Any]) -> dict[str, Any]:
    ((name, condition),) = given.items()
    configuration = f"{name[0].upper()}{name[1:].removesuffix('s')}Config"
    if name == "queryStrings":
        values = [{"Key": pair["key"], "Value": pair["value"]} for pair in condition]
        return {"Field": _FIELDS[name], configuration: {"Values": values}}
    described = {f"{key[0].upper()}{key[1:]}": value for key, value in condition.items()}
    return {"Field": _FIELDS[name], configuration: described}


def _action(given: dict[str, Any]) -> dict[str, Any]:
    if given["type"] == "forward":
        return {"Type": "forward", "TargetGroupArn": given["targetGroupArn"]}
    if given["type"] == "authenticate-oidc":
        told = given["authenticateOidc"]
        described = {f"{key[0].upper()}{key[1:]}": value for key, value in told.items()}
        return {"Type": given["type"], "AuthenticateOidcConfig": described}
    kind = "fixedResponse" if given["type"] == "fixed-response" else "redirect"
    described = {f"{key[0].upper()}{key[1:]}": value for key, value in given[kind].items()}
    return {"Type": given["type"], f"{kind[0].upper()}{kind[1:]}Config": described}


def outcome(
    found: Iterable[Rule],
    host: str,
    path: str,
    source: str = DEVELOPER,
    method: str = "POST",
    **headers: str,
) -> int | str:
    path, _, query = path.partition("?")
    request = Incoming(method, host, path, query, source, "https", 443, headers)
    answer = next(rule for rule in found if rule.matches(request)).action(request)
    if isinstance(answer, Forward):
        return "served"
    if isinstance(answer, Authenticate):
        assert isinstance(answer.then, Forward)
        return "signs in"
    assert isinstance(answer, Answer)
    return answer.status


@pytest.fixture(scope="module")
def served(prod: list[Registered]) -> list[Rule]:
    return rules(prod, "https")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses/r1"])
def test_the_api_host_serves_inference_to_everyone(served: list[Rule], path: str) -> None:
    assert outcome(served, API, path) == "served"


@pytest.mark.parametrize("path", NEVER_ON_THE_API_HOST)
def test_the_api_host_serves_no_admin_path(served: list[Rule], path: str) -> None:
    assert outcome(served, API, path, ADMINISTRATOR) == 404


@pytest.mark.parametrize("path", OWN_PATHS)
def test_the_api_host_serves_what_a_key_reads_of_itself_and_no_write(
    served: list[Rule], path: str
) -> None:
    assert outcome(served, API, path, method="GET") == "served"
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert outcome(served, API, path, method=method) == 404


@pytest.mark.parametrize("query", ["key=abc", "x=1&key=abc", "k%65y=abc", "KEY=abc", "key="])
def test_a_key_cannot_ask_the_api_host_for_another_key(served: list[Rule], query: str) -> None:
    assert outcome(served, API, f"/key/info?{query}", method="GET") == 404


def test_the_range_of_the_own_activity_can_be_asked_for(served: list[Rule]) -> None:
    path = "/user/daily/activity?start_date=2026-01-01&end_date=2026-02-01"
    assert outcome(served, API, path, method="GET") == "served"


@pytest.mark.parametrize("path", ["/key/generate", "/ui/", "/v1/models", "/health/readiness"])
def test_the_admin_host_serves_the_rest_to_administrators(served: list[Rule], path: str) -> None:
    assert outcome(served, ADMIN, path, ADMINISTRATOR) == "served"
    assert outcome(served, ADMIN, path, DEVELOPER) == 404


@pytest.fixture(scope="module")
def signing_in() -> list[Rule]:
    return rules(run_program("prod", with_changes("prod", BY_BALANCER)), "https")


@pytest.mark.parametrize("path", ["/ui/", "/key/list", "/", "/oauth2/idpresponse"])
def test_a_browser_signs_in_before_the_admin_host_serves_it(
    signing_in: list[Rule], path: str
) -> None:
    assert outcome(signing_in, ADMIN, path, ADMINISTRATOR) == "signs in"
    assert outcome(signing_in, ADMIN, path, DEVELOPER) == 404


def test_a_program_with_a_key_does_not_sign_in(signing_in: list[Rule]) -> None:
    key = {"authorization": "Bearer sk-1"}
    assert outcome(signing_in, ADMIN, "/key/list", ADMINISTRATOR, **key) == "served"
    assert outcome(signing_in, ADMIN, "/key/list", DEVELOPER, **key) == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/login", "/v2/login", "/v3/login/exchange", "/fallback/login", "/ui/login/"),
        *("/sso/key/generate", "/sso/callback", "/onboarding/claim_token"),
        *("/v2/%6Cogin", "/%73so/callback", "/ui%2Flogin"),
    ],
)
def test_no_key_leads_past_the_issuer_to_a_session_of_the_ui(
    signing_in: list[Rule], path: str
) -> None:
    key = {"authorization": "Bearer anything"}
    assert outcome(signing_in, ADMIN, path, ADMINISTRATOR, **key) == "signs in"


def test_callers_of_the_api_never_sign_in(signing_in: list[Rule]) -> None:
    assert outcome(signing_in, API, "/v1/chat/completions") == "served"
    assert outcome(signing_in, API, "/key/info", method="GET") == "served"


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics/anything"])
@pytest.mark.parametrize("host", [API, ADMIN, "elsewhere.example.com"])
def test_metrics_are_served_under_no_name(served: list[Rule], host: str, path: str) -> None:
    assert outcome(served, host, path, ADMINISTRATOR) == 404


def test_an_unknown_host_is_not_served(served: list[Rule]) -> None:
    assert outcome(served, "elsewhere.example.com", "/v1/chat/completions") == 404


def test_without_host_names_everything_but_metrics_is_served(dev: list[Registered]) -> None:
    plain = rules(dev, "plain")
    assert outcome(plain, "anything", "/key/generate") == "served"
    assert outcome(plain, "anything", "/metrics") == 404


def test_without_an_admin_host_name_admin_paths_are_served_nowhere() -> None:
    found = rules(run_program("dev", with_changes("dev", NAMED)), "https")
    assert outcome(found, API, "/v1/models") == "served"
    assert {outcome(found, API, path) for path in NEVER_ON_THE_API_HOST} == {404}


def test_additional_paths_are_served_on_the_api_host() -> None:
    changes = {**NAMED, "loadBalancer.additionalApiPaths": ["/v1/files*"]}
    found = rules(run_program("dev", with_changes("dev", changes)), "https")
    assert outcome(found, API, "/v1/files/f1") == "served"


def test_rules_stay_within_the_quotas_of_a_load_balancer() -> None:
    # docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
    changes = {
        **NAMED,
        **BY_BALANCER,
        "loadBalancer.adminHostName": "ui.example.com",
        "loadBalancer.grafanaHostName": "grafana.example.com",
        "loadBalancer.adminCidrs": [f"10.40.{index}.0/24" for index in range(40)],
        "loadBalancer.additionalApiPaths": [f"/v{index}/*" for index in range(2, 42)],
    }
    registered = of_type(run_program("dev", with_changes("dev", changes)), "ListenerRule")
    assert len(registered) <= 100
    assert len({rule.inputs["priority"] for rule in registered}) == len(registered)
    for rule in registered:
        values = [
            json.dumps(value)
            for condition in rule.inputs["conditions"]
            for kind in condition.values()
            for value in (kind["values"] if isinstance(kind, dict) else kind)
        ]
        assert len(values) <= 5
        assert sum(value.count("*") + value.count("?") for value in values) <= 5


def test_a_further_path_leaves_the_priorities_of_other_rules_alone(
    prod: list[Registered],
) -> None:
    # AWS refuses a priority that another rule still has.
    more = {"loadBalancer.additionalApiPaths": [f"/v{index}/*" for index in range(2, 12)]}
    resources = run_program("prod", with_changes("prod", more))
    before, after = (
        {rule.name: rule.inputs["priority"] for rule in of_type(found, "ListenerRule")}
        for found in (prod, resources)
    )
    assert after.keys() > before.keys()
    assert before.items() <= after.items()


def test_with_a_certificate_plain_requests_are_redirected(prod: list[Registered]) -> None:
    found = listeners(prod)
    assert found.keys() == {"plain", "https"}
    assert found["plain"]["defaultActions"][0]["redirect"]["protocol"] == "HTTPS"
    assert found["https"]["port"] == 443
    assert found["https"]["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"


def test_a_certificate_changes_the_plain_listener_instead_of_adding_another() -> None:
    before = listeners(run_program("dev", with_changes("dev", {})))
    after = listeners(
        run_program("dev", with_changes("dev", {"loadBalancer.certificateArn": CERTIFICATE}))
    )
    assert before.keys() == {"plain"}
    assert after.keys() == {"plain", "https"}
    assert before["plain"]["port"] == after["plain"]["port"]


def test_a_given_certificate_is_served_and_none_is_made() -> None:
    resources = run_program("dev", with_changes("dev", NAMED))
    assert listeners(resources)["https"]["certificateArn"] == CERTIFICATE
    assert of_type(resources, "acm/certificate:Certificate") == []


def test_a_zone_gets_a_validated_certificate_and_the_names(prod: list[Registered]) -> None:
    (certificate,) = of_type(prod, "acm/certificate:Certificate")
    assert certificate.inputs["domainName"] == API
    assert certificate.inputs["subjectAlternativeNames"] == [ADMIN, GRAFANA]
    records = {record.name: record.inputs for record in of_type(prod, "record:Record")}
    assert records["validation-api"]["name"] == f"_check.{API}."
    assert records["validation-admin"]["records"] == [f"_value.{ADMIN}."]
    assert records["api"]["aliases"][0]["name"] == "balancer.example"
    assert records["admin"]["name"] == ADMIN
    (validation,) = of_type(prod, "CertificateValidation")
    assert validation.inputs["validationRecordFqdns"] == [
        f"_check.{name}" for name in (API, ADMIN, GRAFANA)
    ]


def test_a_target_group_lets_the_longest_stream_finish(prod: list[Registered]) -> None:
    (group,) = [g for g in of_type(prod, "targetGroup:TargetGroup") if g.name == "gateway"]
    longest = settings_of("prod").gateway.longest_stream_seconds
    assert group.inputs["deregistrationDelay"] >= longest


def test_a_leaving_pod_waits_for_the_balancer_and_not_for_its_streams_twice() -> None:
    changes = {"loadBalancer.deregistrationSeconds": 900, "loadBalancer.propagationSeconds": 45}
    resources = run_program("dev", with_changes("dev", changes))
    (release,) = [r for r in of_type(resources, "Release") if r.name == "gateway"]
    assert release.inputs["values"]["drain"]["propagationSeconds"] == 45


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_balancer_is_internal_and_logs_every_request(
    stack: str, request: pytest.FixtureRequest
) -> None:
    resources: list[Registered] = request.getfixturevalue(stack)
    (balancer,) = of_type(resources, "loadBalancer:LoadBalancer")
    (bucket,) = [r for r in of_type(resources, "s3/bucket:Bucket") if r.name == "access-logs"]
    assert balancer.inputs["internal"] is True
    assert balancer.inputs["dropInvalidHeaderFields"] is True
    logs = {"bucket": bucket.inputs["bucket"], "prefix": "load-balancer", "enabled": True}
    assert balancer.inputs["accessLogs"] == logs


def test_only_the_balancer_is_in_the_networks_that_reach_the_pods(prod: list[Registered]) -> None:
    (release,) = [r for r in of_type(prod, "Release") if r.name == "gateway"]
    admitted = release.inputs["values"]["networkPolicy"]["clientCidrs"]
    plan = plan_subnets("10.41.0.0/16", 3)
    assert admitted == list(plan.edge)
    (balancer,) = of_type(prod, "loadBalancer:LoadBalancer")
    subnets = {r.name: r.inputs["cidrBlock"] for r in of_type(prod, "ec2/subnet:Subnet")}
    own = [subnets[identifier.removesuffix("-id")] for identifier in balancer.inputs["subnets"]]
    assert own == admitted
    (cluster,) = of_type(prod, "eks/cluster:Cluster")
    nodes = {subnets[one.removesuffix("-id")] for one in cluster.inputs["vpcConfig"]["subnetIds"]}
    assert not nodes & set(own)


def test_pods_of_prod_are_in_three_zones_before_one_gets_a_second(prod: list[Registered]) -> None:
    (release,) = [r for r in of_type(prod, "Release") if r.name == "gateway"]
    spread = release.inputs["values"]["topologySpread"]
    assert spread == {"zone": "DoNotSchedule", "minimumZones": 3}


def test_fewer_zones_can_be_asked_for_while_one_is_lost() -> None:
    resources = run_program("prod", with_changes("prod", {"gateway.minimumZones": 2}))
    (release,) = [r for r in of_type(resources, "Release") if r.name == "gateway"]
    assert release.inputs["values"]["topologySpread"]["minimumZones"] == 2


def test_a_change_of_the_chart_changes_the_release_and_a_change_of_its_readme_does_not(
    tmp_path: Path, prod: list[Registered]
) -> None:
    (release,) = [r for r in of_type(prod, "Release") if r.name == "gateway"]
    before = chart_content(CHART_FILES)
    assert before in release.inputs["description"]
    chart = Path(shutil.copytree(CHART_FILES, tmp_path / "chart"))
    (chart / "README.md").write_text("other words")
    assert chart_content(chart) == before
    for file in ("templates/service.yaml", "files/drain.py", "values.yaml"):
        known = chart_content(chart)
        (chart / file).write_text((chart / file).read_text() + "\n# changed\n")
        assert chart_content(chart) != known


# docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html
DOCUMENTED_RULES = {
    "AWSManagedRulesCommonRuleSet": {
        "NoUserAgent_HEADER",
        "UserAgent_BadBots_HEADER",
        "SizeRestrictions_QUERYSTRING",
        "SizeRestrictions_Cookie_HEADER",
        "SizeRestrictions_BODY",
        "SizeRestrictions_URIPATH",
        "EC2MetaDataSSRF_BODY",
        "EC2MetaDataSSRF_COOKIE",
        "EC2MetaDataSSRF_URIPATH",
        "EC2MetaDataSSRF_QUERYARGUMENTS",
        "GenericLFI_QUERYARGUMENTS",
        "GenericLFI_URIPATH",
        "GenericLFI_BODY",
        "RestrictedExtensions_URIPATH",
        "RestrictedExtensions_QUERYARGUMENTS",
        "GenericRFI_QUERYARGUMENTS",
        "GenericRFI_BODY",
        "GenericRFI_URIPATH",
        "CrossSiteScripting_COOKIE",
        "CrossSiteScripting_QUERYARGUMENTS",
        "CrossSiteScripting_BODY",
        "CrossSiteScripting_URIPATH",
    },
    "AWSManagedRulesKnownBadInputsRuleSet": {
        "JavaDeserializationRCE_HEADER",
        "JavaDeserializationRCE_BODY",
        "JavaDeserializationRCE_URIPATH",
        "JavaDeserializationRCE_QUERYSTRING",
        "Host_localhost_HEADER",
        "PROPFIND_METHOD",
        "ExploitablePaths_URIPATH",
        "Log4JRCE_HEADER",
        "Log4JRCE_QUERYSTRING",
        "Log4JRCE_BODY",
        "Log4JRCE_URIPATH",
        "ReactJSRCE_BODY",
    },
    "AWSManagedRulesAmazonIpReputationList": {
        "AWSManagedIPReputationList",
        "AWSManagedReconnaissanceList",
        "AWSManagedIPDDoSList",
    },
}


def test_no_rule_that_reads_a_body_blocks_a_prompt_of_100_kilobytes_full_of_code() -> None:
    found = {rule["name"]: rule["statement"] for rule in firewall_rules(WebFirewallSettings())}
    limit = found.pop("rate-limit")
    assert limit["rate_based_statement"]["aggregate_key_type"] == "IP"
    assert found.keys() == DOCUMENTED_RULES.keys()
    for group, documented in DOCUMENTED_RULES.items():
        overridden = found[group]["managed_rule_group_statement"]["rule_action_overrides"] or []
        assert all(one["action_to_use"] == {"count": {}} for one in overridden)
        # WAF ignores a name that it does not know, so a slip would block prompts.
        assert {one["name"] for one in overridden} == {
            rule for rule in documented if rule.endswith("_BODY")
        }
        assert set(COUNTED_RULES[group]) <= documented


def test_the_firewall_stands_before_prod_and_logs_no_key(prod: list[Registered]) -> None:
    (association,) = of_type(prod, "WebAclAssociation")
    assert ":loadbalancer/app/litellm-prod/" in association.inputs["resourceArn"]
    (logging,) = of_type(prod, "WebAclLoggingConfiguration")
    redacted = logging.inputs["redactedFields"]
    headers = {field["singleHeader"]["name"] for field in redacted if "singleHeader" in field}
    assert {"authorization", "x-api-key", "api-key"} <= headers
    assert {"queryString": {}} in redacted


def test_the_firewall_s_log_is_encrypted_and_expires(prod: list[Registered]) -> None:
    (group,) = [r for r in of_type(prod, "logGroup:LogGroup") if r.name == "web-firewall"]
    assert group.inputs["name"] == "aws-waf-logs-litellm-prod"
    assert group.inputs["kmsKeyId"].endswith("key/logs")
    assert group.inputs["retentionInDays"] == 90
    (policy,) = of_type(prod, "LogResourcePolicy")
    (statement,) = json.loads(policy.inputs["policyDocument"])["Statement"]
    assert statement["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert statement["Resource"] == [
        "arn:aws:logs:us-east-1:111122223333:log-group:aws-waf-logs-litellm-prod:*"
    ]


def test_dev_has_no_firewall(dev: list[Registered]) -> None:
    assert [r for r in dev if "wafv2" in r.type] == []


def test_the_paths_of_the_api_are_told_once() -> None:
    assert len(set(API_PATHS)) == len(API_PATHS)
