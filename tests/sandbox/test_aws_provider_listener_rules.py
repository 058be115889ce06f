"""The program's listener rules through the real engine on moto, as the balancer then reads them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from moto_client import client
from stacks import Outcome, Stack, serving
from two_zones import two_zones

from infra.listener_rules import NOT_FOUND, listener_rules
from infra.setting_sections import IssuerSettings, LoadBalancerSettings, SignInSettings
from infra.sign_in import authentication
from sandbox.load_balancer import configuration
from sandbox.load_balancer.rules import Authenticate, Incoming
from sandbox.providers.aws import AwsProvider

REGION, ADMIN = "us-east-1", "admin.example.org"
SECRET = "a-secret-of-the-issuer-s-client"
SETTINGS = LoadBalancerSettings(
    host_name="gateway.example.org", admin_host_name=ADMIN, admin_cidrs=("10.0.0.0/8",)
)


def program(session_hours: int, secret: str = SECRET) -> Callable[[], None]:
    sign_in = SignInSettings(
        method="loadBalancer",
        issuer=IssuerSettings(url="https://keycloak.example.org/realms/engineering"),
        client_id="balancer",
        session_hours=session_hours,
    )

    def resources() -> None:
        options = pulumi.ResourceOptions(provider=aws.Provider("aws", region=REGION))
        vpc, subnets = two_zones(options)
        balancer = aws.lb.LoadBalancer(
            "balancer", internal=True, subnets=[subnet.id for subnet in subnets], opts=options
        )
        targets = aws.lb.TargetGroup(
            "targets",
            vpc_id=vpc.id,
            port=4000,
            protocol="HTTP",
            target_type="ip",
            opts=options,
        )
        certificate = aws.acm.Certificate(
            "certificate", domain_name=ADMIN, validation_method="DNS", opts=options
        )
        listener = aws.lb.Listener(
            "https",
            load_balancer_arn=balancer.arn,
            port=443,
            protocol="HTTPS",
            certificate_arn=certificate.arn,
            default_actions=[NOT_FOUND],
            opts=options,
        )
        signing_in = authentication(sign_in, pulumi.Output.secret(secret))
        forward: Any = {"type": "forward", "target_group_arn": targets.arn}
        for rule in listener_rules(SETTINGS, signs_in=True):
            serving = forward if rule.forwards else NOT_FOUND
            aws.lb.ListenerRule(
                rule.name,
                listener_arn=listener.arn,
                priority=rule.priority,
                conditions=list(rule.conditions),
                actions=[signing_in, serving] if rule.signs_in else [serving],
                opts=options,
            )

    return resources


@dataclass(frozen=True)
class Story:
    """What the engine did, and what the balancer read."""

    second: Outcome
    refreshed: Outcome
    listener: configuration.Listener
    state: str
    changed: Outcome
    session_seconds: int


def read_listener() -> configuration.Listener:
    (listener,) = configuration.read(client("elbv2")).listeners
    return listener


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    with serving("aws", AwsProvider(None)) as debug_providers:
        stack = Stack(tmp_path_factory.mktemp("rules") / "stack", debug_providers)
        stack.up(program(12))
        second, refreshed = stack.up(program(12)), stack.refresh(program(12))
        listener, state = read_listener(), stack.state_text()
        changed = stack.up(program(8))
        action = opened(read_listener(), "/ui/")
        stack.destroy(program(8))
    assert isinstance(action, Authenticate)
    seconds = int(action.configuration["SessionTimeout"])
    return Story(second, refreshed, listener, state, changed, seconds)


def opened(
    listener: configuration.Listener, path: str, method: str = "GET", **headers: str
) -> object:
    path, _, query = path.partition("?")
    host = headers.pop("host", ADMIN)
    request = Incoming(method, host, path, query, "10.0.0.9", "https", 443, headers)
    return next(rule for rule in listener.rules if rule.matches(request)).action(request)


def test_a_second_up_and_a_refresh_change_nothing(story: Story) -> None:
    assert story.second.changed == set()
    assert story.refreshed.drift == {}


def test_the_balancer_knows_every_rule(story: Story) -> None:
    assert [rule.problem for rule in story.listener.rules if rule.problem] == []


def test_a_browser_signs_in_with_what_the_settings_say(story: Story) -> None:
    action = opened(story.listener, "/ui/")
    assert isinstance(action, Authenticate)
    below = "https://keycloak.example.org/realms/engineering/protocol/openid-connect"
    assert action.configuration["TokenEndpoint"] == f"{below}/token"
    assert action.configuration["ClientSecret"] == SECRET
    assert action.configuration["OnUnauthenticatedRequest"] == "authenticate"


def test_conditions_on_headers_methods_and_queries_reach_aws(story: Story) -> None:
    key = {"authorization": "Bearer sk-1"}
    assert not isinstance(opened(story.listener, "/key/list", **key), Authenticate)
    api = {"host": "gateway.example.org"}
    own, other, write = (
        opened(story.listener, path, method, **api)
        for path, method in (
            ("/key/info", "GET"),
            ("/key/info?key=x", "GET"),
            ("/key/info", "POST"),
        )
    )
    assert type(own).__name__ == "Forward"
    assert type(other).__name__ == type(write).__name__ == "Answer"


def test_the_client_s_secret_is_encrypted_in_the_state(story: Story) -> None:
    assert "listenerRule" in story.state
    assert SECRET not in story.state


def test_another_length_of_sessions_changes_the_rules_in_place(story: Story) -> None:
    assert story.session_seconds == 8 * 3600
    assert not story.changed.named("replace", "create-replacement", "delete")
