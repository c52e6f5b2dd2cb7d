"""The environment of a watched command: what is set, what of the person's own stays, and what is never copied."""

from pathlib import Path

import pytest

from devgw.wiring.proxied_environment import environment_for
from tests.support.certificates import key_and_certificate

PROXY = "http://devgw:word@127.0.0.1:4444"
OURS = b"-----BEGIN CERTIFICATE-----\nT1VSUw==\n-----END CERTIFICATE-----\n"
HTTPS = "https://mcp.example"


def given(own: dict[str, str], folder: Path, *origins: str) -> dict[str, str]:
    return dict(environment_for(own, PROXY, OURS, folder, origins or (HTTPS,)).variables)


def test_every_family_of_clients_is_told_of_the_proxy_and_of_the_authority(tmp_path: Path) -> None:
    told = given({"HOME": "/home/ada"}, tmp_path)
    assert told["HOME"] == "/home/ada"
    assert {told[name] for name in ("HTTPS_PROXY", "https_proxy")} == {PROXY}
    assert told["NODE_USE_ENV_PROXY"] == "1"
    more = Path(told["NODE_EXTRA_CA_CERTS"]).read_bytes()
    assert more.strip() == OURS.strip()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CODEX_CA_CERTIFICATE"):
        whole = Path(told[name]).read_bytes()
        assert OURS.strip() in whole
        assert whole.count(b"BEGIN CERTIFICATE") > 20, "the system's own stand there, too"
        assert Path(told[name]).stat().st_mode & 0o077 == 0


def test_plain_http_goes_by_the_proxy_where_it_is_watched_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert "http_proxy" not in given({}, tmp_path / "a")
    assert given({}, tmp_path / "b", "http://localhost:3000")["http_proxy"] == PROXY


def test_what_the_person_believes_is_believed_and_no_key_is_copied(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(key_and_certificate("corp.example"))
    certificate = own.read_bytes().partition(b"-----BEGIN CERTIFICATE")[2]
    folder = tmp_path / "run"
    folder.mkdir()
    missing = {"REQUESTS_CA_BUNDLE": str(tmp_path / "none.pem"), "CURL_CA_BUNDLE": str(tmp_path)}
    told = given({"NODE_EXTRA_CA_CERTS": str(own), **missing}, folder)
    for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"):
        content = Path(told[name]).read_bytes()
        assert certificate.strip() in content
        assert b"PRIVATE KEY" not in content


@pytest.mark.parametrize(
    ("own", "origin", "wanted"),
    [
        ("", HTTPS, "localhost,127.0.0.1,::1"),
        ("corp.example, localhost", HTTPS, "corp.example,localhost,127.0.0.1,::1"),
        ("mcp.example,.example,*,10.0.0.0/8", HTTPS, "10.0.0.0/8,localhost,127.0.0.1,::1"),
        ("localhost,127.0.0.1,corp.example", "http://localhost:3000", "127.0.0.1,corp.example"),
        ("127.0.0.0/8,corp.example", "http://127.0.0.1:3000", "corp.example"),
    ],
)
def test_what_is_exempt_stays_so_but_for_what_is_watched(own: str, origin: str, wanted: str, tmp_path: Path) -> None:
    told = given({"NO_PROXY": own}, tmp_path, origin)
    assert told["NO_PROXY"] == told["no_proxy"] == wanted
