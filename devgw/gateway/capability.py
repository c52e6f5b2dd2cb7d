"""The capability filter on a route: refuses hidden calls on the way up, rewrites list answers on the way down."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from devgw.config.project import CapabilityFilter, Route
from devgw.departure import Departure
from devgw.events import Bus
from devgw.events.taxonomy import McpCapabilityEntriesUnmatched, McpCapabilityListEmptied
from devgw.foreign.json import JsonRefused, read_json
from devgw.gateway.capability_filter import (
    KIND_OF_LIST,
    KINDS,
    CapabilityKind,
    check_call,
    claims_without_value,
    entries_of,
    filter_result,
    unmatched,
)
from devgw.gateway.upstream import Admitted
from devgw.limits import Limits
from devgw.problems import Refused
from devgw.problems.upstream_answer import UpstreamAnswerUnreadable

LIST_STREAMS = Departure(
    name="list-streams",
    here="mcp-capability-filter-inbound filters a list answer in an event stream as it filters JSON.",
    deployed="The policy is documented to filter JSON answers alone: a list that comes as an event stream is shown "
    "whole. Calls of hidden capabilities are refused in both.",
    why="An allow-list that leaks by the form of an answer surprises whoever wrote it.",
    source="https://zuplo.com/docs/mcp-gateway/capability-filtering",
    setting="[deployed]\nlist_streams = true",
    is_made=lambda settings: not settings.deployed.list_streams,
)
Messages = Sequence[Mapping[str, Any]]
_Id = str | int | float | None
_BEFORE_JSON = b" \t\r\n\xef\xbb\xbf\xfe\xff\0"
"""White space, and marks of byte order and zeros, after which some clients read other encodings than UTF-8."""
_MARK = b"\xef\xbb\xbf"
"""The mark of byte order that may begin an event stream."""
_EVENT_END = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r\n?")
"""The blank line after an event, in all three line endings."""


class AnswerRewriter(Protocol):
    """Rewrites one answer of an upstream. One per exchange; use `whole` for JSON, or `feed` and `close` for SSE."""

    @property
    def held(self) -> int:
        """Return how many bytes of an event are held that has not ended."""

    def whole(self, body: bytes) -> bytes:
        """Return a complete JSON body as the client may see it; the same bytes where nothing is to change.

        Raises:
            Refused: with `UpstreamAnswerUnreadable`, where it may be a list and cannot be read.
        """

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk of an event stream; return the complete events so far, as the client may see them."""

    def close(self) -> bytes:
        """Return what is left of an event stream that ended in the middle of an event."""


class Capabilities(Protocol):
    """What the proxy asks on every request of a route."""

    def check(self, route: Route, admitted: Admitted, messages: Messages) -> None:
        """Let the messages pass; a hidden call blocks its whole batch.

        Raises:
            Refused: with `CapabilityHidden`.
        """

    def rewriter(self, route: Route, admitted: Admitted, messages: Messages) -> AnswerRewriter | None:
        """Return what rewrites the answer, or None where it may be relayed as it comes.

        With a rewriter, ask the upstream for `Accept-Encoding: identity` and drop `Content-Length`. Give no messages
        for a GET stream: it may replay the answer to any request.
        """


class FilteredCapabilities:
    """Applies each route's `mcp-capability-filter-inbound`, and tells once which entries name nothing upstream."""

    def __init__(self, bus: Bus, *, filters_streams: bool = True) -> None:
        self._bus = bus
        self.filters_streams = filters_streams
        """Whether event streams are filtered too."""
        self._names: dict[tuple[str, str], set[str]] = {}
        self._told: dict[tuple[str, str], tuple[tuple[str, str | None], ...]] = {}
        self._emptied: dict[tuple[str, str], tuple[str, ...]] = {}
        """By route and kind: the claims for want of which the last list was emptied."""

    def check(self, route: Route, admitted: Admitted, messages: Messages) -> None:
        """Let the messages pass; a hidden call blocks its whole batch.

        Raises:
            Refused: with `CapabilityHidden`.
        """
        if route.capability_filter:
            for message in messages:
                check_call(route.capability_filter, message, admitted)

    def rewriter(self, route: Route, admitted: Admitted, messages: Messages) -> AnswerRewriter | None:
        """Return what rewrites the answer, or None where it may be relayed as it comes."""
        policy = route.capability_filter
        if policy is None:
            return None
        asked = [(_id_of(message), KIND_OF_LIST.get(str(message.get("method")))) for message in messages]
        kinds = {identifier: kind for identifier, kind in asked if kind and entries_of(policy, kind) is not None}
        if messages and not kinds:
            return None
        return _Rewriter(self, route, policy, admitted, kinds)

    def note_names(
        self, route: Route, policy: CapabilityFilter, kind: CapabilityKind, result: Mapping[str, Any]
    ) -> None:
        """Remember what the upstream really offers; after the last page, publish the entries that match nothing."""
        place = (route.operation_id, kind.option)
        names = self._names.setdefault(place, set())
        items = result.get(kind.member)
        names.update(str(item.get(kind.key)) for item in items or () if isinstance(item, Mapping))
        if result.get("nextCursor"):
            return
        found = unmatched(policy, kind, sorted(self._names.pop(place)))
        if self._told.get(place, ()) != found:
            self._told[place] = found
            self._tell(route, policy, kind, found)

    def note_shown(self, route: Route, policy: CapabilityFilter, kind: CapabilityKind, claims: tuple[str, ...]) -> None:
        """Publish that a list was emptied for want of `claims`, and with none that one was not, where that is new."""
        place = (route.operation_id, kind.option)
        if self._emptied.get(place, ()) != claims:
            self._emptied[place] = claims
            self._bus.publish(
                McpCapabilityListEmptied(
                    operation_id=route.operation_id, policy=policy.name, capability_kind=kind.member, claims=claims
                )
            )

    def _tell(
        self, route: Route, policy: CapabilityFilter, kind: CapabilityKind, found: tuple[tuple[str, str | None], ...]
    ) -> None:
        """Publish which entries match nothing; none at all means that an earlier finding is gone."""
        lines = [
            f"Filter {policy.name} lists `{key}`; the upstream has " + (f"`{near}`." if near else "nothing like it.")
            for key, near in found
        ]
        self._bus.publish(
            McpCapabilityEntriesUnmatched(
                operation_id=route.operation_id,
                policy=policy.name,
                capability_kind=kind.member,
                entries=found,
                explanation=" ".join(lines) or None,
                hint="Write the name exactly as the upstream does; names match with their case." if found else None,
                reason_code="capability_entry_unmatched" if found else None,
            )
        )


def _id_of(message: Mapping[str, Any]) -> _Id:
    """Return the id of a message; None for what is none, such as an array."""
    identifier = message.get("id")
    return identifier if isinstance(identifier, (str, int, float)) else None


class _Rewriter:
    """Rewrites the answer to one request."""

    def __init__(
        self,
        owner: FilteredCapabilities,
        route: Route,
        policy: CapabilityFilter,
        admitted: Admitted,
        kinds: Mapping[Any, CapabilityKind],
    ) -> None:
        self._owner = owner
        self._route = route
        self._policy = policy
        self._admitted = admitted
        self._kinds = kinds
        self._pending = bytearray()
        self._scanned = 0

    @property
    def held(self) -> int:
        """See `AnswerRewriter`."""
        return len(self._pending)

    def whole(self, body: bytes) -> bytes:
        """Return a complete JSON body as the client may see it."""
        if not self._may_list(body):
            return body
        answer = self._read(body)
        seen = [self._seen(each) for each in answer] if isinstance(answer, list) else self._seen(answer)
        return body if seen == answer else json.dumps(seen, ensure_ascii=False, separators=(",", ":")).encode()

    def _read(self, body: bytes) -> Any:
        """Return the answer; one that cannot be read in one way only is never let through unseen."""
        url = self._route.upstream_url
        try:
            return read_json(body, most_bytes=Limits.FILTERED_BYTES, most_values=Limits.FILTERED_VALUES)
        except JsonRefused as refused:
            raise Refused(UpstreamAnswerUnreadable(url, str(refused))) from refused

    def _may_list(self, body: bytes) -> bool:
        """Tell whether a body may hold a list in question: by name, or with its name in escapes or other encodings."""
        if body.lstrip(_BEFORE_JSON)[:1] not in {b"{", b"["}:  # a page or a text, which no client reads as JSON
            return False
        names = (kind.member.encode() for kind in self._kinds.values() or KINDS)
        return b"\\u" in body or b"\0" in body or any(name in body for name in names)

    def feed(self, chunk: bytes) -> bytes:
        """Take a chunk of an event stream; return the complete events so far."""
        if not self._owner.filters_streams:
            return chunk
        self._pending += chunk
        out, begin = bytearray(), 0
        for found in _EVENT_END.finditer(self._pending, self._scanned):
            out += self._event(bytes(self._pending[begin : found.end()]))
            begin = found.end()
        del self._pending[:begin]
        self._scanned = max(0, len(self._pending) - 3)
        if len(self._pending) > Limits.FILTERED_BYTES:
            raise Refused(UpstreamAnswerUnreadable(self._route.upstream_url, "an event does not end"))
        return bytes(out)

    def close(self) -> bytes:
        """Return what is left of an event stream that ended in the middle of an event, which no client will act on."""
        rest = bytes(self._pending)
        self._pending.clear()
        return self._event(rest) if rest else b""

    def _event(self, event: bytes) -> bytes:
        """Return one event, blank line included, with its data rewritten where that changes anything."""
        lines = event.removeprefix(_MARK).splitlines()
        chunks = [line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:")]
        before = b"\n".join(chunks)
        after = self.whole(before) if before else before
        if after == before:
            return event
        others = [line for line in lines if line and not line.startswith(b"data:")]
        return b"\n".join([*others, b"data: " + after]) + b"\n\n"

    def _seen(self, answer: Any) -> Any:
        """Return one JSON-RPC message as the client may see it."""
        result = answer.get("result") if isinstance(answer, Mapping) else None
        if not isinstance(result, Mapping):
            return answer
        for kind in self._kinds_of(_id_of(answer)):
            if isinstance(result.get(kind.member), list):
                self._owner.note_names(self._route, self._policy, kind, result)
                result = self._filtered(kind, result)
        return {**answer, "result": result}

    def _filtered(self, kind: CapabilityKind, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a list as this caller may see it."""
        seen = filter_result(self._policy, kind, result, self._admitted)
        if result[kind.member]:
            claims = () if seen[kind.member] else claims_without_value(self._policy, self._admitted)
            self._owner.note_shown(self._route, self._policy, kind, claims)
        return seen

    def _kinds_of(self, identifier: _Id) -> Iterable[CapabilityKind]:
        """Return the kinds this answer may list: the one asked for under its id, else every one in question."""
        if identifier in self._kinds:
            return (self._kinds[identifier],)
        return tuple(self._kinds.values()) or KINDS
