"""What was never filled in, or was changed or cut on its way, is told as that, not as a mismatch of what is left."""

import asyncio
import gzip
import json
import ssl
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import urlencode

import httpx2
import pytest

from devgw.entropy import token
from tests.diagnosis.fixes.way import Client
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, mcp_request
from tests.support.mending import written

PLACEHOLDERS = [
    "$MCP_CLIENT_ID",
    "<your-client-id>",
    "your-client-id",
    "YOUR_CLIENT_ID",
    "%CLIENT_ID%",
    "{{id}}",
    "{id}",
]
MISSING = ["undefined", "null", "None", "[object Object]"]


@pytest.mark.parametrize("sent", PLACEHOLDERS + MISSING)
async def test_a_client_id_that_was_never_put_in(gateway: Watched, http: httpx2.AsyncClient, sent: str) -> None:
    page = await http.get(gateway.running.authorize_url(sent, token("")), headers={"accept": "text/html"})
    found = await gateway.only("CONF-01")
    assert "CONF-01" in page.text
    assert "Give the variable a value" in found.fix
    assert ("placeholder" in found.cause) == (sent not in MISSING)


@pytest.mark.parametrize("sent", ["my-client", "client_01ABC", "dcr:your", "change-log-reader", "100%"])
async def test_a_name_that_only_looks_odd_is_a_client_that_is_not_known(
    gateway: Watched, http: httpx2.AsyncClient, sent: str
) -> None:
    await http.get(gateway.running.authorize_url(sent, token("")))
    gateway.wait(3)
    await gateway.only("REG-02")


@pytest.mark.parametrize("uri", ["${CALLBACK}", "https://{{HOST}}/callback", "$CALLBACK_URL"])
async def test_a_redirect_uri_that_was_never_put_in(gateway: Watched, http: httpx2.AsyncClient, uri: str) -> None:
    answer = await http.post(f"{gateway.origin}/oauth/register", json={"redirect_uris": [uri]})
    assert "CONF-01" in answer.json()["error_description"]
    await gateway.only("CONF-01")


async def test_a_resource_that_was_never_put_in(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    await http.get(gateway.running.authorize_url(client["client_id"], token(""), resource="${MCP_URL}"))
    await gateway.only("CONF-01")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Bearer %TOKEN%", "CONF-01"),
        ("Bearer {{token}}", "CONF-01"),
        ("Bearer YOUR_TOKEN_HERE", "CONF-01"),
        ("Bearer $TOKEN", "CONF-01"),
        ("Bearer at_abc...xyz", "BEAR-05"),
    ],
)
async def test_a_token_that_was_never_put_in(gateway: Watched, http: httpx2.AsyncClient, value: str, name: str) -> None:
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers={"authorization": value})
    gateway.wait(3)
    await gateway.only(name)


async def test_two_authorization_headers_are_several_tokens(gateway: Watched, http: httpx2.AsyncClient) -> None:
    twice = [("authorization", "Bearer one"), ("authorization", "Bearer two")]
    await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=twice)
    gateway.wait(3)
    assert "more than one value" in (await gateway.only("BEAR-02")).cause


Change = Callable[[str], str]


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("&", "\\u0026"),
        lambda url: url.partition("?")[0] + "?" + url.partition("?")[2].replace("=", "%3D").replace("&", "%26"),
        lambda url: url.replace("&", "%26"),
        lambda url: url.replace("&", ";"),
    ],
)
async def test_parameters_whose_joints_were_escaped(gateway: Watched, http: httpx2.AsyncClient, change: Change) -> None:
    client = await gateway.running.register(http)
    page = await http.get(change(gateway.running.authorize_url(client["client_id"], token(""))))
    assert page.status_code == 400
    assert "stand inside" in (await gateway.only("REQ-04")).cause


@pytest.mark.parametrize("within", ["client_id=", "redirect_uri="])
@pytest.mark.parametrize("kept", [6, 7, 12])
async def test_a_url_cut_before_its_challenge(
    gateway: Watched, http: httpx2.AsyncClient, within: str, kept: int
) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""))
    await http.get(url[: url.index(within) + len(within) + kept])
    assert f"within `{within[:-1]}`" in (await gateway.only("RURI-10")).cause


async def test_another_redirect_uri_at_the_end_of_a_short_request_was_not_cut(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = await gateway.running.register(http)
    sent = {"response_type": "code", "client_id": client["client_id"], "redirect_uri": CALLBACK + "/elsewhere"}
    await http.get(f"{gateway.origin}/oauth/authorize", params=sent)
    await gateway.only("RURI-07")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/register"])
async def test_an_endpoint_that_is_asked_by_another_method(
    gateway: Watched, http: httpx2.AsyncClient, method: str, path: str
) -> None:
    answer = await http.request(method, gateway.origin + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "REQ-06" in answer.json()["error_description"]
    await gateway.only("REQ-06")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("rt_" + "rR7" * 14 + "r", "not issued"),
        ("rt_" + "r" * 43, "all small or all capital"),
        ("undefined", "the word undefined"),
        ("ACCESS", "an access token"),
        ("CUT", "has 43 characters"),
    ],
)
async def test_what_is_no_refresh_token_was_not_used_before(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, sent: str, words: str
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    sent = {"ACCESS": tokens["access_token"], "CUT": tokens["refresh_token"][:-3]}.get(sent, sent)
    form = {"grant_type": "refresh_token", "refresh_token": sent, "client_id": tokens["client_id"]}
    answer = await http.post(f"{gateway.origin}/oauth/token", data=form)
    assert "REFR-09" in answer.json()["error_description"]
    assert words in (await gateway.only("REFR-09")).cause


async def test_a_revoked_token_again_and_again_without_another(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    tokens = await gateway.running.tokens(http, browser)
    form = {"token": tokens["refresh_token"], "client_id": tokens["client_id"]}
    await http.post(f"{gateway.origin}/oauth/revoke", data=form)
    said = []
    for _ in range(3):
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)
        said.append(await gateway.names())
    assert said == [[], [], ["BEAR-06"]]
    assert "3 calls with it were refused" in (await gateway.only("BEAR-06")).cause


async def test_a_decision_on_a_page_that_is_too_old_is_told_of_its_login(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser
) -> None:
    client = await gateway.running.register(http)
    await gateway.running.sign_in(browser, gateway.running.authorize_url(client["client_id"], token("")))
    gateway.wait(4000)
    await browser.press("Allow")
    found = await gateway.only("SESS-01")
    assert "expired at" in found.cause
    assert found.certain


async def test_tls_on_the_port_of_plain_http_is_told_as_that(gateway: Watched) -> None:
    port = httpx2.URL(gateway.origin).port
    with pytest.raises(ssl.SSLError):
        await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context(), server_hostname="localhost")
    assert [each.id for each in await gateway.of_gateway()] == ["HOST-08"]
    gateway.wait(121)
    assert await gateway.of_gateway() == []


async def test_an_authorization_request_at_a_path_that_is_none(gateway: Watched, http: httpx2.AsyncClient) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token("")).replace("/oauth/authorize", "/oauth2/auth")
    page = await http.get(url, headers={"accept": "text/html"})
    assert "DISC-10" in page.text
    assert f"{gateway.origin}/oauth/authorize" in (await gateway.only("DISC-10")).fix


@pytest.mark.parametrize("path", ["/callback", "/auth/callback", "/__zuplo/oauth/calback"])
async def test_a_provider_that_sends_the_browser_to_another_path(
    gateway: Watched, http: httpx2.AsyncClient, path: str
) -> None:
    client = await gateway.running.register(http)
    left = await http.get(gateway.running.authorize_url(client["client_id"], token("")))
    state = httpx2.URL(left.headers["location"]).params["state"]
    sent = {"code": "c", "state": state}
    page = await http.get(gateway.origin + path, params=sent, headers={"accept": "text/html"})
    assert "IDT-31" in page.text
    found = await gateway.only("IDT-31")
    assert f"Register {gateway.origin}/oauth/callback at the provider" in found.fix

    other = await http.get(gateway.origin + path, params=sent | {"state": "nobodys"}, headers={"accept": "text/html"})
    assert "IDT-31" not in other.text


@pytest.mark.parametrize("mangle", ["{}\n", " {}", "{}\r\n", "\t{} "])
async def test_a_code_with_blanks_around_it_is_told_as_that_and_taken_without_them(
    gateway: Watched, http: httpx2.AsyncClient, mangle: str
) -> None:
    client = Client(gateway, http)
    await client.register()
    code = await client.get_code()
    assert (await client.post("token", client.form(mangle.format(code)))).status_code == 400
    found = await gateway.only("TOK-03")
    assert ("Something else stands around" in found.cause, "with nothing around it" in found.fix) == (True, True)

    await client.redeem(code)
    await client.works()
    assert await gateway.names() == []


async def test_a_token_request_that_came_as_json_is_its_clients_and_nobody_looks_for_its_code(
    gateway: Watched, http: httpx2.AsyncClient
) -> None:
    client = Client(gateway, http)
    await client.register()
    await http.post(f"{gateway.origin}/oauth/token", json=client.form(await client.get_code()))
    for seconds in (0, 3, 35, 60):
        gateway.wait(seconds)
        await gateway.only("REQ-05")
    assert len(await gateway.flows()) == 1


@pytest.mark.parametrize(
    ("change", "looks", "fix"),
    [
        ("{code}", "an authorization code of this gateway", "Redeem the code"),
        ('"{token}x"', "cut off or changed", "Send the access token whole"),
    ],
)
async def test_what_is_sent_as_a_token_is_called_what_it_is(
    gateway: Watched, http: httpx2.AsyncClient, change: str, looks: str, fix: str
) -> None:
    client = Client(gateway, http)
    await client.whole_way()
    sent = change.format(token=client.tokens["access_token"], code=await client.get_code())
    answer = await client.call(authorization=f"Bearer {sent}")
    assert (answer.status_code, answer.json()["diagnosis"]) == (401, "BEAR-04")
    assert (looks in answer.json()["error_description"], fix in answer.json()["error_description"]) == (True, True)


@pytest.mark.parametrize(
    ("header", "how"),
    [
        ("Token {token}", "behind another scheme than Bearer"),
        ("token  {token}", "behind another scheme than Bearer"),
        ("{token}", "without Bearer before it"),
        ("Bearer Bearer {token}", "with Bearer before it more than once"),
        ("bearer: bearer {token}", "with Bearer before it more than once"),
        ('Bearer "{token}"', "in quotation marks"),
        ("Bearer '{token}'", "in quotation marks"),
        ("Bearer “{token}”", "in quotation marks"),
        ("Bearer {encoded}", "percent-encoded"),
        ("Basic {basic}", "in Basic credentials"),
        ("Bearer: {token}", "with other characters beside it"),
        ("Bearer <{token}>", "with other characters beside it"),
        ("Bearer {token},", "with other characters beside it"),
        ("Bearer {token} {token}", "with other characters beside it"),
        ("{{'token': {token}}}", "with other characters beside it"),
    ],
)
async def test_a_token_of_ours_in_another_form_is_called_ours_and_works_as_is_printed(
    gateway: Watched, http: httpx2.AsyncClient, header: str, how: str
) -> None:
    client = Client(gateway, http)
    await client.whole_way()
    ours = client.tokens["access_token"]
    encoded, basic = ours.replace("_", "%5F"), b64encode(f"user:{ours}".encode()).decode()
    came = header.format(token=ours, encoded=encoded, basic=basic)
    headers = {b"authorization": came.encode()}
    answer = await http.post(gateway.mcp_url, json=mcp_request("tools/list"), headers=headers)

    assert (answer.status_code, answer.json()["diagnosis"]) == (401, "BEAR-04")
    assert f"holds an access token of this gateway {how}" in answer.json()["error_description"]
    found = await gateway.only("BEAR-04")
    assert ours not in str(found)
    begin = written(found.fix, r"`Authorization: (\w+)`, one space, the token")
    assert (await client.call(authorization=f"{begin} {ours}")).status_code == 200


@pytest.mark.parametrize("header", ["Token {token}", "{token}", 'Bearer "{token}"', "Basic dXNlcjpwYXNz"])
async def test_a_token_that_was_never_issued_is_not_called_ours(
    gateway: Watched, http: httpx2.AsyncClient, header: str
) -> None:
    client = Client(gateway, http)
    await client.whole_way()
    answer = await client.call(authorization=header.format(token="at_" + "x" * 43))

    assert (answer.status_code, "holds an access token" in answer.text) == (401, False)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("AWS4-HMAC-SHA256 Credential=a, Signature=b", "another scheme than Bearer"),
        ("SCRAM-SHA-256 data=x", "another scheme than Bearer"),
        ("Bearer\tat_0", "a tab and no space after Bearer"),
        ("at_0 x", "no scheme"),
        ("Basic", "another scheme than Bearer"),
        ("digest", "another scheme than Bearer"),
        ("Basic\tdXNlcjpwYXNz", "another scheme than Bearer"),
        ("hunter2correcthorse", "no scheme"),
    ],
)
async def test_a_scheme_that_is_there_is_not_said_to_be_missing(
    gateway: Watched, http: httpx2.AsyncClient, header: str, words: str
) -> None:
    client = Client(gateway, http)
    await client.whole_way()
    answer = await client.call(authorization=header)

    assert (answer.status_code, answer.json()["diagnosis"]) == (401, "BEAR-04")
    assert f"no usable bearer token: {words}." in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("JSON that is called a form", "its body is JSON"),
        ("a packed body", "its body is packed (gzip)"),
        ("half of it in the URL", "grant_type stands in the query"),
        ("names of another language", "has no grant_type, but grantType"),
        ("names in capitals", "has no grant_type, but GRANT_TYPE"),
        ("without", "has no grant_type."),
    ],
)
async def test_a_form_is_told_by_what_is_wrong_with_it(
    gateway: Watched, http: httpx2.AsyncClient, browser: Browser, name: str, words: str
) -> None:
    code = await gateway.running.code(http, browser)
    form, url = code.form(resource=gateway.mcp_url), f"{gateway.origin}/oauth/token"
    kind = {"content-type": "application/x-www-form-urlencoded"}
    rest = {each: value for each, value in form.items() if each != "grant_type"}
    if name == "JSON that is called a form":
        answer = await http.post(url, content=json.dumps(form), headers=kind)
    elif name == "a packed body":
        packed = gzip.compress(urlencode(form).encode())
        answer = await http.post(url, content=packed, headers=kind | {"content-encoding": "gzip"})
    elif name == "half of it in the URL":
        answer = await http.post(f"{url}?grant_type=authorization_code", data=rest)
    else:
        written_as = {"names of another language": "grantType", "names in capitals": "GRANT_TYPE"}.get(name)
        answer = await http.post(url, data=rest | ({written_as: form["grant_type"]} if written_as else {}))
    assert answer.status_code == 400
    gateway.wait(3)
    found = next(each for each in await gateway.said() if words in each.cause)
    assert found.id in {"REQ-01", "REQ-05"}
    assert found.cause.rstrip(".") in answer.json()["error_description"].replace("'", '"')
    assert "URL was copied" not in found.fix

    assert (await http.post(url, data=form)).status_code == 200


@pytest.mark.parametrize(
    ("written_as", "words"), [("%3F", "was percent-encoded"), ("&", "& stands where ? belongs"), ("%26", "& stands")]
)
@pytest.mark.parametrize("path", ["/oauth/authorize", "/oauth/authorize/mcp/sample", "/authorize"])
async def test_parameters_without_a_question_mark_are_told_as_that(
    gateway: Watched, http: httpx2.AsyncClient, written_as: str, words: str, path: str
) -> None:
    client = await gateway.running.register(http)
    right = gateway.running.authorize_url(client["client_id"], token("")).replace("/oauth/authorize", path)
    page = await http.get(right.replace("?", written_as, 1), headers={"accept": "text/html"})
    assert (page.status_code, "REQ-04" in page.text) == (404, True)
    gateway.wait(3)
    found = next(each for each in await gateway.said() if each.id == "REQ-04")
    assert words in found.cause
    assert "code_challenge" not in found.cause


@pytest.mark.parametrize("within", ["redirect_uri", "client_id"])
@pytest.mark.parametrize("broken", ["%0A", "%0D%0A"])
async def test_a_line_break_amid_a_url_is_told_as_that(
    gateway: Watched, http: httpx2.AsyncClient, within: str, broken: str
) -> None:
    client = await gateway.running.register(http)
    url = gateway.running.authorize_url(client["client_id"], token(""))
    at = url.index(f"{within}=") + len(within) + 4
    await http.get(url[:at] + broken + url[at:])
    found = await gateway.only("REQ-04")
    assert f"a line break stands in `{within}`" in found.cause
