"""What is refused of the edge's settings, before anything is made."""

from typing import Any

import pytest
from test_settings import problems_of, settings_of

CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012"
NAMED = {"loadBalancer.hostName": "gateway.example.com", "loadBalancer.certificateArn": CERTIFICATE}

WRONG = [
    ({"loadBalancer.hostName": "Gateway"}, "loadBalancer.hostName"),
    ({"loadBalancer.hostName": f"{'a' * 60}.example.com"}, "loadBalancer.hostName"),
    ({"loadBalancer.hostName": "gateway.example.com"}, "a host name is served over HTTPS"),
    ({"loadBalancer.hostedZoneId": "example.com"}, "loadBalancer.hostedZoneId"),
    ({"loadBalancer.hostedZoneId": "Z111111QQQQQQQ"}, "hostedZoneId: has no meaning without"),
    ({"loadBalancer.adminHostName": "ui.example.com"}, "adminHostName: has no meaning without"),
    ({"loadBalancer.additionalApiPaths": ["/v1/files"]}, "additionalApiPaths: has no meaning"),
    ({"loadBalancer.adminCidrs": ["10.40.0.0/24"]}, "adminCidrs: has no meaning without"),
    ({"loadBalancer.adminCidrs": ["0.0.0.0/0"]}, "adminCidrs has 0.0.0.0/0"),
    ({**NAMED, "loadBalancer.adminHostName": "gateway.example.com"}, "is the API's name already"),
    ({**NAMED, "loadBalancer.adminHostName": "ui.example.com"}, "nobody would reach"),
    (
        {
            **NAMED,
            "loadBalancer.adminHostName": "ui.example.com",
            "loadBalancer.adminCidrs": ["192.168.0.0/24"],
        },
        "192.168.0.0/24 is in none of loadBalancer.allowedCidrs (10.40.0.0/16)",
    ),
    ({**NAMED, "loadBalancer.additionalApiPaths": ["v1/files"]}, "additionalApiPaths[0]"),
    ({**NAMED, "loadBalancer.additionalApiPaths": ["/v1/*/*"]}, "additionalApiPaths[0]"),
    ({**NAMED, "loadBalancer.additionalApiPaths": ["/*"]}, "'/*' would serve /"),
    ({**NAMED, "loadBalancer.additionalApiPaths": ["/k*"]}, "'/k*' would serve /key/generate"),
    ({**NAMED, "loadBalancer.additionalApiPaths": ["/metric?"]}, "would serve /metrics"),
    (
        {"loadBalancer.certificateArn": CERTIFICATE, "loadBalancer.port": 443},
        "loadBalancer.port: 443 is the port of the HTTPS listener",
    ),
    (
        {"loadBalancer.certificateArn": CERTIFICATE.replace("us-east-1", "eu-west-1")},
        "is a resource of acm in eu-west-1 region",
    ),
    (
        {"loadBalancer.certificateArn": "arn:aws:iam::111122223333:server-certificate/old"},
        "is a resource of iam in no region",
    ),
    ({"loadBalancer.deregistrationSeconds": 120}, "loadBalancer.deregistrationSeconds: 120"),
    ({"loadBalancer.idleTimeoutSeconds": 120}, "loadBalancer.idleTimeoutSeconds: 120"),
    ({"loadBalancer.propagationSeconds": 0}, "loadBalancer.propagationSeconds"),
    ({"loadBalancer.webFirewall": {"rateLimit": 5}}, "loadBalancer.webFirewall.rateLimit"),
    ({"loadBalancer.webFirewall": {"logRetentionDays": 2}}, "webFirewall.logRetentionDays"),
    ({"accessLogs.retentionDays": 0}, "accessLogs.retentionDays"),
    ({"gateway.minimumZones": 3, "network.zones": 2}, "gateway.minimumZones: 3 is above"),
]


@pytest.mark.parametrize(("changes", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_wrong_setting_of_the_edge_is_named(changes: dict[str, Any], told: str) -> None:
    assert told in "\n".join(problems_of("dev", changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"loadBalancer": {}}, "loadBalancer.hostName: a protected stack"),
        ({"loadBalancer": {}}, "loadBalancer.certificateArn: a protected stack"),
    ],
)
def test_a_protected_stack_needs_a_name_and_a_certificate(
    changes: dict[str, Any], told: str
) -> None:
    assert told in "\n".join(problems_of("prod", changes))


def test_a_zone_makes_a_certificate_unnecessary() -> None:
    assert settings_of("prod").load_balancer.certificate_arn is None
    assert settings_of("prod").load_balancer.is_encrypted


def test_paths_that_callers_need_can_be_added() -> None:
    changes = {**NAMED, "loadBalancer.additionalApiPaths": ["/v1/files*", "/realtime"]}
    assert settings_of("dev", changes).load_balancer.additional_api_paths == (
        "/v1/files*",
        "/realtime",
    )
