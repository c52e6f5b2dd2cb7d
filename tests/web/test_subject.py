"""A route that lends credentials of its upstream, and on which nobody signs in, lends nobody's."""

from dataclasses import replace
from typing import Any, Literal

import httpx2
import pytest

from devgw.config.project import Route, TokenExchange
from devgw.gateway.upstream import Admitted, NoCredentials, UpstreamCredential
from devgw.ids import SubjectId, UpstreamServerId
from devgw.problems.bearer import SubjectMissing
from tests.outbound.bench import ORIGIN, Bench, admitted, refusal
from tests.outbound.upstream import running_upstream
from tests.support.bytes_upstream import bytes_upstream
from tests.support.gate import gate
from tests.support.gateway import mcp_request

Mode = Literal["user-oauth", "shared-oauth", "id-jag"]


class Counting(NoCredentials):
    """Lends somebody's credential to whoever asks, and counts."""

    lent = 0

    async def obtain(self, route: Route, admitted: Admitted, origin: str) -> UpstreamCredential:
        self.lent += 1
        return await super().obtain(route, admitted, origin)


async def never(*_: Any) -> None:
    raise AssertionError("the upstream was asked")


@pytest.mark.parametrize("mode", ["user-oauth", "shared-oauth", "id-jag"])
@pytest.mark.parametrize("authorization", [None, "Bearer at_nothing", "Basic eDp5"])
async def test_an_anonymous_caller_gets_a_401_without_a_link(mode: Mode, authorization: str | None) -> None:
    exchange = TokenExchange("p", UpstreamServerId("wiki"), "Wiki", auth_mode=mode)
    credentials = Counting()
    async with (
        bytes_upstream(never) as upstream,
        gate(upstream.url, credentials=credentials, protected=False, token_exchange=exchange) as gateway,
        httpx2.AsyncClient() as client,
    ):
        headers = {"authorization": authorization} if authorization else {}
        answer = await client.post(gateway.url, json=mcp_request("tools/list"), headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (401, "subject_missing")
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert "resource_metadata" not in answer.headers["www-authenticate"]
    assert "/auth/connections/" not in answer.text
    assert credentials.lent == 0


@pytest.mark.parametrize("mode", ["user-oauth", "shared-oauth", "id-jag"])
async def test_no_credential_is_kept_or_lent_for_nobody(mode: Mode) -> None:
    """Whoever asks: also where somebody connected the upstream for everybody."""
    exchange = TokenExchange("p", UpstreamServerId("x"), "Wiki", auth_mode=mode)
    async with running_upstream() as upstream:
        bench = Bench(upstream, exchange=replace(exchange, auth_mode="shared-oauth"))
        await bench.connect()
        route = replace(bench.route, token_exchange=exchange)
        problem = await refusal(bench.oauth.obtain(route, admitted(SubjectId("")), ORIGIN))
    assert isinstance(problem, SubjectMissing)
