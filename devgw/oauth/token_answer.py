"""What a token endpoint answered, in all the forms in which real ones answer.

Source: RFC 6749 §5.1, §5.2. Beyond it: form-encoded answers, errors with status 200, `expires_in` as a string.
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from devgw.foreign.json import JsonRefused, find_refusal, read_object
from devgw.foreign.text import clean
from devgw.foreign.urls import without_user
from devgw.foreign.words import EXCERPT, excerpt
from devgw.oauth.text import is_text, is_visible
from devgw.problems import Refused
from devgw.problems.limit import limit_id
from devgw.problems.upstream_token import TokenAnswerShape, TokenAnswerUnreadable, TokenRequestRefused

A_CENTURY = 3.2e9
"""In seconds: a lifetime beyond it is none."""


@dataclass(frozen=True, slots=True, repr=False)
class TokenAnswer:
    """A good answer. The repr shows no token."""

    access_token: str
    expires_in: float | None = None
    refresh_token: str | None = None
    scope: str | None = None
    id_token: str | None = None
    issued_token_type: str | None = None

    def __repr__(self) -> str:
        """Show the shape alone."""
        return f"<TokenAnswer expires_in={self.expires_in} refresh={self.refresh_token is not None}>"


def _members(content_type: str, body: bytes) -> dict[str, Any] | None:
    """Return the members of a JSON object or of a form, whatever the type claims; None where it is neither."""
    try:
        return read_object(body)
    except JsonRefused:
        pass
    pairs = dict(parse_qsl(body.decode("utf-8", "replace").strip())) if b"<" not in body[:200] else {}
    is_form = "x-www-form-urlencoded" in content_type or "access_token" in pairs or "error" in pairs
    return dict(pairs) if pairs and is_form else None


def _seconds(value: Any) -> float | None:
    """Return a positive number of seconds, from a number or a string; None where there is none, or no such moment."""
    if isinstance(value, bool):
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if 0 < seconds < A_CENTURY else None


def _text(value: Any) -> str | None:
    """Return a string with something in it, or None."""
    return value if is_text(value) else None


@dataclass(frozen=True, slots=True)
class TokenQuestion:
    """What was asked of a token endpoint, as far as its refusal is told with it."""

    url: str
    grant_type: str = ""
    method: str = ""
    """How the client authenticated."""


def read_token_answer(
    asked: TokenQuestion, status: int, content_type: str, body: bytes, wait: str = "", location: str = ""
) -> TokenAnswer:
    """Return the tokens in a token endpoint's answer; `wait` is how long it asks to be left alone, in words.

    Raises:
        Refused: with `TokenRequestRefused` where it is an error in OAuth's form, whatever its status, and
            with `TokenAnswerUnreadable` where it is neither that nor a token.
    """
    if location and 300 <= status < 400:
        led_to = clean(without_user(location.partition("?")[0]), 200)
        raise Refused(TokenAnswerUnreadable(asked.url, status, TokenAnswerShape.REDIRECT, led_to, ""))
    members = _members(content_type, body)
    if members is not None and (error := _text(members.get("error"))):
        said = clean(_text(members.get("error_description")) or "", EXCERPT)
        refused = TokenRequestRefused(asked.url, status, clean(error, 100), said, asked.grant_type, asked.method, wait)
        raise Refused(refused)
    token = _text(members.get("access_token")) if members else None
    kind = str((members or {}).get("token_type") or "Bearer").lower()
    if members is None or not is_visible(token) or status >= 400 or kind not in {"bearer", "n_a"}:
        shape, got = _shape(members, token, content_type, kind)
        problem = TokenAnswerUnreadable(asked.url, status, shape, got, excerpt(body), wait)
        refused_json = find_refusal(body, content_type) if members is None else None
        raise Refused(_of_json(problem, refused_json) if refused_json else problem)
    return TokenAnswer(
        access_token=token,
        expires_in=_seconds(members.get("expires_in")),
        refresh_token=_text(members.get("refresh_token")),
        scope=_text(members.get("scope")),
        id_token=_text(members.get("id_token")),
        issued_token_type=_text(members.get("issued_token_type")),
    )


def _of_json(problem: TokenAnswerUnreadable, refused: JsonRefused) -> TokenAnswerUnreadable:
    """Return the same problem, of an answer that is meant as JSON and not taken."""
    passes = limit_id(refused.limit)
    return replace(problem, shape=TokenAnswerShape.REFUSED, got=str(refused), wanted=refused.wanted, passes=passes)


def _shape(
    members: dict[str, Any] | None, token: str | None, content_type: str, kind: str
) -> tuple[TokenAnswerShape, str]:
    """Return what is wrong with an answer without a usable token, and the fact that shows it."""
    what = content_type or "no content type"
    if members is None:
        return TokenAnswerShape.NO_OBJECT, what
    if token is None:
        inside = (name for name, value in members.items() if isinstance(value, dict) and "access_token" in value)
        if (inner := next(inside, None)) is not None:
            return TokenAnswerShape.NESTED, f"`{clean(inner, 40)}.access_token`"
        return TokenAnswerShape.NO_TOKEN, what
    if not is_visible(token):
        return TokenAnswerShape.UNSENDABLE, what
    return TokenAnswerShape.OTHER_TYPE, f"token_type {clean(kind, 40)}"
