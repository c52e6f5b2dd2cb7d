"""The sample upstream with OAuth as it should be: real clients connect, and careless ones are told what is wrong."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from devgw.clock import FrozenClock
from devgw.foreign.text import is_hidden
from tests.emulators.upstream_flow import CALLBACK, UpstreamClient
from tests.support.hostile import OK, Speak, hangs, hostile, repeats
from tests.support.serving import serve


async def test_without_a_token_the_challenge_leads_to_the_metadata(client: UpstreamClient) -> None:
    refused = await client.call(None)
    resource = (await client.http.get(f"{client.origin}/.well-known/oauth-protected-resource/mcp")).json()
    server = (await client.http.get(f"{client.origin}/.well-known/oauth-authorization-server")).json()

    assert refused.status_code == 401
    expected = f'resource_metadata="{client.origin}/.well-known/oauth-protected-resource/mcp"'
    assert expected in refused.headers["WWW-Authenticate"]
    assert "error=" not in refused.headers["WWW-Authenticate"]
    assert resource["resource"] == client.resource
    assert resource["authorization_servers"] == [server["issuer"]] == [client.origin]
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True


async def test_the_page_that_asks_hides_no_character_of_a_name(client: UpstreamClient) -> None:
    await client.register(client_name="Notes\u202e\x1b]52;c;aGk=\x07")
    shown = (await client.http.get(client.authorize_url())).text
    assert "Notes\\u{202e}\\u{1b}]52;c;aGk=\\u{7}" in shown
    assert [each for each in shown if is_hidden(each) and each != "\n"] == []


async def test_the_callback_carries_state_and_issuer_on_success_and_denial(client: UpstreamClient) -> None:
    """RFC 9207: `iss` on every authorization response."""
    await client.register()
    approved = await client.authorize()
    denied = await client.authorize("deny")

    assert approved.keys() == {"code", "state", "iss"}
    assert denied["error"] == "access_denied"
    assert approved["state"] == denied["state"] == "s-1"
    assert approved["iss"] == denied["iss"] == client.origin


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"resource": None}, "invalid_target"),
        ({"resource": "http://localhost:1/mcp"}, "invalid_target"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"scope": "notes:burn"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
)
async def test_a_careless_request_is_sent_back_with_the_reason(
    client: UpstreamClient, changes: dict[str, str | None], error: str
) -> None:
    await client.register()
    answer = await client.authorize(**changes)

    assert answer["error"] == error
    assert answer["iss"] == client.origin


async def test_an_unproven_destination_gets_a_page_and_no_redirect(client: UpstreamClient) -> None:
    await client.register()
    for changes in ({"redirect_uri": "https://evil.example/cb"}, {"client_id": "uc_unknown"}, {"client_id": ""}):
        page = await client.http.get(client.authorize_url(**changes))
        assert page.status_code == 400
        assert "Location" not in page.headers
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    twice = await client.http.get(f"{client.authorize_url()}&state=other")
    assert twice.status_code == 400


async def test_a_loopback_redirect_may_come_with_another_port_but_not_another_host(client: UpstreamClient) -> None:
    """RFC 8252 §7.3."""
    await client.register()
    other_port = await client.http.get(client.authorize_url(redirect_uri="http://localhost:1/callback"))
    other_host = await client.http.get(client.authorize_url(redirect_uri="http://127.0.0.1:8976/callback"))

    assert (other_port.status_code, other_host.status_code) == (200, 400)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:1/callback"}, "invalid_grant"),
        ({"resource": None}, "invalid_target"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_id": "uc_unknown"}, "invalid_client"),
    ],
)
async def test_a_code_is_refused_where_something_does_not_match(
    client: UpstreamClient, changes: dict[str, str | None], error: str
) -> None:
    await client.register()
    code = (await client.authorize())["code"]

    assert (await client.redeem(code, **changes)).json()["error"] == error
    assert (await client.redeem(code)).status_code == 200


async def test_a_code_pays_once_and_expires(client: UpstreamClient, clock: FrozenClock) -> None:
    tokens = await client.connect()
    late = (await client.authorize())["code"]
    clock.travel(timedelta(seconds=61))
    assert (await client.redeem(late)).json()["error"] == "invalid_grant"

    code = (await client.authorize())["code"]
    first = (await client.redeem(code)).json()
    assert (await client.redeem(code)).json()["error"] == "invalid_grant"
    assert (await client.call(first["access_token"])).status_code == 401
    assert (await client.call(tokens["access_token"])).status_code == 200


async def test_a_code_and_a_refresh_token_are_good_for_their_own_client_alone(client: UpstreamClient) -> None:
    tokens = await client.connect()
    code = (await client.authorize())["code"]
    await client.register()  # from here on it is another client

    assert (await client.redeem(code)).json()["error"] == "invalid_grant"
    assert (await client.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_refresh_can_neither_widen_the_scope_nor_change_the_resource(client: UpstreamClient) -> None:
    tokens = await client.connect(scope="notes:read")
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    wider = await client.token(**form, scope="notes:read notes:write")
    elsewhere = await client.token(**form, resource="http://localhost:1/mcp")
    narrow = await client.token(**form, scope="notes:read")

    assert wider.json()["error"] == "invalid_scope"
    assert elsewhere.json()["error"] == "invalid_target"
    assert narrow.json()["scope"] == "notes:read"


async def test_refresh_rotates_and_a_replay_ends_the_grant(client: UpstreamClient, clock: FrozenClock) -> None:
    first = await client.connect()
    clock.travel(timedelta(minutes=6))
    expired = await client.call(first["access_token"])
    second = (await client.refresh(first["refresh_token"])).json()

    assert expired.status_code == 401
    assert 'error="invalid_token"' in expired.headers["WWW-Authenticate"]
    assert (await client.call(second["access_token"])).status_code == 200
    assert (await client.refresh(first["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await client.call(second["access_token"])).status_code == 401


async def test_revocation_ends_the_grant_and_an_unknown_token_is_no_error(client: UpstreamClient) -> None:
    """RFC 7009 §2.2."""
    tokens = await client.connect()
    for token in ("unknown", tokens["refresh_token"]):
        form = {"client_id": client.client_id, "token": token}
        assert (await client.http.post(f"{client.origin}/revoke", data=form)).status_code == 200

    assert (await client.call(tokens["access_token"])).status_code == 401


async def test_changing_notes_needs_a_wider_scope(client: UpstreamClient) -> None:
    tokens = await client.connect(scope="notes:read")
    read = await client.call(tokens["access_token"], "search_notes")
    write = await client.call(tokens["access_token"], "add_note", title="t", text="x")

    assert read.status_code == 200
    assert write.status_code == 403
    assert 'error="insufficient_scope"' in write.headers["WWW-Authenticate"]
    assert 'scope="notes:read notes:write"' in write.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_confidential_client_must_show_its_secret_the_way_it_registered(
    client: UpstreamClient, method: str
) -> None:
    await client.register(token_endpoint_auth_method=method)
    assert client.secret
    form = {"grant_type": "refresh_token", "refresh_token": "unknown"}
    basic = httpx2.BasicAuth(client.client_id, client.secret)
    url = f"{client.origin}/token"
    by_basic = await client.http.post(url, data=form, auth=basic)
    by_post = await client.http.post(url, data={**form, "client_id": client.client_id, "client_secret": client.secret})
    wrong = await client.http.post(url, data=form, auth=httpx2.BasicAuth(client.client_id, "wrong"))

    right, other = (by_basic, by_post) if method == "client_secret_basic" else (by_post, by_basic)
    assert right.json()["error"] == "invalid_grant"  # the client is known, the token is not
    assert (other.status_code, other.json()["error"]) == (401, "invalid_client")
    assert wrong.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "uris", [[], ["javascript:alert(1)"], ["http://evil.example/cb"], ["https://a.example/#x"], "no"]
)
async def test_a_redirect_uri_that_could_leak_a_code_is_not_registered(client: UpstreamClient, uris: Any) -> None:
    refused = await client.register(redirect_uris=uris)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")


async def test_a_client_may_be_a_metadata_document_on_loopback(client: UpstreamClient) -> None:
    documents: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            status, body = (200, documents[scope["path"]]) if scope["path"] in documents else (404, {})
            response = httpx2.Response(status, json=body)
            await send({"type": "http.response.start", "status": status, "headers": response.headers.raw})
            await send({"type": "http.response.body", "body": response.content})

    async with serve(app) as host:
        url = f"{host}/client.json"
        documents["/client.json"] = {"client_id": url, "client_name": "Gateway", "redirect_uris": [CALLBACK]}
        documents["/stranger.json"] = {"client_id": url, "redirect_uris": [CALLBACK]}
        client.client_id = url
        code = (await client.authorize())["code"]
        tokens = (await client.redeem(code)).json()
        stranger = await client.http.get(client.authorize_url(client_id=f"{host}/stranger.json"))
        missing = await client.http.get(client.authorize_url(client_id=f"{host}/missing.json"))

    assert (await client.call(tokens["access_token"])).status_code == 200
    assert stranger.status_code == missing.status_code == 400
    assert "does not name itself" in stranger.text
    assert "404" in missing.text


async def test_the_page_is_an_emulator_in_so_many_words_and_a_foreign_form_is_refused(client: UpstreamClient) -> None:
    await client.register(client_name="<b>Evil</b>")
    page = await client.http.get(client.authorize_url())
    forged = await client.http.post(
        f"{client.origin}/authorize", data={"request": "x", "as": "ada"}, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert "Emulator." in page.text
    assert "&lt;b&gt;Evil&lt;/b&gt;" in page.text
    assert "<script" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert forged.status_code == 400


async def test_a_foreign_host_is_refused_everywhere(client: UpstreamClient) -> None:
    for path in ("/mcp", "/authorize", "/__emulator/faults"):
        for host in ("evil.example", "[::1"):
            answer = await client.http.get(f"{client.origin}{path}", headers={"Host": host})
            assert answer.status_code == 421


@pytest.mark.parametrize(
    ("speak", "said"),
    [
        (repeats(b"", b"HTTP/1.1 100 \r\n\r\n" * 4_000), "more than 65536 bytes came"),
        (repeats(OK + b"transfer-encoding: chunked\r\n\r\n1;", b"e" * 4_000), "more than 65536 bytes came"),
        (repeats(OK + b"x: ", b"y" * 65_536), "more than 65536 bytes came"),
        (hangs(OK), "did not end within 3 s"),
    ],
)
async def test_a_client_document_is_read_up_to_a_last_byte_whatever_it_is_packed_into(
    client: UpstreamClient, speak: Speak, said: str
) -> None:
    """Any page can ask for it, and the gateway waits while it is read: interim answers cost more than their bytes."""
    async with hostile(speak) as served:
        page = await client.http.get(client.authorize_url(client_id=f"{served.origin}/client.json"))
    assert said in page.text
