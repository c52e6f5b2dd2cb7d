"""What a person or client is to do about somebody's server, as it is printed: done, and the login works."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.diagnosis.fixes.trial import Trial, trying
from tests.diagnosis.third_party import NOTHING, STEP_UP, asks_the_person, jwt, refusing, sends_back, serves
from tests.outbound.upstream import Asked, Upstream
from tests.support.mending import mends, written
from tests.watched.bench import CALLBACK

Answer = tuple[int, dict[str, str], Any]


def known_alone(upstream: Upstream) -> None:
    """Let the login page and the token endpoint know the clients that are registered, and no others."""
    authorize, token = upstream._authorize, upstream._token

    def knows(asked: Asked, usual: Callable[[Asked], Answer], id_: str | None) -> Answer:
        return usual(asked) if id_ in upstream.clients else refusing("invalid_client", 401)

    serves(upstream, "/authorize", lambda asked: knows(asked, authorize, asked.query.get("client_id")))
    serves(upstream, "/token", lambda asked: knows(asked, token, asked.form.get("client_id")))


@mends("REG-16", "REG-17", "REG-19")
@pytest.mark.parametrize(
    ("diagnosis_id", "registration", "kept"),
    [
        ("REG-16", NOTHING, ""),
        ("REG-17", refusing("access_denied", 403), ""),
        ("REG-19", refusing("access_denied", 403), "of-before"),
    ],
)
async def test_a_client_is_given_an_id_that_was_registered_by_hand(
    upstream: Upstream, diagnosis_id: str, registration: Answer, kept: str, tmp_path: Path
) -> None:
    upstream.answers["/register"] = registration
    upstream.server_metadata.clear()  # such a client meets the real server's `iss`, which is not of the watched URL
    known_alone(upstream)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        trial.client.client = {"client_id": kept} if kept else {}
        await trial.fails()
        fix = await trial.said(diagnosis_id)
        assert re.search(r"give the client (an id that was registered there by hand|its id)", fix)
        upstream.clients["by-hand"] = {"redirect_uris": [CALLBACK]}
        trial.client.client = {"client_id": "by-hand"}
        await trial.works()


@mends("REG-19")
async def test_a_client_forgets_a_registration_of_before(upstream: Upstream, tmp_path: Path) -> None:
    known_alone(upstream)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        trial.client.client = {"client_id": "of-before"}
        await trial.fails()
        fix = await trial.said("REG-19")
        assert written(fix, r"(forget its registration) at the authorization server")
        assert "delete what it stored" in fix, "and how"
        trial.client.forget()
        await trial.works()


@pytest.mark.parametrize("path", ["/token", "/authorize"])
async def test_a_client_that_registered_a_moment_before_is_not_sent_to_register_again(
    upstream: Upstream, path: str, tmp_path: Path
) -> None:
    upstream.answers[path] = refusing("invalid_client", 401)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        fix = await trial.said("REG-19")
        assert "take the client that it registered" in fix
        assert "forget" not in fix
        assert "Another registration does not help" in fix
        upstream.answers.pop(path)
        await trial.works()


async def test_a_login_that_comes_back_with_invalid_client_right_after_registering_is_not_sent_to_register_again(
    upstream: Upstream, tmp_path: Path
) -> None:
    sends_back(upstream, "error=invalid_client")
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        assert "Another registration does not help" in await trial.said("REG-19")


@mends("RURI-16")
@pytest.mark.parametrize("answer", ["code=abc", "error=access_denied"])
async def test_a_server_sends_the_answer_of_a_login_to_the_redirect_uri_of_the_request(
    upstream: Upstream, answer: str, tmp_path: Path
) -> None:
    place, usual = f"{upstream.origin}/elsewhere", upstream._authorize
    serves(
        upstream, "/authorize", lambda asked: (302, {"location": f"{place}?{answer}&state={asked.query['state']}"}, b"")
    )
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        assert "to the redirect_uri of the request, to the letter" in await trial.said("RURI-16")
        assert f"to {place}; the client waits for it at {CALLBACK}" in trial.cause
        serves(upstream, "/authorize", usual)
        await trial.works()


async def test_a_login_that_leads_on_with_a_state_of_its_own_is_no_answer(upstream: Upstream, tmp_path: Path) -> None:
    place, usual = f"{upstream.origin}/elsewhere", upstream._authorize
    with_state = {"location": f"{place}?code=device&state=of-its-own"}
    asked_here = iter([(302, with_state, b"")])
    serves(upstream, "/authorize", lambda asked: next(asked_here, None) or usual(asked))
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.works()


@mends("CONS-05")
async def test_a_person_allows_what_they_denied(upstream: Upstream, tmp_path: Path) -> None:
    buttons = ["Deny", "Allow"]
    asks_the_person(upstream, buttons)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        pressed = written(await trial.said("CONS-05"), r"^(\w+) it on the page of")
        buttons.sort(key=lambda each: each != pressed)  # the person presses the first
        await trial.works()


async def refreshes(trial: Trial) -> None:
    await trial.client.refresh()
    await trial.calls()


async def logs_in(trial: Trial) -> None:
    await trial.works()


async def deletes(trial: Trial) -> None:
    trial.client.forget()
    await trial.works()


@mends("BEAR-10")
@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("Let the client refresh", refreshes),
        (", or log in again", logs_in),
        ("delete what it keeps for this server", deletes),
    ],
    ids=str,
)
async def test_a_client_with_an_old_token_gets_another(
    upstream: Upstream, words: str, change: Callable[[Trial], Awaitable[None]], tmp_path: Path
) -> None:
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.works()
        upstream.access_tokens.clear()
        assert await trial.client.call(jwt(exp=1_000_000_000, aud=f"{upstream.origin}/mcp")) != "passes"
        assert words in await trial.said("BEAR-10")
        await change(trial)


@mends("REFR-10")
async def test_a_client_whose_refresh_token_is_gone_logs_in_again(upstream: Upstream, tmp_path: Path) -> None:
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.works()
        upstream.access_tokens.clear()
        upstream.refresh_tokens.clear()
        await trial.client.call()
        with pytest.raises(Exception, match="It is gone"):
            await trial.client.refresh()
        assert written(await trial.said("REFR-10"), r"Let the client (log in again)")
        await trial.works()


@mends("SCOPE-06")
async def test_a_client_logs_in_for_the_scope_that_is_named(upstream: Upstream, tmp_path: Path) -> None:
    usual = upstream._mcp

    def call(asked: Asked) -> Answer:
        scopes = upstream.asked_at("/authorize")[-1].query.get("scope", "") if upstream.asked_at("/authorize") else ""
        is_refused = "authorization" in asked.headers and "notes:write" not in scopes.split()
        return (403, {"www-authenticate": STEP_UP}, {}) if is_refused else usual(asked)

    serves(upstream, "/mcp", call)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        trial.client.asks["scope"] = "notes:read"
        await trial.fails()
        more = written(await trial.said("SCOPE-06"), r"log in for the scope (\S+) beside those that it has")
        trial.client.asks["scope"] = f"notes:read {more}"
        await trial.works()


@mends("SCOPE-06")
@pytest.mark.parametrize("words", ["Give this account or client the right at", "name the missing one in a challenge"])
async def test_a_right_is_given_or_its_scope_is_named(upstream: Upstream, words: str, tmp_path: Path) -> None:
    usual = upstream._mcp
    refused: list[Answer] = [(403, {}, {"message": "no seat"})]

    def call(asked: Asked) -> Answer:
        scope = trial.client.asks.get("scope")
        return refused[0] if "authorization" in asked.headers and refused and not scope else usual(asked)

    serves(upstream, "/mcp", call)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        assert words in await trial.said("SCOPE-06")
        if "challenge" not in words:
            refused.clear()
        else:
            refused[0] = (403, {"www-authenticate": STEP_UP}, {})
            await trial.client.call()
            told = await trial.said("SCOPE-06", having="log in for the scope")
            trial.client.asks["scope"] = written(told, r"log in for the scope (\S+) beside")
        await trial.works()


@mends("SCOPE-06")
@pytest.mark.parametrize("is_program", [False, True], ids=["the page is allowed", "a program calls"])
async def test_a_page_is_allowed_or_a_program_calls(upstream: Upstream, is_program: bool, tmp_path: Path) -> None:
    usual, pages = upstream._mcp, set[str]()
    page = "http://localhost:6274"

    def call(asked: Asked) -> Answer:
        origin = asked.headers.get("origin")
        is_refused = "authorization" in asked.headers and origin is not None and origin not in pages
        return (403, {}, {}) if is_refused else usual(asked)

    serves(upstream, "/mcp", call)
    async with trying(f"{upstream.origin}/mcp", tmp_path, origin=page) as trial:
        await trial.fails()
        fix = await trial.said("SCOPE-06")
        if is_program:
            assert fix.endswith("or call from a program.")
            del trial.client.http.headers["origin"]
        else:
            pages.add(written(fix, r"Allow pages of (\S+) at the MCP server"))
        await trial.works()


@mends("REQ-11")
async def test_the_servers_words_are_gone_by(upstream: Upstream, tmp_path: Path) -> None:
    usual = upstream._authorize
    said = {"error": "invalid_request", "error_description": "Add the parameter tenant=north to this request"}
    serves(
        upstream, "/authorize", lambda asked: usual(asked) if asked.query.get("tenant") == "north" else (400, {}, said)
    )
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        assert written(await trial.said("REQ-11"), r"^(Go by its words);")
        name, _, value = written(trial.cause, r"“Add the parameter (\S+) to").partition("=")
        trial.client.asks[name] = value
        await trial.works()
