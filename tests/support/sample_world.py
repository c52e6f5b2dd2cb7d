"""A gateway's rows as the control socket tells them, made up: one failed login, two under way, some done."""

from devgw.control.messages import (
    BodyView,
    CheckRow,
    ClientDetail,
    ClientRow,
    ConfigView,
    DiagnosisRow,
    DiagnosisView,
    EnvRow,
    EventLine,
    FailureView,
    FileRow,
    FindingRow,
    FlowDetail,
    FlowRow,
    GatewayFacts,
    GrantRow,
    HeaderView,
    HealthView,
    JwtView,
    MessageView,
    PhaseView,
    RouteRow,
    Rows,
    SessionDetail,
    SessionRow,
    Snapshot,
    StepView,
    TokenCheckView,
    TokenDetail,
    TokenRow,
    TraceDetail,
    TraceRow,
    UpstreamDetail,
    UpstreamRow,
    Welcome,
)
from devgw.dashboard.world import World

NOON = 1_795_348_800.0
"""2026-11-22 12:00:00 UTC."""
_FLOWS = (
    ("f-076", "failed", 212, 0.1, "my-agent", "#X.......", "register", "redirect_uri is not allowed", 2),
    ("f-077", "done", 135, 9.9, "my-agent", "#########", "mcp", "401, then refreshed", 14),
    ("f-078", "done", 110, 3.1, "cursor", "#-###-###", "mcp", "initialize 200", 12),
    ("f-079", "done", 67, 6.4, "claude-code", "#########", "mcp", "tools/list 200", 14),
    ("f-07a", "active", 54, 0, "vscode-mcp", "#-#####>.", "token", "exchanging the code", 9),
    ("f-07b", "active", 53, 0, "mcp-inspector", "###>.....", "idp login", "waiting for the person", 6),
    ("f-07c", "failed", 51, 2.8, "claude-code", "####X....", "callback", "the state's cookie did not come back", 10),
)
_LADDER = (
    (0, "client", "gateway", "GET /.well-known/oauth-protected-resource/mcp/calc", "discover", 0),
    (3, "gateway", "client", "200 metadata", "discover", 200),
    (41, "client", "gateway", "POST /oauth/register", "register", 0),
    (52, "gateway", "client", "201 client_id dcr:9f2", "register", 201),
    (210, "client", "browser", "opens the browser", "authorize", 0),
    (388, "browser", "gateway", "GET /oauth/authorize S256", "authorize", 0),
    (391, "gateway", "browser", "302 to the IdP, Set-Cookie", "authorize", 302),
    (402, "browser", "idp", "GET /authorize", "idp login", 0),
    (2_610, "idp", "browser", "302 code + state", "idp login", 302),
    (2_804, "browser", "gateway", "GET /oauth/callback ?state=Zx81…q0", "callback", 400),
)
_TRACES = (
    (0.9, "GET", "/.well-known/oauth-protected-resource/mcp/calc", 200, 3.1, 1_100, "metadata", "claude-code", "", ""),
    (0.85, "POST", "/oauth/register", 201, 11.0, 612, "oauth", "claude-code", "dcr:9f2e", ""),
    (
        0.8,
        "GET",
        "/oauth/authorize?client_id=dcr%3A9f2e&state=…&code_challenge=…",
        302,
        3.2,
        0,
        "oauth",
        "claude-code",
        "to the IdP",
        "",
    ),
    (0.6, "POST", "/oauth/token", 200, 61.0, 812, "oauth", "vscode-mcp", "authorization_code", ""),
    (0.5, "POST", "/mcp/files", 502, 1_002.0, 140, "mcp", "cursor", "upstream refused :7001", "upstream_unreachable"),
    (
        0.4,
        "GET",
        "/oauth/callback?code=…&state=…",
        400,
        4.0,
        940,
        "oauth",
        "claude-code",
        "cookie is missing",
        "login_state_unknown",
    ),
    (0.2, "POST", "/mcp/calc", 401, 2.0, 210, "mcp", "my-agent", "token expired", "token_expired"),
    (0.1, "POST", "/mcp/calc", 200, 38.0, 1_204, "mcp", "claude-code", "tools/call add", ""),
)
_TOKENS = (
    ("at:7f3a90c2d1e4", "access", "live", 891, 9, "claude-code", "g-51", 12),
    ("at:b01c44aa919e", "access", "live", 856, 44, "my-agent", "g-52", 4),
    ("at:22d9f00b0c01", "access", "live", 522, 378, "cursor", "g-53", 31),
    ("at:e1b7c70f6a55", "access", "live", 153, 747, "vscode-mcp", "g-54", 1),
    ("rt:0c4e77b1aad3", "refresh", "live", 890_000, 1_702_000, "cursor", "g-53", 2),
    ("rt:51aa80f3bb70", "refresh", "live", 71_000, 2_520_000, "claude-code", "g-51", 0),
    ("at:e8f0110c2244", "access", "live", 912, -12, "my-agent", "g-52", 7),
    ("rt:93bdcc0815aa", "refresh", "replayed", 4_000, 2_588_000, "my-agent", "g-52", 1),
    ("code:4be1a0b2c3d4", "code", "spent", 70, -10, "vscode-mcp", "g-54", 1),
)


def flows() -> list[FlowRow]:
    """Return flows, oldest first."""
    return [
        FlowRow(
            id=name,
            state=state,
            started=NOON - ago,
            track=track,
            step=step,
            ended=NOON - ago + took if took else 0.0,
            last=NOON - ago + (took or 12),
            client=client,
            client_id=f"dcr:{client}",
            operation_id="calc",
            why=why,
            waiting_for={"f-07b": "browser", "f-07a": "gateway"}.get(name, ""),
            email="dev@example.test",
            subject_id="user_4410",
            session_id="s-1" if state == "done" else "",
            grant_id="g-51" if state == "done" else "",
            messages=messages,
            diagnoses=["SESS-02"] if name == "f-07c" else [],
            needs_attention=name == "f-077",
            seq=number,
        )
        for number, (name, state, ago, took, client, track, step, why, messages) in enumerate(_FLOWS, 1)
    ]


def flow_detail(row: FlowRow) -> FlowDetail:
    """Return a flow opened."""
    is_failed = row.id == "f-07c"
    messages = [
        MessageView(
            number=n,
            at=row.started + ms / 1_000,
            sender=sender,
            receiver=receiver,
            label=label,
            step=step,
            trace_id=f"7f3a09{n:02x}",
            status=status,
            failed=n == 10 and is_failed,
        )
        for n, (ms, sender, receiver, label, step, status) in enumerate(_LADDER, 1)
    ]
    failure = FailureView(
        step="callback",
        reason_code="login_state_unknown",
        explanation="The callback carried a state that belongs to no login of this browser.",
        hint="Open the client with http://localhost:9000 instead of 127.0.0.1.",
        source="RFC 6749 §10.12",
        origin="client",
        trace_id="7f3a090a",
    )
    diagnosis = DiagnosisView(
        id="SESS-02",
        title="The browser came back under another host name",
        cause="It began on localhost and came back on 127.0.0.1. Cookies belong to one host, so it stayed behind.",
        fix="Register the redirect URI http://localhost:9000/oauth/callback at WorkOS, and open localhost there.",
        evidence=["request 6 had Host localhost:9000", "request 10 had Host 127.0.0.1:9000 and no cookie"],
        got="127.0.0.1:9000",
        expected="localhost:9000",
        got_from="Host of GET /oauth/callback",
        expected_from="Host of GET /oauth/authorize",
        gone_when="a login comes back under the name it began with",
        source="RFC 6265 §4.1.2.3",
        step="callback",
        trace_ids=["7f3a090a"],
        certain=True,
    )
    tokens = [each for each in tokens_() if row.state == "done" and each.grant_id == "g-51"]
    return FlowDetail(
        row=row,
        steps=[StepView("discover", sign, row.started) for sign in row.track],
        messages=messages if row.id in {"f-07c", "f-079"} else messages[: row.messages],
        failure=failure if is_failed else None,
        diagnoses=[diagnosis] if is_failed else [],
        tokens=tokens,
        resource="http://localhost:9000/mcp/calc",
        redirect_uri="http://127.0.0.1:53682/callback",
        scope="mcp:tools",
        issuer="http://localhost:9000/mcp/calc",
        hosts=["localhost:9000"],
        report=f"# {row.id}\n",
    )


def traces() -> list[TraceRow]:
    """Return traces, oldest first."""
    return [
        TraceRow(
            id=f"7f3a09{n:02x}",
            at=NOON - ago,
            method=method,
            path=path,
            status=status,
            ms=ms,
            upstream_ms=31.0 if kind == "mcp" and status == 200 else 0.0,
            size=size,
            kind=kind,
            client=client,
            client_id=f"dcr:{client}",
            flow_id="f-07c" if client == "claude-code" else "f-079",
            operation_id="calc",
            token_id="at:7f3a90c2d1e4" if kind == "mcp" else "",
            mcp_method="tools/call" if kind == "mcp" else "",
            outcome="success" if status < 400 else "denied",
            failure_origin="client" if status in {400, 401} else "upstream" if status == 502 else "",
            reason_code=reason,
            note=note,
            seq=n,
        )
        for n, (ago, method, path, status, ms, size, kind, client, note, reason) in enumerate(_TRACES, 1)
    ]


def trace_detail(row: TraceRow) -> TraceDetail:
    """Return a trace opened."""
    return TraceDetail(
        row=row,
        url=f"http://localhost:9000{row.path}",
        http_version="1.1",
        peer="127.0.0.1:53682",
        phases=[
            PhaseView(name="receive", start_ms=0.0, ms=0.2),
            PhaseView(name="admit", start_ms=0.2, ms=0.4),
            PhaseView(name="policy", start_ms=0.6, ms=0.3),
            PhaseView(name="connect", start_ms=0.9, ms=0.9),
            PhaseView(name="upstream wait", start_ms=1.8, ms=31.0),
            PhaseView(name="stream", start_ms=32.8, ms=4.8),
            PhaseView(name="send", start_ms=37.6, ms=0.4),
        ]
        if row.status == 200
        else [],
        request_headers=[
            HeaderView(
                name="authorization", value="Bearer at_…(at:7f3a90c2d1e4)", place="request.headers.authorization"
            ),
            HeaderView(name="mcp-protocol-version", value="2025-11-25"),
            HeaderView(name="content-type", value="application/json"),
            HeaderView(name="host", value="localhost:9000"),
        ],
        response_headers=[
            HeaderView(name="content-type", value="application/json"),
            HeaderView(name="cache-control", value="no-store"),
        ],
        request_body=BodyView(
            text='{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","arguments":{"a":2,"b":3}}}',
            size=96,
            media_type="application/json",
        ),
        response_body=BodyView(
            text='{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"5"}]}}',
            size=74,
            media_type="application/json",
        ),
        explanation="The token expired 12 s ago." if row.status == 401 else "",
        hint="The client should use its refresh token now." if row.status == 401 else "",
        curl="curl -sS -X POST 'http://localhost:9000/mcp/calc' -H 'authorization: Bearer $DEVGW_TOKEN'",
    )


def tokens_() -> list[TokenRow]:
    """Return tokens in order of issue."""
    return [
        TokenRow(
            id=name,
            kind=kind,
            state=state,
            issued=NOON - ago,
            expires=NOON + left,
            client=client,
            client_id=f"dcr:{client}",
            grant_id=grant,
            subject_id="user_4410",
            email="dev@example.test" if grant == "g-51" else "",
            session_id="s-1",
            operation_id="calc",
            resource="http://localhost:9000/mcp/calc",
            scope="mcp:tools",
            uses=uses,
            last_used=NOON - 3 if uses else 0.0,
            parent="code:4be1a0b2c3d4" if name.startswith("at:e1b7") else "",
            ended=NOON - 51 if state != "live" else 0.0,
            ended_by="refresh_token_replayed" if state == "replayed" else "",
            refused_after=1 if state == "replayed" else 0,
            last_refused=NOON - 51 if state == "replayed" else 0.0,
            flow_id="f-079",
            seq=number,
        )
        for number, (name, kind, state, ago, left, client, grant, uses) in enumerate(_TOKENS, 1)
    ]


def family() -> list[TokenRow]:
    """Return a family of tokens in which one was used twice."""
    rows = [
        ("code:aa11", "code", "spent", "", 300),
        ("rt:01aa", "refresh", "spent", "code:aa11", 290),
        ("at:01bb", "access", "revoked", "code:aa11", 290),
        ("rt:02aa", "refresh", "replayed", "rt:01aa", 200),
        ("at:02bb", "access", "revoked", "rt:01aa", 200),
        ("rt:93bdcc0815aa", "refresh", "revoked", "rt:02aa", 100),
        ("at:03bb", "access", "revoked", "rt:02aa", 100),
    ]
    return [
        TokenRow(
            id=name,
            kind=kind,
            state=state,
            issued=NOON - ago,
            expires=NOON + 900,
            parent=parent,
            ended=NOON - 51,
            ended_by="refresh_token_replayed",
        )
        for name, kind, state, parent, ago in rows
    ]


def token_detail(row: TokenRow) -> TokenDetail:
    """Return a token opened."""
    jwt = JwtView(
        header={"alg": "RS256", "kid": "2026-11a"},
        claims={
            "iss": "https://api.workos.com/user_management/client_1",
            "aud": "client_2",
            "sub": "user_4410",
            "exp": NOON + 700,
            "iat": NOON - 200,
        },
        signature="good, key 2026-11a",
        checks=[
            TokenCheckView(name="iss", passed=True, got="https://api.workos.com/user_management/client_1", expected=""),
            TokenCheckView(name="aud", passed=False, got="client_2", expected="client_1"),
        ],
    )
    return TokenDetail(
        row=row,
        family=family() if row.grant_id == "g-52" else [row],
        used_by=[each for each in traces() if each.kind == "mcp"],
        jwt=jwt if row.kind == "idp" else None,
        verdict=["accepted at /mcp/calc", "refused elsewhere: bound to one route"]
        if row.state == "live"
        else ["refused everywhere"],
    )


def config() -> ConfigView:
    """Return a configuration of which the newest save did not load."""
    return ConfigView(
        generation=3,
        loaded=NOON - 1_264,
        saved=NOON - 4,
        is_rejected=True,
        is_watching=True,
        provider="workos-emulator",
        policy="mcp-workos-oauth-inbound",
        files=[
            FileRow(path="config/policies.json", state="rejected", digest="3f9a11c0", loaded=NOON - 1_264),
            FileRow(path="config/routes.oas.json", state="loaded", digest="77ab02", loaded=NOON - 1_264),
        ],
        findings=[
            FindingRow(
                severity="error",
                file="config/policies.json",
                message='unknown option "scop"',
                line=14,
                column=9,
                pointer="/policies/0/handler/options/scop",
                hint='did you mean "scope"?',
                excerpt=[
                    '      "options": {',
                    '        "clientId": "$env(WORKOS_CLIENT_ID)",',
                    '        "scop": "openid profile email",',
                    '        "gateway": {}',
                    "      }",
                ],
                excerpt_from=12,
            ),
            FindingRow(
                severity="warning",
                file="config/routes.oas.json",
                message="the route has no summary",
                line=22,
                column=12,
            ),
        ],
        routes=[
            RouteRow(
                operation_id="calc",
                path="/mcp/calc",
                url="http://localhost:9000/mcp/calc",
                upstream_url="http://localhost:9002/mcp",
                summary="Calculator",
                is_protected=True,
                policies=["oauth", "rate-limit"],
                not_run_here=["rate-limit"],
                file="config/routes.oas.json",
                line=8,
            ),
            RouteRow(
                operation_id="files",
                path="/mcp/files",
                url="http://localhost:9000/mcp/files",
                upstream_url="http://localhost:9004/mcp",
                summary="Files",
                is_protected=True,
                policies=["oauth"],
                file="config/routes.oas.json",
                line=30,
            ),
        ],
        env=[
            EnvRow(
                name="WORKOS_CLIENT_ID",
                came_from="environment",
                masked="client_…41",
                used_at=["config/policies.json:13"],
            ),
            EnvRow(name="WORKOS_CLIENT_SECRET", came_from="missing", masked="", used_at=["config/policies.json:15"]),
        ],
        changes=["policy oauth: accessTokenTtlSeconds 900 to 60"],
        effective={"policy": {"scope": "openid profile email", "gateway": {"accessTokenTtlSeconds": 900}}},
        seq=3,
    )


def health() -> HealthView:
    """Return how the gateway is."""
    return HealthView(
        checks=[
            CheckRow("housekeeping", "ok", "runs", is_inside=True),
            CheckRow(
                name="gateway",
                state="ok",
                text="listening on 127.0.0.1:9000 and [::1]:9000",
                ms=0,
                at=NOON,
                changed=NOON - 751,
            ),
            CheckRow(
                name="identity provider",
                state="ok",
                text="http://localhost:9001/user_management/authorize",
                ms=42.0,
                at=NOON - 9,
                changed=NOON - 751,
            ),
            CheckRow(name="jwks", state="ok", text="2 keys", ms=12.0, at=NOON - 660, changed=NOON - 751),
            CheckRow(name="clock", state="ok", text="0.2 s ahead", ms=0, at=NOON - 9, changed=NOON - 751),
            CheckRow(
                name="upstream files",
                state="bad",
                text="http://localhost:7001/mcp refuses connections",
                ms=1.0,
                at=NOON - 5,
                changed=NOON - 80,
            ),
        ],
        rate=214.0,
        rates=[2, 4, 9, 30, 60, 80, 120, 214, 180, 90, 40, 80, 120, 160, 214],
        p95_ms=38.0,
        requests=10_412,
        traces_kept=10_000,
        traces_dropped=412,
        jwks_url="http://localhost:9001/sso/jwks/client_1",
        jwks_key_ids=["2026-11a", "2026-10c"],
        jwks_fetched=NOON - 660,
        skew_seconds=0.2,
        skew_measured=NOON - 9,
        seq=9,
    )


def rows() -> Rows:
    """Return everything."""
    return {
        "flow": [*flows()],
        "trace": [*traces()],
        "token": [*tokens_()],
        "grant": [
            GrantRow(
                id="g-51",
                state="live",
                created=NOON - 400,
                client="claude-code",
                client_id="dcr:claude-code",
                operation_id="calc",
                subject_id="user_4410",
                email="dev@example.test",
                tokens=2,
            )
        ],
        "client": [
            ClientRow(
                id="dcr:claude-code",
                name="claude-code",
                state="known",
                registered_by="dcr",
                created=NOON - 900,
                expires=NOON + 7_000_000,
                last=NOON - 1,
                redirect_uris=["http://127.0.0.1/callback"],
                auth_method="none",
                user_agent="claude-code/2.1",
                tokens=2,
                grants=1,
                flows=3,
                seq=1,
            ),
            ClientRow(
                id="https://vscode.dev/oauth/client-metadata.json",
                name="vscode-mcp",
                state="known",
                registered_by="cimd",
                created=NOON - 800,
                expires=0.0,
                last=NOON - 40,
                redirect_uris=["http://127.0.0.1/", "https://vscode.dev/redirect"],
                auth_method="none",
                user_agent="",
                tokens=1,
                grants=1,
                flows=1,
                seq=2,
            ),
            ClientRow(
                id="refused:1",
                name="my-agent",
                state="refused",
                registered_by="dcr",
                created=NOON - 212,
                expires=0.0,
                last=NOON - 212,
                redirect_uris=["http://example.com/cb"],
                auth_method="none",
                user_agent="python-httpx/0.28",
                tokens=0,
                grants=0,
                flows=1,
                refusals=2,
                seq=3,
            ),
        ],
        "session": [
            SessionRow(
                id="s-1",
                state="live",
                started=NOON - 700,
                expires=NOON + 28_000,
                idle_expires=0.0,
                last=NOON - 51,
                subject_id="user_4410",
                email="dev@example.test",
                name="Dev Eloper",
                browser="Mozilla/5.0 (X11) Firefox/145.0",
                grants=3,
                flows=4,
                seq=1,
            ),
            SessionRow(
                id="s-0",
                state="ended",
                started=NOON - 4_000,
                expires=NOON + 24_000,
                idle_expires=0.0,
                last=NOON - 900,
                subject_id="user_9",
                email="other@example.test",
                name="",
                browser="Mozilla/5.0 Chrome/142",
                grants=0,
                flows=1,
                ended=NOON - 900,
                ended_by="signed_out",
                seq=2,
            ),
        ],
        "upstream": [
            UpstreamRow(
                id="calc",
                name="Calculator",
                url="http://localhost:9002/mcp",
                state="ok",
                auth_mode="user-oauth",
                upstream_id="calc",
                requests=9_120,
                errors=3,
                last=NOON - 1,
                last_status=200,
                last_error="",
                last_error_at=0.0,
                p50_ms=12.0,
                p95_ms=38.0,
                connected=["user_4410"],
                seq=1,
            ),
            UpstreamRow(
                id="files",
                name="Files",
                url="http://localhost:7001/mcp",
                state="failing",
                auth_mode="",
                upstream_id="",
                requests=41,
                errors=41,
                last=NOON - 1,
                last_status=0,
                last_error="connection refused",
                last_error_at=NOON - 1,
                p50_ms=0.4,
                p95_ms=1.0,
                seq=2,
            ),
        ],
        "diagnosis": [
            DiagnosisRow(
                id="SESS-02",
                title="The browser came back under another host name",
                state="open",
                severity="error",
                count=2,
                first=NOON - 300,
                last=NOON - 51,
                cause="The login began on localhost and came back on 127.0.0.1.",
                fix="Open localhost in the browser.",
                got="127.0.0.1:9000",
                expected="localhost:9000",
                source="RFC 6265 §4.1.2.3",
                evidence=["request 10 had no cookie"],
                flow_ids=["f-07c"],
                trace_ids=["7f3a090a"],
                seq=1,
            ),
            DiagnosisRow(
                id="UPST-07",
                title="The upstream does not answer",
                state="open",
                severity="warning",
                count=41,
                first=NOON - 80,
                last=NOON - 1,
                cause="Nothing listens on port 7001.",
                fix="Start the upstream server.",
                seq=2,
            ),
        ],
        "line": [
            EventLine(
                seq=1,
                at=NOON - 3,
                name="gateway_started",
                text="http://localhost:9000, provider workos-emulator",
                outcome="success",
                severity="good",
            ),
            EventLine(
                seq=2,
                at=NOON - 2,
                name="mcp_auth_client_registered",
                text="claude-code registered itself as dcr:9f2e",
                outcome="success",
                severity="",
                fields={"clientId": "dcr:claude-code", "registeredBy": "dcr"},
            ),
            EventLine(
                seq=3,
                at=NOON - 1,
                name="mcp_auth_login_finished",
                text="the login of claude-code failed: its cookie did not come back",
                outcome="failure",
                severity="error",
                is_detail=False,
                reason_code="login_state_unknown",
                explanation="The callback carried a state that belongs to no login of this browser.",
                hint="Open localhost.",
                fields={"traceId": "7f3a0906", "clientName": "claude-code"},
            ),
        ],
        "config": [config()],
        "health": [health()],
    }


def facts(root: str = "") -> GatewayFacts:
    """Return which gateway this is."""
    return GatewayFacts(
        version="0.1.0",
        origin="http://localhost:9000",
        pid=4_242,
        started=NOON - 751,
        provider="workos-emulator",
        mcp_urls=["http://localhost:9000/mcp/calc", "http://localhost:9000/mcp/files"],
        root=root,
    )


def fill(world: World, given: Rows | None = None) -> None:
    """Tell `world` everything, as a gateway would."""
    world.welcome(Welcome(version=1, instance="i-1", gateway=facts(), seq=9, now=NOON), NOON)
    world.snapshot(Snapshot(seq=9, part=0, is_last=False, now=NOON, rows=rows() if given is None else given), NOON)
    world.snapshot(Snapshot(seq=9, part=1, is_last=True, now=NOON), NOON)


def details() -> dict[tuple[str, str], object]:
    """Return every record opened, by kind and id."""
    told = rows()
    found: dict[tuple[str, str], object] = {("flow", each.id): flow_detail(each) for each in flows()}
    found |= {("trace", each.id): trace_detail(each) for each in traces()}
    found |= {("token", each.id): token_detail(each) for each in tokens_()}
    grants = [each for each in told["grant"] if isinstance(each, GrantRow)]
    for each in told["client"]:
        if isinstance(each, ClientRow):
            found["client", each.id] = ClientDetail(
                row=each,
                metadata={"client_name": each.name, "redirect_uris": each.redirect_uris},
                grants=grants,
                tokens=tokens_()[:2],
                flows=flows()[-2:],
            )
    for each in told["session"]:
        if isinstance(each, SessionRow):
            found["session", each.id] = SessionDetail(row=each, grants=grants, flows=flows()[-3:])
    for each in told["upstream"]:
        if isinstance(each, UpstreamRow):
            found["upstream", each.id] = UpstreamDetail(row=each, tokens=tokens_()[:2], traces=traces()[-2:])
    return found
