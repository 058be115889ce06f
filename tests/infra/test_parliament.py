"""parliament finds nothing in any policy of the program, but for what is named here and why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import parliament
import pytest
from policy_documents import PolicyDocument, documents

STACKS = ("dev", "prod", "prod_dr", "with_teams", "across_accounts")


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """A finding that is no fault. ``about`` is each action found, or the finding's own words."""

    issue: str
    document: str = "*"
    about: str = "*"
    why: str


ALLOWED = (
    Allowed(
        issue="MALFORMED",
        document="trust *",
        about="Statement contains neither Resource nor NotResource",
        why="a trust document has no resource: it is the role's own",
    ),
    Allowed(
        issue="UNKNOWN_FEDERATION_SOURCE",
        document="trust *",
        about="arn:aws:iam::*:oidc-provider/*",
        why="parliament knows SAML and the social providers; the exact subject and audience are "
        "tested by simulation",
    ),
    Allowed(
        issue="RESOURCE_STAR",
        document="resource Key *",
        about="kms:*",
        why="in a key policy * is the key itself",
    ),
    Allowed(
        issue="RESOURCE_STAR",
        document="resource VpcEndpoint *",
        why="an endpoint's policy grants nothing; its condition is the principal's account",
    ),
    Allowed(
        issue="MISMATCHED_TYPE",
        document="resource Key logs",
        about="Type mismatch: ArnLike requires a value of type Arn but given String",
        why="the encryption context of a log group is its ARN: AWS's own example compares it so",
    ),
    Allowed(
        issue="RESOURCE_STAR",
        document="boundary *",
        why="a boundary grants nothing; Auto Mode's roles work on machines of their own making",
    ),
    Allowed(
        issue="UNKNOWN_ACTION",
        about="Unknown action bedrock:CountTokens",
        why="newer than parliament's list; the evaluator's list has it",
    ),
    Allowed(
        issue="INVALID_ARN",
        document="identity RolePolicy *",
        about="Region expected to be of form like us-east-1",
        why="the regions of a geography (us-*), or none for a global profile: AWS's own examples",
    ),
    Allowed(
        issue="RESOURCE_MISMATCH",
        about="bedrock:InvokeModel*",
        why="parliament wants a resource of every kind that can be invoked",
    ),
    Allowed(
        issue="MISMATCHED_TYPE_BUT_USABLE",
        about="Type mismatch: StringEquals requires a value of type String but given Arn",
        why="AWS documents string operators for a profile's and a boundary's ARN",
    ),
    Allowed(
        issue="RESOURCE_MISMATCH",
        document="boundary *",
        about="s3:GetObject*",
        why="access points are not in use",
    ),
    Allowed(
        issue="RESOURCE_MISMATCH",
        document="identity Policy github-*-operations",
        about="athena:*",
        why="workgroups are tagged here, capacity reservations and catalogues are not in use",
    ),
    Allowed(
        issue="RESOURCE_MISMATCH",
        document="identity Policy github-*-operations",
        about="sns:*ubscri*",
        why="the present reference has these for topics, which the evaluator's list confirms",
    ),
    Allowed(
        issue="RESOURCE_MISMATCH",
        document="identity Policy github-deploy-cluster",
        about="elasticloadbalancing:*",
        why="application load balancers only",
    ),
    Allowed(
        issue="RESOURCE_MISMATCH",
        document="identity Policy github-deploy-identity",
        about="kms:*Alias",
        why="an alias needs its key and itself, which stand in two statements: keys have tags",
    ),
    Allowed(
        issue="RESOURCE_POLICY_PRIVILEGE_ESCALATION",
        document="identity Policy github-deploy-stores",
        about="*s3:PutBucketPolicy",
        why="who deploys a bucket writes its policy; the environment's reviewers guard that",
    ),
)


def findings(document: PolicyDocument) -> Iterator[tuple[str, str]]:
    """Yield issue and subject of everything that parliament says."""
    for finding in parliament.analyze_policy_string(document.text).findings:
        for subject in _subjects(finding.detail):
            yield finding.issue, subject


def _subjects(detail: Any) -> list[str]:
    if isinstance(detail, list):
        return [one["action"] if isinstance(one, dict) else str(one) for one in detail]
    return [str(detail)]


def excuses(document: PolicyDocument, issue: str, subject: str) -> list[Allowed]:
    return [
        one
        for one in ALLOWED
        if one.issue == issue
        and fnmatchcase(str(document), one.document)
        and fnmatchcase(subject, one.about)
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_no_policy_has_a_finding_that_is_not_allowed(
    stack: str, request: pytest.FixtureRequest
) -> None:
    found = [
        f"{document}: {issue} {subject}"
        for document in documents(request.getfixturevalue(stack))
        for issue, subject in findings(document)
        if not excuses(document, issue, subject)
    ]
    assert found == []


def test_every_allowance_is_used(request: pytest.FixtureRequest) -> None:
    used = {
        excuse
        for stack in STACKS
        for document in documents(request.getfixturevalue(stack))
        for issue, subject in findings(document)
        for excuse in excuses(document, issue, subject)
    }
    assert set(ALLOWED) - used == set()


def test_a_right_to_everything_is_found() -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
        }
    )
    careless = PolicyDocument("identity", "aws:iam/rolePolicy:RolePolicy", "gateway", text)
    assert [issue for issue, _ in findings(careless)] == ["RESOURCE_STAR"]
