"""What this server saw of a request, fit for showing: no header is shown whole whose name speaks of a secret."""

from collections.abc import Iterable, Mapping

from devgw.entropy import fingerprint

SECRET_WORDS = (
    "auth", "cookie", "token", "secret", "passw", "key", "credential", "signature", "jwt", "assertion", "bearer",
    "csrf", "xsrf", "ticket", "otp", "hmac", "cert",
)  # fmt: skip
"""A header whose name holds one of these is masked."""
_SCHEMES = frozenset({"bearer", "basic", "digest", "dpop", "token"})
"""What may stand before a secret; before any other space is a part of it, as in a cookie."""


def show_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the headers by name, sorted, secrets masked; repeated ones are joined by a comma."""
    shown: dict[str, str] = {}
    for name, value in sorted(headers):
        safe = mask(value) if any(word in name.lower() for word in SECRET_WORDS) else value
        shown[name] = f"{shown[name]}, {safe}" if name in shown else safe
    return shown


def mask(value: str) -> str:
    """Return what may be shown of a secret: its scheme where it has one, its length, and its fingerprint."""
    scheme, space, secret = value.partition(" ")
    if not space or scheme.lower() not in _SCHEMES:
        scheme, secret = "", value
    return f"{scheme} <{len(secret)} characters, fingerprint {fingerprint(secret)}>".lstrip()


def remark_on_authorization(headers: Mapping[str, str]) -> str:
    """Return one sentence on what the Authorization header of a request tells about the wiring in front."""
    value = headers.get("authorization")
    if value is None:
        return "No Authorization header came: the client's token ended at the gateway, as it must."
    return (
        f"An Authorization header came: {mask(value)}. It should be a credential of the gateway's own for this "
        "server; if the fingerprint is that of the client's token, the token was passed through, which MCP forbids."
    )
