"""Whose certificates are believed: the system's, and those of the environment beside them."""

import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from devgw.config.authorities import VARIABLES
from devgw.outbound.trust import shared_tls_context, tls_context
from devgw.problems import Refused
from devgw.problems.machine import CaFileUnusable

NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A company of its own")])


def authority() -> bytes:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    serial = x509.random_serial_number()
    made = x509.CertificateBuilder(NAME, NAME, key.public_key(), serial, now, now + timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "company.pem"
    path.write_bytes(authority())
    return path


def subjects(context: ssl.SSLContext) -> set[str]:
    return {str(each["subject"]) for each in context.get_ca_certs()}


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_an_authority_of_the_environment_is_believed_beside_the_systems(variable: str, bundle: Path) -> None:
    ours = tls_context({variable: str(bundle)})

    assert subjects(ours) == subjects(tls_context({})) | {"((('commonName', 'A company of its own'),),)"}
    assert ours.verify_mode is ssl.CERT_REQUIRED
    assert ours.check_hostname


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("broken", ["absent", "empty", "text", "closed"])
def test_a_file_that_cannot_be_used_is_named(variable: str, broken: str, tmp_path: Path) -> None:
    path = tmp_path / "missing"
    if broken != "absent":
        path.write_text("" if broken == "empty" else "no certificate", encoding="utf-8")
    if broken == "closed":
        path = path / "below a file"
    with pytest.raises(Refused) as refused:
        tls_context({variable: str(path)})

    problem = refused.value.problem
    assert isinstance(problem, CaFileUnusable)
    assert variable in problem.explain()
    assert str(path) in problem.explain()
    assert variable in problem.advise()
    assert ("folders of certificates" in problem.advise()) == (variable == "SSL_CERT_DIR")


def test_directories_may_be_several(tmp_path: Path) -> None:
    """OpenSSL divides SSL_CERT_DIR as PATH is divided."""
    tls_context({"SSL_CERT_DIR": f"{tmp_path}{os.pathsep}{tmp_path}"})
    with pytest.raises(Refused, match="ca_file_unusable"):
        tls_context({"SSL_CERT_DIR": f"{tmp_path}{os.pathsep}{tmp_path}/missing"})


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert subjects(tls_context(dict.fromkeys(VARIABLES, ""))) == subjects(tls_context({}))


def test_the_shared_context_is_made_anew_when_its_file_changes(bundle: Path) -> None:
    first = shared_tls_context({"SSL_CERT_FILE": str(bundle)})
    assert shared_tls_context({"SSL_CERT_FILE": str(bundle)}) is first

    bundle.write_bytes(authority() + authority())
    assert shared_tls_context({"SSL_CERT_FILE": str(bundle)}) is not first
