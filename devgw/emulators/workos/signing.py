"""An RSA key that signs tokens, with the certificate and the key id that WorkOS publishes."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

from devgw.clock import Clock, epoch

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CERTIFICATE_LIFETIME = timedelta(days=5 * 365)


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """An RSA key with the certificate that WorkOS's key set carries."""

    private: RSAPrivateKey
    kid: str
    """`sso_oidc_key_pair_<ULID>`; follows from the key, so that a stored key keeps its id."""
    certificate: bytes
    """DER, self-signed, CN=auth.workos.com."""

    @classmethod
    def from_pem(cls, pem: bytes, clock: Clock) -> "SigningKey":
        """Return the key in `pem`, with a certificate that begins now.

        Raises:
            TypeError: It is not an RSA private key.
        """
        private = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(private, RSAPrivateKey):
            raise TypeError("The emulator signs with RS256: it needs an RSA private key.")
        return cls(private, _kid(private), _certificate(private, clock))

    @classmethod
    def generate(cls, clock: Clock) -> "SigningKey":
        """Return a fresh key of 2048 bits; takes a tenth of a second."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return cls(private, _kid(private), _certificate(private, clock))

    def pem(self) -> bytes:
        """Return the private key, to be stored by the caller."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None) -> str:
        """Return a JWT of `claims`; `header` adds to, replaces or (with None) removes header members.

        There is no `typ`: whether WorkOS sends one is not established, so nobody may need it.
        """
        members = {"kid": self.kid} | (header or {})
        headers = {name: value for name, value in members.items() if value is not None}
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"typ": None} | headers)

    def jwk(self) -> dict[str, Any]:
        """Return the public key with the members, and in the order, in which WorkOS serves them."""
        public = self.private.public_key().public_numbers()
        return {
            "alg": "RS256",
            "kty": "RSA",
            "use": "sig",
            "n": _base64url(public.n.to_bytes((public.n.bit_length() + 7) // 8)),
            "e": _base64url(public.e.to_bytes(3)),
            "kid": self.kid,
            "x5c": [base64.b64encode(self.certificate).decode()],
            "x5t#S256": _base64url(hashlib.sha256(self.certificate).digest()),
        }


def _kid(private: RSAPrivateKey) -> str:
    spki = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    value = int.from_bytes(hashlib.sha256(spki).digest()[:16])
    return "sso_oidc_key_pair_" + "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -5, -5))


def _certificate(private: RSAPrivateKey, clock: Clock) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "auth.workos.com")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=private.public_key(),
        serial_number=epoch(clock.now()) + 1,
        not_valid_before=clock.now(),
        not_valid_after=clock.now() + _CERTIFICATE_LIFETIME,
    )
    return builder.sign(private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
