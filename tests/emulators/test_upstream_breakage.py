"""The faults of the sample upstream's MCP side: refusals of good tokens, redirects, gzip, and streams gone wrong."""

import asyncio
import gzip

import httpx2
import pytest

from devgw.emulators.upstream_auth import SampleFault, UpstreamWithOAuth
from tests.emulators.raw import modern
from tests.emulators.upstream_flow import UpstreamClient


async def test_mcp_answers_that_say_no_to_a_good_token(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """UPST-03, SCOPE-02."""
    token = (await client.connect())["access_token"]
    upstream.faults.set(SampleFault.MCP_UNAUTHORIZED, times=1)
    unauthorized = await client.call(token)
    upstream.faults.set(SampleFault.MCP_FORBIDDEN, times=1)
    forbidden = await client.call(token)
    upstream.faults.set(SampleFault.MCP_HTML, times=1)
    page = await client.call(token)

    assert unauthorized.status_code == 401
    assert 'error="invalid_token"' in unauthorized.headers["WWW-Authenticate"]
    assert forbidden.status_code == 403
    assert (page.status_code, page.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert (await client.call(token)).status_code == 200


async def test_a_redirect_to_the_slash(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    """PROXY-01."""
    token = (await client.connect())["access_token"]
    upstream.faults.set(SampleFault.MCP_REDIRECT_SLASH)
    redirected = await client.call(token)
    client.resource += "/"

    assert (redirected.status_code, redirected.headers["Location"]) == (307, client.resource)
    assert (await client.call(token)).status_code == 200


async def test_gzip_is_real_and_does_not_hold_a_stream_back(
    upstream: UpstreamWithOAuth, client: UpstreamClient
) -> None:
    """PROXY-02."""
    token = (await client.connect())["access_token"]
    body, headers = modern("subscriptions/listen", notifications={"resourcesListChanged": True})
    upstream.faults.set(SampleFault.MCP_GZIP, times=2)
    bearer = {**headers, "Authorization": f"Bearer {token}"}
    async with client.http.stream("POST", client.resource, json=body, headers=bearer) as stream:
        assert stream.headers["Content-Encoding"] == "gzip"
        assert b"acknowledged" in await anext(stream.aiter_bytes())
    body, headers = modern("tools/list")
    bearer = {**headers, "Authorization": f"Bearer {token}"}
    async with client.http.stream("POST", client.resource, json=body, headers=bearer) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert b'"whoami"' in gzip.decompress(raw)


@pytest.mark.parametrize("fault", [SampleFault.MCP_ENDLESS, SampleFault.MCP_DEAD, SampleFault.MCP_SILENT])
async def test_streams_that_never_end_are_ended_by_close(
    upstream: UpstreamWithOAuth, client: UpstreamClient, fault: SampleFault
) -> None:
    token = (await client.connect())["access_token"]
    upstream.faults.set(fault, seconds=0.01)
    async with asyncio.timeout(10):
        waiting = asyncio.ensure_future(client.call(token))
        _, still = await asyncio.wait({waiting}, timeout=0.1)
        assert still
        upstream.close()
        if fault is SampleFault.MCP_SILENT:
            assert (await waiting).status_code == 500  # the host's answer for an app that said nothing
        else:
            with pytest.raises(httpx2.RemoteProtocolError):
                await waiting


async def test_an_endless_stream_goes_on_and_a_dead_one_does_not(
    upstream: UpstreamWithOAuth, client: UpstreamClient
) -> None:
    token = (await client.connect())["access_token"]
    body, headers = modern("tools/list")
    bearer = {**headers, "Authorization": f"Bearer {token}"}
    upstream.faults.set(SampleFault.MCP_ENDLESS, seconds=0.01)
    async with client.http.stream("POST", client.resource, json=body, headers=bearer) as stream:
        chunks = stream.aiter_bytes()
        assert await anext(chunks) == b": begun\n\n"
        assert b": still here" in await anext(chunks) + await anext(chunks)
    upstream.faults.clear()
    upstream.faults.set(SampleFault.MCP_DEAD)
    async with client.http.stream("POST", client.resource, json=body, headers=bearer) as stream:
        chunks = stream.aiter_bytes()
        assert await anext(chunks) == b": begun\n\n"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(chunks)


async def test_an_event_is_cut_in_the_middle(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    token = (await client.connect())["access_token"]
    upstream.faults.set(SampleFault.MCP_CUT, times=1)
    with pytest.raises(httpx2.RemoteProtocolError):
        await client.call(token)

    assert (await client.call(token)).status_code == 200


async def test_slow_ones_are_slow(upstream: UpstreamWithOAuth, client: UpstreamClient) -> None:
    token = (await client.connect())["access_token"]
    upstream.faults.set(SampleFault.MCP_SLOW, times=1, seconds=3600)
    upstream.faults.set(SampleFault.TOKEN_SLOW, times=1, seconds=3600)
    for slow in (client.call(token), client.redeem("any")):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await slow

    assert (await client.call(token)).status_code == 200
