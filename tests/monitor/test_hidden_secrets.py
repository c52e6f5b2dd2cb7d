"""A secret that is written so that a search for it fails, and the tokens of issuers whose header nobody knows."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from devgw.clock import FrozenClock
from devgw.config.project import Route
from devgw.events.flow import Flow
from devgw.events.taxonomy import FailureOrigin, McpCapabilityCompleted, Outcome
from devgw.events.trace import Body, Trace
from devgw.foreign.text import clean, shown_json
from devgw.ids import ClientId, FlowId, OperationId, TraceId
from devgw.monitor import flow_view, trace_view
from devgw.monitor.book import Book, Count, Graveyard
from devgw.monitor.configured_secrets import ConfiguredSecrets
from devgw.monitor.invisible import without_invisible
from devgw.monitor.masking import mask_client_id, mask_form, mask_header, mask_json, mask_sentence, mask_text, mask_url
from devgw.monitor.upstreams import UpstreamBooks

INVISIBLE = [
    "\ufe0f", "\ufe0e", "\u200b", "\u200d", "\u2060", "\u00ad", "\u034f", "\u061c", "\u115f", "\u17b4", "\u180e",
    "\u202e", "\u2066", "\u206f", "\u3164", "\ufeff", "\uffa0", "\ufff8", "\U0001bca0", "\U0001d173", "\U000e0041",
    "\U000e0100", "\x00", "\x1b", "\x7f", "\x9b", "\u2028",
]  # fmt: skip
VALUE = "correct horse/battery"
TOKEN = "ghp_" + "a1B2" * 9


def hiding(*values: str) -> Callable[[str], str]:
    secrets = ConfiguredSecrets()
    secrets.keep(values)
    return secrets.hide


def parted(text: str, sign: str) -> str:
    """Return `text` with `sign` between its letters."""
    return sign.join(text)


@pytest.mark.parametrize("sign", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("write", [str, shown_json, json.dumps, lambda text: quote(text, safe="")], ids="pjaq")
def test_a_configured_value_is_hidden_with_signs_in_it_that_nobody_sees(sign: str, write: Callable[[str], str]) -> None:
    for shown in (parted(VALUE, sign), VALUE[:9] + sign + VALUE[9:], VALUE[:-2] + sign * 7 + VALUE[-2:]):
        hidden = hiding(VALUE)(f"before {write(shown)} after")
        assert "…#" in hidden, hidden
        assert hidden.startswith("before ")
        assert hidden.endswith(" after")


@pytest.mark.parametrize("sign", [each for each in INVISIBLE if ord(each) > 0x7F], ids=ascii)
def test_such_a_sign_in_a_header_is_read_as_three_letters_and_hides_nothing_there_either(sign: str) -> None:
    as_read = sign.encode().decode("latin-1")
    assert "…#" in hiding(VALUE)(shown_json({"x": parted(VALUE, as_read)}))
    assert "a1B2" not in without_invisible(mask_header("x-anything", parted(TOKEN, as_read)))


@pytest.mark.parametrize("sign", INVISIBLE, ids=ascii)
def test_a_token_is_known_by_its_shape_with_signs_in_it_that_nobody_sees(sign: str) -> None:
    token = TOKEN[:12] + sign + TOKEN[12:]
    for masked in (
        mask_text(f"it said {token}"),
        json.dumps(mask_json({"said": [token]}), ensure_ascii=False),
        mask_form(f"said={quote(token)}"),
    ):
        assert "a1B2a1B2" not in without_invisible(masked)


@pytest.mark.parametrize("sign", ["\u200b", "\ufe0f", "\u00ad"], ids=ascii)
def test_so_is_the_name_of_a_secret(sign: str) -> None:
    assert "horse" not in mask_text(f'{{"pass{sign}word": "correct-horse')
    assert "horse" not in mask_url(f"https://h.example/x?to{quote(sign)}ken=correct-horse")
    assert "horse" not in json.dumps(mask_json({f"pass{sign}word": "correct-horse"}))


@pytest.mark.parametrize("sign", INVISIBLE, ids=ascii)
def test_a_sign_that_was_written_out_by_us_hides_nothing_in_what_is_made_of_it(sign: str) -> None:
    token = TOKEN[:12] + sign + TOKEN[12:]
    for text in (quote(clean(token)), quote(quote(clean(token))), repr(token), repr(token.encode()), repr(repr(token))):
        assert "a1B2a1B2" not in without_invisible(mask_text(f"is+{text}; or")), text
        assert "a1B2a1B2" not in without_invisible(mask_sentence(f"The scope {text} is not offered.")), text


@pytest.mark.parametrize("before", ["%2F", "%252F", "\\n", "\\t", "\\u002f", "\\u0022"])
def test_an_escape_before_a_token_is_no_part_of_its_word(before: str) -> None:
    assert "a1B2" not in mask_text(f"http%3A{before}{TOKEN} and so on")
    assert "a1B2" not in mask_sentence(f"see x{before}{TOKEN}.")


@pytest.mark.parametrize("name", ["password", "api_key", "X-Amz-Signature", "sessionToken", "connection.password"])
def test_what_a_sentence_quotes_is_masked_by_its_names_as_well(name: str) -> None:
    for said in (f"Error: {name}=correct-horse is wrong", f'{{"{name}": "correct-horse', f"” {name}: correct-horse"):
        masked = mask_sentence(f"The upstream answered 500: “{said}”. Look into its log.")
        assert "horse" not in masked
        assert masked.startswith("The upstream answered 500: “")
        assert masked.endswith("”. Look into its log.")


@pytest.mark.parametrize("words", ["invalid_token: expired today", "incorrect_client_credentials: RURI-12", "it works"])
def test_an_error_code_in_a_quotation_names_no_secret(words: str) -> None:
    assert mask_sentence(f"It answers 400: “{words}”.") == f"It answers 400: “{words}”."


def test_a_token_is_masked_where_an_upstream_said_it_or_is_called_with_it() -> None:
    count = Count()
    graveyard = Graveyard(count)
    books = UpstreamBooks(count, graveyard, Book("token", count, graveyard, 10))
    url = f"https://mcp.example/{TOKEN}/mcp?api_key=correct-horse"
    books.take_routes([Route("/mcp/x", OperationId("x"), "X", url)])
    trace = Trace(TraceId("1"), FrozenClock().now(), "POST", "/mcp/x", host="localhost:9000", status=502)
    trace.operation_id, trace.failure_origin, trace.outcome = OperationId("x"), "upstream", "failure"
    trace.explanation = f"The metadata says resource 'http://x.example/{TOKEN}'."
    books.exchanged(trace)
    (row,) = books.upstreams
    assert row.last_error.startswith("The metadata says resource 'http://x.example/ghp_…#")
    assert "a1B2" not in row.last_error + row.url
    assert "horse" not in row.url

    failed = McpCapabilityCompleted(mcp_method="x", status=502, gateway_ms=1, upstream_ms=1)
    failed = replace(failed, operation_id=OperationId("x"), failure_origin=FailureOrigin.UPSTREAM)
    books.completed(replace(failed, outcome=Outcome.FAILURE, explanation=f"It said: “{TOKEN}”."))
    assert row.last_error.startswith("It said: “ghp_…#")


def test_what_holds_no_secret_keeps_its_signs() -> None:
    text = (
        "a family \U0001f468\u200d\U0001f469\u200d\U0001f467 and a heart \u2764\ufe0f, cafe\u0301, \\u200b, &shy; %00"
    )
    assert hiding(VALUE)(text) == text
    assert mask_text(text) == text
    assert hiding(VALUE)(f"{text}: {VALUE}").startswith(text)


@pytest.mark.parametrize(
    "written",
    [
        "correct+horse/battery",
        "correct+horse%2Fbattery",
        "correct%2Bhorse%2Fbattery",
        "correct%2Bhorse%252Fbattery",
        "correct=20horse=2Fbattery",
        "correct%20horse/battery",
        "correct%2520horse%252Fbattery",
    ],
)
def test_a_configured_value_is_hidden_whole_as_forms_urls_and_mails_write_it(written: str) -> None:
    hidden = hiding(VALUE)(f"a {written} b")
    assert hidden.startswith("a …#")
    assert "battery" not in hidden
    assert hidden.endswith(" b")


@pytest.mark.parametrize("value", ["abc12!", "pa55wd", VALUE])
@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
@pytest.mark.parametrize("after", ["", "z", "zz"])
def test_even_the_shortest_configured_value_is_hidden_in_base64_and_base32(value: str, before: str, after: str) -> None:
    plain = (before + value + after).encode()
    codes = (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b32hexencode)
    for written in (code(plain).decode() for code in codes):
        for text in (written, written.lower() if written.isupper() else written, json.dumps([written]), quote(written)):
            assert "…#" in hiding(value)(f"a {text} b"), text


def z85(plain: bytes) -> str:
    """Return the whole groups of `plain` as ZeroMQ's RFC 32 writes them."""
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    groups = [int.from_bytes(plain[at : at + 4]) for at in range(0, len(plain) - 3, 4)]
    return "".join(letters[each // 85**place % 85] for each in groups for place in (4, 3, 2, 1, 0))


def test_our_z85_is_the_one_of_its_standard() -> None:
    assert z85(bytes.fromhex("864fd26fb559f75b")) == "HelloWorld"


@pytest.mark.parametrize("before", ["", "u", "us", "use", "user", "user:"])
@pytest.mark.parametrize("write", [str, json.dumps, lambda text: quote(text, safe="")], ids="pjq")
def test_a_configured_value_is_hidden_in_base85(before: str, write: Callable[[str], str]) -> None:
    plain = (before + VALUE + "zz").encode()
    for code in (base64.b85encode, base64.a85encode):
        assert "…#" in hiding(VALUE)(f"a {write(code(plain).decode())} b")
    assert "…#" in hiding("abc12!")(base64.b85encode(b"abc12!").decode())
    assert "…#" in hiding(VALUE)(f"a {write(z85(plain))} b")


UUID = "01234567-89ab-4def-8123-456789abcdef"
HEX = "0123456789abcdef" * 4
MIXED = "aB3dE5gH7jK9lM1nO3pQ5rS7tU9vW1xY3zA5"
ISSUED = [
    "dp.pt." + MIXED, "dp.st.dev." + MIXED, "dp.st.prd_eu." + MIXED, "dp.ct." + MIXED, "dp.sa." + MIXED,
    "123456789:AA" + MIXED[:33], "bot123456789:AA" + MIXED[:33], "1234567890%3AAA" + MIXED[:33],
    "dapi" + HEX[:32], "PMAK-" + HEX[:24] + "-" + HEX[:34], "pul-" + HEX[:40], "tskey-auth-" + MIXED[:12] + "-" + MIXED,
    "NRAK-" + MIXED[:27].upper(), "sntrys_" + "eyJpYXQiOjE2" + MIXED, "glsa_" + MIXED + "_1234abcd", "HRKU-" + MIXED,
    "ATATT3xFfGF0" + MIXED, "ATBB" + MIXED, "patAbCdEfGhIjKlMn." + HEX, f"pat-na1-{UUID}", f"sdk-{UUID}",
    "key-" + HEX[:32], HEX[:32] + "-us21", "xkeysib-" + HEX + "-" + MIXED[:16], "sq0atp-" + MIXED, "EAAA" + MIXED * 2,
    "sbp_" + HEX[:40], "sb_secret_" + MIXED, "pscale_tkn_" + MIXED, "dt0c01." + MIXED[:24].upper() + "." + HEX.upper(),
    "lsv2_pt_" + HEX[:32] + "_" + HEX[:10], "fc-" + HEX[:32], "pcsk_" + MIXED, "nvapi-" + MIXED,
    "jina_" + HEX[:32] + MIXED,
    "tgp_v1_" + MIXED, "rubygems_" + HEX[:48], "CCIPAT_" + MIXED, "bkua_" + HEX[:40],
    "AGE-SECRET-KEY-1" + HEX[:40].upper(),
    "abc8Q~" + MIXED, "LTAI5t" + MIXED[:18], "AQ.Ab8" + MIXED, "ops_eyJzaWduSW5" + MIXED, "sl.u." + MIXED * 2,
    "OTk5OTk5OTk5OTk5OTk5OTk5.GabcDe." + MIXED, "1/1200000000000001:" + HEX[:32], "1000." + HEX[:32] + "." + HEX[:32],
    f"access-production-{UUID}", "shippo_live_" + HEX[:40], "AbCdEfGhIjKlMn.atlasv1." + MIXED, "pk.eyJ1Ijoi" + MIXED,
    "nobody-knows-" + MIXED, "acme." + MIXED, "X-" + MIXED,
]  # fmt: skip


@pytest.mark.parametrize("token", ISSUED, ids=lambda each: each[:12])
def test_a_token_of_whoever_issues_it_is_masked_where_no_name_tells_it(token: str) -> None:
    end = token[-10:]
    assert end not in mask_header("x-whatever", token)
    assert end not in mask_header("x-whatever", f"a {token}, b")
    assert end not in mask_url(f"https://h.example/{token}/x?q={token}")
    assert end not in json.dumps(mask_json({"q": token, "deep": [f"see {token}."]}))
    assert end not in mask_text(f"<p>{token}</p>")


@pytest.mark.parametrize(
    "text",
    [
        "user_01KC6057N3C66XJAXZ65YHAC72", "pi_3MtwBwLkdIwHu7ix28a3tqPa", "toolu_01XFDUDYJgAACzvnptvVoYEL",
        "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT", "sha384-oqVuAfXRKap7fdgcCY5uykM6R9GqQ8KfirsQD6Tn4t1uFh1C", UUID,
        "ATTRIBUTE_NOT_FOUND_IN_THE_REQUEST", "fc-this-is-a-long-name-of-a-class", "figure_one_of_the_things_here",
        "claude-sonnet-4-5-20250929", "12:30:45:AA:BB:CC", "s.replace_all_of_the_things_there",
        "2026-11-27T16:39:39.123Z",
    ],
)  # fmt: skip
def test_an_id_a_constant_and_a_name_are_shown(text: str) -> None:
    assert mask_text(text) == text
    assert mask_header("x-whatever", text) == text


@pytest.mark.parametrize(
    "name",
    [
        "x-session-id", "session-id", "x-session", "sessionid", "x-sessiontoken", "x-auth-session", "x-sess",
        "x-user-session-id", "ASP.NET_SessionId", "x-session-key", "x-php-sessid", "x-shopify-hmac-sha256", "x-otp",
        "x-bearer", "x-verification-code", "x-" + "long-" * 40 + "token",
    ],
)  # fmt: skip
def test_a_header_of_a_session_or_of_a_proof_is_masked(name: str) -> None:
    assert "horse" not in mask_header(name, "correct-horse-battery")
    assert "-" not in name or "horse" not in json.dumps(
        mask_json({"headers": [{"name": name, "value": "correct-horse"}]})
    )


def test_the_session_of_mcp_is_shown_for_it_tells_streams_apart_and_lets_nobody_in() -> None:
    assert mask_header("Mcp-Session-Id", "s-1") == "s-1"


def test_a_long_name_and_one_behind_an_escape_are_read_by_their_end() -> None:
    name = "a-very-" * 20 + "long-secret"
    assert "horse" not in mask_text(f"{name}: correct-horse")
    assert "horse" not in mask_url(f"https://h.example/x?{name}=correct-horse")
    assert "horse" not in mask_text('{"text": "one\\npassword: correct-horse\\r\\ntoken=correct-horse')


@pytest.mark.parametrize(
    "part", ["a-", "A-", "9-", "ab-", "-a", "a_", "&a", "\\u", "\\u20", "&amp;", "%e2%80", "a\ufe0f", "\xe2\x80"]
)
def test_a_long_text_of_half_a_name_is_cheap(part: str) -> None:
    """It took eight tenths of a second, while everybody waited."""
    text, hide = part * 65_000, hiding(VALUE)
    for masked in (mask_text, mask_url, mask_form, lambda each: mask_header("x-a", each), hide):
        begun = time.process_time()
        masked(text)
        assert time.process_time() - begun < 0.4


def test_a_token_is_masked_where_nobody_has_one() -> None:
    """As the name of a header, a cookie, a parameter or a tool, and in a path."""
    trace = Trace(TraceId("1"), FrozenClock().now(), "POST", f"/mcp/{TOKEN}/x", host="localhost:9000", status=404)
    trace.query = f"{TOKEN}=1&a={TOKEN}".encode()
    trace.request_headers = [(TOKEN.encode(), b"1"), (b"cookie", f"{TOKEN}=1".encode())]
    trace.request_headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    trace.request_body = Body(f"{TOKEN}=2".encode(), 44)
    trace.mcp_method = trace.capability = trace.protocol_version = trace.client_name = TOKEN
    detail = trace_view.detail_of(trace)
    shown = repr([detail, detail.row, *detail.request_headers, detail.request_body, trace_view.curl_of(trace)])
    assert "a1B2a1B2" not in shown


@pytest.mark.parametrize("written", ["<U+FE0F>", "\ufffd", "\\u{fe0f}", "\\ufe0f", "&#65039;", "%EF%B8%8F", "&#xFE0F;"])
def test_a_sign_that_was_written_out_hides_nothing_either(written: str) -> None:
    masked = mask_text(f"at http://localhost/mcp/{TOKEN[:12]}{written}{TOKEN[12:]}/y: nothing")
    assert "B2a1B2a1B2a1" not in masked
    assert "…#" in hiding(VALUE)(f"it was {VALUE[:8]}{written}{VALUE[8:]}")


def test_even_the_shortest_configured_value_is_hidden_in_base64_of_base64() -> None:
    written = base64.b64encode(base64.b64encode(b"abc12!")).decode()
    assert "…#" in hiding("abc12!")(f"q={written}")


def test_a_token_is_masked_where_a_client_has_its_name_or_its_id() -> None:
    """A secret that is sent in place of an id is a slip that people make; a URL without one is kept."""
    at = FrozenClock().now()
    flow = Flow(FlowId("f-1"), at)
    flow.client_id = ClientId(TOKEN)
    row = flow_view.row_of(flow)
    assert "a1B2a1B2" not in row.client + row.client_id
    flow.client_name = f"Editor {TOKEN}"
    assert flow_view.row_of(flow).client.startswith("Editor ghp_…#")
    trace = Trace(TraceId("1"), at, "GET", "/", host="localhost:9000", status=400)
    trace.client_id = ClientId(TOKEN)
    assert "a1B2a1B2" not in trace_view.row_of(trace).client_id
    assert mask_client_id("https://client.example/dcr:1_x") == "https://client.example/dcr:1_x"
    assert mask_client_id("dcr:e0f471587ec8509b4d943cbb3bdfd5c4") == "dcr:e0f471587ec8509b4d943cbb3bdfd5c4"
