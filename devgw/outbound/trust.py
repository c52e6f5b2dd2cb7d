"""Whose certificates are believed on every outgoing connection: the system's authorities, and the environment's.

`SSL_CERT_FILE`, `SSL_CERT_DIR`, `REQUESTS_CA_BUNDLE` and `DEVGW_CA_FILE` (`ca_file` in devgw.toml) add to the system's
own: who sets one for an intercepting proxy still reaches the rest. On macOS and Windows the system itself judges
(truststore); on Linux the paths are read once, because truststore adds them anew at each handshake, which OpenSSL
before 3.4 never frees.
"""

import errno
import os
import ssl
import stat
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from devgw.config.authorities import CA_FILE, VARIABLES
from devgw.platforms.here import here
from devgw.problems import Refused
from devgw.problems.machine import CaFileUnusable

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where distributions keep their bundle, for a Python whose OpenSSL was built for another place."""


def believe(file: Path | None) -> None:
    """Let every context of this process believe the authorities in `file` too; None leaves it as it is."""
    if file is not None:
        os.environ[CA_FILE] = str(file)


def tls_context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return a new context that verifies servers; whoever shows a certificate of its own loads it into this one.

    Raises:
        Refused: with `CaFileUnusable`.
    """
    context = _system()
    for name in VARIABLES:
        if path := environ.get(name):
            _add(context, name, path)
    return context


def shared_tls_context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return a context for clients without a certificate of their own, the same until variables or files change.

    Raises:
        Refused: with `CaFileUnusable`.
    """
    return _shared(tuple((name, path, _changed_at(path)) for name in VARIABLES if (path := environ.get(name))))


@lru_cache(maxsize=2)
def _shared(named: tuple[tuple[str, str, int], ...]) -> ssl.SSLContext:
    return tls_context({name: path for name, path, _ in named})


def _changed_at(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


def _system() -> ssl.SSLContext:
    if here().judges_certificates:
        import truststore  # noqa: PLC0415  where the system judges

        return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bundle, place = _bundle(), ssl.get_default_verify_paths().openssl_capath
    folder = place if Path(place).is_dir() else None
    if bundle or folder:
        context.load_verify_locations(bundle, folder)
    return context


def _bundle() -> str | None:
    """Return the file of the system's authorities, where it has one."""
    built_in = ssl.get_default_verify_paths().openssl_cafile  # compiled in: the variables are not read by OpenSSL here
    return next((each for each in (built_in, *_BUNDLES) if Path(each).is_file()), None)


def system_authorities() -> bytes:
    """Return the certificates of the system's own authorities, in PEM; none where they cannot be had."""
    bundle = _bundle()
    if bundle is not None:
        return Path(bundle).read_bytes()
    held = ssl.create_default_context().get_ca_certs(binary_form=True)  # Windows has them in no file
    return "".join(map(ssl.DER_cert_to_PEM_cert, held)).encode()


def _add(context: ssl.SSLContext, name: str, path: str) -> None:
    parts = path.split(os.pathsep) if name == "SSL_CERT_DIR" else [path]
    for each in parts:
        if name == "SSL_CERT_DIR" and not Path(each).is_dir():
            raise Refused(CaFileUnusable(name, each, "it is no directory"))
        _load(context, name, each)


def check_plain(path: str) -> None:
    """Refuse what is no plain file: OpenSSL would wait for whoever writes into a named pipe, and everybody with it.

    Raises:
        OSError: also where there is nothing at all.
    """
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise OSError(errno.EINVAL, "it is no plain file", path)


def _load(context: ssl.SSLContext, name: str, path: str) -> None:
    name = "`ca_file` (DEVGW_CA_FILE)" if name == CA_FILE else name
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            check_plain(path)
            context.load_verify_locations(cafile=path)
    except OSError as error:  # an SSLError is one
        failure = "it holds no certificates in PEM" if isinstance(error, ssl.SSLError) else str(error.strerror or error)
        raise Refused(CaFileUnusable(name, path, failure)) from error
