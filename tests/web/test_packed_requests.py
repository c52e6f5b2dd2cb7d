"""A body that says of itself that nothing was done to it is read as any other, wherever it is sent (RFC 9110 §8.4)."""

import json
from urllib.parse import urlencode

import httpx2
import pytest

from devgw.gateway.forwarding import encoding_of
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Running

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("coding", ["identity", "Identity", "identity, identity", ""])
async def test_a_body_that_is_not_packed_is_taken_also_where_it_says_so(
    gateway: Running, http: httpx2.AsyncClient, browser: Browser, coding: str
) -> None:
    code = await gateway.code(http, browser)
    said = {"content-encoding": coding}
    document = json.dumps({"redirect_uris": [CALLBACK]})
    registered = await http.post(
        f"{gateway.origin}/oauth/register", content=document, headers=said | {"content-type": "application/json"}
    )
    assert registered.status_code == 201, registered.text
    form = urlencode(code.form(resource=gateway.mcp_url))
    redeemed = await http.post(f"{gateway.origin}/oauth/token", content=form, headers=said | FORM)
    assert redeemed.status_code == 200, redeemed.text
    form = urlencode({"token": redeemed.json()["access_token"], "client_id": code.client_id})
    revoked = await http.post(f"{gateway.origin}/oauth/revoke", content=form, headers=said | FORM)
    assert revoked.status_code == 200, revoked.text


@pytest.mark.parametrize("path", ["/oauth/register", "/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    ("coding", "told"), [("gzip", "gzip"), ("BR", "br"), ("identity, deflate", "identity, deflate")]
)
async def test_a_body_that_is_packed_is_told_by_how_it_is(
    gateway: Running, http: httpx2.AsyncClient, path: str, coding: str, told: str
) -> None:
    kind = "application/json" if path.endswith("register") else FORM["content-type"]
    headers = {"content-type": kind, "content-encoding": coding}
    refused = await http.post(gateway.origin + path, content=b"\x1f\x8b", headers=headers)
    assert refused.status_code == 400
    assert told in refused.json()["error_description"]


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        ([], ""),
        ([b""], ""),
        ([b"identity"], ""),
        ([b" Identity ,"], ""),
        ([b"GZip"], "gzip"),
        ([b"identity", b"gzip"], "identity, gzip"),
        ([b"gzip", b"gzip"], "gzip, gzip"),
        ([b"br,identity,gzip"], "br,identity,gzip"),
    ],
)
def test_a_coding_is_what_was_done_to_a_body(lines: list[bytes], coding: str) -> None:
    headers = [(b"content-type", b"text/plain"), *((b"content-encoding", each) for each in lines)]
    assert encoding_of(headers) == coding
