"""What is to be changed at somebody's server, as it is printed to who watches its client: done, and the login works."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from devgw.foreign.addresses import is_this_machine
from tests.diagnosis.fixes.trial import ClientAtHint, KeepingClient, trying
from tests.diagnosis.third_party import RESOURCE, asks_the_person, refusing, sends_back, serves
from tests.outbound.upstream import Asked, Upstream
from tests.support.mending import mends, written

Answer = tuple[int, dict[str, str], Any]
Served = Callable[[Asked], Answer]


@dataclass(frozen=True)
class Change:
    """A fault, and how what is printed of it is done."""

    what: str
    inject: Callable[[Upstream], object]
    id: str
    do: Callable[[Upstream, str], object]
    """Given the words."""
    client: type[KeepingClient] = KeepingClient


def path_in(fix: str, pattern: str) -> str:
    return urlsplit(written(fix, pattern)).path


def is_away(path: str, member: str) -> Callable[[Upstream], None]:
    """Let the metadata lead to where nothing is."""
    return lambda upstream: upstream.server_metadata.update({member: f"{upstream.origin}{path}"})


def points(path: str, parameter: str = "resource_metadata") -> Callable[[Upstream], None]:
    """Let the challenge point there."""

    def change(upstream: Upstream) -> None:
        upstream.challenge = f'Bearer {parameter}="{upstream.origin}{path}"'

    return change


DOCUMENTS = [
    Change(
        "an endpoint, served",
        is_away("/oauth/token", "token_endpoint"),
        "DISC-15",
        lambda u, fix: serves(u, path_in(fix, r"Serve the token endpoint at (\S+), or"), u._token),
    ),
    Change(
        "an endpoint, corrected",
        is_away("/oauth/login", "authorization_endpoint"),
        "DISC-15",
        lambda u, fix: u.server_metadata.update({written(fix, r"correct (\w+) in the m"): f"{u.origin}/authorize"}),
    ),
    Change(
        "a hint, served",
        points("/nowhere"),
        "DISC-17",
        lambda u, fix: serves(u, path_in(fix, r"Serve it at (\S+), or"), u._resource),
        ClientAtHint,
    ),
    Change(
        "a hint, corrected",
        points("/nowhere"),
        "DISC-17",
        lambda u, fix: points(RESOURCE, written(fix, r"let (\w+) be the URL at which"))(u),
        ClientAtHint,
    ),
    Change(
        "registration, served",
        is_away("/oauth/register", "registration_endpoint"),
        "REG-16",
        lambda u, fix: serves(u, path_in(fix, r"RFC 7591\) at (\S+), or"), u._register),
    ),
]


@mends("DISC-15", "DISC-17", "REG-16")
@pytest.mark.parametrize("change", DOCUMENTS, ids=lambda each: each.what)
async def test_documents_and_endpoints_are_put_where_it_is_printed(
    upstream: Upstream, change: Change, tmp_path: Path
) -> None:
    await tried(upstream, change, tmp_path)


async def tried(upstream: Upstream, change: Change, folder: Path) -> None:
    """Meet the fault, do what is printed, and go the whole way."""
    change.inject(upstream)
    async with trying(f"{upstream.origin}/mcp", folder, change.client) as trial:
        await trial.fails()
        change.do(upstream, await trial.said(change.id))
        await trial.works()


# --- registration and login ---


def takes_public_ones(upstream: Upstream, fix: str) -> None:
    """Let it register what the words name, and nothing else."""
    loopback, method = written(fix, r"(loopback) redirect URIs"), written(fix, r"token_endpoint_auth_method (\w+)")

    def register(asked: Asked) -> Answer:
        sent = json.loads(asked.body)
        is_loopback = all(is_this_machine(urlsplit(each).hostname or "") for each in sent["redirect_uris"])
        is_fit = sent["token_endpoint_auth_method"] == method and bool(loopback) is is_loopback
        return upstream._register(asked) if is_fit else refusing("invalid_client_metadata")

    serves(upstream, "/register", register)


def opens_registration(upstream: Upstream, fix: str) -> None:
    assert written(fix, r"(Open registration) at \S+ .+ to clients without an initial access token")
    upstream.answers.clear()


def answers_in_full(upstream: Upstream, fix: str) -> None:
    status, member = int(written(fix, r"answer (\d+) with")), written(fix, r"with (\w+)")
    usual = upstream._register
    serves(upstream, "/register", lambda asked: (status, {}, {member: usual(asked)[2][member]}))


def allows_grant(upstream: Upstream, fix: str) -> None:
    allowed = written(fix, r"grant_type (\w+)")
    serves(
        upstream,
        "/token",
        lambda asked: (
            upstream._token(asked) if asked.form["grant_type"] == allowed else refusing("unauthorized_client")
        ),
    )


def allows_response(upstream: Upstream, fix: str) -> None:
    allowed = written(fix, r"response_type (\w+)")
    serves(
        upstream,
        "/authorize",
        lambda asked: (
            upstream._authorize(asked) if asked.query["response_type"] == allowed else refusing("unauthorized_client")
        ),
    )


def loses_state(upstream: Upstream) -> None:
    usual = upstream._authorize

    def authorize(asked: Asked) -> Answer:
        status, headers, body = usual(asked)
        return status, {"location": headers["location"].replace(f"&state={asked.query['state']}", "")}, body

    upstream._authorize = authorize  # type: ignore[method-assign]
    asks_the_person(upstream)


def repeats(upstream: Upstream, fix: str) -> None:
    """Let it send the parameter that the words name back as it came."""
    name, losing = written(fix, r"repeat `(\w+)` as it was sent"), upstream._authorize

    def authorize(asked: Asked) -> Answer:
        status, headers, body = losing(asked)
        return status, {"location": f"{headers['location']}&{name}={asked.query[name]}"}, body

    upstream._authorize = authorize  # type: ignore[method-assign]
    asks_the_person(upstream)


def lifts_rule(upstream: Upstream, fix: str) -> None:
    assert written(fix, r"lift the (\w+) there") == "rule"
    del upstream._authorize


LOGINS = [
    Change(
        "registration, opened",
        lambda u: u.answers.update({"/register": refusing("invalid_token", 401)}),
        "REG-17",
        opens_registration,
    ),
    Change(
        "public clients, taken",
        lambda u: u.answers.update({"/register": refusing("invalid_client_metadata")}),
        "REG-18",
        takes_public_ones,
    ),
    Change("an id, given", lambda u: u.answers.update({"/register": (201, {}, {})}), "REG-18", answers_in_full),
    Change(
        "a grant, allowed",
        lambda u: u.answers.update({"/token": refusing("unauthorized_client")}),
        "REG-19",
        allows_grant,
    ),
    Change(
        "a response, allowed",
        lambda u: u.answers.update({"/authorize": refusing("unauthorized_client")}),
        "REG-19",
        allows_response,
    ),
    Change("a state, repeated", loses_state, "SESS-11", repeats),
    Change("a rule, lifted", lambda u: sends_back(u, "error=access_denied"), "CONS-05", lifts_rule),
]


@mends("REG-17", "REG-18", "REG-19", "SESS-11", "CONS-05")
@pytest.mark.parametrize("change", LOGINS, ids=lambda each: each.what)
async def test_registration_and_login_are_opened_as_it_is_printed(
    upstream: Upstream, change: Change, tmp_path: Path
) -> None:
    await tried(upstream, change, tmp_path)


@mends("TOK-10")
async def test_processes_share_their_codes(upstream: Upstream, tmp_path: Path) -> None:
    other = Upstream(upstream.origin, issuer=upstream.issuer)
    asks_the_person(upstream)
    serves(upstream, "/token", other._token)
    serves(upstream, "/mcp", other._mcp)
    async with trying(f"{upstream.origin}/mcp", tmp_path) as trial:
        await trial.fails()
        assert written(await trial.said("TOK-10"), r"several processes answer for it, let them share their (\w+)")
        other.codes = upstream.codes
        await trial.works()
