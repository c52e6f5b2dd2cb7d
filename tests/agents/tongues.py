"""How each vendor's API asks a model and is answered: only as much as an agent needs to call one tool."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool that the agent offers."""

    name: str
    schema: Json
    namespace: str = ""


@dataclass(frozen=True)
class Asked:
    """What the agent asked."""

    words: str
    """The last words of the person."""
    tools: list[Tool]
    result: str | None
    """What the tool gave, where it was called."""


@dataclass(frozen=True)
class Answer:
    """What the model says: words, or the call of a tool."""

    text: str = ""
    tool: Tool | None = None
    arguments: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Tongue:
    """One API: how a question is read, and an answer written as a whole or as server-sent events."""

    read: Callable[[Json], Asked]
    whole: Callable[[Answer], Json]
    stream: Callable[[Answer], Iterator[str]]


def _event(body: Json, name: str = "") -> str:
    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(body)}\n\n"


def _text(content: Any) -> str:
    """Return the words of a message's content, whatever its shape."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return " ".join(_text(each) for each in content)
    if isinstance(content, dict):
        return _text(content.get("text") or content.get("content") or content.get("output") or "")
    return ""


# The chat completions of OpenAI


def _read_chat(sent: Json) -> Asked:
    functions = [each["function"] for each in sent.get("tools") or [] if "function" in each]
    messages = sent.get("messages") or []
    results = [_text(each["content"]) for each in messages if each["role"] == "tool"]
    words = " ".join(_text(each.get("content")) for each in messages if each["role"] == "user")
    return Asked(words, [Tool(each["name"], each.get("parameters") or {}) for each in functions], _last(results))


def _chat_message(answer: Answer) -> Json:
    if answer.tool is None:
        return {"role": "assistant", "content": answer.text}
    function = {"name": answer.tool.name, "arguments": json.dumps(answer.arguments)}
    calls = [{"index": 0, "id": "call_1", "type": "function", "function": function}]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def _chat(answer: Answer) -> Json:
    choice = {"index": 0, "message": _chat_message(answer), "finish_reason": "tool_calls" if answer.tool else "stop"}
    return _named("chat.completion") | {"choices": [choice], "usage": _usage()}


def _chat_stream(answer: Answer) -> Iterator[str]:
    ending = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if answer.tool else "stop"}
    chunk = _named("chat.completion.chunk")
    yield _event(chunk | {"choices": [{"index": 0, "delta": _chat_message(answer), "finish_reason": None}]})
    yield _event(chunk | {"choices": [ending], "usage": _usage()})
    yield "data: [DONE]\n\n"


def _usage() -> Json:
    return {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def _named(kind: str) -> Json:
    return {"id": "answer_1", "object": kind, "created": 1_700_000_000, "model": "none"}


# The responses of OpenAI


def _read_responses(sent: Json) -> Asked:
    given = sent.get("input") or []
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    results = [_text(each.get("output")) for each in items if each.get("type") == "function_call_output"]
    words = " ".join(_text(each.get("content")) for each in items if each.get("role") == "user")
    return Asked(words, list(_response_tools(sent.get("tools") or [])), _last(results))


def _response_tools(tools: list[Json], namespace: str = "") -> Iterator[Tool]:
    for each in tools:
        if each.get("type") == "namespace":
            yield from _response_tools(each.get("tools") or [], each["name"])
        elif each.get("type") == "function":
            yield Tool(each["name"], each.get("parameters") or {}, namespace)


def _response_item(answer: Answer) -> Json:
    if answer.tool is None:
        content = [{"type": "output_text", "text": answer.text, "annotations": []}]
        return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed", "name": answer.tool.name}
    item |= {"arguments": json.dumps(answer.arguments)}
    return item | ({"namespace": answer.tool.namespace} if answer.tool.namespace else {})


def _response(answer: Answer) -> Json:
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_tokens_details": {"cached_tokens": 0}}
    usage |= {"output_tokens_details": {"reasoning_tokens": 0}}
    whole = _named("response") | {
        "created_at": 1_700_000_000,
        "status": "completed",
        "output": [_response_item(answer)],
    }
    return whole | {"usage": usage, "parallel_tool_calls": False, "tool_choice": "auto", "tools": []}


def _response_stream(answer: Answer) -> Iterator[str]:
    whole, item = _response(answer), _response_item(answer)
    yield _typed("response.created", response=whole | {"status": "in_progress", "output": []})
    yield _typed("response.output_item.added", output_index=0, item=item)
    yield _typed("response.output_item.done", output_index=0, item=item)
    yield _typed("response.completed", response=whole)


def _typed(kind: str, **members: Any) -> str:
    return _event({"type": kind, "sequence_number": 0} | members, kind)


# The messages of Anthropic


def _read_messages(sent: Json) -> Asked:
    tools = [Tool(each["name"], each.get("input_schema") or {}) for each in sent.get("tools") or [] if "name" in each]
    blocks = [block for each in sent.get("messages") or [] if each["role"] == "user" for block in _blocks(each)]
    results = [_text(each.get("content")) for each in blocks if each.get("type") == "tool_result"]
    words = " ".join(_text(each) for each in blocks if each.get("type") == "text")
    return Asked(words, tools, _last(results))


def _blocks(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _message(answer: Answer) -> Json:
    block: Json = {"type": "text", "text": answer.text}
    if answer.tool:
        block = {"type": "tool_use", "id": "toolu_1", "name": answer.tool.name, "input": answer.arguments}
    reason = "tool_use" if answer.tool else "end_turn"
    usage = {"input_tokens": 1, "output_tokens": 1}
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "none", "content": [block]}
    return whole | {"stop_reason": reason, "stop_sequence": None, "usage": usage}


def _message_stream(answer: Answer) -> Iterator[str]:
    whole = _message(answer)
    (block,) = whole["content"]
    empty, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": answer.text}
    if answer.tool:
        empty = block | {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.arguments)}
    yield _typed("message_start", message=whole | {"content": [], "stop_reason": None})
    yield _typed("content_block_start", index=0, content_block=empty)
    yield _typed("content_block_delta", index=0, delta=delta)
    yield _typed("content_block_stop", index=0)
    yield _typed(
        "message_delta", delta={"stop_reason": whole["stop_reason"], "stop_sequence": None}, usage=whole["usage"]
    )
    yield _typed("message_stop")


# What Gemini generates


def _read_contents(sent: Json) -> Asked:
    declared = [each for tool in sent.get("tools") or [] for each in tool.get("functionDeclarations") or []]
    tools = [Tool(each["name"], each.get("parametersJsonSchema") or each.get("parameters") or {}) for each in declared]
    parts = [part for each in sent.get("contents") or [] for part in each.get("parts") or []]
    results = [json.dumps(each["functionResponse"].get("response")) for each in parts if "functionResponse" in each]
    return Asked(" ".join(each.get("text", "") for each in parts), tools, _last(results))


def _contents(answer: Answer) -> Json:
    part: Json = {"text": answer.text}
    if answer.tool:
        part = {"functionCall": {"name": answer.tool.name, "args": answer.arguments}}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "none"}


def _contents_stream(answer: Answer) -> Iterator[str]:
    yield _event(_contents(answer))


def _last(results: list[str]) -> str | None:
    return results[-1] if results else None


TONGUES: tuple[tuple[str, Tongue], ...] = (
    (r"chat/completions$", Tongue(_read_chat, _chat, _chat_stream)),
    (r"responses$", Tongue(_read_responses, _response, _response_stream)),
    (r"messages$", Tongue(_read_messages, _message, _message_stream)),
    (r"enerateContent$", Tongue(_read_contents, _contents, _contents_stream)),
)
"""Each API with the end of the paths at which it is asked."""
