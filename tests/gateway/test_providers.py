"""A real proxy with the rendered configuration, which asks every provider as that one wants it."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import postgresql_server
import provider_stack
import pytest
import upstream
from hook_folder import lay_out_hooks
from litellm_process import LiteLLM, image_environment
from postgresql_server import PostgreSQL
from upstream import Request, Upstream
from upstream_answers import ARGUMENTS, TEXT, TOOL, VECTOR

from sandbox import litellm_image
from sandbox.paths import Instance

NETWORK = "127.214.94"
BEDROCK = "bedrock-runtime.us-east-1.amazonaws.com"
AZURE = "example.openai.azure.com"
GEMINI = "generativelanguage.googleapis.com"
VERTEX = "europe-west4-aiplatform.googleapis.com"
_GOOGLE = "/v1/projects/example-project/locations/europe-west4/publishers/google/models"
_HAIKU = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0"
_SIGNED = "AWS4-HMAC-SHA256 Credential=AKIAPOD/"
_OF_VERTEX = "Bearer token-of-oauth2.googleapis.com"

# Model → host, path, header with the credential, its beginning.
CHATS = {
    "claude-bedrock": (BEDROCK, f"{_HAIKU}/converse", "authorization", _SIGNED),
    "claude-anthropic": ("api.anthropic.com", "/v1/messages", "x-api-key", "secret-of-anthropic"),
    "gpt-openai": (
        "api.openai.com",
        "/v1/chat/completions",
        "authorization",
        "Bearer secret-of-openai",
    ),
    "gpt-azure": (
        AZURE,
        "/openai/deployments/our-gpt/chat/completions?api-version=2024-10-21",
        "api-key",
        "secret-of-azure",
    ),
    "gemini": (
        GEMINI,
        "/v1beta/models/gemini-2.5-flash:generateContent",
        "x-goog-api-key",
        "secret-of-gemini",
    ),
    "gemini-vertex": (
        VERTEX,
        f"{_GOOGLE}/gemini-2.5-flash:generateContent",
        "authorization",
        _OF_VERTEX,
    ),
    "llama-vllm": (
        "vllm.example.com",
        "/v1/chat/completions",
        "authorization",
        "Bearer secret-of-endpoint-vllm",
    ),
    "llama-ollama": (
        "ollama.example.internal:11434",
        "/v1/chat/completions",
        "authorization",
        "Bearer none",
    ),
}
EMBEDDINGS = {
    "titan-embedding": (
        BEDROCK,
        "/model/amazon.titan-embed-text-v2%3A0/invoke",
        "authorization",
        _SIGNED,
    ),
    "cohere-embedding": (
        BEDROCK,
        "/model/cohere.embed-multilingual-v3/invoke",
        "authorization",
        _SIGNED,
    ),
    "openai-embedding": (
        "api.openai.com",
        "/v1/embeddings",
        "authorization",
        "Bearer secret-of-openai",
    ),
    "azure-embedding": (
        AZURE,
        "/openai/deployments/our-embedding/embeddings?api-version=2024-10-21",
        "api-key",
        "secret-of-azure",
    ),
    "gemini-embedding": (
        GEMINI,
        "/v1beta/models/gemini-embedding-001:batchEmbedContents",
        "x-goog-api-key",
        "secret-of-gemini",
    ),
    "vertex-embedding": (
        VERTEX,
        f"{_GOOGLE}/text-embedding-005:predict",
        "authorization",
        _OF_VERTEX,
    ),
    "llama-embedding": (
        "vllm.example.com",
        "/v1/embeddings",
        "authorization",
        "Bearer secret-of-endpoint-vllm",
    ),
}
ASKED = [{"role": "user", "content": "Good morning"}]
_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CHAT_TOOL = {"type": "function", "function": {"name": TOOL, "parameters": _SCHEMA}}
MESSAGE_TOOL = {"name": TOOL, "input_schema": _SCHEMA}


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(tmp_path_factory.mktemp("providers")))
        with upstream.running(Instance("providers")) as running:
            yield running


@pytest.fixture(scope="module")
def database() -> Iterator[PostgreSQL]:
    litellm_image.ensure(print)
    with postgresql_server.running(NETWORK) as server:
        subprocess.run(
            [str(litellm_image.built_image().python), "-m", "litellm.proxy.prisma_migration"],
            env=image_environment({"DATABASE_URL": server.url("a")}),
            capture_output=True,
            check=True,
            timeout=120,
        )
        yield server


@pytest.fixture(scope="module")
def gateway(
    database: PostgreSQL, providers: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiteLLM]:
    settings = provider_stack.stack()
    secrets = provider_stack.secret_values(settings)
    folder = tmp_path_factory.mktemp("gateway")
    config = folder / "config.yaml"
    config.write_text(provider_stack.rendered(settings, secrets))
    extra = {
        **secrets,
        **provider_stack.pod_variables(settings),
        **providers.environment,
        "AWS_ACCESS_KEY_ID": "AKIAPOD",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-pod",
        "DRAIN_TOKEN": "secret-of-drain",
        **lay_out_hooks(folder, settings),
    }
    proxy = LiteLLM(f"{NETWORK}.3", database.url("b"), config, extra)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture(scope="module")
def master(gateway: LiteLLM) -> str:
    return new_key(gateway)


def new_key(gateway: LiteLLM, **request: object) -> str:
    """Return a key that may ask more often than one without limits of its own."""
    return str(gateway.create("/key/generate", {"rpm_limit": 10_000, **request})["key"])


def chat(gateway: LiteLLM, key: str, model: str, **more: Any) -> httpx.Response:
    return gateway.post("/v1/chat/completions", {"model": model, "messages": ASKED, **more}, key)


def messages(gateway: LiteLLM, key: str, model: str, **more: Any) -> httpx.Response:
    body = {"model": model, "messages": ASKED, "max_tokens": 64, **more}
    return gateway.post("/v1/messages", body, key)


def good(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return what a stream has sent, without its end mark."""
    assert answer.status_code == 200, answer.text
    lines = [line.removeprefix("data:").strip() for line in answer.text.splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def is_as_expected(request: Request, expected: tuple[str, str, str, str]) -> None:
    _, path, header, credential = expected
    assert request.path == path
    assert request.headers[header].startswith(credential)


@pytest.mark.parametrize("model", CHATS)
def test_a_chat_reaches_its_provider_with_its_credentials(
    model: str, gateway: LiteLLM, master: str, providers: Upstream
) -> None:
    answer = good(chat(gateway, master, model))
    assert answer["choices"][0]["message"]["content"] == TEXT
    request = providers.last(CHATS[model][0])
    is_as_expected(request, CHATS[model])
    assert "base_model" not in request.body


@pytest.mark.parametrize("model", CHATS)
def test_a_streamed_chat_ends_properly(model: str, gateway: LiteLLM, master: str) -> None:
    answer = chat(gateway, master, model, stream=True)
    said = [event["choices"][0]["delta"].get("content") for event in events(answer)]
    assert "".join(filter(None, said)) == TEXT
    assert answer.text.rstrip().endswith("[DONE]")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", CHATS)
def test_a_chat_may_call_a_tool(model: str, stream: bool, gateway: LiteLLM, master: str) -> None:
    answer = chat(gateway, master, model, tools=[CHAT_TOOL], stream=stream)
    choices = [one["choices"][0] for one in (events(answer) if stream else [good(answer)])]
    calls = [
        call["function"]
        for choice in choices
        for call in choice["delta" if stream else "message"].get("tool_calls") or []
    ]
    assert "".join(call.get("name") or "" for call in calls) == TOOL
    assert json.loads("".join(call.get("arguments") or "" for call in calls)) == ARGUMENTS
    assert choices[-1]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize("model", CHATS)
def test_a_prompt_is_completed(model: str, gateway: LiteLLM, master: str) -> None:
    answer = good(gateway.post("/v1/completions", {"model": model, "prompt": "Good"}, master))
    assert answer["choices"][0]["text"] == TEXT


@pytest.mark.parametrize("model", CHATS)
def test_a_completion_is_streamed(model: str, gateway: LiteLLM, master: str) -> None:
    body = {"model": model, "prompt": "Good", "stream": True}
    answer = events(gateway.post("/v1/completions", body, master))
    choices = [choice for one in answer for choice in one["choices"]]
    assert "".join(choice.get("text") or "" for choice in choices) == TEXT


@pytest.mark.parametrize("model", CHATS)
def test_a_message_is_answered(model: str, gateway: LiteLLM, master: str) -> None:
    answer = good(messages(gateway, master, model))
    assert [block["text"] for block in answer["content"]] == [TEXT]
    assert answer["usage"] == {**answer["usage"], "input_tokens": 11, "output_tokens": 7}


@pytest.mark.parametrize("model", CHATS)
def test_a_message_may_call_a_tool(model: str, gateway: LiteLLM, master: str) -> None:
    answer = good(messages(gateway, master, model, tools=[MESSAGE_TOOL]))
    (block,) = answer["content"]
    assert (block["type"], block["name"], block["input"]) == ("tool_use", TOOL, ARGUMENTS)
    assert answer["stop_reason"] == "tool_use"


@pytest.mark.parametrize("tools", [[], [MESSAGE_TOOL]], ids=["text", "tool"])
@pytest.mark.parametrize("model", CHATS)
def test_a_message_is_streamed(model: str, tools: list[Any], gateway: LiteLLM, master: str) -> None:
    asked: dict[str, Any] = {"tools": tools} if tools else {}
    sent = events(messages(gateway, master, model, stream=True, **asked))
    deltas = [event["delta"] for event in sent if event["type"] == "content_block_delta"]
    said = "".join(delta.get("text") or delta.get("partial_json") or "" for delta in deltas)
    assert (json.loads(said) if tools else said) == (ARGUMENTS if tools else TEXT)
    assert sent[-1]["type"] == "message_stop"


@pytest.mark.parametrize("model", EMBEDDINGS)
def test_a_text_is_embedded(model: str, gateway: LiteLLM, master: str, providers: Upstream) -> None:
    answer = good(gateway.post("/v1/embeddings", {"model": model, "input": ["Good"]}, master))
    assert [item["embedding"] for item in answer["data"]] == [VECTOR]
    is_as_expected(providers.last(EMBEDDINGS[model][0]), EMBEDDINGS[model])


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings", "/v1/messages"])
def test_openai_is_told_which_organization_pays(
    path: str, gateway: LiteLLM, master: str, providers: Upstream
) -> None:
    body = {"messages": ASKED, "max_tokens": 64, "model": "gpt-openai"}
    if path == "/v1/embeddings":
        body = {"input": "Good", "model": "openai-embedding"}
    good(gateway.post(path, body, master))
    assert providers.last("api.openai.com").headers["openai-organization"] == "org-example"


def test_no_provider_is_shown_the_credentials_of_another(
    gateway: LiteLLM, master: str, providers: Upstream
) -> None:
    good(chat(gateway, master, "llama-ollama"))
    good(gateway.post("/v1/completions", {"model": "llama-ollama", "prompt": "Good"}, master))
    asked = [one for one in providers.requests if one.host.startswith("ollama.")]
    assert not any("secret-of" in value for one in asked for value in one.headers.values())


@pytest.mark.parametrize("model", [*CHATS, *EMBEDDINGS])
def test_what_an_answer_costs_is_known(model: str, gateway: LiteLLM, master: str) -> None:
    if model in CHATS:
        answer = chat(gateway, master, model)
    else:
        answer = gateway.post("/v1/embeddings", {"model": model, "input": "Good"}, master)
    assert answer.status_code == 200
    free = model in ("llama-vllm", "llama-ollama")
    assert (float(answer.headers.get("x-litellm-response-cost", 0)) > 0) != free


def test_prices_are_dollars_for_a_million_tokens(gateway: LiteLLM, master: str) -> None:
    body = {"model": "llama-embedding", "input": "Good"}
    answer = gateway.post("/v1/embeddings", body, master)
    assert float(answer.headers["x-litellm-response-cost"]) == pytest.approx(11 * 0.02 / 1e6)


def names(gateway: LiteLLM, key: str) -> set[str]:
    return {model["id"] for model in good(gateway.get("/v1/models", key))["data"]}


def test_every_model_and_alias_is_listed(gateway: LiteLLM, master: str) -> None:
    assert names(gateway, master) >= {*CHATS, *EMBEDDINGS, "default", "any-claude"}


LIMITS: Mapping[str, tuple[list[str], list[str], list[str]]] = {
    "a model": (["gemini"], ["gemini"], ["gemini-vertex", "any-claude", "gemini-embedding"]),
    "a provider": (["provider:openai"], ["gpt-openai"], ["gpt-azure", "llama-vllm", "default"]),
    "an endpoint": (["provider:vllm"], ["llama-vllm"], ["llama-ollama", "gpt-openai"]),
    "a tier": (["tier:2"], ["gpt-azure", "claude-anthropic"], ["gemini", "claude-bedrock"]),
    "a model and a provider": (
        ["gemini", "provider:anthropic"],
        ["gemini", "claude-anthropic", "any-claude"],
        ["claude-bedrock", "gpt-openai"],
    ),
    "an alias": (["any-claude"], ["any-claude"], ["claude-bedrock", "claude-anthropic"]),
    "a model with an alias": (["claude-bedrock"], ["claude-bedrock", "default"], ["any-claude"]),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_key_limited_to_something_is_refused_elsewhere(limit: str, gateway: LiteLLM) -> None:
    models, allowed, refused = LIMITS[limit]
    key = new_key(gateway, models=models)
    assert {name: chat(gateway, key, name).status_code for name in allowed} == dict.fromkeys(
        allowed, 200
    )
    assert {name: chat(gateway, key, name).status_code for name in refused} == dict.fromkeys(
        refused, 403
    )


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/completions", "/v1/embeddings"])
def test_a_limit_holds_on_every_path(path: str, gateway: LiteLLM) -> None:
    key = new_key(gateway, models=["provider:anthropic"])
    body = {"model": "gpt-openai", "messages": ASKED, "prompt": "Good", "input": "Good"}
    assert gateway.post(path, {**body, "max_tokens": 64}, key).status_code == 403


def test_a_limited_key_sees_its_own_models_only(gateway: LiteLLM) -> None:
    key = new_key(gateway, models=["provider:gemini"])
    assert names(gateway, key) == {"gemini", "gemini-embedding"}


@pytest.mark.parametrize(
    ("limit", "host"), [("provider:anthropic", "api.anthropic.com"), ("tier:1", BEDROCK)]
)
def test_an_alias_of_several_models_keeps_to_those_that_a_key_may_use(
    limit: str, host: str, gateway: LiteLLM, providers: Upstream
) -> None:
    key = new_key(gateway, models=[limit])
    before = len(providers.requests)
    for _ in range(6):
        good(chat(gateway, key, "any-claude"))
    asked = {one.host for one in providers.requests[before:]} & {BEDROCK, "api.anthropic.com"}
    assert asked == {host}


def test_an_alias_of_several_models_is_served_by_all_of_them(
    gateway: LiteLLM, master: str, providers: Upstream
) -> None:
    before = len(providers.requests)
    wanted = {BEDROCK, "api.anthropic.com"}
    for _ in range(50):
        good(chat(gateway, master, "any-claude"))
        if {one.host for one in providers.requests[before:]} >= wanted:
            return
    pytest.fail("one of the models was never asked")


@pytest.mark.parametrize("model", ["claude-bedrock", "default"])
def test_a_team_s_calls_have_its_own_session(
    model: str, gateway: LiteLLM, team: str, providers: Upstream
) -> None:
    good(chat(gateway, new_key(gateway, team_id=team), model))
    headers = providers.last(BEDROCK).headers
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ASIATEAM/")
    assert headers["x-amz-security-token"] == "token-of-the-team"


def test_a_team_has_all_models_of_an_alias_and_its_session_where_there_is_one(
    gateway: LiteLLM, team: str, providers: Upstream
) -> None:
    key = new_key(gateway, team_id=team)
    before = len(providers.requests)
    for _ in range(50):
        good(chat(gateway, key, "any-claude"))
        asked = [one for one in providers.requests[before:] if "amazonaws.com" in one.host]
        on_bedrock = [one for one in asked if one.host == BEDROCK]
        elsewhere = {one.host for one in providers.requests[before:]} & {"api.anthropic.com"}
        if on_bedrock and elsewhere:
            break
    assert on_bedrock and elsewhere
    assert all("Credential=ASIATEAM/" in one.headers["authorization"] for one in on_bedrock)


@pytest.fixture(scope="module")
def team(gateway: LiteLLM) -> str:
    made = gateway.create("/team/new", {"team_id": provider_stack.TEAM, "team_alias": "search"})
    return str(made["team_id"])


def test_a_fallback_is_the_operator_s_word_and_leads_past_a_key_s_limit(
    gateway: LiteLLM, providers: Upstream
) -> None:
    key = new_key(gateway, models=["provider:broken"])
    assert good(chat(gateway, key, "broken"))["choices"][0]["message"]["content"] == TEXT
    assert chat(gateway, key, "gpt-openai").status_code == 403


def test_no_secret_is_written_to_the_log(gateway: LiteLLM, master: str) -> None:
    log = gateway.log.read_text(errors="replace")
    assert [word for word in ("secret-of", "PRIVATE KEY", master) if word in log] == []
