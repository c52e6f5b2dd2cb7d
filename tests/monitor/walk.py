"""A client's way told as the gateway tells it: events and traces in the order of a real login."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from devgw.clock import FrozenClock
from devgw.config.project import Route
from devgw.events import refusal
from devgw.events import taxonomy as told
from devgw.events.bus import Bus
from devgw.events.trace import Body, Trace
from devgw.ids import ClientId, GrantId, OperationId, SessionId, SubjectId, TokenId, TraceId, TransactionId
from devgw.monitor.monitor import Monitor
from devgw.problems import Problem
from devgw.problems.client_id import ClientUnknown
from devgw.problems.refresh_token import RefreshTokenReplayed
from devgw.settings import Settings, TraceSettings

CALC = OperationId("calc")
CLIENT = ClientId("dcr:1")
TRANSACTION = TransactionId("t-1")
GRANT = GrantId("g-1")
SESSION = SessionId("s-1")
SUBJECT = SubjectId("user_1")
CODE, ACCESS, REFRESH = TokenId("code:1"), TokenId("at:1"), TokenId("rt:1")
RESOURCE = "http://localhost:9000/mcp/calc"
CALLBACK = "http://127.0.0.1:3000/callback"
ROUTE = Route("/mcp/calc", CALC, "Calculator", "http://localhost:9002/mcp")


@dataclass
class Walk:
    """Publishes what a gateway would, step by step; each request takes ten milliseconds."""

    agent: str = "claude-code/2.0"
    kept: int = 100
    peer: str = ""
    """The address and port from which each request comes."""
    clock: FrozenClock = field(default_factory=FrozenClock)

    def __post_init__(self) -> None:
        self.bus = Bus(self.clock)
        self.monitor = Monitor(self.clock, Settings(traces=TraceSettings(kept=self.kept)), self.bus)
        self.monitor.take_routes([ROUTE])
        self.count = 0

    def wait(self, seconds: float) -> None:
        self.clock.travel(timedelta(seconds=seconds))

    def trace(self, method: str, path: str, **facts: object) -> Trace:
        self.count += 1
        trace = Trace(TraceId(f"{self.count:08x}"), self.clock.now(), method, path, host="localhost:9000")
        trace.peer = self.peer
        trace.request_headers = [(b"user-agent", self.agent.encode())]
        for name, value in facts.items():
            setattr(trace, name, value)
        return trace

    def exchange(self, trace: Trace, status: int, *events: told.Event) -> Trace:
        self.wait(0.005)
        for event in events:
            self.bus.publish(event)
        self.wait(0.005)
        trace.status, trace.duration_ms = status, 10.0
        self.tell(told.HttpExchanged(trace=trace))
        self.wait(0.001)
        return trace

    def tell(self, event: told.Event) -> None:
        """Publish an event and let it be observed."""
        self.bus.publish(event)
        self.bus.drain()

    # --- the steps ---

    def challenged(self) -> Trace:
        trace = self.trace("POST", "/mcp/calc", kind="mcp", operation_id=CALC, mcp_method="initialize")
        trace.reason_code = "token_missing"
        event = told.McpRequestRejected(trace_id=trace.id, operation_id=CALC, status=401, reason_code="token_missing")
        return self.exchange(trace, 401, event)

    def resource_metadata(self) -> Trace:
        path = "/.well-known/oauth-protected-resource/mcp/calc"
        return self.exchange(self.trace("GET", path, kind="metadata"), 200)

    def server_metadata(self, status: int = 200) -> Trace:
        path = "/.well-known/oauth-authorization-server/mcp/calc"
        return self.exchange(self.trace("GET", path, kind="metadata"), status)

    def registered(self) -> Trace:
        trace = self.trace("POST", "/oauth/register", kind="oauth")
        event = told.McpAuthClientRegistered(
            trace_id=trace.id,
            client_id=CLIENT,
            client_name="Claude Code",
            registered_by="dcr",
            redirect_uris=(CALLBACK,),
            token_endpoint_auth_method="none",
        )
        return self.exchange(trace, 201, event)

    def registration_refused(self) -> Trace:
        trace = self.trace("POST", "/oauth/register", kind="oauth")
        event = told.McpAuthClientRefused(
            trace_id=trace.id,
            registered_by="dcr",
            outcome=told.Outcome.FAILURE,
            reason_code="redirect_uri_refused",
            explanation="http to a host that is not loopback.",
            hint="Use https.",
        )
        return self.exchange(trace, 400, event)

    def unknown(self, client_id: str = "dcr:gone") -> Trace:
        trace = self.trace("GET", "/oauth/authorize", kind="page", client_id=client_id)
        trace.query = b"client_id=dcr%3Agone"
        event = told.McpAuthAuthorizationRefused(
            trace_id=trace.id,
            client_id=ClientId(client_id),
            outcome=told.Outcome.FAILURE,
            **refusal(ClientUnknown(client_id, looks_registered=True)),
        )
        return self.exchange(trace, 400, event)

    def authorized(self, transaction: TransactionId = TRANSACTION) -> Trace:
        trace = self.trace("GET", "/oauth/authorize", kind="page", client_id=CLIENT, transaction_id=transaction)
        trace.request_headers = [(b"user-agent", b"Mozilla/5.0")]
        trace.query = b"client_id=dcr%3A1&code_challenge_method=S256&state=abcdefghijklmnop"
        trace.response_headers = [(b"location", b"https://api.workos.com/user_management/authorize?state=secret")]
        known: dict[str, Any] = {
            "trace_id": trace.id,
            "transaction_id": transaction,
            "client_id": CLIENT,
            "client_name": "Claude Code",
        }
        begun = told.McpAuthAuthorizationBegun(
            **known, operation_id=CALC, redirect_uri=CALLBACK, resource=RESOURCE, scope="mcp:tools", issuer=RESOURCE
        )
        login = told.McpAuthLoginBegun(
            **known,
            provider_url="https://api.workos.com/user_management/authorize",
            callback_uri="http://localhost:9000/oauth/callback",
        )
        return self.exchange(trace, 302, begun, login)

    def signed_in(self) -> Trace:
        trace = self.trace("GET", "/oauth/callback", kind="page", transaction_id=TRANSACTION)
        trace.request_headers = [(b"user-agent", b"Mozilla/5.0")]
        known: dict[str, Any] = {"trace_id": trace.id, "transaction_id": TRANSACTION, "client_id": CLIENT}
        answered = told.McpAuthProviderAnswered(
            **known, url="https://api.workos.com/user_management/authenticate", status=200, duration_ms=2.0
        )
        finished = told.McpAuthLoginFinished(
            **known, session_id=SESSION, subject_id=SUBJECT, email="dev@example.test", user_agent="Mozilla/5.0"
        )
        return self.exchange(trace, 302, answered, finished)

    def login_failed(self, problem: Problem) -> Trace:
        trace = self.trace("GET", "/oauth/callback", kind="page", transaction_id=TRANSACTION)
        event = told.McpAuthLoginFinished(
            trace_id=trace.id,
            transaction_id=TRANSACTION,
            outcome=told.Outcome.FAILURE,
            **refusal(problem),
        )
        return self.exchange(trace, 400, event)

    def consent_shown(self) -> Trace:
        trace = self.trace("GET", "/oauth/setup", kind="page", transaction_id=TRANSACTION)
        event = told.McpAuthConsentShown(trace_id=trace.id, transaction_id=TRANSACTION, redirect_host="127.0.0.1")
        return self.exchange(trace, 200, event)

    def consent_given(self) -> Trace:
        trace = self.trace("POST", "/oauth/setup", kind="page", transaction_id=TRANSACTION)
        known: dict[str, Any] = {
            "trace_id": trace.id,
            "transaction_id": TRANSACTION,
            "client_id": CLIENT,
            "grant_id": GRANT,
        }
        code = told.McpAuthCodeIssued(
            **known,
            client_name="Claude Code",
            operation_id=CALC,
            subject_id=SUBJECT,
            session_id=SESSION,
            code_id=CODE,
            redirect_uri=CALLBACK,
            expires_at=self.clock.now() + timedelta(seconds=60),
        )
        return self.exchange(trace, 303, told.McpAuthConsentApproved(**known), code)

    def redeemed(self) -> Trace:
        trace = self.trace("POST", "/oauth/token", kind="oauth", client_id=CLIENT, grant_id=GRANT)
        event = told.McpAuthDownstreamTokenIssued(
            trace_id=trace.id,
            client_id=CLIENT,
            client_name="Claude Code",
            grant_id=GRANT,
            operation_id=CALC,
            subject_id=SUBJECT,
            session_id=SESSION,
            access_token_id=ACCESS,
            access_expires_at=self.clock.now() + timedelta(minutes=15),
            refresh_token_id=REFRESH,
            refresh_expires_at=self.clock.now() + timedelta(days=30),
            code_id=CODE,
            resource=RESOURCE,
            scope="mcp:tools",
        )
        return self.exchange(trace, 200, event)

    def refreshed(self, spent: str = "rt:1", access: str = "at:2", refresh: str = "rt:2") -> Trace:
        trace = self.trace("POST", "/oauth/token", kind="oauth", client_id=CLIENT, grant_id=GRANT)
        trace.request_body = Body(b"grant_type=refresh_token", 24)
        event = told.McpAuthDownstreamTokenRefreshed(
            trace_id=trace.id,
            client_id=CLIENT,
            client_name="Claude Code",
            grant_id=GRANT,
            operation_id=CALC,
            subject_id=SUBJECT,
            session_id=SESSION,
            spent_token_id=TokenId(spent),
            access_token_id=TokenId(access),
            access_expires_at=self.clock.now() + timedelta(minutes=15),
            refresh_token_id=TokenId(refresh),
            refresh_expires_at=self.clock.now() + timedelta(days=30),
            resource=RESOURCE,
            scope="mcp:tools",
        )
        return self.exchange(trace, 200, event)

    def refresh_refused(self) -> Trace:
        problem = RefreshTokenReplayed(self.clock.now(), self.clock.now())
        trace = self.trace("POST", "/oauth/token", kind="oauth", client_id=CLIENT)
        trace.refuse(problem)
        trace.request_body = Body(b"grant_type=refresh_token", 24)
        event = told.McpAuthDownstreamTokenRefused(
            trace_id=trace.id,
            client_id=CLIENT,
            grant_type="refresh_token",
            error="invalid_grant",
            token_id=REFRESH,
            outcome=told.Outcome.FAILURE,
            **refusal(problem),
        )
        return self.exchange(trace, 400, event)

    def called(
        self, method: str = "tools/call", capability: str | None = "add", token: str = "at:1", status: int = 200
    ) -> Trace:
        trace = self.trace("POST", "/mcp/calc", kind="mcp", operation_id=CALC, grant_id=GRANT, client_id=CLIENT)
        trace.mcp_method, trace.capability, trace.token_id = method, capability, TokenId(token)
        trace.client_name, trace.upstream_status, trace.upstream_ms = "Claude Code", 200, 4.0
        known: dict[str, Any] = {
            "trace_id": trace.id,
            "client_id": CLIENT,
            "client_name": "Claude Code",
            "grant_id": GRANT,
        }
        accepted = told.McpRequestAccepted(**known, operation_id=CALC, token_id=TokenId(token), mcp_method=method)
        completed = told.McpCapabilityCompleted(
            **known,
            operation_id=CALC,
            mcp_method=method,
            capability=capability,
            status=status,
            gateway_ms=6.0,
            upstream_ms=4.0,
        )
        return self.exchange(trace, status, accepted, completed)

    def refused(self, reason: str = "token_expired", token: str = "at:1") -> Trace:
        trace = self.trace("POST", "/mcp/calc", kind="mcp", operation_id=CALC, token_id=TokenId(token))
        trace.reason_code = reason
        event = told.McpRequestRejected(
            trace_id=trace.id,
            operation_id=CALC,
            status=401,
            token_id=TokenId(token),
            had_credentials=True,
            reason_code=reason,
            outcome=told.Outcome.DENIED,
            explanation="The token is no good.",
            hint="Refresh it.",
        )
        return self.exchange(trace, 401, event)

    def all_the_way(self) -> None:
        self.challenged()
        self.resource_metadata()
        self.server_metadata()
        self.registered()
        self.authorized()
        self.wait(2.0)
        self.signed_in()
        self.consent_shown()
        self.wait(1.0)
        self.consent_given()
        self.redeemed()
        self.called("initialize", None)
        self.called("tools/list", None)
        self.called()
