"""Which schemes a redirect URI may have: the rule as data, each entry with its reason.

What is not named here is taken where it is a reversed domain: that says whose scheme it is (RFC 8252 §7.1, §8.4).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

WEB_SCHEMES = frozenset({"http", "https"})

KNOWN_APPS = frozenset(
    {
        "antigravity", "claude", "cline", "codex", "code-oss", "cursor", "cursor-nightly", "goose", "jetbrains", "kiro",
        "librechat", "lmstudio", "positron", "raycast", "trae", "void", "vscode", "vscode-insiders", "vscodium", "warp",
        "windsurf", "windsurf-next", "zed",
    }
)  # fmt: skip
"""Schemes without a dot that clients of MCP register all the same; refusing them shuts those clients out."""

_RUNS = "runs or shows what the URI itself contains"
_BROWSER = "opens an inner page of the browser"
_READS = "makes the machine read a file or a share, and log in there"
_SPEAKS = "makes the machine speak another protocol to a host of the client's choice"
_STARTS = "starts a program of the operating system with an argument of the client's choice"

REFUSED_SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("javascript", "vbscript", "data", "livescript", "jar", "blob", "filesystem"), _RUNS),
        **dict.fromkeys(
            (
                "about", "chrome", "chrome-devtools", "chrome-extension", "chrome-search", "chrome-untrusted",
                "devtools", "edge", "brave", "opera", "vivaldi", "moz-extension", "resource", "safari-web-extension",
                "view-source", "isolated-app", "feed",
            ),
            _BROWSER,
        ),
        **dict.fromkeys(("file", "smb", "nfs", "afp", "cifs", "dav", "davs", "webdav"), _READS),
        **dict.fromkeys(
            (
                "ftp", "ftps", "sftp", "tftp", "ldap", "ldaps", "ws", "wss", "gopher", "dict", "telnet", "ssh", "vnc",
                "rdp", "rtsp", "rtmp", "irc", "ircs", "news", "nntp", "imap", "pop", "smtp", "git", "svn", "redis",
                "magnet", "ipfs", "dns", "xmpp",
            ),
            _SPEAKS,
        ),
        **dict.fromkeys(
            (
                "intent", "android-app", "mailto", "tel", "sms", "callto", "facetime", "sip", "sips", "skype",
                "search-ms", "search", "shell", "hcp", "mk", "res", "help", "applescript", "x-apple.systempreferences",
                "itms", "itms-apps", "itms-services", "market", "steam", "msteams", "onenote", "outlook", "ymsgr",
                "web", "javaws", "jnlp", "microsoft-edge",
            ),
            _STARTS,
        ),
    }
)  # fmt: skip
"""Schemes that are never taken; most would be refused for want of a dot too, and this says why."""

_REFUSED_STARTS = {
    **dict.fromkeys(("ms-", "x-apple", "microsoft.", "windows.", "android.", "vnd."), _STARTS),
    **dict.fromkeys(("web+", "ext+"), _BROWSER),
    **dict.fromkeys(("z39.50", "iris.", "soap.", "xmlrpc.", "coap"), _SPEAKS),
}
"""With a dot in them too: IANA registers protocols so, and operating systems their own handlers."""


_DOMAIN = re.compile(r"[a-z]{2,63}(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+")
"""A reversed domain: no top-level domain has a digit but those in punycode, which no program is named by."""


def why_refused(scheme: str) -> str:
    """Return why a URI of `scheme` (lower case) may not be redirected to, as the end of a sentence; empty if it may."""
    reason = REFUSED_SCHEMES.get(scheme) or next(
        (why for start, why in _REFUSED_STARTS.items() if scheme.startswith(start)), ""
    )
    if reason:
        return f"has the scheme {scheme}:, which {reason}"
    if scheme in WEB_SCHEMES or scheme in KNOWN_APPS or _DOMAIN.fullmatch(scheme):
        return ""
    return f"has the scheme {scheme}:, which names no domain, so that any program may claim it"
