"""Whatever a server answers, a check is a verdict: never an exception, and never long in coming."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devgw.clock import FrozenClock
from devgw.diagnosis.verdicts import Answer, Check, provider
from devgw.diagnosis.verdicts.login_page import AskedLogin, login_page
from devgw.diagnosis.verdicts.metadata import ShownMetadata, strict_eyes
from devgw.diagnosis.verdicts.upstream import AskedUpstream, upstream
from devgw.outbound.client import Bounds, http_client
from devgw.outbound.probes.asking import Asker, skew
from devgw.outbound.probes.routes import served
from tests.support.hostile import OK, hangs, hostile, repeats, says

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "http://localhost:9000/mcp/x"
NAMES = (
    "issuer jwks_uri keys kid alg kty error code data uri resource authorization_servers authorization_endpoint "
    "scopes_supported code_challenge_methods_supported token_endpoint_auth_methods_supported registration_endpoint "
    "result protocolVersion supportedVersions error_description"
)
URLS = [
    "http://[",
    "javascript:x",
    "http://a:port/",
    "//",
    "?#",
    "http://localhost:9000/mcp/x/",
    "*",
    "https://\x00",
    "é",
]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(URLS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=5),
    max_leaves=12,
)
bodies = (
    st.builds(lambda value: json.dumps(value).encode(), st.dictionaries(st.sampled_from(NAMES.split()), values))
    | st.builds(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n", values)
    | st.binary(max_size=50)
    | st.sampled_from([b"[" * 60_000, b'{"keys":' * 900, b'{"keys":[{"kid":NaN}]}', b'{"issuer":"a","issuer":"b"}'])
)
headers = st.dictionaries(
    st.sampled_from(["location", "content-type", "www-authenticate", "date", "access-control-allow-headers"]),
    st.text(max_size=30)
    | st.sampled_from([*URLS, "application/json", "text/event-stream", 'Bearer resource_metadata="x"']),
)
answers = st.builds(
    Answer, st.just(URL), st.integers(0, 999), headers, bodies, st.sampled_from(["", "it did not answer in time"]),
    st.just(NOON), st.just(NOON + timedelta(seconds=1)),
)  # fmt: skip


def verdicts(one: Answer, other: Answer, text: str) -> Iterator[Check]:
    """Yield what every check makes of two answers."""
    yield login_page(one, AskedLogin(text, text, text, is_workos=True))
    yield provider.id_and_key(one, None)
    yield provider.keys(one, None)
    yield from provider.discovery(one, provider.Configured(text, (text,), text, text, text))
    yield provider.registered_uris(one, AskedLogin(text, text, text, is_workos=True))
    yield provider.clock([each for each in (skew(one), skew(other)) if each is not None])
    yield provider.client_id_shape(text)
    yield provider.secret_shape(text, text)
    yield upstream(AskedUpstream("x", text), one, other)
    yield upstream(AskedUpstream("x", text, ("x-key",)), one, other)
    yield upstream(AskedUpstream("x", text, exchange="exchange"), one, other)
    yield from strict_eyes(ShownMetadata(text, one, other, one, other))


@settings(max_examples=300, deadline=None)
@given(answers, answers, st.text(max_size=30) | st.sampled_from(URLS))
def test_every_answer_comes_to_a_verdict(one: Answer, other: Answer, text: str) -> None:
    for check in verdicts(one, other, text):
        assert check.verdict
        assert check.saw


DATES = [
    "Sun, 22 Nov 2026 12:00:00 -0000", "Sun, 22 Nov 2026 12:00:00 +0000", "Sun, 22 Nov 2026 12:00:00 GMT",
    "Thu, 01 Jan 0000 00:00:00 GMT", "Thu, 01 Jan 0001 00:00:00 +2300", "Fri, 31 Dec 9999 23:59:59 -2300",
    "Fri, 31 Dec 99999 23:59:59 GMT", "Sun, 22 Nov 2026 99:99:99 GMT", "Sun, 22 Nov 2026 12:00:00 +99999999", "", " ",
    "now", "0", "-1", "\x00", "22 Nov", "Sun, 22 Nov", "Sun, 22 Nov 2026",
    "Sun, 22 Nov -2026 12:00:00 GMT", "," * 5_000,
    "9" * 5_000, "Sun, 22 Nov 2026 12:00:00 " + "(" * 5_000,
    "Sun, 22 Nov 2026 12:00:00 GMT, Sun, 22 Nov 2026 12:00:00 GMT",
]  # fmt: skip


@pytest.mark.parametrize("date", DATES)
def test_a_date_is_a_moment_or_none(date: str) -> None:
    """RFC 9110 §5.6.7: a recipient must cope; `-0000` is UTC."""
    found = skew(Answer(URL, 200, {"date": date}, asked_at=NOON, answered_at=NOON))
    assert found is None or abs(found) < 1e12
    if date.startswith("Sun, 22 Nov 2026 12:00:00") and date.endswith("0000"):
        assert found == 0


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_date_at_all_harms(date: str) -> None:
    skew(Answer(URL, 200, {"date": date}, asked_at=NOON, answered_at=NOON))


@pytest.mark.parametrize(
    "document",
    [
        {"data": [{"uri": "http://localhost:9000/" + "*" * 5_000 + "!"}]},
        {"data": [{"uri": f"http://localhost:{number}/callback"} for number in range(5_000)]},
        {"data": [{"uri": "http://localhost/" + "a" * 100_000}]},
        {"issuer": "a" * 200_000},
        {"issuer": "https://" + "%" * 100_000},
        {"keys": [{"kid": str(number)} for number in range(10_000)]},
        {"authorization_servers": ["x" * 200_000], "resource": "y" * 200_000},
    ],
    ids=lambda document: next(iter(document)),
)
def test_a_verdict_on_something_enormous_comes_soon(document: dict[str, Any]) -> None:
    answer = Answer(URL, 200, {"content-type": "application/json"}, json.dumps(document).encode())

    began = time.monotonic()
    for check in verdicts(answer, answer, "http://localhost:9000/oauth/callback"):
        assert len(check.saw) < 2_000
        assert sum(map(len, check.marks)) < 10_000
    assert time.monotonic() - began < 3


async def test_a_server_that_hangs_floods_or_lies_is_a_verdict_too() -> None:
    kinds = [
        hangs(), hangs(OK), hangs(OK + b"\r\n{"), says(b"nothing"),
        repeats(OK + b"\r\n", b"x" * 65_536), repeats(OK, b"a: b\r\n" * 1_000), says(OK + b"date: -0000\r\n\r\n{}"),
        says(OK + b"content-length: 60000\r\n\r\n" + b"[" * 60_000),
        says(OK + b'content-length: 46\r\n\r\n{"authorization_servers":{"0":"http://[::1"}}\n '),
        says(OK + b'content-length: 38\r\n\r\n{"authorization_servers":["http://["]}'),
    ]  # fmt: skip
    async with asyncio.timeout(20), http_client(Bounds(0.5, silence=0.3)) as http:
        asker = Asker(http, FrozenClock())
        for speak in kinds:
            async with hostile(speak) as server:
                shown = await served(asker, f"{server.origin}/mcp/x")
                for check in verdicts(shown.resource, shown.challenge, f"{server.origin}/mcp/x"):
                    assert check.saw
