"""Somebody's server that errs: named by watching its client, by `devgw doctor URL` and by `devgw explain` alike.

Each fault is injected into a stub server and met by a client that goes the standard's way.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devgw.clock import SystemClock
from devgw.diagnosis.catalogue import find_failure
from devgw.diagnosis.verdicts import Verdict
from devgw.events.taxonomy import DiagnosisMade
from devgw.outbound.server_doctor import examine_server
from tests.diagnosis.third_party import (
    HTML,
    METADATA,
    NOTHING,
    PAGE,
    RESOURCE,
    STEP_UP,
    asks_the_person,
    go,
    issues,
    jwt,
    named,
    refuses_tokens,
    refusing,
    sends_back,
    told,
)
from tests.outbound.upstream import Upstream
from tests.watched.bench import CALLBACK, watching

OURS = re.compile(
    r"config/|routes\.oas|rewritePattern|policies\.json|devgw\.toml|devgw's|\bgateway\b|\bupstream\b|--\w"
)
"""What is not there where a server is only watched: our files, our server, and our words for a route."""


@dataclass(frozen=True)
class Injected:
    """A fault, and what it is called."""

    what: str
    inject: Callable[[Upstream], object]
    id: str
    by_doctor: bool = False
    """Whether it shows without a login."""


def answers(path: str, answer: tuple[int, dict[str, str], Any]) -> Callable[[Upstream], object]:
    return lambda upstream: upstream.answers.update({path: answer})


def publishes(**members: Any) -> Callable[[Upstream], object]:
    return lambda upstream: upstream.server_metadata.update(members)


def refuses_codes(upstream: Upstream) -> None:
    asks_the_person(upstream)
    upstream.answers["/token"] = refusing("invalid_grant")


FAULTS = [
    # the documents
    Injected("an issuer with a slash", lambda u: u.server_metadata.update(issuer=f"{u.issuer}/"), "DISC-01", True),
    Injected("no S256", publishes(code_challenge_methods_supported=["plain"]), "PKCE-01", True),
    Injected("a page for the metadata", answers(METADATA, PAGE), "DISC-05", True),
    Injected("metadata that fails", answers(METADATA, (503, {}, b"")), "UPST-13", True),
    Injected("resource metadata that fails", answers(RESOURCE, (500, {}, b"")), "PROXY-19", True),
    # registration
    Injected("a dead registration endpoint", answers("/register", NOTHING), "REG-16", True),
    Injected("a registration endpoint for GET alone", answers("/register", (405, {}, b"")), "REG-16", True),
    Injected("a registration that is not implemented", answers("/register", (501, {}, b"")), "REG-16", True),
    Injected("a registration for members", answers("/register", refusing("access_denied", 403)), "REG-17"),
    Injected("a registration with a token", answers("/register", refusing("invalid_token", 401)), "REG-17"),
    Injected("a refused redirect URI", answers("/register", refusing("invalid_redirect_uri")), "REG-05"),
    Injected("refused metadata", answers("/register", refusing("invalid_client_metadata")), "REG-18"),
    Injected("a registration without an id", answers("/register", (201, {}, {"redirect_uris": [CALLBACK]})), "REG-18"),
    Injected("a page for the registration", answers("/register", (400, HTML, b"<h1>Blocked</h1>")), "DISC-05"),
    Injected("a registration that fails", answers("/register", (502, HTML, b"<h1>Bad</h1>")), "UPST-13"),
    # the login page
    Injected("no login page", answers("/authorize", NOTHING), "DISC-15", True),
    Injected("a login page that fails", answers("/authorize", (500, HTML, b"<h1>Oops</h1>")), "UPST-13", True),
    Injected("an unknown client", answers("/authorize", refusing("invalid_client", 401)), "REG-19"),
    Injected("a client that may not", answers("/authorize", refusing("unauthorized_client")), "REG-19"),
    Injected("a redirect URI that is not taken", answers("/authorize", refusing("invalid_redirect_uri")), "RURI-12"),
    Injected("a resource that is not taken", answers("/authorize", refusing("invalid_target")), "AUD-07"),
    Injected("a page that refuses", answers("/authorize", (400, HTML, b"<h1>Tenant is suspended</h1>")), "REQ-11"),
    Injected("a no of the person", lambda u: sends_back(u, "error=access_denied"), "CONS-05"),
    Injected("a scope that there is not", lambda u: sends_back(u, "error=invalid_scope"), "SCOPE-01"),
    Injected("a server that stumbles", lambda u: sends_back(u, "error=server_error"), "UPST-13"),
    Injected("an answer with nothing", lambda u: sends_back(u, "session=1"), "UPST-22"),
    # the token endpoint
    Injected("a dead token endpoint", answers("/token", NOTHING), "DISC-15", True),
    Injected(
        "a page for tokens", answers("/token", (400, HTML, b"<h1>Forbidden by the firewall</h1>")), "DISC-05", True
    ),
    Injected("a page under 200 for tokens", answers("/token", PAGE), "DISC-05", True),
    Injected("a token endpoint that fails", answers("/token", (502, HTML, b"<h1>Bad</h1>")), "UPST-13", True),
    Injected(
        "a token endpoint that is asked too often", answers("/token", (429, {"retry-after": "7"}, b"")), "UPST-13", True
    ),
    Injected("a client that is refused", answers("/token", refusing("invalid_client", 401)), "REG-19"),
    Injected("a code that is refused", refuses_codes, "TOK-10"),
    Injected("a code of a login that nobody saw", answers("/token", refusing("invalid_grant")), "TOK-10"),
    Injected("a resource that the token endpoint refuses", answers("/token", refusing("invalid_target")), "AUD-07"),
    Injected("an error under 200", answers("/token", refusing("bad_verification_code", 200)), "TOK-04"),
    Injected("an answer without a token", answers("/token", (200, {}, {"ok": True})), "TOK-08"),
    Injected("another error", answers("/token", refusing("invalid_request")), "REQ-11"),
    # the call
    Injected(
        "a token for somebody else",
        issues(lambda u: jwt(aud="https://api.example", iss=u.issuer)),
        "AUD-10",
    ),
    Injected("a token for its client", issues(lambda _: jwt(aud=["c1", "account"])), "AUD-10"),
    Injected("a token that nobody takes", issues(lambda _: "opaque-and-unknown"), "BEAR-09"),
    Injected(
        "a token for it that nobody takes",
        issues(lambda u: jwt(aud=f"{u.origin}/mcp")),
        "BEAR-09",
    ),
    Injected("a good token that may not", lambda u: refuses_tokens(u, (403, {}, {"message": "no seat"})), "SCOPE-06"),
    Injected(
        "a good token without a scope",
        lambda u: refuses_tokens(u, (403, {"www-authenticate": STEP_UP}, {})),
        "SCOPE-06",
    ),
    Injected("a server that fails over a good token", lambda u: refuses_tokens(u, (500, {}, b"boom")), "PROXY-19"),
    Injected("a path that is gone", lambda u: refuses_tokens(u, NOTHING), "PROXY-13"),
    Injected("a portal before it", lambda u: refuses_tokens(u, PAGE), "NET-06"),
    Injected("a call that is led away", lambda u: refuses_tokens(u, (307, {"location": "/mcp/"}, b"")), "PROXY-01"),
    Injected("a call too often", lambda u: refuses_tokens(u, (429, {}, b"")), "PROXY-17"),
    Injected("a call that is refused for both types", lambda u: refuses_tokens(u, (406, {}, b"")), "PROXY-20"),
    Injected("a name that is not taken", lambda u: refuses_tokens(u, (421, {}, b"")), "PROXY-16"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.what)
async def test_a_fault_is_named_alike_by_watching_by_the_doctor_and_by_explain(
    upstream: Upstream, fault: Injected, tmp_path: Path
) -> None:
    fault.inject(upstream)
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) != "passes" or fault.id == "NET-06", "its client looks at no type"
        made = await named(watched, fault.id)
        assert upstream.origin in f"{made.explanation} {made.hint}", "its owner is named"
        assert watched.origin not in " ".join(told(watched))
        assert [each for each in told(watched) if OURS.search(each)] == []
        failure = find_failure(fault.id)
        assert failure is not None
        assert made.title == failure.title
        assert not OURS.search(failure.title)
    if fault.by_doctor:
        found = await examine_server(f"{upstream.origin}/mcp", SystemClock())
        bad = [each for each in found.checks if each.verdict is Verdict.FAIL]
        assert fault.id in {each.diagnosis_id for each in bad}
        assert all(upstream.origin in each.fault for each in bad)
        assert [each for each in bad if OURS.search(f"{each.saw} {each.todo}")] == []


async def test_a_server_that_is_in_order_gets_no_name(upstream: Upstream, tmp_path: Path) -> None:
    async with watching(f"{upstream.origin}/mcp", tmp_path) as watched:
        assert await go(watched) == "passes"
        await asyncio.sleep(3)
        assert watched.events(DiagnosisMade) == []
        assert told(watched) == []
