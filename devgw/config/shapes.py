"""What single values must look like; each refusal names the mistake and shows the corrected value."""

import re
from urllib.parse import SplitResult, urlsplit

from pydantic_core import PydanticCustomError

from devgw.foreign.urls import UrlRefused, read_url

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DISCOVERY = re.compile(r"/\.well-known/(?:openid-configuration|oauth-authorization-server).*")
_TEMPLATE = re.compile(r"\{\w{1,40}\}")
_SHOWN = 80


def refusal(code: str, message: str, fix: str) -> PydanticCustomError:
    """Return what a pydantic validator raises to refuse a value; position and pointer are kept that way."""
    return PydanticCustomError(code, "{message}", {"message": message, "fix": fix})


def written(value: str) -> str:
    """Return `value` as it may be shown: shortened, and no secret key in full."""
    if re.match(r"[\"' ]*(sk|rk|pk)_", value):
        return value.strip("\"' ")[:8] + "…"
    value = re.sub(r"(://)[^/@\s]*@", r"\1…@", value)
    return value if len(value) <= _SHOWN else value[:_SHOWN] + "…"


def split_url(value: str) -> SplitResult | None:
    """Return the parts of an absolute http(s) URL with a host, None where `value` is none."""
    try:
        parts = urlsplit(value)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    spaced = any(char.isspace() or ord(char) < ord(" ") for char in value)
    return parts if known and not spaced else None


def likely_url(text: str) -> str:
    """Return the URL that was probably meant by a text that is none; a mere form where none can be guessed."""
    if split_url(text) is not None:
        return written(text)
    if re.match(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/|$)", text):
        return f"http://{written(text)}"
    return f"https://{written(text)}" if re.match(r"[\w.-]+\.\w+(:\d+)?(/|$)", text) else "https://host/path"


def bare_host(value: str) -> str:
    """Check a host name without scheme, port and path."""
    if _HOST.fullmatch(value):
        return value
    host = (
        value.rsplit("://", maxsplit=1)[-1]
        .split("/", maxsplit=1)[0]
        .rsplit("@", maxsplit=1)[-1]
        .split(":", maxsplit=1)[0]
        .strip()
    )
    fix = f'Write "{written(host)}".' if _HOST.fullmatch(host) else 'Write a host name such as "tenant.example.com".'
    what = "a URL" if "://" in value else "no host name"
    raise refusal("bare-host", f"A bare host name belongs here; this is {what}: {written(value)}", fix)


def secure_url(value: str) -> str:
    """Check an absolute https URL; http is good enough on loopback."""
    parts = split_url(value)
    if parts is None and split_url(value.strip()) is not None:
        raise refusal("url", "A blank stands before or behind this URL.", f'Write "{written(value.strip())}".')
    if parts is None:
        fix = (
            f'Write "https://{written(value)}".'
            if _HOST.fullmatch(value.split("/", maxsplit=1)[0])
            else "Write https://…"
        )
        raise refusal("url", f"An absolute https URL belongs here, not {written(value)}", fix)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise refusal("url-not-https", "Plain http is for loopback only.", f'Write "https{written(value)[4:]}".')
    if parts.fragment or "#" in value:
        raise refusal(
            "url-fragment", "This URL has a fragment.", f'Write "{written(value.split("#", maxsplit=1)[0])}".'
        )
    reason = why_refused(value)
    if reason:
        raise refusal("url", f"This URL cannot be used: {reason}.", "Write it without that.")
    return value


def why_refused(value: str) -> str:
    """Return what every reader of URLs here has against one; empty where it is taken."""
    try:
        read_url(value)
    except UrlRefused as error:
        return str(error)
    return ""


def why_no_upstream(url: str) -> str:
    """Return why a text is not the absolute URL of an upstream, as a sentence."""
    if url != url.strip() and split_url(url.strip()) is not None:
        return "A blank stands before or behind this URL."
    if url.lower().startswith(("http://", "https://")):
        return f"This URL cannot be used: {why_refused(url)}."
    return f"An absolute http(s) URL belongs here, not {written(url)}"


def endpoint(value: str) -> str:
    """Check a URL of the provider's: an endpoint, and not the document that names all of them."""
    if _DISCOVERY.search(secure_url(value)):
        message = "This is the URL of the provider's discovery document."
        raise refusal("discovery-url", message, "Write the URL that the document has for this.")
    return value


def issuer(value: str) -> str:
    """Check an issuer: https, without a query (OpenID Connect Discovery §4), and not the URL of its document."""
    if template := _TEMPLATE.search(value):
        message = f"`{template[0]}` is a template's, in whose place the id of your own tenant belongs."
        raise refusal("issuer-template", message, "Write the id there; at Entra the Directory (tenant) ID, a UUID.")
    before = _DISCOVERY.split(secure_url(value))[0]
    if before != value:
        message = "This is the URL of the provider's discovery document, not its issuer."
        raise refusal("discovery-url", message, f'Write "{written(before)}", or what the document calls `issuer`.')
    if "?" in value:
        message = "An issuer has no query."
        raise refusal("issuer-query", message, f'Write "{written(value.partition("?")[0])}".')
    return value


def origin(value: str) -> str:
    """Check a URL without a path; returned without a trailing slash."""
    if split_url(value) is None and _HOST.fullmatch(value):
        raise refusal("origin", f"The scheme is missing: {written(value)}", f'Write "https://{value}".')
    parts = split_url(secure_url(value))
    if parts is not None and (parts.path.strip("/") or parts.query):
        right = f"{parts.scheme}://{parts.netloc}"
        raise refusal("origin", f"A path or query stands after the origin: {written(value)}", f'Write "{right}".')
    return value.rstrip("/")


def uuid(value: str) -> str:
    """Check a UUID."""
    if _UUID.fullmatch(value):
        return value
    inside = _UUID.search(value)
    fix = f'Write "{inside[0]}".' if inside else 'Write a UUID such as "7f1c…-…-…-…-…", as the console shows it.'
    raise refusal("uuid", f"A UUID belongs here, not {written(value)}", fix)
