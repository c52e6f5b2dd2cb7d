"""The JSON-RPC messages of one HTTP body."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from devgw.foreign.json import JsonRefused, read_json
from devgw.limits import Limits

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
    refused: JsonRefused | None = None
    """Why the body was not read: its upstream might read it all the same, so that no policy can stand on it, and
    nobody could tell whose an answer is."""

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

    def without_params(self) -> "Messages":
        """Return what is left once nothing decides by them any more: params may take a hundred times their text."""
        return replace(self, items=tuple({name: item[name] for name in item.keys() & _ENVELOPE} for item in self.items))


NO_MESSAGES = Messages()
_ENVELOPE = frozenset({"jsonrpc", "id", "method"})
_MEANT = frozenset({"jsonrpc", "method", "params", "id", *CAPABILITY_MEMBER.values()})
"""The members by which a policy decides."""


def read_messages(body: bytes, *, most_values: int = Limits.JSON_VALUES) -> Messages:
    """Return the messages of `body`: one object, or the array of a batch. How long it may be is its taker's to say."""
    try:
        value = read_json(body, most_bytes=len(body), most_values=most_values)
    except JsonRefused as refused:
        return Messages(refused=refused.kept())
    if isinstance(value, dict):
        return Messages((value,))
    if isinstance(value, list):
        if len(value) > Limits.BATCH_MESSAGES:
            return Messages(
                refused=JsonRefused(f"it has more than {Limits.BATCH_MESSAGES:,} messages", "BATCH_MESSAGES")
            )
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


def find_lookalike(message: Mapping[str, Any]) -> str | None:
    """Return a member that is spelt almost as one by which policies decide; some languages (Go) read it as that one."""
    params = message.get("params")
    names = [*message, *(params if isinstance(params, dict) else ())]
    return next((name for name in names if name not in _MEANT and name.casefold() in _MEANT), None)
