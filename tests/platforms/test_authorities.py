"""One trust store for everything that goes out, on every system, and advice that fits why TLS failed."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from devgw.config.settings_file import read_settings
from devgw.outbound.reach import tls_failed
from devgw.outbound.transport import tls_error, tls_fault
from devgw.outbound.trust import believe, tls_context
from devgw.platforms.macos import Macos
from devgw.platforms.windows import Windows
from devgw.problems.proxy import TlsFault
from tests.outbound.test_client import secure_server, status_of, write_certificate
from tests.platforms.lacking import devgw_without


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("DEVGW_CA_FILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(each, "")  # what the test sets is taken out again after it
        monkeypatch.delenv(each)


async def test_a_file_of_the_settings_is_believed_by_every_connection(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "own.pem")
    (tmp_path / "devgw.toml").write_text('ca_file = "own.pem"\n', encoding="utf-8")
    settings, _ = read_settings(tmp_path, {})
    async with secure_server(certificate) as port:
        with pytest.raises(httpx2.ConnectError):
            await status_of(f"https://127.0.0.1:{port}/")
        believe(settings.ca_file)
        assert await status_of(f"https://127.0.0.1:{port}/") == 200


@pytest.mark.parametrize("system", [Macos, Windows])
async def test_where_the_system_judges_an_authority_of_the_person_s_own_is_believed_too(
    system: type[Macos | Windows], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truststore = pytest.importorskip("truststore")
    monkeypatch.setattr("devgw.outbound.trust.here", system)
    assert isinstance(tls_context({}), truststore.SSLContext)
    certificate = write_certificate(tmp_path / "own.pem")
    async with secure_server(certificate) as port:
        believe(certificate)
        assert await status_of(f"https://127.0.0.1:{port}/") == 200


@pytest.mark.parametrize("content", [None, "no certificate\n", ""])
def test_a_file_that_no_server_could_be_asked_with_stops_the_start(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "own.pem").write_text(content, encoding="utf-8")
    (tmp_path / "devgw.toml").write_text('ca_file = "own.pem"\n', encoding="utf-8")
    done = devgw_without("", ("up", "--headless", "--port=0"), tmp_path)
    assert done.returncode == 1
    assert "devgw.toml:1" in done.stderr
    assert "`ca_file` names" in done.stderr


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_a_variable_that_names_nothing_is_a_finding(variable: str, tmp_path: Path) -> None:
    findings = read_settings(tmp_path, {variable: f"{tmp_path}/absent"})[1]
    assert [(each.severity, each.place) for each in findings] == [("warning", variable)]
    assert read_settings(tmp_path, {variable: str(tmp_path) if variable == "SSL_CERT_DIR" else ""})[1] == ()


def test_a_file_is_no_folder_of_certificates(tmp_path: Path) -> None:
    write_certificate(tmp_path / "own.pem")
    (found,) = read_settings(tmp_path, {"SSL_CERT_DIR": str(tmp_path / "own.pem")})[1]
    assert "it is no directory" in found.message
    assert found.fix == "Name folders of certificates, or take it out."


def test_somebody_else_s_project_asks_before_its_authority_is_believed(tmp_path: Path) -> None:
    write_certificate(tmp_path / "own.pem")
    (tmp_path / "devgw.toml").write_text('ca_file = "own.pem"\n', encoding="utf-8")
    done = devgw_without("", ("up", "--headless", "--port=0"), tmp_path, CI="", XDG_STATE_HOME=str(tmp_path / "state"))
    assert done.returncode == 1
    assert "is believed of any server" in done.stderr


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, TlsFault.EXPIRED) for code in (9, 10, -67_818, -67_819, 0x800B0101)),
        *((code, TlsFault.OTHER_NAME) for code in (62, 64, -67_602, 0x800B010F)),
        *((code, TlsFault.UNTRUSTED) for code in (18, -67_843, 0x800B0109)),
        *((code, TlsFault.UNCHAINED) for code in (20, 21, 0x800B010A)),
        (19, TlsFault.OPENED),
        (-1, TlsFault.OTHER),
    ],
)
def test_the_cause_is_read_from_the_code_of_each_system(code: int, kind: TlsFault) -> None:
    """OpenSSL's, Apple's and Microsoft's numbers for one and the same thing."""
    error = ssl.SSLCertVerificationError("said in the person's language")
    error.verify_code = code
    assert tls_fault(error) is kind


async def test_a_chain_up_to_an_authority_that_nobody_knows_is_told_as_what_opens_tls(tmp_path: Path) -> None:
    """A company's proxy and a virus scanner show such a chain for every server."""
    async with secure_server(_chain(tmp_path / "chain.pem")) as port:
        with pytest.raises(httpx2.ConnectError) as failure:
            await status_of(f"https://127.0.0.1:{port}/")
    error = tls_error(failure.value)
    assert error is not None
    problem = tls_failed("https://far.example/mcp", error)
    assert problem.kind is TlsFault.OPENED
    assert "opens TLS" in problem.advise()
    assert "ca_file" in problem.advise()


def _chain(path: Path) -> Path:
    """Write key, certificate and the authority behind it, as a proxy that opens TLS sends them."""
    now = datetime.now(UTC)

    def signed(subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> bytes:
        names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (subject, "Scanner")]
        made = x509.CertificateBuilder(names[1], names[0], key.public_key(), x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        made = made.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        return made.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    leaf, authority = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    secret = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(
        secret + signed("127.0.0.1", leaf, authority, is_ca=False) + signed("Scanner", authority, authority, is_ca=True)
    )
    return path
