"""No secret comes through a view: not by name, not by shape, however it is wrapped (house.md §7)."""

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from devgw.clock import FrozenClock
from devgw.entropy import fingerprint
from devgw.events.taxonomy import HttpExchanged
from devgw.events.trace import Body, Trace
from devgw.foreign.text import is_hidden
from devgw.ids import TraceId
from devgw.monitor import bodies, trace_view
from devgw.monitor.contract_names import fields_of
from devgw.monitor.masking import mask, mask_header, mask_json, mask_sentence, mask_text, mask_url
from devgw.monitor.secret_names import SECRET_FIELDS

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
RANDOM = st.text(ALPHABET, min_size=43, max_size=43).filter(lambda text: any(c.isupper() or c.isdigit() for c in text))
PREFIX = st.sampled_from(["at_", "rt_", "code_", "cs_", "ss_", "st_", "cv_", "br_", "no_", "cb_"])
MINTED = st.builds(str.__add__, PREFIX, RANDOM)
"""Everything that `entropy.token` makes here."""
JWT = st.builds(lambda one, two: f"eyJhbGciOiJSUzI1NiJ9.{one}.{two}", RANDOM, RANDOM)
SECRET = MINTED | JWT
FIELD = st.sampled_from(sorted(SECRET_FIELDS - {"code"}))
WORD = st.text("abcdefghij klmnop", min_size=1, max_size=12)


def wrapped(secret: str) -> st.SearchStrategy[Any]:
    """Return JSON values that carry `secret` somewhere, alone or amid a sentence."""
    leaf = st.sampled_from(
        [secret, f"Bearer {secret}", f"it was {secret}, they said", f"https://x.test/cb?code={secret}&a=b"]
    )
    return st.recursive(
        leaf,
        lambda inner: st.dictionaries(WORD, inner, min_size=1, max_size=3) | st.lists(inner, min_size=1, max_size=3),
        max_leaves=4,
    )


def shown(trace: Trace) -> str:
    """Return everything that any face can show of a trace, without asking to reveal."""
    detail = trace_view.detail_of(trace)
    parts = [detail, detail.row, *detail.request_headers, *detail.response_headers, detail.request_body]
    exchanged = fields_of(HttpExchanged(trace=trace))
    return repr([*parts, detail.response_body, trace_view.curl_of(trace), exchanged, trace])


def trace_with(**facts: Any) -> Trace:
    trace = Trace(TraceId("1"), FrozenClock().now(), "POST", "/oauth/token", host="localhost:9000", status=200)
    for name, value in facts.items():
        setattr(trace, name, value)
    return trace


@given(st.data(), SECRET)
def test_no_minted_secret_gets_through_a_json_body(data: st.DataObject, secret: str) -> None:
    content = json.dumps(data.draw(wrapped(secret))).encode()
    trace = trace_with(
        response_headers=[(b"content-type", b"application/json")], response_body=Body(content, len(content))
    )
    assert secret not in shown(trace)


@given(SECRET, st.integers(1, 60), FIELD)
def test_no_secret_gets_through_a_body_that_was_cut_in_the_middle_of_it(secret: str, kept: int, field: str) -> None:
    kept = min(kept, len(secret))
    content = f'{{"{field}": "{secret[:kept]}'.encode()
    body = Body(content, len(content) + 50)
    trace = trace_with(response_headers=[(b"content-type", b"application/json")], response_body=body)
    assert kept < 12 or secret[:kept] not in shown(trace)


@given(SECRET, FIELD, st.booleans())
def test_no_secret_gets_through_a_form_or_a_query(secret: str, field: str, is_unnamed: bool) -> None:
    name = "something" if is_unnamed else field
    form = urlencode({"grant_type": "x", name: secret, "client_id": "dcr:1"})
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    trace = trace_with(query=form.encode(), request_headers=headers, request_body=Body(form.encode(), len(form)))
    assert secret not in shown(trace)
    assert "dcr%3A1" in shown(trace)


@given(SECRET, st.sampled_from([b"authorization", b"cookie", b"set-cookie", b"location", b"referer", b"x-anything"]))
def test_no_secret_gets_through_a_header(secret: str, name: bytes) -> None:
    value = {
        b"authorization": f"Bearer {secret}",
        b"cookie": f"a=b; devgw={secret}",
        b"set-cookie": f"devgw={secret}; Path=/; HttpOnly",
        b"location": f"http://127.0.0.1:1/cb?code={secret}&state={secret}",
        b"referer": f"http://localhost/x#access_token={secret}",
        b"x-anything": secret,
    }[name]
    headers = [(name, value.encode())]
    assert secret not in shown(trace_with(request_headers=headers, response_headers=headers))


def trace_of(secret: str, field: str) -> Trace:
    """Return a trace that carries `secret` wherever a name says that it is one."""
    content = json.dumps({"nested": [{field: secret}]}).encode()
    headers = [
        (b"authorization", b"Basic " + base64.b64encode(f"dcr:1:{secret}".encode())),
        (b"cookie", f"x={secret}".encode()),
    ]
    return trace_with(
        query=urlencode({field: secret}).encode(),
        request_headers=headers,
        response_headers=[(b"content-type", b"application/json")],
        response_body=Body(content, len(content)),
    )


@given(st.text(ALPHABET, min_size=8, max_size=40), FIELD)
@example("hunter2hunter2", "client_secret")
def test_a_secret_of_any_shape_is_masked_where_its_name_says_so(secret: str, field: str) -> None:
    forms = (f"{secret}'", f'"{secret}"', base64.b64encode(f"dcr:1:{secret}".encode()).decode())
    others = shown(trace_of("hunter3hunter3", field))
    assume(not any(each in others for each in forms))  # a word of every trace, such as the end of `authorization`
    text = shown(trace_of(secret, field))
    assert not any(each in text for each in forms)


@given(SECRET)
def test_no_secret_gets_through_a_stream_a_page_or_a_compressed_body(secret: str) -> None:
    stream = f'event: message\ndata: {{"result":{{"text":"{secret}"}}}}\n\ndata: {secret}\n'.encode()
    page = f'<input type="hidden" name="csrf" value="{secret}"><a href="/cb?code={quote_plus(secret)}">'.encode()
    packed = zlib.compress(page, wbits=31)
    kinds = ((b"text/event-stream", stream, b""), (b"text/html", page, b""), (b"text/html", packed, b"gzip"))
    for kind, content, coding in kinds:
        headers = [(b"content-type", kind), (b"content-encoding", coding)]
        assert secret not in shown(trace_with(response_headers=headers, response_body=Body(content, len(content))))


@given(
    st.binary(max_size=200), st.sampled_from([b"application/json", b"text/plain", b"application/x-www-form-urlencoded"])
)
def test_any_bytes_can_be_looked_at(content: bytes, kind: bytes) -> None:
    for coding in (b"", b"gzip", b"br"):
        headers = [(b"content-type", kind), (b"content-encoding", coding)]
        trace = trace_with(request_headers=headers, request_body=Body(content, len(content)), query=content)
        assert shown(trace)


@given(SECRET)
def test_two_masked_secrets_can_be_compared_and_revealed_on_purpose(secret: str) -> None:
    assert mask(secret).endswith(f"…#{fingerprint(secret)[:4]}")
    form = urlencode({"code": secret, "grant_type": "authorization_code"}).encode()
    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"authorization", f"Bearer {secret}".encode())]
    trace = trace_with(query=b"state=" + secret.encode(), request_headers=headers, request_body=Body(form, len(form)))
    detail = trace_view.detail_of(trace)
    assert detail.request_body.places == ["request.body.code"]
    assert detail.places == ["request.query.state"]
    assert trace_view.secret_at(trace, "request.body.code") == (secret, fingerprint(secret)[:4])
    assert trace_view.secret_at(trace, "request.query.state") == (secret, fingerprint(secret)[:4])
    place = next(header.place for header in detail.request_headers if header.place)
    assert trace_view.secret_at(trace, place) == (f"Bearer {secret}", fingerprint(f"Bearer {secret}")[:4])
    assert trace_view.secret_at(trace, "request.body.grant_type") is None
    assert trace_view.secret_at(trace, "request.header.99") is None


@pytest.mark.parametrize(
    "harmless",
    [
        'Bearer resource_metadata="http://localhost:9000/.well-known/x/mcp/calc", error="invalid_token"',
        "no-store",
        "application/json; charset=utf-8",
        "claude-code/2.0 (cli)",
        "authorization, content-type, mcp-protocol-version",
    ],
)
def test_what_is_no_secret_stays_readable(harmless: str) -> None:
    assert mask_header("x-any", harmless) == harmless


def test_words_of_the_protocol_stay_readable() -> None:
    answer = {"error": {"code": -32042, "data": {"state": "reconsent_required", "token_type": "Bearer"}}, "id": 7}
    assert mask_json(answer) == answer
    metadata = {
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }
    assert mask_json(metadata) == metadata
    assert mask_url("http://x/authorize?code_challenge_method=S256&scope=mcp%3Atools") == (
        "http://x/authorize?code_challenge_method=S256&scope=mcp%3Atools"
    )
    assert mask_text("The access token expired 12 s ago.") == "The access token expired 12 s ago."


def test_a_copied_command_cannot_be_made_to_run_anything_else() -> None:
    headers = [(b"authorization", b'"; touch /tmp/x #'), (b"x-a", b"'; touch /tmp/y; '")]
    content = b'{"a": "$(touch /tmp/z) `id` \'"}'
    trace = trace_with(
        request_headers=headers, request_body=Body(content, len(content)), method="POST; id", path="/a;b'c"
    )
    assert trace_view.curl_of(trace) == (
        "curl -sS -X 'POST; id' 'http://localhost:9000/a;b'\"'\"'c' -H \"authorization: Bearer $DEVGW_TOKEN\" "
        "-H 'x-a: '\"'\"'; touch /tmp/y; '\"'\"'' --data-raw '{\n  \"a\": \"$(touch /tmp/z) `id` '\"'\"'\"\n}'"
    )


def test_a_copied_command_or_url_steers_no_terminal_that_it_is_pasted_into() -> None:
    """The end of a bracketed paste, Ctrl-C and a line break would run what stands behind them."""
    typed = "\x1b[201~\x03\nid\u202e"
    body = Body(typed.encode(), len(typed.encode()))
    trace = trace_with(request_headers=[(b"x-a", b"\x9b31m")], request_body=body, path=f"/a b{typed}")
    detail = trace_view.detail_of(trace, "", 1)
    assert detail.url == "http://localhost:9000/a b%1B[201~%03%0Aid%E2%80%AE"
    assert detail.url in detail.curl
    assert not any(is_hidden(each) for each in detail.curl.replace("\n", ""))


def test_a_body_that_is_no_text_is_said_to_be_none() -> None:
    view = bodies.view([(b"content-type", b"image/png")], Body(b"\x89PNG\xff", 5), "response.body")
    assert (view.binary, view.text, view.size) == (True, "", 5)


@pytest.mark.parametrize("written", ["{}", "signed with key {}; it publishes {}.", '{{"kid": "{}"}}', "kid={}&x=1"])
def test_the_id_of_a_published_key_stays_readable(written: str) -> None:
    """It is no secret, and all that an unknown key turns on."""
    key_id = "sso_oidc_key_pair_01KC6057N3C66XJAXZ65YHAC72"
    text = written.format(key_id, key_id)
    assert mask_text(text) == text
    assert mask_json({"kid": key_id, "header": {"kid": key_id}}) == {"kid": key_id, "header": {"kid": key_id}}


@pytest.mark.parametrize("more", ["x", "0123456789", "-y", "_z"])
def test_what_only_begins_like_the_id_of_a_key_is_masked(more: str) -> None:
    longer = f"sso_oidc_key_pair_01KC6057N3C66XJAXZ65YHAC72{more}"
    assert longer not in mask_text(longer)


def test_urls_nested_in_urls_end_somewhere_and_show_nothing_of_what_is_deeper() -> None:
    """One of six hundred bytes made the list of traces a defect."""
    shown = mask_url("/?a=b" + "?a=" * 20_000 + "?password=hunter22")
    assert "hunter22" not in shown
    assert "nested too deep" in shown
    inner = "http://localhost/cb?" + urlencode({"next": "http://localhost/?" + urlencode({"password": "hunter22"})})
    assert "hunter22" not in mask_url("/authorize?" + urlencode({"redirect_uri": inner}))
    assert "nested" not in mask_url("/authorize?" + urlencode({"redirect_uri": inner}))


@pytest.mark.parametrize("word", ["at_", "ab_", "abcdefgh_", "key_", "a-", "-eyJ", "eyJ_", "Bearer ", "token="])
def test_a_long_text_of_half_shapes_is_read_once(word: str) -> None:
    """By the square of its length this took minutes, and everybody waited: it has no time limit, and ends."""
    assert mask_text(word * (300_000 // len(word)))


_AMID = {
    "a ticket of ours": "gAAAAAAAAAAAqxL_2-IlXNaaa6SlsVlrooxi-OD1UnBs91ApE2nXVDdHZRBXKbJ2p1wtTwk2nD_fAAf3Ev-bokQiRWUUBg"
    "HsRgH5Fm7gflIi6y5oU6PDyPdolhwbZBTamH8p6_BSrJyfPpMSdcGPtBK0KIYMJYle_eQLYR0fo6560SG_QJ4DNUG3uZEBLq5TbLJp3HPzORJ1h9_oj03Q0Q",
    "a key id behind a dash": "prefix-AKIAIOSFODNN7EXAMPLE-theremainder",
    "a token behind a dot": "lead.ghp_abcdefghijklmnopqrstuvwxyzABCDEF0123.theremainder",
    "a JWT before more": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl~theremainder",
}


@pytest.mark.parametrize("name", ["browserTicket", "client_secret", "access_token"])
@pytest.mark.parametrize("value", _AMID.values(), ids=_AMID)
@pytest.mark.parametrize("shown", [mask_sentence, mask_text], ids=lambda each: each.__name__)
def test_a_shape_amid_a_secret_leaves_nothing_of_the_rest(name: str, value: str, shown: Callable[[str], str]) -> None:
    """A pattern may fit a part of a value by chance: the name says that all of it is the secret."""
    said = shown(f"Open http://localhost:9000/x?{name}={value}&operationId=notes in a browser.")

    assert value[-12:] not in said
    assert value[:12] not in said
    assert said.endswith("&operationId=notes in a browser.")
    assert said.count("…#") == 1
