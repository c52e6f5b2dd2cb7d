"""`devgw init`: the sample project as one's own, wired for VS Code; nothing that exists is touched."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from devgw.cli.printing import write_line, write_page
from devgw.config.sample import sample_root
from devgw.config.schemas import SCHEMAS
from devgw.config.source import content_of
from devgw.files import create

_SCHEMA_FILES = {"policies": "config/policies.json", "routes": "config/*.oas.json"}
_IGNORED = (".env", ".devgw/")


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
def command(directory: Path) -> None:
    """Copy the sample project into DIRECTORY, and tell VS Code its schemas. What exists is left alone."""
    kept = []
    try:
        for name, content in _files():
            if _write(directory / name, content):
                write_line(f"  wrote   {name}")
            else:
                kept.append(name)
                write_line(f"  exists  {name}, left as it is")
    except OSError as error:
        if error.filename is None:  # not of a file: the terminal or pipe that is told
            raise
        raise click.ClickException(f"{error.filename or directory}: {error.strerror}") from error
    for advice in _advice(directory, kept):
        write_page(f"\n{advice}")
    where = "" if directory == Path() else f" {directory}"
    write_page(f"\nNext: devgw up{where}. As long as WORKOS_CLIENT_ID is set nowhere, it signs in at its own emulator.")


def _files() -> Iterator[tuple[str, str]]:
    """Yield every file to write, by its name below the directory."""
    root = sample_root()
    for source in sorted(each for each in root.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
        yield source.relative_to(root).as_posix(), source.read_text(encoding="utf-8")
    yield ".gitignore", "".join(f"{each}\n" for each in _IGNORED)
    for name in _SCHEMA_FILES:
        yield _schema_file(name), json.dumps(SCHEMAS[name](), indent=2) + "\n"
    yield ".vscode/settings.json", json.dumps(_editor_settings(), indent=2) + "\n"


def _schema_file(name: str) -> str:
    return f".vscode/devgw-{name}.schema.json"


def _editor_settings() -> dict[str, object]:
    schemas = [{"fileMatch": [f"/{files}"], "url": f"./{_schema_file(name)}"} for name, files in _SCHEMA_FILES.items()]
    # Zuplo's own examples carry comments, and VS Code marks them as errors in plain JSON.
    return {"json.schemas": schemas, "files.associations": {f"**/{files}": "jsonc" for files in _SCHEMA_FILES.values()}}


def _write(path: Path, content: str) -> bool:
    """Write a file that does not exist yet; tell whether it was written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with create(path, mode=0o666) as file:
            file.write(content.encode())
    except FileExistsError:
        return False
    return True


def _advice(directory: Path, kept: list[str]) -> Iterator[str]:
    if ".vscode/settings.json" in kept:
        text = _text_of(directory / ".vscode/settings.json")
        if _schema_file("policies") not in text:
            yield "To check policies while you type, add to .vscode/settings.json:\n" + json.dumps(
                _editor_settings(), indent=2
            )
    if ".gitignore" in kept:
        lines = {line.strip().lstrip("/") for line in _text_of(directory / ".gitignore").splitlines()}
        absent = [each for each in _IGNORED if each not in lines and each.rstrip("/") not in lines]
        if absent:
            yield f"Add to .gitignore, so that no secret is committed: {', '.join(absent)}"


def _text_of(path: Path) -> str:
    """Return what a file of the person's own holds; nothing where it is none, such as a named pipe or a folder."""
    try:
        return content_of(path).decode("utf-8", "replace")
    except OSError:
        return ""
