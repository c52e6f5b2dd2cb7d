"""The certificate with which a route shows itself to its upstream, looked at when it is loaded."""

from pathlib import Path


def is_client_certificate(file: Path) -> bool:
    """Tell whether a file holds a certificate and the key that belongs to it, in PEM and without a passphrase."""
    import ssl  # noqa: PLC0415  few projects have one

    def refuse() -> str:
        raise OSError  # OpenSSL would ask for a passphrase at the terminal

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file, password=refuse)
    except OSError:  # an SSLError is one
        return False
    return True
