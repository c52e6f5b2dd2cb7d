"""Which redirect URIs are taken, and what a person is shown of them."""

import pytest

from devgw.limits import Limits
from devgw.oauth.redirect_scheme import REFUSED_SCHEMES
from devgw.oauth.redirect_uri import RedirectKind, check_redirect_uri, fits, host_of, in_ascii, kind_of
from devgw.problems import Refused
from devgw.problems.clients import RedirectUriRefused


@pytest.mark.parametrize(
    ("uri", "kind", "host"),
    [
        ("http://localhost/callback", RedirectKind.LOOPBACK, "localhost"),
        ("http://127.0.0.1:33418/callback", RedirectKind.LOOPBACK, "127.0.0.1"),
        ("http://[::1]:33418/callback", RedirectKind.LOOPBACK, "::1"),
        ("https://localhost:8443/callback", RedirectKind.LOOPBACK, "localhost"),
        ("https://app.localhost/callback", RedirectKind.LOOPBACK, "app.localhost"),
        ("https://0.0.0.0/callback", RedirectKind.LOOPBACK, "0.0.0.0"),
        ("https://[::]/callback", RedirectKind.LOOPBACK, "::"),
        ("https://127.0.0.9/callback", RedirectKind.LOOPBACK, "127.0.0.9"),
        ("https://ip6-localhost/callback", RedirectKind.LOOPBACK, "ip6-localhost"),
        ("https://localhost.localdomain./callback", RedirectKind.LOOPBACK, "localhost.localdomain."),
        ("https://[::ffff:7f00:1]/callback", RedirectKind.LOOPBACK, "::ffff:7f00:1"),
        ("https://192.168.1.2/callback", RedirectKind.WEB, "192.168.1.2"),
        ("https://127.example/callback", RedirectKind.WEB, "127.example"),
        ("https://claude.ai/api/mcp/auth_callback", RedirectKind.WEB, "claude.ai"),
        ("https://EXAMPLE.com/cb", RedirectKind.WEB, "example.com"),
        ("https://ex\u0430mple.com/cb", RedirectKind.WEB, "xn--exmple-4nf.com"),
        ("https://b\u00fccher.example/cb", RedirectKind.WEB, "xn--bcher-kva.example"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", RedirectKind.PRIVATE_USE, "cursor://anysphere.cursor-mcp"),
        (
            "vscode://vscode.github-authentication/did",
            RedirectKind.PRIVATE_USE,
            "vscode://vscode.github-authentication",
        ),
        ("com.example.app:/callback", RedirectKind.PRIVATE_USE, "com.example.app:"),
        ("dev.my-tool.mcp2:/callback", RedirectKind.PRIVATE_USE, "dev.my-tool.mcp2:"),
        ("io.github.someone:/callback", RedirectKind.PRIVATE_USE, "io.github.someone:"),
        ("com.googleusercontent.apps.123-abc:/x", RedirectKind.PRIVATE_USE, "com.googleusercontent.apps.123-abc:"),
    ],
)
def test_what_real_clients_use_is_taken(uri: str, kind: RedirectKind, host: str) -> None:
    check_redirect_uri(uri)
    assert (kind_of(uri), host_of(uri)) == (kind, host)


@pytest.mark.parametrize(
    "scheme",
    [
        *("smb", "ldap", "ftp", "ws", "wss", "chrome", "about", "blob", "view-source", "intent", "mailto", "tel"),
        *("javascript", "data", "file", "vbscript", "ms-word", "ms-settings", "ms-msdt", "search-ms", "x-apple.foo"),
        *("JavaScript", "SMB", "web+mastodon", "steam", "ssh", "filesystem", "microsoft-edge", "chrome-extension"),
        *("x-man-page", "myapp", "zoommtg", "c"),
        *("z39.50", "z39.50r", "z39.50s", "iris.beep", "iris.lwz", "soap.beep", "xmlrpc.beeps", "coap+tcp", "coap.x"),
        *("microsoft.windows.camera", "vnd.ms.radio", "android.resource", "a.b", "com..app", "com.app."),
        *("com.-app", "com.app-", "com.app+x", "c0m.example.app", "windows.foo"),
    ],
)
@pytest.mark.parametrize("rest", ["//host/path", "/path", "http://localhost/"])
def test_a_scheme_that_anybody_may_claim_or_that_does_something_is_refused(scheme: str, rest: str) -> None:
    """RFC 8252 §7.1 wants a domain in it; what a browser or system runs by itself is worse."""
    with pytest.raises(Refused) as refused:
        check_redirect_uri(f"{scheme}:{rest}")
    assert isinstance(refused.value.problem, RedirectUriRefused)
    assert f"{scheme.lower()}:" in refused.value.problem.rule


def test_every_refused_scheme_says_why() -> None:
    assert all(reason.split()[0] in {"runs", "opens", "makes", "starts"} for reason in REFUSED_SCHEMES.values())


@pytest.mark.parametrize(
    "uri",
    [
        "http://example.com/cb",
        "http://127.0.0.2/cb",
        "http://localhost.evil.example/cb",
        "http://localhost/cb#fragment",
        "http://localhost:port/cb",
        "http://user@localhost/cb",
        "https://claude.ai@evil.example/cb",
        "https://*.example.com/cb",
        "https://%65vil.example/cb",
        "https://2130706433/cb",
        "https://0x7f.1/cb",
        "https://127.1/cb",
        "https://fa\u00df.example/cb",
        "https://a\u200db.example/cb",
        "https://evil.example\\@claude.ai/cb",
        "https://evil.example/\u202egnp.cb",
        "https://evil.example/cb\u2028",
        "https://evil.example /cb",
        "https:///cb",
        "localhost:8080/cb",
        "example.com:8080/cb",
        "/callback",
        "https://a.example/" + "x" * Limits.REDIRECT_URI_CHARACTERS,
    ],
)
def test_a_host_that_two_readers_read_differently_is_refused(uri: str) -> None:
    with pytest.raises(Refused) as refused:
        check_redirect_uri(uri)
    assert isinstance(refused.value.problem, RedirectUriRefused)


@pytest.mark.parametrize(
    "requested", ["http://localhost:2/cb\u2028", "http://localhost:2\u200b/cb", "http://x@localhost/cb"]
)
def test_nothing_hidden_fits_a_loopback_registration(requested: str) -> None:
    assert fits("http://localhost:1/cb", "http://localhost:2/cb")
    assert not fits("http://localhost:1/cb", requested)


@pytest.mark.parametrize(
    ("uri", "rule"),
    [
        ("com.example.app:/cb#f", "has a fragment"),
        ("http://localhost/cb#", "has a fragment"),
        ("com.example.app://user@host/cb", "has a user name or a wildcard"),
        ("com.example.app://*/cb", "has a user name or a wildcard"),
        ("https://*.example.com/cb", "has a user name or a wildcard"),
        ("http://127.0.0.2/cb", "is plain http:// to another host than localhost, 127.0.0.1 and [::1]"),
        ("http://app.localhost/cb", "is plain http:// to another host than localhost, 127.0.0.1 and [::1]"),
    ],
)
def test_each_rule_is_named_by_itself_also_for_a_private_use_scheme(uri: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        check_redirect_uri(uri)
    assert isinstance(refused.value.problem, RedirectUriRefused)
    assert rule in refused.value.problem.explain()


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("https://localhost:1/cb", "https://localhost:2/cb"),
        ("http://localhost:1/cb", "http://localhost:2/c\nb"),
        ("http://localhost:1/cb", "http://localhost:2/cb\t"),
        ("http://localhost:1/cb", "http://local\rhost:2/cb"),
        ("http://localhost:1/cb", "http://localhost:2/cb?x"),
        ("http://localhost:1/cb", "http://127.0.0.1:2/cb"),
        ("http://localhost:1/cb", "http://localhost:99999/cb"),
        ("http://a.example:1/cb", "http://a.example:2/cb"),
    ],
)
def test_the_port_of_plain_http_on_loopback_is_all_that_may_differ(registered: str, requested: str) -> None:
    """RFC 8252 §7.3. Parsers drop line ends and tabs: what was compared would not be what is sent."""
    assert not fits(registered, requested)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://ex\u0430mple.com/cb", "https://xn--exmple-4nf.com/cb"),
        ("https://EX\u0430mple.com:8443/cb?a=1", "https://xn--exmple-4nf.com:8443/cb?a=1"),
        ("https://example.com/\u0430", "https://example.com/\u0430"),
        ("http://[::1]:9/cb", "http://[::1]:9/cb"),
        ("com.ex\u0430mple:/cb", "com.ex\u0430mple:/cb"),
        ("dcr:1", "dcr:1"),
        ("an id with spaces", "an id with spaces"),
        ("https://[x", "https://[x"),
    ],
)
def test_a_page_writes_a_host_as_it_stands_in_dns(uri: str, shown: str) -> None:
    assert in_ascii(uri) == shown
