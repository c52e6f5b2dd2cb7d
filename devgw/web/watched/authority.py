"""A certificate authority for one run of one command: made at its start, believed by that command alone, gone with it.

The private key of the authority never leaves the memory of this process. That of its servers has to pass through a
file, since Python's TLS reads none from memory: encrypted with a password that is in no file, and removed at once.

The authority is bound to no names: which origins are met in discovery is not known when the command is given it. What
is opened is decided where tunnels are (`web.watched.forward_proxy`).

Source: RFC 5280 §4.2.1.
"""

import os
import ssl
import tempfile
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from devgw.clock import Clock
from devgw.entropy import short_id, token
from devgw.foreign.addresses import find_literal

LIFETIME = timedelta(days=1)
_BEFORE = timedelta(hours=1)
"""For a container's clock that is behind."""
_SPOKEN = ["http/1.1"]
_NAME = "devgw watch: believed by one command alone"
_USES = ("digital_signature", "key_cert_sign", "crl_sign")
_ALL_USES = (*_USES, "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")


class Authority:
    """Shows certificates for the hosts that are opened.

    Args:
        clock: the time.
        folder: of this run, for its owner alone.
    """

    def __init__(self, clock: Clock, folder: Path) -> None:
        self._clock = clock
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._servers_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{_NAME} ({short_id()})")])
        self._certificate = self._own()
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def pem(self) -> bytes:
        """Return the authority's certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    def context_for(self, host: str, shown: Callable[[], None]) -> ssl.SSLContext:
        """Return how to speak TLS as `host` on one connection.

        Args:
            host: a name, or an address without brackets.
            shown: is called when the client has greeted, and is shown the certificate.
        """
        if host not in self._contexts:
            self._contexts[host] = self._context(self._certificate_of(host).public_bytes(Encoding.PEM))
        kept = self._contexts[host]

        def greeted(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
            connection.context = kept
            shown()

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate, it costs nothing
        context.set_alpn_protocols(_SPOKEN)
        context.sni_callback = greeted
        return context

    def _own(self) -> x509.Certificate:
        uses = {name: name in {"key_cert_sign", "crl_sign"} for name in _ALL_USES}
        return (
            self._begun(self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(**uses, encipher_only=False, decipher_only=False), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _certificate_of(self, host: str) -> x509.Certificate:
        literal = find_literal(host)
        named = x509.IPAddress(ip_address(str(literal))) if literal else x509.DNSName(host)
        uses = {name: name == "digital_signature" for name in _ALL_USES}
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "opened by devgw watch")])
        return (
            self._begun(subject, self._servers_key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**uses, encipher_only=False, decipher_only=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([named]), critical=False)
            .add_extension(own, critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _begun(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        """Return a certificate that is valid from now for a day, with nothing said of its use."""
        now, public = self._clock.now(), key.public_key()
        return (
            x509.CertificateBuilder(self._name, subject, public, x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    def _context(self, certificate: bytes) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(_SPOKEN)
        password = token("").encode()
        secret = self._servers_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
        handle, path = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(certificate + self.pem + secret)
            context.load_cert_chain(path, password=password)
        finally:
            Path(path).unlink()
        return context
