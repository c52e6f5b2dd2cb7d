"""What is printed for an upstream that answers wrongly is done to the letter, and the same client's call succeeds."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.diagnosis.fixes.upstream import GOOD, add_policy, change_route, repoint, result, save, signed_in, upstream
from tests.diagnosis.fixes.way import left, said
from tests.support.bytes_upstream import Seen, response
from tests.support.certificates import key_and_certificate
from tests.support.mending import mends, written

HTML, EVENTS = "text/html", "text/event-stream"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@mends("PROXY-09", "PROXY-10", "PROXY-11", "PROXY-17", "PROXY-18", "PROXY-19", "PROXY-20", "PROXY-21")
@mends("PROXY-22", "PROXY-23", "PROXY-25", "PROXY-26", "PROXY-27", "PROXY-28", "NET-05", "NET-06", "NET-09")
@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "PROXY-09", "one Content-Length"),
        (result(id=2, result={}), "PROXY-10", "answer with the request's own id"),
        (response(b"", status="307 Look", more="Location: http://:1:2/\r\n"), "PROXY-11", "Mend the upstream's red"),
        (response(b"", status="429 No", more="Retry-After: 30\r\n"), "PROXY-17", "Ask again in 30 s"),
        (response(b"no", status="403 No"), "PROXY-18", "Attach the credential that the upstream wants"),
        (response(b"Invalid origin", status="403 No"), "PROXY-18", "else go by its words"),
        (response(b"", status="429 No", more="Retry-After: soon\r\n"), "PROXY-17", "Ask again a little later:"),
        (response(b"", status="503 No", more="Retry-After: 9\r\n"), "PROXY-19", "Ask again in 9 s"),
        (response(b"", status="502 No", content_type=HTML), "PROXY-19", "Look whether the MCP server behind"),
        (response(b"", status="500 No"), "PROXY-19", "Look into the log of the upstream"),
        (response(b"", status="511 No"), "PROXY-19", "Sign in to the network first"),
        (response(b"no", status="400 No"), "PROXY-20", "Look at its words, and into the log"),
        (response(b"", status="407 No"), "PROXY-20", "a proxy on the way wants a login of its own"),
        (response(b"", status="304 No"), "NET-06", "or a cache before it, answer each POST anew"),
        (response(b"{}"), "PROXY-21", "answer each request with `jsonrpc`, its `id`"),
        (response(b"x", more="Content-Encoding: br\r\n"), "PROXY-23", "gzip, deflate or identity alone"),
        (response(b'[{"jsonrpc":"2.0","id":1,"result":{}}]'), "PROXY-25", "answer a request that is an object"),
        (response(b"", status="404 No", more="ngrok-error-code: ERR_NGROK_3200\r\n"), "PROXY-26", "Start the tunnel's"),
        (response(b"no healthy upstream", status="503 No"), "PROXY-26", "see that Envoy looks for it where it listens"),
        (
            response(b"", status="403 No", more="cf-mitigated: challenge\r\n"),
            "PROXY-27",
            "Let Cloudflare pass requests",
        ),
        (
            response(b"<input type=password>", status="401 No", content_type=HTML),
            "PROXY-22",
            "Let requests to this URL past that page",
        ),
        (
            response(b'{"message":"No API key found in request"}', status="401 No"),
            "PROXY-28",
            "the key that Kong wants",
        ),
        (OK + b"Content-Length: 9\r\n\r\n{}", "NET-05", "raise its keep-alive timeout"),
        (b"SSH-2.0-OpenSSH_9\r\n", "NET-09", "Look at what listens on that port"),
    ],
)
async def test_an_upstream_that_does_what_is_printed_is_heard(
    tmp_path: Path, answer: bytes, name: str, words: str
) -> None:
    async with upstream(answer) as server, signed_in(tmp_path, f"{server.origin}/mcp") as client:
        server.closes = True
        await client.call()
        assert words in (fix := (await said(client.gateway, name)).fix), fix

        server.at["/mcp"], server.closes = GOOD, False
        client.gateway.wait(30)
        await client.works()
        assert name not in await left(client.gateway)


@mends("PROXY-13", "PROXY-14", "PROXY-15", "NET-06", "PROXY-21", "NET-09", "PROXY-01")
@pytest.mark.parametrize(
    ("answer", "name", "words"),
    [
        (response(b"", status="404 No"), "PROXY-13", "Correct the path of rewritePattern"),
        (
            lambda seen: (
                response(b"data: /m\n\n", content_type=EVENTS)
                if seen.line.startswith("GET")
                else response(b"", status="405 No")
            ),
            "PROXY-14",
            "Correct rewritePattern in config/routes.oas.json to the server's Streamable HTTP endpoint (often /mcp",
        ),
        (
            response(b"", status="405 No", more="Allow: GET\r\n"),
            "PROXY-15",
            "Correct rewritePattern in config/routes.oas.json to the MCP",
        ),
        (response(b"<h1>Hello</h1>", content_type=HTML), "NET-06", "Point rewritePattern at the MCP endpoint itself"),
        (response(b"[]"), "PROXY-21", "correct rewritePattern"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "NET-09",
            "Give the URL of the MCP endpoint, and not one for WebSockets",
        ),
    ],
)
async def test_a_rewrite_pattern_that_is_corrected_as_printed_reaches_the_upstream(
    tmp_path: Path, answer: bytes | Callable[[Seen], bytes], name: str, words: str
) -> None:
    async with upstream() as server, signed_in(tmp_path, f"{server.origin}/sse") as client:
        server.at["/sse"] = answer
        await client.call()
        assert words in (fix := (await said(client.gateway, name)).fix), fix

        await repoint(client, tmp_path, f"{server.origin}/mcp")
        await client.works()
        assert name not in await left(client.gateway)


@mends("PROXY-16", "PROXY-18")
@pytest.mark.parametrize(
    ("header", "sent", "status", "name", "pattern"),
    [
        ("host", {}, "421 No", "PROXY-16", r"Add (\S+) to the hosts"),
        ("origin", {"origin": "http://localhost:6274"}, "403 No", "PROXY-18", r"Add (\S+) to the origins"),
    ],
)
async def test_what_is_printed_is_added_to_what_the_upstream_allows(
    tmp_path: Path, header: str, sent: dict[str, str], status: str, name: str, pattern: str
) -> None:
    allowed: list[str] = []

    def strict(seen: Seen) -> bytes:
        return GOOD if seen.header(header) in allowed else response(b"Invalid", status=status)

    async with upstream(strict) as server, signed_in(tmp_path, f"{server.origin}/mcp") as client:
        await client.call(**sent)
        allowed.append(written((await said(client.gateway, name)).fix, pattern))

        assert "result" in (await client.call(**sent)).text
        assert name not in await left(client.gateway)


@mends("UPST-19", "PROXY-22", "PROXY-18", "UPST-03")
@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (response(b"", status="401 No"), "UPST-19"),
        (response(b"", status="302 No", more="Location: /login?next=%2Fmcp\r\n"), "PROXY-22"),
        (response(b"", status="403 No"), "PROXY-18"),
    ],
)
async def test_a_key_that_is_attached_as_printed_lets_the_call_in(tmp_path: Path, answer: bytes, name: str) -> None:
    def guarded(seen: Seen) -> bytes:
        return GOOD if seen.header("x-api-key") == "k-1" else answer

    async with upstream(guarded) as server, signed_in(tmp_path, f"{server.origin}/mcp") as client:
        await client.call()
        fix = (await said(client.gateway, name)).fix
        assert "set-upstream-api-key-inbound" in fix or "Attach the credential that the upstream wants" in fix
        options = {"header": "x-api-key", "value": "of-another-server"}
        add_policy(tmp_path, "key", "set-upstream-api-key-inbound", "SetUpstreamApiKeyInboundPolicy", options)
        await save(client)
        await client.call()
        if name == "UPST-19":
            assert "Correct the API key or header" in (await said(client.gateway, "UPST-03")).fix
        if name == "PROXY-22":
            assert "Renew the credential that the route sends, its key" in (await said(client.gateway, name)).fix

        policies = tmp_path / "config" / "policies.json"
        policies.write_text(policies.read_text().replace("of-another-server", "k-1"))
        await save(client)
        await client.works()
        assert {name, "UPST-03"} & {*await left(client.gateway)} == set()


@mends("UPST-19")
async def test_what_an_upstream_refuses_is_said_of_a_route_for_everybody_too(tmp_path: Path) -> None:
    def guarded(seen: Seen) -> bytes:
        return GOOD if seen.header("x-api-key") == "k-1" else response(b"", status="401 No")

    async with upstream(guarded) as server, signed_in(tmp_path, f"{server.origin}/mcp", signs_in=False) as client:
        change_route(tmp_path, lambda route: route["policies"].update(inbound=[]))
        await save(client)
        for _ in range(2):
            await client.call(authorization="")
        assert "set-upstream-api-key-inbound" in (await said(client.gateway, "UPST-19")).fix
        assert len(await client.gateway.flows()) == 1

        options = {"header": "x-api-key", "value": "k-1"}
        add_policy(tmp_path, "key", "set-upstream-api-key-inbound", "SetUpstreamApiKeyInboundPolicy", options)
        await save(client)
        assert "result" in (await client.call(authorization="")).text
        assert "UPST-19" not in await left(client.gateway)
        assert [flow.failure for flow in await client.gateway.flows()] == [None]


@mends("PROXY-06", "PROXY-07")
async def test_the_header_and_the_revision_that_are_printed_are_taken(tmp_path: Path) -> None:
    def modern(seen: Seen) -> bytes:
        if seen.header("mcp-protocol-version") == "2026-07-28":
            told = {"code": -32022, "message": "no", "data": {"supported": ["2025-11-25"]}}
            return result(error=told)
        return result(error={"code": -32020, "message": "no"}) if seen.header("mcp-method") == "x/y" else GOOD

    async with upstream(modern) as server, signed_in(tmp_path, f"{server.origin}/mcp") as client:
        await client.call(**{"mcp-protocol-version": "2026-07-28"})
        found = await said(client.gateway, "PROXY-07")
        assert "pin a revision that both know" in found.fix
        assert "result" in (await client.call(**{"mcp-protocol-version": found.expected})).text
        assert await left(client.gateway) == []

        await client.call(**{"mcp-method": "x/y"})
        found = await said(client.gateway, "PROXY-06")
        assert "Send Mcp-Method and Mcp-Name as the body" in found.fix
        assert "result" in (await client.call(**{"mcp-method": found.expected})).text
        assert await left(client.gateway) == []


@mends("PROXY-05")
async def test_the_real_reason_stands_in_the_request_to_which_it_points(tmp_path: Path) -> None:
    async with (
        upstream(response(b"no", status="403 No")) as server,
        signed_in(tmp_path, f"{server.origin}/mcp") as client,
    ):
        await client.call()
        bearer = {"authorization": f"Bearer {client.tokens['access_token']}", "accept": EVENTS}
        await client.http.get(client.gateway.mcp_url, headers=bearer)
        found = await said(client.gateway, "PROXY-05")
        assert "Look at the POST: it has the real reason" in found.fix
        trace = client.gateway.running.runtime.monitor.trace(found.trace_ids[0])
        assert trace is not None
        assert trace.problem is not None
        assert (trace.method, trace.problem.diagnosis_id) == ("POST", "PROXY-18")

        server.at["/mcp"] = GOOD
        await client.works()
        assert await left(client.gateway) == []


@mends("PROXY-04", "PROXY-12")
async def test_a_client_that_initializes_again_as_printed_has_its_session(tmp_path: Path) -> None:
    """And before that, what is printed of sessions is written into devgw.toml."""
    sessions = ["s1"]

    def keeps(seen: Seen) -> bytes:
        if b'"initialize"' in seen.body:
            more = f"Mcp-Session-Id: {sessions[-1]}\r\n"
            return response(GOOD.partition(b"\r\n\r\n")[2], more=more)
        if seen.header("mcp-session-id") == sessions[-1]:
            return GOOD
        body = b'{"jsonrpc": "2.0", "id": "server-error", "error": {"code": -32600, "message": "no session"}}'
        return response(body, status="400 Bad Request")

    async with upstream(keeps) as server:
        async with signed_in(tmp_path, f"{server.origin}/mcp") as client:
            await client.call(method="initialize")
            await client.call()
            line = written((await said(client.gateway, "PROXY-12")).fix, r"Write `(.+?)` under \[proxy\] in devgw.toml")
        (tmp_path / "devgw.toml").write_text(f"[proxy]\n{line}\n")
        async with signed_in(tmp_path, f"{server.origin}/mcp") as client:
            old = (await client.call(method="initialize")).headers["mcp-session-id"]
            assert "result" in (await client.call(**{"mcp-session-id": old})).text
            assert await left(client.gateway) == []

            sessions.append("s2")
            for _ in range(2):
                assert (await client.call(**{"mcp-session-id": old})).status_code == 400
            assert "so that it initializes again" in (await said(client.gateway, "PROXY-04")).fix
            new = (await client.call(method="initialize")).headers["mcp-session-id"]
            assert "result" in (await client.call(**{"mcp-session-id": new})).text
            assert await left(client.gateway) == []


@mends("NET-02", "NET-07")
@pytest.mark.parametrize(
    ("wrong", "name", "words"),
    [
        ("http://nobody.invalid:81/mcp", "NET-02", "orrect the host in rewritePattern"),
        ("http://10.255.255.1:81/mcp", "NET-07", "Check the network, VPN and proxy settings"),
    ],
)
async def test_a_url_that_is_corrected_as_printed_is_reached(tmp_path: Path, wrong: str, name: str, words: str) -> None:
    async with upstream() as server:
        url = wrong.format(host=server.origin.removeprefix("http://"))
        async with signed_in(tmp_path, url) as client:
            await client.call()
            assert words in (fix := (await said(client.gateway, name)).fix), fix

            await repoint(client, tmp_path, f"{server.origin}/mcp")
            await client.works()
            assert name not in await left(client.gateway)


@mends("NET-08", "NET-03")
async def test_the_scheme_and_the_variable_that_are_printed_reach_an_upstream_with_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "server.pem"
    pem.write_bytes(key_and_certificate("localhost"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    async with upstream(tls=tls) as server:
        host = server.origin.rpartition("/")[2]
        async with signed_in(tmp_path, f"https://{host}/mcp") as client:
            await client.call()
            variable = written((await said(client.gateway, "NET-03")).fix, r"Set (\w+) to the PEM file")
        monkeypatch.setenv(variable, str(pem))
        async with signed_in(tmp_path, f"http://{host}/mcp") as client:
            await client.call()
            scheme = written((await said(client.gateway, "NET-08")).fix, r"Write (\w+://) in rewritePattern")
            await repoint(client, tmp_path, f"{scheme}{host}/mcp")
            await client.works()
            assert await left(client.gateway) == []


@mends("NET-04")
async def test_the_setting_that_is_printed_waits_for_a_slow_upstream(tmp_path: Path) -> None:
    toml = tmp_path / "devgw.toml"
    toml.write_text("[proxy]\nresponse_timeout = 0.2\n")
    async with upstream() as server:
        server.slow = 0.6
        async with signed_in(tmp_path, f"{server.origin}/mcp") as client:
            await client.call()
            fix = (await said(client.gateway, "NET-04")).fix
            table, name = written(fix, r"raise (\[proxy\])"), written(fix, r"raise \[proxy\] (\w+)")
        toml.write_text(f"{table}\n{name} = 5\n")
        async with signed_in(tmp_path, f"{server.origin}/mcp") as client:
            await client.works()
            assert await left(client.gateway) == []
