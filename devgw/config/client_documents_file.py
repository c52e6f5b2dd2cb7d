"""`[client_documents]` of `devgw.toml`: copies of client metadata documents for where the net does not reach."""

from collections.abc import Callable
from pathlib import Path

from devgw.config.finding import Findings, Place
from devgw.config.source import Source, content_of
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.toml import TomlRefused, read_toml

TABLE = "client_documents"


def read_client_documents(
    source: Source, root: Path, findings: Findings, place_of: Callable[[Source, str], Place]
) -> dict[str, Path]:
    """Return the file of each copy by the URL of the document; what does not fit is a finding and left out."""
    try:
        table = read_toml(source.text).get(TABLE, {})
    except TomlRefused:
        return {}  # said already, by whoever reads the rest of the file
    if not isinstance(table, dict):
        message = "`client_documents` must hold one file per URL."
        findings.error("setting-value", place_of(source, TABLE), message, 'Write "https://…" = "file.json" below it.')
        return {}
    found = {}
    for url, file in table.items():
        why_not = _why_not(url, root / file if isinstance(file, str) else None)
        if why_not:
            place, message = place_of(source, f"{TABLE}.{url}"), f"The copy of {url} {why_not}."
            findings.error("setting-value", place, message, "Name a JSON file whose client_id is that URL.")
        else:
            found[url] = root / file
    return found


def _why_not(url: str, path: Path | None) -> str:
    """Return why a copy is not taken; empty where it is."""
    if path is None:
        return "is no file name"
    try:
        document = read_object(content_of(path))
    except OSError as error:
        return f"cannot be read from {path.name}: {error.strerror}"
    except JsonRefused as error:
        return f"in {path.name} is no document: {error}"
    named = document.get("client_id")
    return "" if named == url else f"in {path.name} is that of {str(named)[:200]}"
