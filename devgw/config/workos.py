"""The WorkOS client id: which mistake is which, and the URLs that come from it.

Source: the WorkOS policy page; `workos.md` §0.6, §3, §9.
"""

import re
from collections.abc import Iterator

from devgw.config.env_values import QUOTES, is_placeholder
from devgw.config.shapes import refusal, split_url, written

BASE_URL = "https://api.workos.com"
AUTHORIZE_PATH = "/user_management/authorize"
_SHAPE = re.compile(r"client_[A-Za-z0-9_]+")
_ULID_TAIL = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_NEARLY_TAIL = re.compile(r"[0-9A-Z]{20,32}")
_SHORT = 8
"""Fewer characters are no id that lost some of its own, and none that was copied."""
TAIL = 26
"""Letters and digits after the prefix: a ULID."""
_INSIDE = re.compile(r"client_[A-Za-z0-9]+")
_MIXED_UP = {"I": "1", "L": "1", "O": "0", "U": "V"}
_HOSTS = re.compile(r"(?:^|[./])(workos\.com|authkit\.app)(?:$|[/:])", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$env\(|\$\{|\{\{|^\$\w+$|^%\w+%$|^<.*>$|^\{\w+\}$", re.IGNORECASE)
_LIKELY_PLACEHOLDER = re.compile(r"(?:your|my|the)[-_ ]", re.IGNORECASE)
_KEYS = {"sk_": "an API key", "pk_": "a publishable key", "rk_": "an API key"}
_OTHER_IDS = re.compile(r"(org|user|conn|session|om|redir|key|directory|app)_[0-9A-Z]{10,}")
_CONSOLE = "Copy the Client ID from API Keys in the WorkOS Dashboard; it looks like client_01KC6057N3C66XJAXZ65YHAC72."


def client_id(value: str) -> str:
    """Check a WorkOS client id; a legacy `project_…` id is good too."""
    if value != value.strip() or QUOTES.intersection((value[:1], value[-1:])):
        raise refusal(
            "workos-client-id-quoted", "Spaces or quotes stand around the client id.", f'Write "{_found(value)}".'
        )
    _refuse_placeholder(value)
    _refuse_url(value)
    _refuse_key(value)
    if _SHAPE.fullmatch(value) or re.fullmatch(r"project_[0-9A-Z]{26}", value):
        return value
    if _ULID_TAIL.fullmatch(value.upper()):
        raise refusal(
            "workos-client-id-prefix", "`client_` is missing before the id.", f'Write "client_{value.upper()}".'
        )
    prefix, _, tail = value.partition("_")
    if prefix.lower() == "client" and _ULID_TAIL.fullmatch(tail.upper()):
        message = f"{written(value)} is written in other letters than the id has."
        raise refusal("workos-client-id-shape", message, f'Write "client_{tail.upper()}".')
    if value.lower().startswith(("client-", "client_", "clientid_")):
        inside = _INSIDE.match(value)
        fix = f'Write "{inside[0]}".' if inside and _ULID_TAIL.fullmatch(inside[0].partition("_")[2]) else _CONSOLE
        raise refusal("workos-client-id-shape", f"{written(value)} is not of the client_ shape.", fix)
    raise refusal(
        "workos-client-id-prefix", f"A WorkOS client id begins with `client_`; this is {written(value)}", _CONSOLE
    )


def _refuse_placeholder(value: str) -> None:
    if _LIKELY_PLACEHOLDER.match(value):
        message = f"This is a placeholder: {written(value)}"
        fix = f'Put the real one into .env, for "$env(WORKOS_CLIENT_ID)". {_CONSOLE}'
        raise refusal("workos-client-id-placeholder", message, fix)
    if _PLACEHOLDER.search(value):
        message = f"A placeholder that nothing replaced: {written(value)}"
        raise refusal("workos-client-id-placeholder", message, 'Write "$env(WORKOS_CLIENT_ID)" and set it in .env.')


def _refuse_url(value: str) -> None:
    host = _HOSTS.search(value)
    if split_url(value) is not None or "://" in value:
        what = "the issuer URL" if "/user_management/" in value else "a URL"
        fix = f'Write "{_found(value)}"; the issuer is derived from it.' if _INSIDE.search(value) else _CONSOLE
        raise refusal("workos-client-id-url", f"This is {what}, not the client id: {written(value)}", fix)
    if host:
        fix = f'Write "{_found(value)}".' if _INSIDE.search(value) else _CONSOLE
        raise refusal("workos-client-id-host", f"This is a WorkOS host name, not the client id: {written(value)}", fix)


def _refuse_key(value: str) -> None:
    kind = next((name for prefix, name in _KEYS.items() if value.startswith(prefix)), None)
    if kind:
        message = f"This is {kind} ({written(value)}), not the client id."
        raise refusal("workos-client-id-is-key", message, "The API key (sk_…) belongs into clientSecret. " + _CONSOLE)
    other = _OTHER_IDS.match(value)
    if other:
        raise refusal("workos-client-id-other", f"This is the id of something else at WorkOS ({other[1]}_…).", _CONSOLE)


def _found(value: str) -> str:
    inside = _INSIDE.search(value)
    return inside[0] if inside else written(value.strip("\"' \t\r\n"))


def doubts(value: str) -> Iterator[tuple[str, str, str]]:
    """Yield code, message and advice for each thing about an id that no id of WorkOS has.

    The example ids of documentations break the shape too, so these are doubts and never refusals.
    """
    tail = value.removeprefix("client_")
    if is_placeholder(value):
        yield "workos-client-id-placeholder", f"This is a placeholder: {written(value)}", _CONSOLE
        return
    if tail == value:
        return
    if tail != tail.upper() and _ULID_TAIL.fullmatch(tail.upper()):
        message = "WorkOS writes its ids in capitals, and this one is not."
        yield "workos-client-id-shape", message, f'Write "client_{tail.upper()}".'
    if len(tail) != TAIL and (_NEARLY_TAIL.fullmatch(tail) or len(tail) < _SHORT):
        message = f"The client id has {len(tail)} characters after `client_`; those of WorkOS have {TAIL}."
        yield "workos-client-id-length", message, _CONSOLE
    for at, char in enumerate(tail):
        if char.upper() in _MIXED_UP:
            message = f"Character {len(value) - len(tail) + at + 1} of the client id is the letter {char}, "
            fix = f"Most likely it is {_MIXED_UP[char.upper()]}."
            yield "workos-client-id-letter", f"{message}which no WorkOS id has.", fix


def secret_fault(value: str) -> tuple[str, str, str] | None:
    """Return code, message and advice where `value` can hardly be the API key of an environment; None where it can."""
    if value.startswith("pk_"):
        return (
            "workos-secret-publishable",
            "This is a publishable key (pk_…).",
            "Use the API key, which begins with sk_.",
        )
    if value.startswith("client_"):
        return ("workos-secret-is-client-id", "This is a client id, not the API key.", "Use the API key, sk_….")
    if is_placeholder(value):
        return ("workos-secret-placeholder", "This is a placeholder.", "Copy the API key from the WorkOS Dashboard.")
    if not value.startswith("sk_"):
        message = "A WorkOS client secret is the environment's API key, which begins with sk_; this does not."
        return ("workos-secret-shape", message, "Copy the API key from API Keys in the WorkOS Dashboard.")
    return None
