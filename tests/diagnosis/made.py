"""Flows and traces as the gateway records them, for failures that a healthy gateway does not let happen."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from devgw.diagnosis import SeenFlow, Surroundings, diagnose
from devgw.events import Event, Published, Trace
from devgw.events.flow import Diagnosis, Flow, FlowState, Milestone
from devgw.events.trace import Body
from devgw.ids import ClientId, FlowId, OperationId, TraceId, TransactionId
from devgw.problems.bearer import TokenMissing

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORIGIN = "http://localhost:9000"
MCP = f"{ORIGIN}/mcp/x"
PRM = "/.well-known/oauth-protected-resource/mcp/x"
ASM = "/.well-known/oauth-authorization-server/mcp/x"
RESOURCE = {"resource": MCP, "authorization_servers": [MCP], "scopes_supported": ["mcp:tools"]}
SERVER = {
    "issuer": MCP,
    "authorization_endpoint": f"{ORIGIN}/oauth/authorize/mcp/x",
    "token_endpoint": f"{ORIGIN}/oauth/token",
    "registration_endpoint": f"{ORIGIN}/oauth/register",
    "code_challenge_methods_supported": ["S256"],
    "authorization_response_iss_parameter_supported": True,
}


class Story:
    """A flow that is written down request by request."""

    def __init__(self, user_agent: str = "node") -> None:
        self.flow = Flow(FlowId("f-1"), NOON, user_agent, OperationId("x"), client_id=ClientId("dcr:1"))
        self.flow.transaction_ids.append(TransactionId("t-1"))
        self.around = Surroundings()
        self.traces: list[Trace] = []
        self.now = NOON
        self._seq = 0

    def wait(self, seconds: float) -> "Story":
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        return self

    def ask(self, method: str, url: str, status: int, answer: Any = None, **more: Any) -> Trace:
        """Write down one request; `answer` is the body, `sent` and `got` are headers."""
        path, _, query = url.partition("?")
        sent, got = more.pop("sent", {}), more.pop("got", {})
        body = json.dumps(answer).encode() if isinstance(answer, dict) else (answer or b"")
        got = ({"content-type": "application/json"} if isinstance(answer, dict) else {}) | got
        trace = Trace(TraceId(f"{len(self.traces):08x}"), self.now, method, path, query.encode(), "localhost:9000")
        trace.request_headers = [(key.encode(), value.encode()) for key, value in sent.items()]
        trace.request_headers.append((b"user-agent", self.flow.user_agent.encode()))
        trace.response_headers = [(key.encode(), value.encode()) for key, value in got.items()]
        trace.response_body = Body(body, len(body))
        content = more.pop("content", b"")
        trace.request_body = Body(content, len(content))
        trace.status, trace.kind = status, "mcp" if path.startswith("/mcp/") else "oauth"
        for key, value in more.items():
            setattr(trace, key, value)
        self.traces.append(trace)
        self.flow.trace_ids.append(trace.id)
        self.flow.last_at = self.now
        self.wait(0.1)
        return trace

    def tell(self, event: Event) -> "Story":
        """Publish an event."""
        self._seq += 1
        self.around.fold(Published(self._seq, self.now, event))
        return self.wait(0.1)

    def reach(self, milestone: Milestone, state: FlowState = FlowState.ACTIVE) -> "Story":
        """Note how far the flow came."""
        self.flow.last_seen, self.flow.state, self.flow.last_at = milestone, state, self.now
        return self

    def said(self) -> list[Diagnosis]:
        """Return what the rules say now."""
        return diagnose(SeenFlow.of(self.flow, self.traces, self.around), self.now)

    def names(self) -> list[str]:
        """Return the ids of what the rules say now."""
        return [each.id for each in self.said()]

    def discover(self, resource: dict[str, Any] | None = None, server: dict[str, Any] | None = None) -> "Story":
        """Write down the requests by which a client finds its way."""
        challenge = {"www-authenticate": f'Bearer resource_metadata="{ORIGIN}{PRM}"'}
        self.ask("POST", "/mcp/x", 401, got=challenge, problem=TokenMissing())
        self.ask("GET", PRM, 200, resource or RESOURCE)
        self.ask("GET", ASM, 200, server or SERVER)
        return self
