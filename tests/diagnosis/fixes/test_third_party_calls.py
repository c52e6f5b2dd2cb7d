"""What is to be changed about the tokens of somebody's server, as it is printed of a call: done, and the call works."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.verdicts import Check, Verdict
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.fixes.trial import ClientOfMarch, KeepingClient, trying
from tests.diagnosis.third_party import METADATA, RESOURCE, jwt, serves
from tests.outbound.upstream import Asked, Upstream, running_upstream
from tests.support.mending import mends, written
from tests.watched.raw import Stopped

PAGE = "http://localhost:6274"


@dataclass
class Checked:
    """An MCP server that reads its tokens, and an authorization server that writes them."""

    upstream: Upstream
    written: dict[str, str]
    """The claims of each token."""
    wanted: dict[str, str]
    """Those that are taken."""
    issued: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.upstream.token_answer = self._issue
        serves(self.upstream, "/mcp", self._call)

    def _issue(self, _: Asked, usual: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        self.issued.append(jwt(**self.written))
        return 200, {}, usual | {"access_token": self.issued[-1]}

    def _call(self, asked: Asked) -> tuple[int, dict[str, str], Any]:
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        is_taken = token in self.issued and self.written == self.wanted
        self.upstream.access_tokens = {token} if is_taken else set()
        return self.upstream._mcp(asked)


def write_resource(server: Checked, fix: str) -> None:
    server.written["aud"] = written(fix, r"that clients send, (\S+), into `aud`")


def take_audience(server: Checked, fix: str) -> None:
    server.wanted["aud"] = written(fix, r"take the audience (\S+)\.$")


@mends("AUD-10")
@pytest.mark.parametrize("change", [write_resource, take_audience], ids=lambda each: each.__name__)
async def test_audience_and_resource_become_one(
    upstream: Upstream, change: Callable[[Checked, str], None], tmp_path: Path
) -> None:
    server = Checked(upstream, {"aud": "https://api.example"}, {"aud": f"{upstream.origin}/mcp"})
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        change(server, await trial.said("AUD-10"))
        await trial.works()


@mends("BEAR-09")
async def test_what_is_checked_becomes_what_the_token_has(upstream: Upstream, tmp_path: Path) -> None:
    audience = f"{upstream.origin}/mcp"
    claims = {"iss": upstream.issuer, "aud": audience, "kid": "k-2"}
    server = Checked(upstream, claims, {"iss": "https://staging.example", "aud": audience, "kid": "k-1"})
    names = {"keys": "kid", "issuer": "iss", "audience": "aud"}
    async with trying(audience, tmp_path) as trial:
        await trial.fails()
        fix = await trial.said("BEAR-09")
        for each in written(fix, r"Let the (.+) that it checks be those of the token").replace(" and", ",").split(", "):
            name = names[each.removeprefix("the ").strip(", ")]
            server.wanted[name] = server.written[name]
        await trial.works()


async def serve_the_named_one(upstream: Upstream, other: Upstream, fix: str) -> None:
    assert written(fix, r"Serve the metadata of (\S+), and of no other") == other.issuer
    serves(upstream, written(fix, r"at (/\S+) of the MCP server"), other._metadata)


async def take_the_tokens(upstream: Upstream, other: Upstream, fix: str) -> None:
    taken = written(fix, r"take the tokens of (\S+), and name")
    assert taken == upstream.issuer
    other.access_tokens = upstream.access_tokens
    upstream.resource_metadata = {written(fix, r"name that in (\w+)"): [taken]}


@mends("DISC-16")
@pytest.mark.parametrize("change", [serve_the_named_one, take_the_tokens], ids=lambda each: each.__name__)
async def test_one_server_issues_what_is_taken(upstream: Upstream, change: Any, tmp_path: Path) -> None:
    async with running_upstream() as other:
        upstream.resource_metadata = {"authorization_servers": [other.issuer]}
        own = upstream._mcp

        def call(asked: Asked) -> tuple[int, dict[str, str], Any]:
            taken = asked.headers.get("authorization", "").removeprefix("Bearer ") in other.access_tokens
            return (200, {}, {"jsonrpc": "2.0", "id": 1, "result": {}}) if taken else (401, own(asked)[1] or {}, {})

        serves(upstream, "/mcp", call)
        async with trying(f"{upstream.origin}/mcp", tmp_path, ReadingBoth) as trial:
            await trial.fails()
            await change(upstream, other, await trial.said("DISC-16"))
            trial.client.forget()
            await trial.works()


class ReadingBoth(ClientOfMarch):
    """It looks at the resource's metadata, and goes by what its server's origin says."""

    async def discover(self) -> None:
        await KeepingClient.discover(self)
        await super().discover()


def named(checks: Sequence[Check], name: str) -> Check:
    return next(each for each in checks if each.name == name)


@mends("RURI-14")
async def test_an_unknown_client_is_shown_an_error_page(upstream: Upstream, tmp_path: Path) -> None:
    url = f"{upstream.origin}/mcp"
    before = named((await examine_server(url, SystemClock())).checks, "issuer.authorize")
    assert before.diagnosis_id == "RURI-14"
    assert written(before.todo, r"(Show an error page) for an unknown client")
    upstream.knows_its_clients = True
    after = await examine_server(url, SystemClock())
    assert named(after.checks, "issuer.authorize").verdict is Verdict.PASS
    assert "RURI-14" not in {each.diagnosis_id for each in after.checks}
    async with trying(url, tmp_path) as trial:
        await trial.works()


class Page(KeepingClient):
    """A page: it reads what the browser lets it read."""

    async def _first(self, urls: list[str] | tuple[str, ...], what: str) -> dict[str, Any]:
        for url in urls:
            answer = await self.http.get(url)
            if answer.status_code == 200:
                if answer.headers.get("access-control-allow-origin") not in {"*", PAGE}:
                    raise Stopped(f"{what} is hidden")
                return dict(answer.json())
        return {}


@mends("CORS-06")
async def test_metadata_is_served_with_the_header_for_pages(upstream: Upstream, tmp_path: Path) -> None:
    headers = {"origin": PAGE, "sec-fetch-mode": "cors"}
    async with trying(f"{upstream.origin}/mcp", tmp_path, Page, **headers) as trial:
        await trial.fails()
        fix = await trial.said("CORS-06")
        header, value = written(fix, r"Send (\S+): "), written(fix, r": (\S+) with the metadata")
        assert written(fix, r"the metadata at (\S+)\.$") == upstream.origin
        for path in (RESOURCE, METADATA):
            status, more, document = upstream.answer(Asked("GET", path, {}, {}, b""))
            upstream.answers[path] = (status, more | {header: value}, document)
        await trial.works()
