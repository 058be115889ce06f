"""What the providers answer: a line of text, a call of the tool that was offered, a vector.

Each in the wire format of its API, as far as LiteLLM reads it.
"""

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

TEXT = "Good morning from the provider."
TOOL = "weather"
ARGUMENTS = {"city": "Wien"}
VECTOR = [0.25, -0.5]
_JSON = "application/json"
_EVENTS = "text/event-stream"


@dataclass(frozen=True)
class Answer:
    content: bytes
    kind: str = _JSON
    status: int = 200


def answer(host: str, path: str, text: str) -> Answer:
    """Return what a host says to a request, or 404 where it has nothing at that path."""
    route = path.partition("?")[0]
    if ".s3." in host:
        return Answer(b"", "text/plain")
    body = json.loads(text) if text.startswith("{") else {}
    if host == "broken.example.com":
        return Answer(b'{"error": {"message": "out of order"}}', status=500)
    if route.endswith(("/chat/completions", "/completions", "/embeddings", "/responses")):
        return _openai(route, body)
    if host == "api.anthropic.com":
        return _anthropic(body)
    if host.startswith("bedrock-runtime."):
        return _bedrock(route, body)
    if host.endswith("googleapis.com") and ":" in route:
        return _google(route.rpartition(":")[2], body)
    return _others(host, route)


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode())


def _stream(events: Iterable[Any], *, named: bool = False, done: bool = False) -> Answer:
    text = "".join(
        (f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n"
        for event in events
    )
    return Answer((text + ("data: [DONE]\n\n" if done else "")).encode(), _EVENTS)


def _openai(route: str, body: dict[str, Any]) -> Answer:
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    if route.endswith("/embeddings"):
        item = {"object": "embedding", "index": 0, "embedding": VECTOR}
        return _json({"object": "list", "model": "m", "data": [item], "usage": usage})
    if route.endswith("/responses"):
        return _responses(body)
    chat = route.endswith("/chat/completions")
    common = {"id": "c-1", "created": 1, "model": body.get("model", "m")}
    if not chat:
        choice = {"index": 0, "text": TEXT, "finish_reason": "stop"}
        whole = {**common, "object": "text_completion", "choices": [choice], "usage": usage}
        return _stream([whole], done=True) if body.get("stream") else _json(whole)
    call = {"name": TOOL, "arguments": json.dumps(ARGUMENTS)}
    tools = [{"index": 0, "id": "call-1", "type": "function", "function": call}]
    said = {"tool_calls": tools} if body.get("tools") else {"content": TEXT}
    reason = "tool_calls" if body.get("tools") else "stop"
    if not body.get("stream"):
        message = {"role": "assistant", "content": None, **said}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        return _json({**common, "object": "chat.completion", "choices": [choice], "usage": usage})
    deltas = [({"role": "assistant", **said}, None), ({}, reason)]
    chunks = [
        {
            **common,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "finish_reason": end}],
        }
        for delta, end in deltas
    ]
    last = {**common, "object": "chat.completion.chunk", "choices": [], "usage": usage}
    return _stream([*chunks, last], done=True)


def _responses(body: dict[str, Any]) -> Answer:
    if body.get("tools"):
        call = {"name": TOOL, "arguments": json.dumps(ARGUMENTS), "call_id": "call-1"}
        item: dict[str, Any] = {"type": "function_call", "id": "f-1", "status": "completed", **call}
    else:
        content = {"type": "output_text", "text": TEXT, "annotations": []}
        item = {"type": "message", "id": "m-1", "role": "assistant", "status": "completed"}
        item["content"] = [content]
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    whole = {
        "id": "r-1", "object": "response", "created_at": 1, "status": "completed",
        "model": body["model"], "output": [item], "usage": usage,
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    if not body.get("stream"):
        return _json(whole)
    place = {"output_index": 0, "item_id": item["id"]}
    delta = (
        {"type": "response.function_call_arguments.delta", "delta": json.dumps(ARGUMENTS)}
        if body.get("tools")
        else {"type": "response.output_text.delta", "content_index": 0, "delta": TEXT}
    )
    begun = {**item, "status": "in_progress"}
    empty = {"arguments": ""} if body.get("tools") else {"content": []}
    events = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**begun, **empty}},
        {**delta, **place},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return _stream(
        ({**event, "sequence_number": number} for number, event in enumerate(events)), named=True
    )


def _anthropic_message(body: dict[str, Any]) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": TEXT}
    if body.get("tools"):
        block = {"type": "tool_use", "id": "call-1", "name": TOOL, "input": ARGUMENTS}
    return {
        "id": "msg-1", "type": "message", "role": "assistant", "model": body.get("model", "m"),
        "content": [block], "stop_sequence": None,
        "stop_reason": "tool_use" if body.get("tools") else "end_turn",
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }  # fmt: skip


def _anthropic_events(message: dict[str, Any]) -> list[dict[str, Any]]:
    block = message["content"][0]
    if block["type"] == "text":
        begun, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        begun = {**block, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ]


def _anthropic(body: dict[str, Any]) -> Answer:
    message = _anthropic_message(body)
    return _stream(_anthropic_events(message), named=True) if body.get("stream") else _json(message)


def _google(method: str, body: dict[str, Any]) -> Answer:
    if method == "batchEmbedContents":
        return _json({"embeddings": [{"values": VECTOR}]})
    if method == "predict":
        statistics = {"token_count": 3, "truncated": False}
        vector = {"embeddings": {"values": VECTOR, "statistics": statistics}}
        return _json({"predictions": [vector]})
    part: dict[str, Any] = {"text": TEXT}
    if body.get("tools"):
        part = {"functionCall": {"name": TOOL, "args": ARGUMENTS}}
    whole = {
        "candidates": [
            {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18,
        },
    }  # fmt: skip
    return _stream([whole]) if method == "streamGenerateContent" else _json(whole)


def _bedrock(route: str, body: dict[str, Any]) -> Answer:
    action = route.rpartition("/")[2]
    if action == "invoke" and "anthropic" not in route:
        vector: Any = [VECTOR] if "cohere" in route else VECTOR
        return _json({"embedding": vector, "embeddings": vector, "inputTextTokenCount": 3})
    if action.startswith("invoke"):
        message = _anthropic_message(body)
        if action == "invoke":
            return _json(message)
        return _event_stream(
            [("chunk", event) for event in _anthropic_events(message)], invoke=True
        )
    tools = "toolConfig" in body
    call = {"toolUseId": "call-1", "name": TOOL}
    usage = {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    reason = "tool_use" if tools else "end_turn"
    if action == "converse":
        block = {"toolUse": {**call, "input": ARGUMENTS}} if tools else {"text": TEXT}
        message = {"role": "assistant", "content": [block]}
        return _json({"output": {"message": message}, "stopReason": reason, "usage": usage})
    index = {"contentBlockIndex": 0}
    delta = {"toolUse": {"input": json.dumps(ARGUMENTS)}} if tools else {"text": TEXT}
    begun = [("contentBlockStart", {**index, "start": {"toolUse": call}})] if tools else []
    return _event_stream(
        [
            ("messageStart", {"role": "assistant"}),
            *begun,
            ("contentBlockDelta", {**index, "delta": delta}),
            ("contentBlockStop", index),
            ("messageStop", {"stopReason": reason}),
            ("metadata", {"usage": usage, "metrics": {"latencyMs": 1}}),
        ]
    )


def _event_stream(events: Iterable[tuple[str, Any]], *, invoke: bool = False) -> Answer:
    """Frame events as AWS does: lengths, headers and checksums around each."""
    content = b""
    for name, value in events:
        payload = json.dumps(value).encode()
        if invoke:
            payload = json.dumps({"bytes": base64.b64encode(payload).decode()}).encode()
        fields = {":event-type": name, ":content-type": _JSON, ":message-type": "event"}
        headers = b"".join(
            bytes([len(key)])
            + key.encode()
            + b"\x07"
            + struct.pack(">H", len(text))
            + text.encode()
            for key, text in fields.items()
        )
        prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
        message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
        content += message + struct.pack(">I", zlib.crc32(message))
    return Answer(content, "application/vnd.amazon.eventstream")


def _others(host: str, route: str) -> Answer:
    """Those that hand out credentials, and the store of the log."""
    if host == "oauth2.googleapis.com" or route.endswith("/oauth2/v2.0/token"):
        token = {"access_token": f"token-of-{host}", "expires_in": 3600, "token_type": "Bearer"}
        return _json(token)
    if host == "login.microsoftonline.com":
        tenant = re.sub(r"/(v2.0/)?\.well-known.*", "", route) if route.count("/") > 1 else route
        login = f"https://{host}{tenant}"
        if "discovery" in route:
            aliases = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
            return _json({"tenant_discovery_endpoint": login, "metadata": [aliases]})
        return _json(
            {
                "issuer": f"{login}/v2.0",
                "authorization_endpoint": f"{login}/oauth2/v2.0/authorize",
                "token_endpoint": f"{login}/oauth2/v2.0/token",
            }
        )
    if host.startswith("sts."):
        return Answer(_ROLE.encode(), "text/xml")
    return Answer(b"{}", status=404)


_ROLE = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<Credentials><AccessKeyId>ASIATEAM</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>token-of-the-team</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""
