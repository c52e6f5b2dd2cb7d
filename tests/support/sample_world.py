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
            n, row.started + ms / 1_000, sender, receiver, label, step, f"7f3a09{n:02x}", status, n == 10 and is_failed
        )
        for n, (ms, sender, receiver, label, step, status) in enumerate(_LADDER, 1)
    ]
    failure = FailureView(
        "callback",
        "login_state_unknown",
        "The callback carried a state that belongs to no login of this browser.",
        "Open the client with http://localhost:9000 instead of 127.0.0.1.",
        "state=Zx81…q0 sha 4be1, no cookie",
        "cookie devgw_login of request 7",
        "RFC 6749 §10.12",
        "client",
        "7f3a090a",
    )
    diagnosis = DiagnosisView(
        "SESS-02",
        "The browser came back under another host name",
        "The login began on localhost and came back on 127.0.0.1. Cookies belong to one host, so it stayed behind.",
        "Register the redirect URI http://localhost:9000/oauth/callback at WorkOS, and open localhost in the browser.",
        ["request 6 had Host localhost:9000", "request 10 had Host 127.0.0.1:9000 and no cookie"],
        "127.0.0.1:9000",
        "localhost:9000",
        "RFC 6265 §4.1.2.3",
        "callback",
        ["7f3a090a"],
        True,
    )
    tokens = [each for each in tokens_() if row.state == "done" and each.grant_id == "g-51"]
    return FlowDetail(
        row,
        [StepView("discover", sign, row.started) for sign in row.track],
        messages if row.id in {"f-07c", "f-079"} else messages[: row.messages],
        failure if is_failed else None,
        [diagnosis] if is_failed else [],
        tokens,
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
        row,
        url=f"http://localhost:9000{row.path}",
        http_version="1.1",
        peer="127.0.0.1:53682",
        phases=[
            PhaseView("receive", 0.0, 0.2),
            PhaseView("admit", 0.2, 0.4),
            PhaseView("policy", 0.6, 0.3),
            PhaseView("connect", 0.9, 0.9),
            PhaseView("upstream wait", 1.8, 31.0),
            PhaseView("stream", 32.8, 4.8),
            PhaseView("send", 37.6, 0.4),
        ]
        if row.status == 200
        else [],
        request_headers=[
            HeaderView("authorization", "Bearer at_…(at:7f3a90c2d1e4)", "request.headers.authorization"),
            HeaderView("mcp-protocol-version", "2025-11-25"),
            HeaderView("content-type", "application/json"),
            HeaderView("host", "localhost:9000"),
        ],
        response_headers=[HeaderView("content-type", "application/json"), HeaderView("cache-control", "no-store")],
        request_body=BodyView(
            '{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"add","arguments":{"a":2,"b":3}}}',
            96,
            "application/json",
        ),
        response_body=BodyView(
            '{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"5"}]}}', 74, "application/json"
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
            name, kind, state, NOON - ago, NOON + 900, parent=parent, ended=NOON - 51, ended_by="refresh_token_replayed"
        )
        for name, kind, state, parent, ago in rows
    ]


def token_detail(row: TokenRow) -> TokenDetail:
    """Return a token opened."""
    jwt = JwtView(
        {"alg": "RS256", "kid": "2026-11a"},
        {
            "iss": "https://api.workos.com/user_management/client_1",
            "aud": "client_2",
            "sub": "user_4410",
            "exp": NOON + 700,
            "iat": NOON - 200,
        },
        "good, key 2026-11a",
        [
            TokenCheckView("iss", True, "https://api.workos.com/user_management/client_1", ""),
            TokenCheckView("aud", False, "client_2", "client_1"),
        ],
    )
    return TokenDetail(
        row,
        family() if row.grant_id == "g-52" else [row],
        [each for each in traces() if each.kind == "mcp"],
        jwt if row.kind == "idp" else None,
        ["accepted at /mcp/calc", "refused elsewhere: bound to one route"]
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
            FileRow("config/policies.json", "rejected", "3f9a11c0", NOON - 1_264),
            FileRow("config/routes.oas.json", "loaded", "77ab02", NOON - 1_264),
        ],
        findings=[
            FindingRow(
                "error",
                "config/policies.json",
                'unknown option "scop"',
                14,
                9,
                "/policies/0/handler/options/scop",
                'did you mean "scope"?',
                [
                    '      "options": {',
                    '        "clientId": "$env(WORKOS_CLIENT_ID)",',
                    '        "scop": "openid profile email",',
                    '        "gateway": {}',
                    "      }",
                ],
                12,
            ),
            FindingRow("warning", "config/routes.oas.json", "the route has no summary", 22, 12),
        ],
        routes=[
            RouteRow(
                "calc",
                "/mcp/calc",
                "http://localhost:9000/mcp/calc",
                "http://localhost:9002/mcp",
                "Calculator",
                True,
                ["oauth", "rate-limit"],
                ["rate-limit"],
                "config/routes.oas.json",
                8,
            )
        ],
        env=[
            EnvRow("WORKOS_CLIENT_ID", "environment", "client_…41", ["config/policies.json:13"]),
            EnvRow("WORKOS_CLIENT_SECRET", "missing", "", ["config/policies.json:15"]),
        ],
        changes=["policy oauth: accessTokenTtlSeconds 900 to 60"],
        effective={"policy": {"scope": "openid profile email", "gateway": {"accessTokenTtlSeconds": 900}}},
        seq=3,
    )


def health() -> HealthView:
    """Return how the gateway is."""
    return HealthView(
        checks=[
            CheckRow("gateway", "ok", "listening on 127.0.0.1:9000 and [::1]:9000", 0, NOON, NOON - 751),
            CheckRow(
                "identity provider", "ok", "http://localhost:9001/user_management/authorize", 42.0, NOON - 9, NOON - 751
            ),
            CheckRow("jwks", "ok", "2 keys", 12.0, NOON - 660, NOON - 751),
            CheckRow("clock", "ok", "0.2 s ahead", 0, NOON - 9, NOON - 751),
            CheckRow(
                "upstream files", "bad", "http://localhost:7001/mcp refuses connections", 1.0, NOON - 5, NOON - 80
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
                "g-51",
                "live",
                NOON - 400,
                "claude-code",
                "dcr:claude-code",
                "calc",
                "user_4410",
                "dev@example.test",
                tokens=2,
            )
        ],
        "client": [
            ClientRow(
                "dcr:claude-code",
                "claude-code",
                "known",
                "dcr",
                NOON - 900,
                NOON + 7_000_000,
                NOON - 1,
                ["http://127.0.0.1/callback"],
                "none",
                "claude-code/2.1",
                2,
                1,
                3,
                seq=1,
            ),
            ClientRow(
                "https://vscode.dev/oauth/client-metadata.json",
                "vscode-mcp",
                "known",
                "cimd",
                NOON - 800,
                0.0,
                NOON - 40,
                ["http://127.0.0.1/", "https://vscode.dev/redirect"],
                "none",
                "",
                1,
                1,
                1,
                seq=2,
            ),
            ClientRow(
                "refused:1",
                "my-agent",
                "refused",
                "dcr",
                NOON - 212,
                0.0,
                NOON - 212,
                ["http://example.com/cb"],
                "none",
                "python-httpx/0.28",
                0,
                0,
                1,
                2,
                seq=3,
            ),
        ],
        "session": [
            SessionRow(
                "s-1",
                "live",
                NOON - 700,
                NOON + 28_000,
                0.0,
                NOON - 51,
                "user_4410",
                "dev@example.test",
                "Dev Eloper",
                "Mozilla/5.0 (X11) Firefox/145.0",
                3,
                4,
                seq=1,
            ),
            SessionRow(
                "s-0",
                "ended",
                NOON - 4_000,
                NOON + 24_000,
                0.0,
                NOON - 900,
                "user_9",
                "other@example.test",
                "",
                "Mozilla/5.0 Chrome/142",
                0,
                1,
                NOON - 900,
                "signed_out",
                seq=2,
            ),
        ],
        "upstream": [
            UpstreamRow(
                "calc",
                "Calculator",
                "http://localhost:9002/mcp",
                "ok",
                "user-oauth",
                "calc",
                9_120,
                3,
                NOON - 1,
                200,
                "",
                0.0,
                12.0,
                38.0,
                ["user_4410"],
                seq=1,
            ),
            UpstreamRow(
                "files",
                "Files",
                "http://localhost:7001/mcp",
                "failing",
                "",
                "",
                41,
                41,
                NOON - 1,
                0,
                "connection refused",
                NOON - 1,
                0.4,
                1.0,
                seq=2,
            ),
        ],
        "diagnosis": [
            DiagnosisRow(
                "SESS-02",
                "The browser came back under another host name",
                "open",
                "error",
                2,
                NOON - 300,
                NOON - 51,
                "The login began on localhost and came back on 127.0.0.1.",
                "Open localhost in the browser.",
                "127.0.0.1:9000",
                "localhost:9000",
                "RFC 6265 §4.1.2.3",
                ["request 10 had no cookie"],
                ["f-07c"],
                ["7f3a090a"],
                seq=1,
            ),
            DiagnosisRow(
                "UPST-07",
                "The upstream does not answer",
                "open",
                "warning",
                41,
                NOON - 80,
                NOON - 1,
                "Nothing listens on port 7001.",
                "Start the upstream server.",
                seq=2,
            ),
        ],
        "line": [
            EventLine(
                1, NOON - 3, "gateway_started", "http://localhost:9000, provider workos-emulator", "success", "good"
            ),
            EventLine(
                2,
                NOON - 2,
                "mcp_auth_client_registered",
                "claude-code registered itself as dcr:9f2e",
                "success",
                "",
                fields={"clientId": "dcr:claude-code", "registeredBy": "dcr"},
            ),
            EventLine(
                3,
                NOON - 1,
                "mcp_auth_login_finished",
                "the login of claude-code failed: its cookie did not come back",
                "failure",
                "error",
                False,
                "login_state_unknown",
                "The callback carried a state that belongs to no login of this browser.",
                "Open localhost.",
                {"traceId": "7f3a0906", "clientName": "claude-code"},
            ),
        ],
        "config": [config()],
        "health": [health()],
    }


def facts(root: str = "") -> GatewayFacts:
    """Return which gateway this is."""
    return GatewayFacts(
        "0.1.0",
        "http://localhost:9000",
        4_242,
        NOON - 751,
        "workos-emulator",
        ["http://localhost:9000/mcp/calc", "http://localhost:9000/mcp/files"],
        root,
    )


def fill(world: World, given: Rows | None = None) -> None:
    """Tell `world` everything, as a gateway would."""
    world.welcome(Welcome(1, "i-1", facts(), 9, NOON), NOON)
    world.snapshot(Snapshot(9, 0, False, NOON, rows() if given is None else given), NOON)
    world.snapshot(Snapshot(9, 1, True, NOON), NOON)


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
                each,
                {"client_name": each.name, "redirect_uris": each.redirect_uris},
                grants,
                tokens_()[:2],
                flows()[-2:],
            )
    for each in told["session"]:
        if isinstance(each, SessionRow):
            found["session", each.id] = SessionDetail(each, grants, flows()[-3:])
    for each in told["upstream"]:
        if isinstance(each, UpstreamRow):
            found["upstream", each.id] = UpstreamDetail(each, tokens_()[:2], traces()[-2:])
    return found
