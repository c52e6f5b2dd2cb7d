"""The agents themselves, without internet: from their own commands to a tool's answer, and what devgw says of it."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from devgw.diagnosis.clients import recognise
from devgw.diagnosis.clients.recognise import Traits
from devgw.events.taxonomy import McpAuthDownstreamTokenIssued, McpAuthDownstreamTokenRefreshed
from tests.agents.agent import Agent
from tests.agents.agents import ALL, CORE, FRAMEWORKS, ClaudeCode, Codex, Kilo, OpenCode
from tests.agents.connectors import Inspector, Mcporter
from tests.agents.model import WORD
from tests.agents.publisher import publishing
from tests.agents.stage import accusations, done_flows, flows, names, revoke_all, set_up, until
from tests.agents.witness import bear_witness
from tests.support.gateway import Running

TRUE = frozenset({"REFR-01", "REFR-09", "TOK-09"})
"""What may be said, since some agents do it: Gemini CLI refreshes twice at once, and mcporter presents its old refresh
token once more, as a client that it registered since."""
TOKENS = r"[ar]t_[A-Za-z0-9_-]{43}"
"""What devgw issues."""
ENGINES = ("undici", "node", "dcr:")
"""With what the name begins of a request whose id this gateway never gave: what made it, or that id, and no client."""
whole = pytest.mark.skipif(os.environ.get("TEST_AGENTS") != "all", reason="python -m tests.agents runs it")
"""What takes minutes."""


def each_of(*agents: type[Agent]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", agents, ids=lambda kind: kind.NAME)


def assert_named_rightly(gateway: Running, kind: type[Agent]) -> None:
    """A request that says nothing of its client may stay nobody's; whoever said something is called by that."""
    for name in names(gateway):
        if kind in FRAMEWORKS and kind.PROGRAM in name:  # a program's own name is the right one
            continue
        entry = recognise(Traits(client_name=name))
        if name.startswith(ENGINES) or (kind in FRAMEWORKS and entry and entry.key == "python-sdk"):
            continue
        assert entry is not None, f"shown as {name}"
        assert entry.name == (kind.BOOK or kind.NAME)


def left_by(kind: type[Agent]) -> frozenset[str]:
    """Where one process shows an old registration and the next goes on with a new one, it stays true of the first."""
    return frozenset({"REG-02", "REVK-03"}) if kind.CLINGS or kind is Inspector else frozenset()


async def sign_in_and_call(kind: type[Agent], folder: Path, route: str) -> None:
    async with set_up(folder) as stage, stage.gateway() as gateway:
        agent = stage.agent(kind)
        with bear_witness(agent, route):
            await agent.login(route, gateway.url_of(route))
            assert WORD in await agent.call(route)

        assert len(done_flows(gateway)) == 1
        assert_named_rightly(gateway, kind)
        assert accusations(gateway, stage.clock, but=TRUE) == []


@each_of(*CORE)
async def test_it_signs_in_and_calls_a_tool(kind: type[Agent], tmp_path: Path) -> None:
    await sign_in_and_call(kind, tmp_path, "sample")


@whole
@each_of(*(each for each in (*ALL, *FRAMEWORKS) if each not in CORE))
async def test_another_signs_in_and_calls_a_tool(kind: type[Agent], tmp_path: Path) -> None:
    await sign_in_and_call(kind, tmp_path, "sample")


@whole
@each_of(*ALL, *FRAMEWORKS)
async def test_it_gets_through_where_the_upstream_wants_an_account_too(kind: type[Agent], tmp_path: Path) -> None:
    await sign_in_and_call(kind, tmp_path, "notes")


@whole
@each_of(*ALL, *FRAMEWORKS)
async def test_it_refreshes_a_short_access_token(kind: type[Agent], tmp_path: Path) -> None:
    async with set_up(tmp_path) as stage:
        stage.configure(accessTokenTtlSeconds=kind.LIFETIME)
        async with stage.gateway() as gateway:
            agent = stage.agent(kind)

            async def over() -> None:
                issued = max(
                    each.at for each in gateway.published if isinstance(each.event, McpAuthDownstreamTokenIssued)
                )
                await until(lambda: (stage.clock.now() - issued).total_seconds() > 11)

            with bear_witness(agent, "refresh"):
                assert WORD in await agent.outlive("sample", gateway.url_of("sample"), over)
                assert gateway.events(McpAuthDownstreamTokenRefreshed)

            assert_named_rightly(gateway, kind)
            assert accusations(gateway, stage.clock, but=TRUE) == []


@whole
@each_of(*ALL, *FRAMEWORKS)
async def test_it_signs_in_again_after_a_revocation(kind: type[Agent], tmp_path: Path) -> None:
    async with set_up(tmp_path) as stage, stage.gateway() as gateway:
        agent = stage.agent(kind)
        with bear_witness(agent, "revocation"):
            await agent.login("sample", gateway.url_of("sample"))
            assert WORD in await agent.call("sample")
            revoke_all(gateway)
            await agent.attempt("sample")
            if kind.CLINGS:
                await agent.forget("sample")
            await agent.again("sample")
            assert WORD in await agent.call("sample")

        assert_named_rightly(gateway, kind)
        assert accusations(gateway, stage.clock, but=TRUE | left_by(kind)) == []


@whole
@each_of(*ALL, *FRAMEWORKS)
async def test_it_signs_in_again_at_a_gateway_that_forgot_all(kind: type[Agent], tmp_path: Path) -> None:
    async with set_up(tmp_path) as stage:
        agent = stage.agent(kind)
        async with stage.gateway() as before:
            await agent.login("sample", before.url_of("sample"))
        async with stage.gateway() as gateway:
            with bear_witness(agent, "restart"):
                await agent.attempt("sample")
                if kind.CLINGS:
                    await agent.forget("sample")
                await agent.again("sample")
                assert WORD in await agent.call("sample")

            assert_named_rightly(gateway, kind)
            assert accusations(gateway, stage.clock, but=TRUE | left_by(kind)) == []


@whole
@each_of(*ALL, *FRAMEWORKS)
async def test_two_at_once_are_two_flows(kind: type[Agent], tmp_path: Path) -> None:
    other = next(each for each in CORE if each is not kind)
    async with set_up(tmp_path) as stage, stage.gateway() as gateway:
        pair = [stage.agent(kind, "one"), stage.agent(other, "other")]
        with bear_witness(pair[0], "two at once"):
            url = gateway.url_of("sample")
            await asyncio.gather(*(each.login("sample", url) for each in pair))
            said = await asyncio.gather(*(each.call("sample") for each in pair))
            assert [WORD in each for each in said] == [True, True]

        done = done_flows(gateway)
        assert len({flow.client_id for flow in done}) == len(done) == 2
        assert all(flow.redirect_uri for flow in flows(gateway) if flow.client_id)
        assert accusations(gateway, stage.clock, but=TRUE) == []


@whole
@each_of(ClaudeCode, Codex)
async def test_it_goes_by_its_document_where_that_can_be_read(
    kind: type[Agent], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        set_up(tmp_path) as stage,
        publishing(tmp_path / "net") as (publisher, environ),
        stage.gateway() as gateway,
    ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        agent = stage.agent(kind)
        with bear_witness(agent, "document read"):
            await agent.login("sample", gateway.url_of("sample"))
            assert WORD in await agent.call("sample")
            assert {flow.client_id for flow in done_flows(gateway)} == set(publisher.read)
            assert {flow.kept_copy for flow in done_flows(gateway)} == {None}

        assert_named_rightly(gateway, kind)
        assert accusations(gateway, stage.clock, but=TRUE) == []


@whole
@each_of(*(each for each in ALL if not each.BOOK))
async def test_the_command_of_the_book_makes_it_forget(kind: type[Agent], tmp_path: Path) -> None:
    async with set_up(tmp_path) as stage, stage.gateway() as gateway:
        agent = stage.agent(kind)
        await agent.login("sample", gateway.url_of("sample"))
        assert any(agent.keeps_at(name) for name in agent.home.files_with(TOKENS)), agent.home.files_with(TOKENS)
        await agent.forget("sample")

        assert agent.home.files_with(TOKENS) == []
        await agent.again("sample")
        assert WORD in await agent.call("sample")
        assert len(gateway.events(McpAuthDownstreamTokenIssued)) == 2


@whole
@each_of(ClaudeCode, Codex)
async def test_the_commands_of_the_book_make_it_register_where_its_document_is_not_taken(
    kind: type[Agent], tmp_path: Path
) -> None:
    async with set_up(tmp_path) as stage:
        agent = stage.agent(kind)
        async with stage.gateway() as before:
            await agent.login("sample", before.url_of("sample"))
            assert {flow.client_id for flow in done_flows(before)} <= set(agent.entry.client_ids)
        stage.configure(cimdEnabled=False)
        async with stage.gateway() as gateway:
            for command in re.findall("`(.+?)`", agent.entry.to_register.replace("NAME", "sample")):
                await (agent.home.sign_in if " login " in command else agent.home.say)(command)
            assert WORD in await agent.call("sample")

            assert [str(flow.client_id)[:4] for flow in done_flows(gateway)] == ["dcr:"]
            # At its logout it revokes what the gateway before gave.
            assert accusations(gateway, stage.clock, but=TRUE | {"REG-02"}) == []


@whole
@each_of(ClaudeCode, Codex, OpenCode, Mcporter, Kilo)
async def test_a_command_that_ends_after_it_logged_in_is_accused_of_nothing(kind: type[Agent], tmp_path: Path) -> None:
    async with set_up(tmp_path) as stage, stage.gateway() as gateway:
        agent = stage.agent(kind)
        await agent.login("sample", gateway.url_of("sample"))

        assert accusations(gateway, stage.clock, but=TRUE) == []
