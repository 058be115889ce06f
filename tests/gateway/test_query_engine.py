"""What the query engine makes of the client's text and of a database URL, Node alone."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.litellm_image import FILES

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")

SCHEMA = """
model Team {
  team_id  String @id
  alias    String? @map("team_alias")
  data     Json
  members  Member[]
  @@unique([team_id, alias])
}
model Member {
  name     String
  settings Json?
  team     Team @relation(fields: [name], references: [team_id])
}
"""
TRANSLATE = """
const { parseQuery } = require('./engine/graphql');
const { markJsonFields } = require('./engine/values');
const { parseDatamodel } = require('./database/datamodel');
const parsed = parseQuery(given.text);
markJsonFields(parsed.request, parseDatamodel(given.schema).models);
return parsed;
"""
ADDRESS = """
const { parseAddress } = require('./database/address');
const { client, pool, schema } = parseAddress(given.url);
const { ssl } = client;
return { ...client, pool, schema, ssl: ssl && { ...ssl, named: Boolean(ssl.checkServerIdentity) } };
"""


def in_node(body: str, **given: Any) -> Any:
    """Run a function body in the image's files; its errors become AssertionError."""
    script = (
        f"try {{ const result = ((given) => {{{body}}})({json.dumps(given)});"
        " console.log(JSON.stringify({ result })); }"
        " catch (error) { console.log(JSON.stringify({ error: error.message })); }"
    )
    ran = subprocess.run(
        ["node", "-e", script], cwd=FILES, capture_output=True, text=True, check=True, timeout=30
    )
    answer = json.loads(ran.stdout)
    assert "error" not in answer, answer["error"]
    return answer["result"]


def translate(text: str) -> Any:
    return in_node(TRANSLATE, text=text, schema=SCHEMA)["request"]


def address(url: str) -> Any:
    return in_node(ADDRESS, url=url)


def test_a_query_becomes_a_request_of_the_json_protocol() -> None:
    text = 'query { result: findManyTeam(where: {team_id: "a"}, take: 5) { team_id alias } }'
    assert translate(text) == {
        "modelName": "Team",
        "action": "findMany",
        "query": {
            "arguments": {"where": {"team_id": "a"}, "take": 5},
            "selection": {"team_id": True, "alias": True},
        },
    }


def test_the_answer_goes_by_the_alias_that_the_client_chose() -> None:
    parsed = in_node(TRANSLATE, text="query { mine: findFirstTeam { team_id } }", schema=SCHEMA)
    assert parsed["alias"] == "mine"


def test_an_or_throw_action_keeps_its_ending() -> None:
    text = 'query { result: findUniqueTeamOrThrow(where: {team_id: "a"}) { team_id } }'
    assert translate(text)["action"] == "findUniqueOrThrow"


def test_quotes_line_ends_and_foreign_letters_survive() -> None:
    value = 'a "b" \\ \n 日本語 {(['
    text = f"query {{ result: findFirstTeam(where: {{alias: {json.dumps(value)}}}) {{ team_id }} }}"
    assert translate(text)["query"]["arguments"]["where"]["alias"] == value


def test_an_integer_beyond_the_exact_numbers_keeps_its_digits() -> None:
    text = "query { result: findFirstTeam(skip: 9007199254740993) { team_id } }"
    skip = translate(text)["query"]["arguments"]["skip"]
    assert skip == {"$type": "BigInt", "value": "9007199254740993"}


def test_json_text_in_a_field_is_marked_as_json() -> None:
    text = (
        r'mutation { result: createOneTeam(data: {team_id: "a", data: "{\"x\": 1}"}) { team_id } }'
    )
    data = translate(text)["query"]["arguments"]["data"]
    assert data == {"team_id": "a", "data": {"$type": "Json", "value": '{"x": 1}'}}


def test_json_in_a_nested_write_is_marked() -> None:
    text = (
        'mutation { result: createOneTeam(data: {team_id: "a", data: "1", '
        'members: {create: [{name: "n", settings: "{}"}]}}) { team_id } }'
    )
    members = translate(text)["query"]["arguments"]["data"]["members"]
    assert members["create"][0]["settings"] == {"$type": "Json", "value": "{}"}


def test_a_filter_on_json_marks_its_operand_and_not_its_path() -> None:
    text = (
        'query { result: findManyTeam(where: {AND: [{data: {path: ["a"], equals: "1"}}]}) '
        "{ team_id } }"
    )
    condition = translate(text)["query"]["arguments"]["where"]["AND"][0]["data"]
    assert condition == {"path": ["a"], "equals": {"$type": "Json", "value": "1"}}


def test_a_database_null_stays_an_enum_value() -> None:
    text = 'mutation { result: createOneMember(data: {name: "n", settings: DbNull}) { name } }'
    assert translate(text)["query"]["arguments"]["data"]["settings"] == "DbNull"


def test_an_unknown_action_is_refused_by_name() -> None:
    with pytest.raises(AssertionError, match="explodeTeam is not known"):
        translate("query { result: explodeTeam { team_id } }")


def test_truncated_text_is_refused() -> None:
    with pytest.raises(AssertionError, match="expected"):
        translate("query { result: findFirstTeam(where: {team_id: ")


def test_the_pool_follows_the_parameters_of_the_url() -> None:
    found = address(
        "postgresql://u:p@h:6000/d?connection_limit=7&pool_timeout=3&connect_timeout=2"
        "&max_idle_connection_lifetime=60"
    )
    assert found["pool"] == {
        "max": 7,
        "connectionTimeoutMillis": 3000,
        "idleTimeoutMillis": 60000,
        "maxLifetimeSeconds": 0,
    }
    assert (found["port"], found["connectionTimeoutMillis"]) == (6000, 2000)


def test_the_schema_becomes_the_search_path() -> None:
    found = address("postgresql://u@h/d?schema=my%20own&options=-c%20role%3Downer")
    assert found["schema"] == "my own"
    assert found["options"] == '-c timezone=UTC -c search_path="my\\ own" -c role=owner'


def test_a_password_with_escapes_is_decoded() -> None:
    assert address("postgresql://u:a%2Fb%40c@h/d")["password"] == "a/b@c"


def test_strict_checks_name_and_chain_with_the_first_certificate_only(tmp_path: Path) -> None:
    one, two = (f"-----BEGIN CERTIFICATE-----\n{x}\n-----END CERTIFICATE-----" for x in "AB")
    bundle = tmp_path / "ca.pem"
    bundle.write_text(f"{one}\n{two}\n")
    found = address(f"postgresql://u@h/d?sslmode=require&sslaccept=strict&sslcert={bundle}")
    assert found["ssl"] == {"ca": one, "rejectUnauthorized": True, "named": True}


def test_require_alone_encrypts_without_a_check() -> None:
    found = address("postgresql://u@h/d?sslmode=require")
    assert found["ssl"] == {"rejectUnauthorized": False, "named": False}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u@h/d?sslmode=verify-full", "sslmode=verify-full is not one of Prisma's"),
        ("postgresql://u@h/d?sslidentity=x", "parameter sslidentity is not known"),
        ("postgresql://u@h/d?connection_limit=many", "connection_limit=many is not a number"),
        ("mysql://u@h/d", "must begin with postgresql://"),
        (
            "postgresql://u@h/d?sslmode=require&sslaccept=strict&sslcert=/nowhere.pem",
            "sslcert=/nowhere.pem cannot be read: ENOENT",
        ),
    ],
)
def test_a_url_that_prisma_would_not_honour_is_refused(url: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        address(url)


def test_a_url_that_cannot_be_parsed_is_not_repeated() -> None:
    with pytest.raises(AssertionError) as refused:
        address("postgresql://u:hush@h:port/d")
    assert "hush" not in str(refused.value)
