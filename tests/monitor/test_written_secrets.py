"""A secret under its name in hundreds of writings: in what is quoted, in bodies, forms, headers and in one another."""

import json
import time
from base64 import b64encode
from urllib.parse import quote

import pytest

from devgw.monitor.masking import mask_form, mask_header, mask_json, mask_sentence, mask_text, mask_url
from devgw.monitor.secret_names import is_secret_header

SECRET = "zq7tdbt9k5kcpmnvxbz"
NAMES = [
    *("access_token", "refresh_token", "token", "api_key", "apiKey", "X-Api-Key", "password", "client_secret"),
    *("clientSecret", "clientsecret", "accesstoken", "code_verifier", "assertion", "sessionToken", "private_key"),
    *("AWS_SECRET_ACCESS_KEY", "bot_token", "dbPassword", "webhook_secret", "encryption_key", "id_token"),
]
URL = "https://h.example/x?"


def once_more(name: str, times: int) -> str:
    """Return a URL with a parameter, in the query of another, so many times."""
    url = f"{URL}{name}={SECRET}"
    for _ in range(times):
        url = f"{URL}next={quote(url, safe='')}"
    return url


def in_json(name: str, times: int) -> str:
    text = json.dumps({name: SECRET})
    for _ in range(times):
        text = json.dumps({"a": text})
    return text


def writings(name: str) -> list[str]:
    return [
        *(once_more(name, times) for times in range(5)),
        *(in_json(name, times) for times in range(4)),
        f"{URL[:-1]}#{name}={SECRET}&b=1",
        f"redirect={quote(quote(once_more(name, 0), safe=''), safe='')}",
        f"x%2526{name}%253D{SECRET}%2526y%253D1",
        f"{name}: {SECRET}",
        f"export {name}={SECRET}",
        f"'{name}' => '{SECRET}'",
        f"{{'{name}': '{SECRET}'}}",
        f'{name} = "{SECRET}"',
        f"<{name}>{SECRET}</{name}>",
        f"a=1&{name}={SECRET}&b=2",
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{SECRET}\r\n--x--',
        f'--x Content-Disposition: form-data; name="{name}" {SECRET} --x--',
        f"curl -H '{name}: {SECRET}' https://h.example",
        f"Authorization: Basic {b64encode(f'user:{SECRET}'.encode()).decode()}",
        f"Authorization: Bearer {SECRET}",
        f"postgres://user:{SECRET}@db.example/x",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_writing_of_a_secret_under_its_name_comes_through(name: str) -> None:
    coded = b64encode(f"user:{SECRET}".encode()).decode()
    for text in writings(name):
        shown = [
            mask_text(text),
            mask_sentence(f"The upstream answered 500: “{text}”. Look into its log."),
            json.dumps(mask_json({"result": {"content": [{"type": "text", "text": text}]}})),
            mask_form(f"x={quote(text, safe='')}"),
            mask_header("x-anything", text.replace("\r\n", " ")),
        ]
        assert [each for each in shown if SECRET in each or coded in each] == [], text


@pytest.mark.parametrize("name", NAMES)
def test_a_value_beside_its_name_is_masked_in_every_form_of_a_pair(name: str) -> None:
    pairs = [{by: name, "value": SECRET} for by in ("name", "key", "field")]
    for value in (*pairs, [name, SECRET], {name: {"value": SECRET}}, {name: [SECRET]}, {name: SECRET}):
        assert SECRET not in json.dumps(mask_json({"a": [{"b": value}]})), value


@pytest.mark.parametrize("name", NAMES)
def test_a_name_or_value_that_a_sentence_repeats_unquoted_is_masked(name: str) -> None:
    said = f"{name}={SECRET} registered (dcr)"
    assert SECRET not in mask_sentence(said)
    assert SECRET not in mask_sentence(f"The scope {once_more(name, 1)} is not offered.")
    assert SECRET not in mask_url(f"http://localhost:1/mcp;{name}={SECRET}?a={quote(once_more(name, 0), safe='')}")
    assert is_secret_header(name.lower())


def test_a_quotation_mark_behind_a_masked_parameter_stays() -> None:
    assert mask_sentence("It said “/messages?sid=abcdef123456”: no.").endswith("”: no.")


@pytest.mark.parametrize("word", ["“", "”", "“ ”", "a=", "token=", "%3Ftoken%3D", "%25", "token: ", 'name="token" '])
def test_no_text_takes_time_by_the_square_of_its_length(word: str) -> None:
    text = word * (100_000 // len(word))
    began = time.monotonic()
    for masked in (mask_sentence(text), mask_text(text)):
        assert masked
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "Set `prompt=consent`, and code_challenge_method=S256.",
        "client_secret=$env(WORKOS_CLIENT_SECRET) is not set",
        "grant_type=authorization_code&token_type=Bearer",
        "its keys.example.com=fine and monkey=banana-split",
        "https://h.example/x?next=https%3A%2F%2Fi.example%2Fpage%3Fsort%3Dnewest",
        '["tokens", "are counted"]',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask_sentence(text) == text
