"""The policies that set or remove headers: their options, and what they come to."""

import re
from typing import Annotated

from pydantic import AfterValidator

from devgw.config.options import Options
from devgw.config.project import HeaderEdits, Secret
from devgw.config.shapes import refusal, written

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _header_name(value: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    right = re.sub(r"[^!#$%&'*+.^_`|~0-9A-Za-z-]+", "-", value.strip().rstrip(":")).strip("-")
    raise refusal("header-name", f"This is no header name: {written(value)}", f'Write "{right}".')


def _header_value(value: str) -> str:
    if "\r" in value or "\n" in value or "\x00" in value:
        raise refusal("header-value", "A header value has no line breaks.", "Put it on one line.")
    if value.startswith("$function("):
        message = "A value computed by code is not available here."
        raise refusal("header-function", message, "Write the value, or $env(NAME).")
    return value


HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


class SetHeaderOptions(Options):
    """One entry of `headers`."""

    name: HeaderName
    value: HeaderValue
    overwrite: bool = True


class SetHeadersOptions(Options):
    """`set-headers-inbound`."""

    headers: list[SetHeaderOptions]


class UpstreamApiKeyOptions(Options):
    """`set-upstream-api-key-inbound`."""

    header: HeaderName = "Authorization"
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
