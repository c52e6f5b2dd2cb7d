"""The JSON-RPC messages of one HTTP body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RequestId = str | int | float

CAPABILITY_MEMBER = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "resources/subscribe": "uri",
    "resources/unsubscribe": "uri",
}
"""The member of `params` that names the tool, prompt or resource, by method."""


@dataclass(frozen=True, slots=True)
class Messages:
    """What a body says. Empty where it is no JSON-RPC; the upstream is the one to complain."""

    items: tuple[Mapping[str, Any], ...] = ()
    is_batch: bool = False

    @property
    def method(self) -> str | None:
        """Return the method of the first message that has one; None for a bare response."""
        for item in self.items:
            method = item.get("method")
            if isinstance(method, str):
                return method
        return None

    @property
    def capability(self) -> str | None:
        """Return the tool, prompt or resource that the first message names."""
        return capability_of(self.items[0]) if self.items else None

    @property
    def request_ids(self) -> list[RequestId]:
        """Return the ids of the requests, which are those that want an answer."""
        return [
            item["id"]
            for item in self.items
            if isinstance(item.get("method"), str)
            and isinstance(item.get("id"), (str, int, float))
            and not isinstance(item["id"], bool)
        ]


NO_MESSAGES = Messages()


def read_messages(body: bytes) -> Messages:
    """Return the messages of `body`: one object, or the array of a batch."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return NO_MESSAGES
    if isinstance(value, dict):
        return Messages((value,))
    if isinstance(value, list):
        return Messages(tuple(item for item in value if isinstance(item, dict)), is_batch=True)
    return NO_MESSAGES


def capability_of(message: Mapping[str, Any]) -> str | None:
    """Return the tool, prompt or resource that `message` names, or None where its method names none."""
    method = message.get("method")
    member = CAPABILITY_MEMBER.get(method) if isinstance(method, str) else None
    params = message.get("params")
    if member is None or not isinstance(params, dict):
        return None
    name = params.get(member)
    return name if isinstance(name, str) else None
