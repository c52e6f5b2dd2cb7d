"""A key with a certificate that it signed itself, or that somebody signed who is not known."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def key_and_certificate(
    name: str, passphrase: bytes | None = None, *, at: datetime | None = None, is_signed: bool = False
) -> bytes:
    """Return key and certificate of the host `name` and of 127.0.0.1, in PEM; the key encrypted with a passphrase.

    The certificate is valid for two hours around `at`, which is now where nothing else is said; it signed itself, or
    where it `is_signed` an authority did of which there is nothing else.
    """
    key, now = ec.generate_private_key(ec.SECP256R1()), at or datetime.now(UTC)
    authority = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName(name)]
    certificate = (
        x509.CertificateBuilder(
            authority if is_signed else subject, subject, key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=not is_signed, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ec.generate_private_key(ec.SECP256R1()) if is_signed else key, hashes.SHA256())
    )
    kind = serialization.Encoding.PEM
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    secret = key.private_bytes(kind, serialization.PrivateFormat.PKCS8, encryption)
    return secret + certificate.public_bytes(kind)
