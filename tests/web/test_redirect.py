"""A redirect is followed where the route says so; beyond its origin no credential or header of a policy goes along."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from devgw.config.project import HeaderEdits, Route, Secret
from devgw.gateway.upstream import Admitted, UpstreamCredential
from devgw.settings import ProxySettings, Settings
from tests.support.bytes_upstream import Answer, Seen, bytes_upstream, response
from tests.support.gate import Gate, gate

CALL = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "echo"}}
RESULT = b'{"jsonrpc":"2.0","id":7,"result":{}}'
SECRETS = {
    "authorization": "Bearer upstream", "x-credential": "upstream", "x-api-key": "k", "x-odd": "from-env",
    "accept-language": "secret", "cookie": "a=b",
}  # fmt: skip
EDITS = (
    HeaderEdits(set=(("X-Api-Key", Secret("k"), True), ("X-Odd", Secret("from-env"), True))),
    HeaderEdits(set=(("Accept-Language", Secret("secret"), True), ("Cookie", Secret("a=b"), True))),
)


class Credentials:
    """What a token exchange adds."""

    async def obtain(self, _route: Route, _admitted: Admitted, _origin: str) -> UpstreamCredential:
        return UpstreamCredential(((b"authorization", b"Bearer upstream"), (b"x-credential", b"upstream")))

    async def renew(self, *_: Any) -> UpstreamCredential:
        raise NotImplementedError


def leading_to(location: str, status: str = "307 Temporary Redirect", more: str = "") -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.line.split()[1].endswith("/there"):
            writer.write(response(RESULT))
        else:
            writer.write(response(b"", status=status, more=f"Location: {location}\r\n{more}"))

    return answer


async def answer_result(seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(response(RESULT))


MINE = {"X-Mine": "a-key-of-the-client", "Cookie": "a=b", "Mcp-Session-Id": "s-1", "Mcp-Paramour": "x"}
"""What the client sends and nobody but the upstream may see."""


async def call(gateway: Gate, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        return await client.post(gateway.url, json=CALL, headers=gateway.bearer | headers)


def sent(seen: Seen) -> dict[str, str]:
    return {name: value for name, value in seen.headers if name in SECRETS}


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Moved"])
async def test_to_another_origin_no_secret_goes_along(status: str) -> None:
    async with (
        bytes_upstream(answer_result) as other,
        bytes_upstream(leading_to(f"{other.url}#x", status)) as upstream,
        gate(upstream.url, follow_redirects=True, header_edits=EDITS, credentials=Credentials()) as gateway,
    ):
        headers = {"MCP-Protocol-Version": "2025-11-25", "Mcp-Param-Region": "eu"}
        answer = await call(gateway, **headers, **MINE)

    assert answer.content == RESULT
    assert sent(upstream.seen[0]) == SECRETS
    assert sent(other.seen[0]) == {}
    for name in MINE:
        assert other.seen[0].header(name.lower()) is None
    assert other.seen[0].header("mcp-param-region") == "eu"
    assert other.seen[0].header("mcp-protocol-version") == "2025-11-25"
    assert any("another origin" in note for note in gateway.traces[0].notes)


async def test_within_the_origin_everything_goes_along() -> None:
    async with (
        bytes_upstream(leading_to("/there")) as upstream,
        gate(upstream.url, follow_redirects=True, header_edits=EDITS, credentials=Credentials()) as gateway,
    ):
        answer = await call(gateway)

    assert answer.content == RESULT
    assert [sent(seen) for seen in upstream.seen] == [SECRETS, SECRETS]
    assert upstream.seen[1].body == upstream.seen[0].body


async def test_what_stayed_behind_does_not_come_back_with_a_second_redirect() -> None:
    async with AsyncExitStack() as stack:
        first = [""]

        async def back(seen: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(response(b"", status="307 There", more=f"Location: {first[0]}/there\r\n"))

        other = await stack.enter_async_context(bytes_upstream(back))
        upstream = await stack.enter_async_context(bytes_upstream(leading_to(other.url)))
        first[0] = upstream.url
        more: dict[str, Any] = {"header_edits": EDITS, "credentials": Credentials()}
        gateway = await stack.enter_async_context(gate(upstream.url, follow_redirects=True, **more))
        assert (await call(gateway)).content == RESULT

    assert sent(upstream.seen[1]) == {}


@pytest.mark.parametrize(
    ("status", "method"),
    [("301 M", "GET"), ("302 F", "GET"), ("303 S", "GET"), ("307 T", "POST"), ("308 P", "POST")],
)
async def test_method_and_body_follow_the_status(status: str, method: str) -> None:
    """RFC 9110 §15.4."""
    async with (
        bytes_upstream(leading_to("/there", status)) as upstream,
        gate(upstream.url, follow_redirects=True) as gateway,
    ):
        await call(gateway)

    second = upstream.seen[1]
    assert second.line == f"{method} /there HTTP/1.1"
    assert bool(second.body) is (method == "POST")
    assert (second.header("content-type") is None) is (method == "GET")


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1", "http://[", "http://host:port/", "http://host:99999/", "http://user:pw@127.0.0.1/", "ftp://host/",
        "javascript:alert(1)", "file:///etc/passwd", "/a b", "http://127.0.0.1:0/",
        "http://" + "a" * 20_000 + "/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("follows", [False, True])
async def test_a_location_that_leads_nowhere_is_the_upstreams_fault_and_named(location: str, *, follows: bool) -> None:
    async with (
        bytes_upstream(leading_to(location)) as upstream,
        gate(upstream.url, follow_redirects=follows) as gateway,
    ):
        answer = await call(gateway)

    error = answer.json()["error"]
    assert (error["code"], error["data"]["reason"]) == (502, "upstream_location_malformed")
    assert (gateway.traces[0].outcome, gateway.traces[0].failure_origin) == ("failure", "upstream")
    assert len(upstream.seen) == 1


async def test_two_locations_lead_nowhere() -> None:
    async with (
        bytes_upstream(leading_to("/there", more="Location: /elsewhere\r\n")) as upstream,
        gate(upstream.url, follow_redirects=True) as gateway,
    ):
        answer = await call(gateway)

    assert answer.json()["error"]["data"]["reason"] == "upstream_location_malformed"


async def test_a_location_may_be_written_in_utf8() -> None:
    async with (
        bytes_upstream(leading_to("/é/there")) as upstream,
        gate(upstream.url, follow_redirects=True) as gateway,
    ):
        await call(gateway)

    assert upstream.seen[1].line in {"POST /%C3%A9/there HTTP/1.1", "POST /%E9/there HTTP/1.1"}


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://224.0.0.1/"]
)
async def test_no_redirect_leads_to_an_address_where_nobody_has_an_mcp_server(location: str) -> None:
    async with bytes_upstream(leading_to(location)) as upstream, gate(upstream.url, follow_redirects=True) as gateway:
        answer = await asyncio.wait_for(call(gateway), 15)

    assert answer.json()["error"]["data"]["reason"] == "address_forbidden"


async def test_a_client_certificate_is_shown_to_its_own_origin_alone(tmp_path: Path) -> None:
    """A file that is not there would be named, if it were loaded for the other origin."""
    async with (
        bytes_upstream(leading_to("https://127.0.0.1:1/mcp")) as upstream,
        gate(upstream.url, follow_redirects=True, mtls_certificate=str(tmp_path / "gone.pem")) as gateway,
    ):
        answer = await call(gateway)

    assert answer.json()["error"]["data"]["reason"] == "upstream_refused_connection"


async def test_where_the_route_follows_none_nobody_is_asked() -> None:
    async with (
        bytes_upstream(answer_result) as other,
        bytes_upstream(leading_to(other.url)) as upstream,
        gate(upstream.url) as gateway,
    ):
        answer = await call(gateway)

    assert answer.json()["error"]["data"]["reason"] == "upstream_redirected"
    assert other.connections == 0


async def test_a_session_of_one_origin_is_no_business_of_another() -> None:
    settings = Settings(proxy=ProxySettings(stateful=True))
    async with (
        bytes_upstream(answer_result) as other,
        bytes_upstream(leading_to(other.url)) as upstream,
        gate(upstream.url, follow_redirects=True, settings=settings) as gateway,
    ):
        await call(gateway, **{"Mcp-Session-Id": "s-1"})

    assert upstream.seen[0].header("mcp-session-id") == "s-1"
    assert other.seen[0].header("mcp-session-id") is None


def refusing(status: str) -> Answer:
    async def answer(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(response(b"who are you?", status=status, content_type="text/plain"))

    return answer


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("has_credential", [True, False])
async def test_who_wants_a_login_beyond_the_origin_is_named_and_no_credential_is_blamed(
    status: int, *, has_credential: bool
) -> None:
    more: dict[str, Any] = {"credentials": Credentials(), "header_edits": EDITS} if has_credential else {}
    async with (
        bytes_upstream(refusing(f"{status} X")) as other,
        bytes_upstream(leading_to(f"{other.url}?key=1")) as upstream,
        gate(upstream.url, follow_redirects=True, **more) as gateway,
    ):
        answer = await call(gateway)

    (trace,) = gateway.traces
    assert trace.reason_code == "redirect_wants_credential"
    assert f"over another origin to {other.url}, which answered {status}" in str(trace.explanation)
    assert str(trace.hint).startswith(f"Write {other.url} as rewritePattern")
    assert "key=1" not in f"{trace.explanation}{trace.hint}{answer.text}"
    assert len(other.seen) == 1


@pytest.mark.parametrize("status", ["500 Internal Server Error", "200 OK"])
async def test_an_answer_from_where_a_redirect_led_names_that_server(status: str) -> None:
    async with (
        bytes_upstream(refusing(status)) as other,
        bytes_upstream(leading_to(other.url)) as upstream,
        gate(upstream.url, follow_redirects=True) as gateway,
    ):
        await call(gateway)

    assert other.url in str(gateway.traces[0].explanation)


class Renewed(Credentials):
    """A credential that another may replace once."""

    async def obtain(self, _route: Route, _admitted: Admitted, _origin: str) -> UpstreamCredential:
        return UpstreamCredential(((b"authorization", b"Bearer old"),), renewable=True)

    async def renew(self, *_: Any) -> UpstreamCredential:
        return UpstreamCredential(((b"authorization", b"Bearer new"),))


async def test_a_401_behind_a_redirect_within_the_origin_renews_the_credential() -> None:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if not seen.line.split()[1].endswith("/"):
            writer.write(response(b"", status="307 X", more=f"Location: {seen.line.split()[1]}/\r\n"))
        elif seen.header("authorization") == "Bearer new":
            writer.write(response(RESULT))
        else:
            writer.write(response(b"", status="401 X"))

    async with (
        bytes_upstream(answer) as upstream,
        gate(upstream.url, follow_redirects=True, credentials=Renewed()) as gateway,
    ):
        answered = await call(gateway)

    assert answered.content == RESULT
    assert len(upstream.seen) == 4


async def test_a_401_beyond_the_origin_renews_nothing() -> None:
    async with (
        bytes_upstream(refusing("401 X")) as other,
        bytes_upstream(leading_to(other.url)) as upstream,
        gate(upstream.url, follow_redirects=True, credentials=Renewed()) as gateway,
    ):
        await call(gateway)

    assert (len(upstream.seen), len(other.seen)) == (1, 1)
