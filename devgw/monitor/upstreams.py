"""The upstream MCP servers behind the routes: whether they answer, how fast, and for whom a credential is held."""

from collections import deque
from collections.abc import Iterable

from devgw.config.project import Route
from devgw.events.bus import Published
from devgw.events.taxonomy import (
    FailureOrigin,
    McpAuthUpstreamConnectionEstablished,
    McpAuthUpstreamConnectionLost,
    McpAuthUpstreamConnectionRefreshed,
    McpCapabilityCompleted,
    Outcome,
)
from devgw.events.trace import Trace
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.masking import mask_sentence
from devgw.monitor.moments import stamp
from devgw.monitor.rows import TokenRow, UpstreamRow

_WINDOW = 200
"""Requests from which the percentiles are taken."""


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which `share` of `values` lie, 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class UpstreamBooks:
    """The rows of upstream servers and of the credentials held for them."""

    def __init__(self, count: Count, graveyard: Graveyard, tokens: Book[TokenRow]) -> None:
        self.upstreams: Book[UpstreamRow] = Book("upstream", count, graveyard, 1_000)
        self._tokens = tokens
        self._waits: dict[str, deque[float]] = {}

    def take_routes(self, routes: Iterable[Route]) -> None:
        """Make the rows fit the routes that are loaded now."""
        kept = set()
        for route in routes:
            kept.add(route.operation_id)
            row = self._row(route.operation_id)
            exchange = route.token_exchange
            row.name, row.url = route.summary or route.operation_id, mask_sentence(route.upstream_url)
            row.upstream_id, row.auth_mode = (exchange.id, exchange.auth_mode) if exchange else ("", "")
            self.upstreams.touch(row.id)
        for row in list(self.upstreams):
            if row.id not in kept:
                self.upstreams.drop(row.id)

    def _row(self, operation_id: str) -> UpstreamRow:
        return self.upstreams.get(operation_id) or self.upstreams.put(
            operation_id, UpstreamRow(operation_id, operation_id, "", "unknown")
        )

    def exchanged(self, trace: Trace) -> None:
        """Count one request that went up. On the hot path: percentiles are taken when somebody looks."""
        if trace.operation_id is None or (
            trace.upstream_status is None and trace.failure_origin != FailureOrigin.UPSTREAM
        ):
            return
        row = self._row(trace.operation_id)
        row.requests += 1
        row.last, row.last_status = stamp(trace.started_at), trace.upstream_status or 0
        self._waits.setdefault(row.id, deque(maxlen=_WINDOW)).append(trace.upstream_ms)
        if trace.failure_origin == FailureOrigin.UPSTREAM and trace.outcome == Outcome.FAILURE:
            self._failed(row, trace.explanation or trace.reason_code or f"answered {trace.upstream_status}")
        elif row.last_status < 500:
            row.state = "ok"
        self.upstreams.touch(row.id)

    def completed(self, event: McpCapabilityCompleted) -> None:
        """Note why an upstream failed, where the proxy says so."""
        is_theirs = event.failure_origin is FailureOrigin.UPSTREAM and event.outcome is Outcome.FAILURE
        if is_theirs and event.operation_id:
            row = self._row(event.operation_id)
            why = event.explanation or event.reason_code or f"answered {event.status}"
            row.state, row.last_error = "failing", mask_sentence(why)
            self.upstreams.touch(row.id)

    def _failed(self, row: UpstreamRow, why: str) -> None:
        row.errors += 1
        row.state, row.last_error, row.last_error_at = "failing", mask_sentence(why), row.last

    def weigh(self, row: UpstreamRow) -> UpstreamRow:
        """Return `row` with its percentiles taken now."""
        waits = self._waits.get(row.id, ())
        row.p50_ms, row.p95_ms = round(percentile(waits, 0.5), 1), round(percentile(waits, 0.95), 1)
        return row

    # --- credentials ---

    def connected(
        self,
        published: Published,
        event: McpAuthUpstreamConnectionEstablished | McpAuthUpstreamConnectionRefreshed,
    ) -> None:
        """Note a credential that is held for a subject."""
        id_ = _credential_id(event.upstream_server_id, event.subject_id)
        token = self._tokens.get(id_) or TokenRow(id_, "upstream", "live", stamp(published.at))
        token.state, token.issued, token.expires = "live", stamp(published.at), stamp(event.expires_at)
        token.ended, token.ended_by = 0.0, ""
        token.upstream_id, token.subject_id = event.upstream_server_id or "", event.subject_id or ""
        self._tokens.put(id_, token)
        for row in self._of(event.upstream_server_id):
            row.connected = sorted({*row.connected, event.subject_id or "shared"})
            self.upstreams.touch(row.id)

    def lost(self, published: Published, event: McpAuthUpstreamConnectionLost) -> None:
        """Note a credential that is of no more use."""
        token = self._tokens.get(_credential_id(event.upstream_server_id, event.subject_id))
        if token is not None:
            token.state, token.ended, token.ended_by = "revoked", stamp(published.at), event.cause
            self._tokens.touch(token.id)
        for row in self._of(event.upstream_server_id):
            row.connected = [each for each in row.connected if each != (event.subject_id or "shared")]
            self.upstreams.touch(row.id)

    def _of(self, upstream_id: str | None) -> list[UpstreamRow]:
        return [row for row in self.upstreams if upstream_id and row.upstream_id == upstream_id]


def _credential_id(upstream_id: str | None, subject_id: str | None) -> str:
    return f"up:{upstream_id or '?'}:{subject_id or 'shared'}"
