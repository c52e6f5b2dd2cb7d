"""A key with a certificate that it signed itself, that somebody signed who is not known, or that a chain leads to."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Chain:
    """A host's key and certificate, the intermediate authority that signed it, and the root above that; in PEM."""

    key: bytes
    leaf: bytes
    intermediate: bytes
    root: bytes


def chain_for(name: str) -> Chain:
    """Return a chain of three for the host `name` and 127.0.0.1, valid for two hours around now."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _signed("A root", root_key, "A root", root_key)
    middle = _signed("An intermediate", middle_key, "A root", root_key)
    leaf = _signed(name, key, "An intermediate", middle_key, host=name)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Chain(secret, *(each.public_bytes(serialization.Encoding.PEM) for each in (leaf, middle, root)))


def _signed(
    name: str, key: ec.EllipticCurvePrivateKey, by: str, signer: ec.EllipticCurvePrivateKey, *, host: str = ""
) -> x509.Certificate:
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, by))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if host:
        names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName(host)]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    else:
        used = dict.fromkeys(("digital_signature", "key_cert_sign", "crl_sign"), True)
        never = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
        usage = x509.KeyUsage(**used, **dict.fromkeys(never, False), encipher_only=False, decipher_only=False)
        made = made.add_extension(usage, critical=True)
    return made.sign(signer, hashes.SHA256())
