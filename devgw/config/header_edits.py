"""The policies that set or remove headers: their options, and what they come to."""

import re
from typing import Annotated

from pydantic import AfterValidator

from devgw.config.options import Options
from devgw.config.project import HeaderEdits, Secret
from devgw.config.shapes import refusal, written

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "expect", "host", "keep-alive", "proxy-connection"})
_OF_THE_CONNECTION |= {"te", "trailer", "transfer-encoding", "upgrade"}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _header_name(value: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    right = re.sub(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]+", "-", value.strip().rstrip(":")).strip("-")
    raise refusal("header-name", f"This is no header name: {written(value)}", f'Write "{right}".')


def _set_name(value: str) -> str:
    if _header_name(value).lower() in _OF_THE_CONNECTION:
        message = f"{value} belongs to the connection, which writes it for each request itself."
        raise refusal("header-of-connection", message, "Take it out.")
    return value


def _header_value(value: str) -> str:
    if _CONTROL.search(value):
        message = "A header value has no line breaks and no other control characters (RFC 9110 §5.5)."
        raise refusal("header-value", message, "Put it on one line, without them.")
    if value.startswith("$function("):
        message = "A value computed by code is not available here."
        raise refusal("header-function", message, "Write the value, or $env(NAME).")
    return value


HeaderName = Annotated[str, AfterValidator(_header_name)]
SetName = Annotated[str, AfterValidator(_set_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


class SetHeaderOptions(Options):
    """One entry of `headers`."""

    name: SetName
    value: HeaderValue
    overwrite: bool = True


class SetHeadersOptions(Options):
    """`set-headers-inbound`."""

    headers: list[SetHeaderOptions]


class UpstreamApiKeyOptions(Options):
    """`set-upstream-api-key-inbound`."""

    header: SetName = "Authorization"
    value: HeaderValue
    overwrite: bool = True


class RemoveHeadersOptions(Options):
    """`remove-headers-inbound`."""

    headers: list[HeaderName]


def header_edits(options: Options) -> HeaderEdits | None:
    """Return the headers that are set or removed on the way up."""
    if isinstance(options, SetHeadersOptions):
        return HeaderEdits(set=tuple((each.name, Secret(each.value), each.overwrite) for each in options.headers))
    if isinstance(options, UpstreamApiKeyOptions):
        return HeaderEdits(set=((options.header, Secret(options.value), options.overwrite),))
    if isinstance(options, RemoveHeadersOptions):
        return HeaderEdits(remove=tuple(options.headers))
    return None
