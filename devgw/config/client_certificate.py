"""`mtlsCertificate` of an MCP route: with which certificate the gateway shows itself to the upstream."""

from pathlib import Path

from devgw.config.finding import Findings
from devgw.config.node import Node
from devgw.config.shapes import written
from devgw.departure import Departure
from devgw.platforms.paths import is_below

CLIENT_CERTIFICATES = Departure(
    name="client-certificates",
    here="`mtlsCertificate` is the path of a PEM file in the project, with certificate and key.",
    deployed="It is the name of a certificate that was uploaded to the account.",
    why="Uploaded certificates cannot be read from here.",
    source="https://zuplo.com/docs/articles/securing-backend-mtls",
    cannot="No setting fetches an uploaded certificate: give the file the name that the uploaded one has.",
)


def check_certificate(given: Node, root: Path, findings: Findings) -> None:
    """Find a client certificate in the options of a route that is not in the project at `root`, or is none.

    One that lies elsewhere, also by a link, is an error: it would be the person's own, shown to a stranger's upstream.
    """
    node = given.get("mtlsCertificate")
    if node is None or not node.text or "$env(" in node.text:
        return
    file = root / node.text
    if not is_below(file, root):
        message = f"{written(node.text)} is outside of the project: whoever wrote the project may not take keys there."
        fix = "Put a copy of the certificate with its key, in PEM, into the project's folder, and name it from there."
        findings.error("mtls-certificate", node.place, message, fix)
    elif not file.is_file():
        message = f"There is no file {written(node.text)} in the project: every call on this route will fail here."
        fix = (
            "Put certificate and key there, in PEM: here the name is relative to the project's folder, in the deployed "
            "gateway it is that of an uploaded certificate."
        )
        findings.warning("mtls-certificate", node.place, message, fix)
    elif not _is_client_certificate(file):
        message = f"{written(node.text)} holds no certificate with its key: every call on this route will fail here."
        fix = "Put both there, in PEM, the key without a passphrase."
        findings.warning("mtls-certificate", node.place, message, fix)


def _is_client_certificate(file: Path) -> bool:
    """Tell whether a file holds a certificate and the key that belongs to it, in PEM and without a passphrase."""
    import ssl  # noqa: PLC0415  few projects have one

    def refuse() -> str:
        raise OSError  # OpenSSL would ask for a passphrase at the terminal

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file, password=refuse)
    except OSError:  # an SSLError is one
        return False
    return True
