"""Files of certificate authorities that are believed beside the system's: is each there, and does it hold some?"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from devgw.config.finding import Findings, Place
from devgw.settings import Settings

CA_FILE = "DEVGW_CA_FILE"
VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", CA_FILE)
"""Of the environment, each of which adds to the system's authorities; the last is also `ca_file` in devgw.toml."""
_FOLDERS = "SSL_CERT_DIR"
_PEM = b"-----BEGIN "
_CODE = "ca-file"
_FIX = "Name a readable PEM file of certificates, or take it out."
_FIX_FOLDERS = "Name folders of certificates, or take it out."


def find_unusable(
    settings: Settings, places: Mapping[str, Place], environ: Mapping[str, str], findings: Findings
) -> None:
    """Find each named file that no TLS connection could be made with: an error in our own setting, else a warning."""
    if settings.ca_file is not None and (why := _why_not(settings.ca_file)):
        findings.error(_CODE, places["ca_file"], f"`ca_file` names {settings.ca_file}, but {why}.", _FIX)
    for name, path in _named(environ):
        is_folder = name == _FOLDERS
        if why := _why_no_folder(path) if is_folder else _why_not(path):
            message = f"{name} names {path}, but {why}: no server can be asked over TLS."
            findings.warning(_CODE, Place(name), message, _FIX_FOLDERS if is_folder else _FIX)


def _named(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for name in VARIABLES[:-1]:
        given = environ.get(name, "")
        parts = given.split(os.pathsep) if name == _FOLDERS else [given]
        yield from ((name, Path(each)) for each in filter(None, parts))


def _why_no_folder(path: Path) -> str:
    return "" if path.is_dir() else "it is no directory"


def _why_not(path: Path) -> str:
    """Return what is wrong with a file; a folder is OpenSSL's own business."""
    if path.is_dir():
        return ""
    if not path.is_file():
        return "there is no such file"
    try:
        with path.open("rb") as file:
            return "" if _PEM in file.read(1_048_576) else "it holds no certificates in PEM"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
