"""A flow as a test for pytest: the client's requests again, each with the answer that was recorded.

The source is written from what may be anybody's file: every text in it is a literal of Python, and nothing else of the
flow gets into the code.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from devgw.diagnosis.urls import split_url
from devgw.events.flow import FlowState, Step
from devgw.foreign.json import JsonRefused, read_json, read_object
from devgw.monitor.asked import BROWSER, Purpose
from devgw.monitor.bodies import FORM
from devgw.monitor.details import TraceDetail
from devgw.monitor.exchange_parts import purpose_of
from devgw.monitor.masking import is_masked
from devgw.monitor.recorded_flow import RecordedFlow

_OWN = {
    "state": "attempt.state",
    "code_challenge": "attempt.challenge",
    "code_verifier": "attempt.verifier",
    "code": "attempt.code",
    "refresh_token": "attempt.refresh_token",
    "client_secret": "attempt.client_secret",
}
"""What each attempt has for itself, by the name of its parameter."""
_SENT = frozenset({"accept", "mcp-protocol-version", "origin", "user-agent", "mcp-method", "mcp-name"})
"""Headers by which the answer may go."""
_ODD = re.compile(r"[^\w .,:;/()-]", re.ASCII)
_MOST_CALLS = 5
_OF_REDIRECTS, _UNKNOWN = "RURI-", "client_unknown"
_IN_BROWSER = frozenset(map(str, (Step.LOGIN, Step.CALLBACK, Step.CONSENT)))


def write_test(recorded: RecordedFlow) -> str:
    """Return the source of a test that does what the client of a flow did."""
    writer = _Writer(recorded)
    row = recorded.flow.row
    ids = ", ".join(_plain(each) for each in row.diagnoses)
    how = f"{row.state} at {row.step}" + (f" ({ids})" if ids else "")
    name = re.sub(r"\W+", "_", f"{row.client} {row.state} at {row.step}".lower(), flags=re.ASCII).strip("_")[:60]
    return _PAGE.format(
        client=_plain(row.client), how=_plain(how), id=_plain(row.id), name=name, lines="\n".join(writer.lines())
    )


_PAGE = '''"""What {client} did, as devgw saw it in {id}: {how}. Written by devgw record.

Without DEVGW_TEST_GATEWAY=http://localhost:9000, which names a gateway that runs, one is run for the project in
DEVGW_TEST_PROJECT, or for the sample. DEVGW_TEST_PERSON signs in where the emulator asks who it is.
"""

from devgw.testing import recorded_attempt


def test_{name}() -> None:
    with recorded_attempt() as attempt:
{lines}
'''


def _plain(text: str) -> str:
    """Return a text that may stand in a docstring."""
    return _ODD.sub("", text)[:120]


class _Writer:
    """Writes one flow down."""

    def __init__(self, recorded: RecordedFlow) -> None:
        self._recorded = recorded
        urls = (split_url(each.url) for each in recorded.exchanges)
        self._origins = {each.origin for each in urls if each.scheme.text and each.host.text}
        self._client_id = recorded.flow.row.client_id

    def lines(self) -> list[str]:
        """Return the statements of the test."""
        lines, calls = self._beginning(), 0
        for exchange in self._recorded.exchanges:
            purpose = purpose_of(exchange)
            if purpose is Purpose.TOKEN and not any("sign_in" in each for each in lines) and self._has_code(exchange):
                lines.append("attempt.sign_in()")
            calls += purpose is Purpose.MCP
            if (purpose in BROWSER and purpose is not Purpose.AUTHORIZE) or calls > _MOST_CALLS:
                continue
            lines += self._exchange(exchange)
        return [f"        {each}" for each in [*lines, *self._end()]]

    def _beginning(self) -> list[str]:
        """Return what makes it a client that was one before its attempt began."""
        asked = {purpose_of(each) for each in self._recorded.exchanges}
        was_before = Purpose.REGISTER not in asked and Purpose.AUTHORIZE in asked and "://" not in self._client_id
        uri = self._registered_uri()
        return [f"attempt.register({_quoted(uri)})"] if was_before and uri and not self._is_unknown else []

    def _registered_uri(self) -> str:
        """Return the redirect URI with which it was registered, as far as that is told: the one it asked for, else."""
        told = (each.expected for each in self._recorded.flow.diagnoses if each.id.startswith(_OF_REDIRECTS))
        asked = (dict(parse_qsl(each.row.path.partition("?")[2])) for each in self._recorded.exchanges)
        return next((each for each in told if "://" in each), "") or next(
            (each["redirect_uri"] for each in asked if "redirect_uri" in each), ""
        )

    @property
    def _is_unknown(self) -> bool:
        """Tell whether it failed because nobody knows its client: another id would be known."""
        failure = self._recorded.flow.failure
        return failure is not None and failure.reason_code == _UNKNOWN

    def _has_code(self, exchange: TraceDetail) -> bool:
        return "grant_type=authorization_code" in exchange.request_body.text

    def _end(self) -> list[str]:
        row = self._recorded.flow.row
        if row.state == FlowState.DONE or row.step not in _IN_BROWSER:
            return []
        return [f"# It ended at {row.step}, in the browser: what a person or the provider did there is not recorded."]

    def _exchange(self, exchange: TraceDetail) -> list[str]:
        """Return one request, and what it is answered."""
        row = exchange.row
        path, _, query = row.path.partition("?")
        parts = [_quoted(row.method), _quoted(path)]
        if query:
            parts.append(f"query={self._members(parse_qsl(query, keep_blank_values=True))}")
        parts += self._body(exchange)
        if headers := self._headers(exchange):
            parts.append(f"headers={headers}")
        lines = [f"{each}," for each in parts]
        error = _error_of(exchange)
        says = f"{row.status!r}, {_quoted(error)}" if error else f"{row.status!r}"
        return ["attempt.ask(", *(f"    {line}" for each in lines for line in each.split("\n")), f").says({says})"]

    def _body(self, exchange: TraceDetail) -> list[str]:
        body = exchange.request_body
        if body.media_type == FORM:
            return [f"form={self._members(parse_qsl(body.text, keep_blank_values=True))}"]
        try:
            return [f"json={self._source('', read_json(body.text), 1)}"] if body.text else []
        except JsonRefused:
            return []

    def _headers(self, exchange: TraceDetail) -> str:
        told = [(each.name.lower(), each.value) for each in exchange.request_headers]
        kept = [(name, value) for name, value in told if name in _SENT and purpose_of(exchange) not in BROWSER]
        has_token = any(name == "authorization" and is_masked(value) for name, value in told)
        members = [f"{_quoted(name)}: {self._source(name, value, 1)}," for name, value in kept]
        members += ['"authorization": f"Bearer {attempt.access_token}",'] if has_token else []
        return "\n".join(["{", *(f"    {each}" for each in members), "}"]) if members else ""

    def _members(self, pairs: Iterable[tuple[str, str]]) -> str:
        return self._source("", dict(pairs), 1)

    def _source(self, name: str, value: Any, depth: int) -> str:
        """Return a value as Python writes it, with what is the attempt's own in its place."""
        if isinstance(value, dict) and value:
            inner = [
                f"{_quoted(key)}: {self._source(key, each, depth + 1)},{_note(key, each)}"
                for key, each in value.items()
            ]
            return "\n".join(["{", *("    " * depth + each for each in inner), "    " * (depth - 1) + "}"])
        if isinstance(value, list):
            return f"[{', '.join(self._source(name, each, depth + 1) for each in value)}]"
        return self._text(name, value) if isinstance(value, str) else repr(value)

    def _text(self, name: str, value: str) -> str:
        if name in _OWN:
            return _OWN[name]
        if name == "client_id" and value == self._client_id and "://" not in value and not self._is_unknown:
            return "attempt.client_id"
        origin = next((each for each in self._origins if value == each or value.startswith(f"{each}/")), "")
        return f"attempt.url({_quoted(value.removeprefix(origin))})" if origin else _quoted(value)


def _note(name: str, value: Any) -> str:
    is_gone = isinstance(value, str) and is_masked(value) and name not in _OWN
    return "  # a secret that was not kept" if is_gone else ""


def _quoted(text: str) -> str:
    """Return a text as a literal of Python, in the quotes that formatters use."""
    written = ascii(text)
    return written if "'" in text or '"' in text else f'"{written[1:-1]}"'


def _error_of(exchange: TraceDetail) -> str:
    """Return the error that an answer named, in its body or where it sent the browser."""
    there = next((each.value for each in exchange.response_headers if each.name.lower() == "location"), "")
    named = dict(parse_qsl(split_url(there).query.text)).get("error", "")
    try:
        found = read_object(exchange.response_body.text).get("error", named)
    except JsonRefused:
        found = named
    return found if isinstance(found, str) else ""
