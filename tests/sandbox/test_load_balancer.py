import json
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import boto3
import httpx
import pytest
from pod_cluster import Cluster, deployment, is_ready, running_cluster, server, until

from sandbox.certificates import ca_bundle
from sandbox.load_balancer.bindings import BindingError, endpoints
from sandbox.load_balancer.rules import Answer, Forward, Incoming, Rule
from sandbox.paths import PROJECT_ROOT, Instance
from sandbox.supervisor_client import ServiceSpec

DRAIN = {"preStop": {"sleep": {"seconds": 1}}}


def incoming(path: str = "/", host: str = "gateway.example", **headers: str) -> Incoming:
    path, _, query = path.partition("?")
    return Incoming("GET", host, path, query, "10.0.0.9", "http", 80, headers)


def rule(field: str, **condition: Any) -> Rule:
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    return Rule(({"Field": field, **condition},), (answer,))


def test_a_path_pattern_knows_wildcards_and_case() -> None:
    pattern = rule("path-pattern", Values=["/v1/*"])
    assert pattern.matches(incoming("/v1/models"))
    assert not pattern.matches(incoming("/V1/models"))
    assert not pattern.matches(incoming("/health"))


def test_a_host_pattern_ignores_case() -> None:
    assert rule("host-header", Values=["*.EXAMPLE"]).matches(incoming(host="ui.example"))


def test_a_header_condition_needs_one_of_its_values() -> None:
    header = {"HttpHeaderName": "X-Team", "Values": ["blue", "red*"]}
    condition = rule("http-header", HttpHeaderConfig=header)
    assert condition.matches(incoming(**{"x-team": "reddish"}))
    assert not condition.matches(incoming(**{"x-team": "green"}))
    assert not condition.matches(incoming())


def test_a_source_condition_looks_at_who_connects_and_not_at_what_a_header_says() -> None:
    condition = rule("source-ip", SourceIpConfig={"Values": ["10.0.8.0/24", "10.0.0.9/32"]})
    assert condition.matches(incoming())
    elsewhere = replace(incoming(), source="10.0.1.7")
    assert not condition.matches(replace(elsewhere, headers={"x-forwarded-for": "10.0.0.9"}))


def test_all_conditions_of_a_rule_must_hold() -> None:
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["api.example"]}}
    path = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/v1/*"]}}
    both = Rule((host, path), ())
    assert both.matches(incoming("/v1/models", host="api.example"))
    assert not both.matches(incoming("/v1/models", host="ui.example"))
    assert not both.matches(incoming("/key/list", host="api.example"))


def test_a_redirect_fills_in_what_it_keeps() -> None:
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    action = Rule((), ({"Type": "redirect", "RedirectConfig": redirect},)).action(
        incoming("/a?b=c")
    )
    assert action == Answer(301, location="https://gateway.example/a?b=c")


def test_a_forward_action_carries_its_weights() -> None:
    groups = [{"TargetGroupArn": "a", "Weight": 3}, {"TargetGroupArn": "b", "Weight": 1}]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    assert Rule((), (action,)).action(incoming()) == Forward({"a": 3, "b": 1})


def test_an_unknown_action_is_refused_with_its_name() -> None:
    answer = Rule((), ({"Type": "authenticate-cognito"}, {"Type": "forward"})).action(incoming())
    assert isinstance(answer, Answer)
    assert answer.status == 501
    assert "authenticate-cognito" in answer.body


def test_a_binding_to_a_service_that_is_not_there_is_an_error() -> None:
    reference = {"name": "absent", "port": 80}
    binding = {
        "metadata": {"namespace": "gateway", "name": "web"},
        "spec": {"serviceRef": reference, "targetGroupARN": "arn"},
    }
    with pytest.raises(BindingError, match="gateway/web: there is no Service gateway/absent"):
        endpoints(binding, [], [])


@dataclass(frozen=True)
class Site:
    """A load balancer in front of the pods labelled ``app: web``."""

    cluster: Cluster
    elb: Any
    balancer_arn: str
    group_arn: str
    url: str
    secure_url: str

    def status(self) -> dict[str, Any]:
        path = self.cluster.instance.state / "load-balancer.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def healthy(self) -> int:
        groups = self.status().get("target_groups", [])
        states = [t["state"] for g in groups if g["arn"] == self.group_arn for t in g["targets"]]
        return states.count("healthy")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(tmp_path_factory.mktemp("sandboxes")))
        with running_cluster(Instance("load-balancer-tests", 172)) as cluster:
            yield cluster


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    instance = cluster.instance
    aws = (instance.address("aws"), 4566)
    cluster.supervisor.start(
        ServiceSpec(
            name="aws",
            command=(sys.executable, "-m", "moto.server", "-H", aws[0], "-p", str(aws[1])),
            ready_address=aws,
        )
    )
    identity = ("--name", instance.name, "--slot", str(instance.slot))
    cluster.supervisor.start(
        ServiceSpec(
            name="load-balancer",
            command=(sys.executable, "-m", "sandbox.load_balancer", *identity),
            environment={"PYTHONPATH": str(PROJECT_ROOT)},
        )
    )
    site = _described(cluster)
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    service = {"selector": {"app": "web"}, "ports": ports}
    cluster.create("v1", "Service", "web", spec=service)
    binding = {
        "serviceRef": {"name": "web", "port": "http"},
        "targetGroupARN": site.group_arn,
        "targetType": "ip",
    }
    cluster.create("eks.amazonaws.com/v1", "TargetGroupBinding", "web", spec=binding)
    until(lambda: answers(site, 503))
    main = {"lifecycle": DRAIN}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    spec = deployment("web", 2, server(main=main), strategy=rolling)
    cluster.create("apps/v1", "Deployment", "web", spec=spec)
    until(lambda: site.healthy() == 2)
    return site


def _described(cluster: Cluster) -> Site:
    """Make a load balancer as the program does; of its parts only what is served matters."""
    credentials = {"aws_access_key_id": "sandbox", "aws_secret_access_key": "sandbox"}
    place = {"region_name": "us-east-1", "endpoint_url": cluster.instance.aws_endpoint}
    ec2, elb, acm = (boto3.client(name, **place, **credentials) for name in ("ec2", "elbv2", "acm"))
    certificate = acm.request_certificate(DomainName="gateway.example")["CertificateArn"]
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=network, CidrBlock=f"10.0.{i}.0/24", AvailabilityZone=zone)
        for i, zone in enumerate(("us-east-1a", "us-east-1b"))
    ]
    balancer = elb.create_load_balancer(
        Name="gateway",
        Scheme="internal",
        Subnets=[subnet["Subnet"]["SubnetId"] for subnet in subnets],
    )["LoadBalancers"][0]["LoadBalancerArn"]
    elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer,
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": "2"}],
    )
    group = elb.create_target_group(
        Name="gateway",
        Protocol="HTTP",
        Port=8080,
        VpcId=network,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    listener = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=8000, DefaultActions=forward
    )["Listeners"][0]["ListenerArn"]
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=8443,
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=forward,
    )
    fixed = {"StatusCode": "403", "ContentType": "text/plain", "MessageBody": "not here"}
    elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/private/*"]}],
        Actions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )
    named = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=8001,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]
    for priority, (host, condition) in enumerate(
        (
            ("api.example", {"Field": "path-pattern", "Values": ["/v1/*"]}),
            ("ui.example", {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}}),
            ("far.example", {"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}),
        ),
        start=1,
    ):
        elb.create_rule(
            ListenerArn=named,
            Priority=priority,
            Conditions=[{"Field": "host-header", "Values": [host]}, condition],
            Actions=forward,
        )
    redirect = {"Protocol": "HTTPS", "Port": "8443", "StatusCode": "HTTP_301"}
    elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=8002,
        DefaultActions=[{"Type": "redirect", "RedirectConfig": redirect}],
    )
    address = cluster.instance.load_balancer_address
    urls = f"http://{address}:8000", f"https://{address}:8443"
    return Site(cluster, elb, balancer, group, *urls)


def answers(site: Site, status: int) -> bool:
    try:
        return httpx.get(site.url).status_code == status
    except httpx.TransportError:
        return False


def test_requests_go_to_the_pods_in_turn(site: Site) -> None:
    with httpx.Client(base_url=site.url) as client:
        pods = [client.get("/").json()["pid"] for _ in range(4)]
    assert len(set(pods)) == 2
    assert pods[:2] == pods[2:]


def test_a_target_sees_where_a_request_came_from(site: Site) -> None:
    headers = httpx.get(f"{site.url}/", headers={"X-Forwarded-For": "10.1.1.1"}).json()["headers"]
    assert headers["x-forwarded-for"] == "10.1.1.1, 127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-port"] == "8000"
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    assert headers["host"] == site.url.removeprefix("http://")


def test_a_body_arrives_whole(site: Site) -> None:
    body = bytes(range(256)) * 4096
    assert httpx.post(f"{site.url}/", content=body).content == body


def test_a_rule_of_higher_priority_answers_first(site: Site) -> None:
    answer = httpx.get(f"{site.url}/private/page")
    assert (answer.status_code, answer.text) == (403, "not here")


@pytest.mark.parametrize(
    ("host", "path", "status"),
    [
        ("api.example", "/v1/models", 200),
        ("api.example", "/key/list", 404),
        ("ui.example", "/key/list", 200),
        ("far.example", "/key/list", 404),
        ("elsewhere.example", "/v1/models", 404),
    ],
)
def test_a_host_is_served_its_paths_to_its_networks(
    site: Site, host: str, path: str, status: int
) -> None:
    url = site.url.replace("8000", "8001")
    assert httpx.get(f"{url}{path}", headers={"Host": host}).status_code == status


def test_a_plain_listener_sends_its_callers_to_the_encrypted_one(site: Site) -> None:
    answer = httpx.get(f"{site.url.replace('8000', '8002')}/v1/models?limit=1")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{site.secure_url}/v1/models?limit=1"


def test_an_https_listener_has_a_certificate_of_the_sandbox(site: Site) -> None:
    authority = ssl.create_default_context(cafile=ca_bundle(site.cluster.instance))
    answer = httpx.get(f"{site.secure_url}/", verify=authority)
    assert answer.json()["headers"]["x-forwarded-proto"] == "https"


def test_events_arrive_one_by_one(site: Site) -> None:
    with httpx.stream("GET", f"{site.url}/events?0.3") as answer:
        arrivals = [time.monotonic() for _ in answer.iter_raw()]
    assert len(arrivals) == 5
    assert arrivals[-1] - arrivals[0] > 0.9


def test_a_target_that_is_silent_for_the_idle_timeout_gives_504(site: Site) -> None:
    assert httpx.get(f"{site.url}/slow?3").status_code == 504


def test_pods_are_registered_in_the_target_group(site: Site) -> None:
    pods = {(p["status"]["podIP"], 8080) for p in site.cluster.pods("web") if is_ready(p)}

    def registered() -> set[tuple[str, int]]:
        health = site.elb.describe_target_health(TargetGroupArn=site.group_arn)
        targets = [description["Target"] for description in health["TargetHealthDescriptions"]]
        return {(target["Id"], target["Port"]) for target in targets}

    until(lambda: registered() == pods)


def rolled(site: Site, word: str) -> None:
    """Change the pods' template and wait until only pods of the new one are left."""
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    cluster = site.cluster
    template = {"metadata": {"annotations": {"word": word}}}
    cluster.api.patch(path, {"spec": {"template": template}})

    def is_done() -> bool:
        pods = cluster.pods("web")
        words = [pod["metadata"].get("annotations", {}).get("word") for pod in pods]
        return words == [word] * 2 and all(map(is_ready, pods))

    until(is_done)


def loaded(site: Site, work: Callable[[], None]) -> list[int | str]:
    """Return how every request of a steady load ended which ran while some work was done."""
    results: list[int | str] = []
    finished = threading.Event()

    def send() -> None:
        with httpx.Client(base_url=site.url, timeout=10) as client:
            while not finished.is_set():
                try:
                    results.append(client.get("/slow?0.05").status_code)
                except httpx.TransportError as error:
                    results.append(repr(error))

    with ThreadPoolExecutor(4) as pool:
        senders = [pool.submit(send) for _ in range(4)]
        try:
            work()
        finally:
            finished.set()
        for sender in senders:
            sender.result()
    return results


def test_a_rolling_update_under_load_loses_no_request(site: Site) -> None:
    until(lambda: site.healthy() == 2)
    results = loaded(site, lambda: rolled(site, "new"))
    assert len(results) > 50
    assert set(results) == {200}


def test_a_request_under_way_outlives_its_deregistration(site: Site) -> None:
    until(lambda: site.healthy() == 2)
    with ThreadPoolExecutor() as pool:
        requests = [pool.submit(httpx.get, f"{site.url}/slow?1.5") for _ in range(2)]
        rolled(site, "newer")
        assert [request.result().status_code for request in requests] == [200, 200]


def test_targets_that_fail_their_checks_are_used_when_there_is_no_other(site: Site) -> None:
    until(lambda: site.healthy() == 2)
    site.elb.modify_target_group(TargetGroupArn=site.group_arn, Matcher={"HttpCode": "418"})
    until(lambda: site.healthy() == 0)
    reasons = [t["reason"] for g in site.status()["target_groups"] for t in g["targets"]]
    assert set(reasons) == {"Target.ResponseCodeMismatch: 200"}
    assert answers(site, 200)


def test_it_serves_on_while_the_aws_endpoint_is_away(site: Site) -> None:
    site.cluster.supervisor.stop("aws")
    until(lambda: any("endpoint" in problem for problem in site.status()["problems"]))
    assert answers(site, 200)
