"""How the authorization server answers and refuses, and how it reads what came."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from quart import Response, request
from quart.json import dumps

from devgw.emulators.reader import read_json
from devgw.emulators.upstream_auth.breakage import HTML_ERROR

FORM = "application/x-www-form-urlencoded"


class OAuthError(Exception):
    """A refusal: the standard's code, a sentence, and an HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description
        self.status = status

    def as_json(self) -> dict[str, str]:
        """Return the members of an error answer."""
        return {"error": self.error, "error_description": self.description}


def json_answer(body: dict[str, Any] | Sequence[Any], status: int = 200) -> Response:
    """Return `body` as JSON that is not to be kept."""
    return Response(dumps(body), status, {"Content-Type": "application/json", "Cache-Control": "no-store"})


def html_error(status: int) -> Response:
    """Return a page where JSON is expected."""
    return Response(HTML_ERROR, status, {"Content-Type": "text/html; charset=utf-8"})


def split_uri(uri: str) -> SplitResult | None:
    """Return the parts of a URI, or None where it is not one, such as half an IPv6 address."""
    try:
        return urlsplit(uri)
    except ValueError:
        return None


def once_each(raw: str) -> dict[str, str]:
    """Return the parameters of a query or form.

    Raises:
        OAuthError: where one is repeated (RFC 6749 §3.1).
    """
    pairs = parse_qsl(raw, keep_blank_values=True)
    names = [name for name, _ in pairs]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise OAuthError("invalid_request", f"Sent more than once: {', '.join(repeated)}.")
    return dict(pairs)


async def raw_body() -> str:
    """Return the body as text; bytes that are none show as replacement characters."""
    body = await request.get_data()
    return body if isinstance(body, str) else body.decode("utf-8", "replace")


async def json_body() -> Any:
    """Return the body as JSON, or None where it is none; nesting that breaks the parser is none either."""
    try:
        return read_json(await raw_body())
    except ValueError:
        return None


async def read_form() -> dict[str, str]:
    """Return the form of this request.

    Raises:
        OAuthError: where it is not form-encoded, or a parameter is repeated.
    """
    if request.mimetype != FORM:
        raise OAuthError("invalid_request", f"The body must be {FORM}.")
    return once_each(await raw_body())
