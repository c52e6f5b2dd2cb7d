"""Secrets that stand in sentences: behind another word, beside a URL, short ones, and what is masked already."""

import json

import pytest

from devgw.clock import FrozenClock
from devgw.events.trace import Body, Trace
from devgw.ids import TraceId
from devgw.monitor.masking import mask_form, mask_json, mask_sentence, mask_text, mask_url
from devgw.monitor.trace_view import detail_of

SECRET = "eT4kqW9z"
SENTENCES = [
    "unauthorized: api_key={} was refused",
    "authentication failed, auth: token: {}",
    "Auth error: password={}",
    "error_code:client_secret={}",
    "session ended: refresh_token={}; begin again",
    "The upstream http://127.0.0.1:9/mcp?a=b answered 401. It said: “Bad token: {}”.",
    "See https://docs.example/auth?topic=keys - Authorization: Bearer {}",
    "Is it so? password: {}",
    "GET http://127.0.0.1:9/a?b=c HTTP/1.1\r\nx-api-key: {}\r\naccept: */*",
    "http://127.0.0.1:9/a?b=c\npassword={}",
]
SHORT = ["p9xz", "pW5xz", "a1b2c"]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_secret_in_a_sentence_is_masked_whatever_stands_before_it(sentence: str) -> None:
    said = sentence.format(SECRET)
    assert SECRET not in mask_text(said)
    assert SECRET not in json.dumps(mask_json({"message": said}))
    assert SECRET not in mask_form(f"error_description={said}")


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_a_sentence_says_beside_the_secret_stays_to_the_letter(sentence: str) -> None:
    before, _, after = sentence.partition("{}")
    shown = mask_json({"message": sentence.format(SECRET)})["message"]
    assert shown.startswith(before)
    assert shown.endswith(after)


@pytest.mark.parametrize("secret", SHORT)
def test_a_short_secret_with_letters_and_digits_is_masked_in_texts_as_in_json(secret: str) -> None:
    assert secret not in mask_text(f"x-api-key: {secret}\r\nx-vault-token: {secret}")
    assert secret not in mask_text(f"login failed, password={secret} is wrong")
    assert secret not in mask_text(f'<input name="csrf_token" value="{secret}">')
    assert secret not in mask_sentence(f"63 answered 400: password={secret} POST /mcp")
    assert secret not in str(mask_json({"headers": f"host: x\r\nx-api-key: {secret}\r\n"}))


@pytest.mark.parametrize(
    "said", ["token: wrong", "token: null", "error code: E1001", "status_code: 404", "state: open"]
)
def test_a_short_word_behind_the_name_of_a_secret_is_left(said: str) -> None:
    assert mask_text(said) == said


def test_what_is_masked_already_is_not_masked_again() -> None:
    url = mask_url(f"http://127.0.0.1:9/mcp?api_key={SECRET}&token=at_{'a1B2' * 6}#here")
    assert url.endswith("#here")
    for masked in (url, f"The upstream {url} answered 401 to a call"):
        assert mask_text(masked) == masked
        assert mask_json({"message": masked}) == {"message": masked}
        assert mask_sentence(masked) == masked
    assert mask_url(url) == url


def test_the_sentence_of_a_refusal_is_shown_as_it_was_sent() -> None:
    said = (
        f"The upstream {mask_url(f'http://127.0.0.1:9/mcp?key={SECRET}')} answered 401 to a call: the route has none."
    )
    trace = Trace(TraceId("t"), FrozenClock().now(), "POST", "/mcp/a")
    content = json.dumps({"error": {"message": said}}).encode()
    trace.response_body = Body(content, len(content))
    assert json.loads(detail_of(trace).response_body.text) == {"error": {"message": said}}


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "client_secret"])
@pytest.mark.parametrize("secret", ["nE2st", SECRET])
def test_a_value_beside_its_name_is_masked_in_json_that_was_cut_off_or_stands_in_a_string(
    name: str, secret: str
) -> None:
    whole = json.dumps({"headers": [{"name": name, "value": secret}, {"name": "accept", "value": "text/plain"}]})
    for text in (whole[:-3], json.dumps({"asked": whole}), json.dumps({"asked": json.dumps({"again": whole})})):
        for shown in (mask_text(text), json.dumps(mask_json({"said": text}))):
            assert secret not in shown
            assert "text/plain"[:8] in shown
