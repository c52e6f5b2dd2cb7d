"""`devgw init`: the sample project as one's own, wired for VS Code; nothing that exists is touched."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from devgw.cli.printing import own_line, write_line, write_page
from devgw.cli.servers import check_unused, new_session, say, server_options
from devgw.cli.target import ServerArgument, ServerUrl
from devgw.cli.workos_account import FLAGS as ACCOUNT_FLAGS
from devgw.cli.workos_account import WorkosAccount, account_of, account_options, try_account
from devgw.config.dotenv_file import FILE as DOTENV_FILE
from devgw.config.sample import sample_root
from devgw.config.schemas import SCHEMAS
from devgw.config.settings_file import FILE as SETTINGS_FILE
from devgw.config.source import content_of
from devgw.files import write_new

_SCHEMA_FILES = {"policies": "config/policies.json", "routes": "config/*.oas.json"}
_IGNORED = (".env", ".devgw/")
_OF_A_PROJECT = ("config", "modules", "emulators", DOTENV_FILE, SETTINGS_FILE)


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=".")
@click.option("--from", "servers", type=ServerArgument(), multiple=True, help="An MCP server to write the project for.")
@account_options
@server_options
def command(directory: Path, servers: tuple[ServerUrl, ...], **flags: Any) -> None:
    """Copy the sample project into DIRECTORY, and tell VS Code its schemas. What exists is left alone.

    With --from URL: write the project that `devgw up URL` would run instead of the sample. With an account at WorkOS
    (those two options, WORKOS_CLIENT_ID and WORKOS_CLIENT_SECRET in the shell, or answers to two questions): keep it
    in .env, and try at once whether WorkOS takes it.
    """
    is_new = not any(os.path.lexists(directory / each) for each in _OF_A_PROJECT)
    account = _account(servers, flags, is_new=is_new)
    kept = []
    files = _of_servers(servers, flags) if servers else _sample()
    try:
        for name, content in (*_with_account(files, account), *_editor_files()):
            if _write(directory / name, content):
                write_line(f"  wrote   {name}")
            else:
                kept.append(name)
                write_line(f"  exists  {name}, left as it is")
    except OSError as error:
        if error.filename is None:  # not of a file: the terminal or pipe that is told
            raise
        where = f"{error.filename or directory}: {error.strerror}"
        raise click.ClickException(f"{where}. Name a folder that you may write to: devgw init DIR.") from error
    for advice in _advice(directory, kept):
        write_page(f"\n{advice}")
    up = own_line("up") if directory == Path() else own_line("up", directory)
    if account is not None:
        write_line("")
        _try(directory, account, kept, is_new=is_new)
    by = "As long as WORKOS_CLIENT_ID is set nowhere, it signs in at its own emulator."
    if servers and flags["policy"] != "workos":
        by = "dev-login is for this machine alone: deploy it with a policy of your identity provider (--policy workos)."
    write_page(f"\nNext: {up}." + (f" {by}" if account is None else ""))


def _account(servers: tuple[ServerUrl, ...], flags: dict[str, Any], *, is_new: bool) -> WorkosAccount | None:
    """Return the account with which people sign in, out of `flags`, where the project signs in at WorkOS."""
    of_account = {name: flags.pop(name) for name in ACCOUNT_FLAGS}
    if not servers:
        check_unused(flags)
    elif flags["policy"] != "workos":
        if any(of_account.values()):
            raise click.UsageError("--workos-client-id and --workos-key-env go with --policy workos, or without a URL.")
        return None
    return account_of(of_account, os.environ, is_new=is_new)


def _with_account(files: list[tuple[str, str]], account: WorkosAccount | None) -> list[tuple[str, str]]:
    if account is None:
        return files
    before = dict(files)
    return list((before | {DOTENV_FILE: before.get(DOTENV_FILE, "") + account.lines()}).items())


def _try(directory: Path, account: WorkosAccount, kept: list[str], *, is_new: bool) -> None:
    """Try the account with the project that was just written; of somebody's project nobody knows where it sends it."""
    if DOTENV_FILE in kept:
        write_line(f"{DOTENV_FILE} was here before, and the account is not in it: write it there.", colour="yellow")
    elif not is_new:
        write_line("A project was here before: `devgw doctor` says what that one wants, and then tries the account.")
    else:
        try_account(directory, account)


def _sample() -> list[tuple[str, str]]:
    """Return the files of the sample project, by their names below the directory."""
    root = sample_root()
    found = sorted(each for each in root.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
    return [(each.relative_to(root).as_posix(), each.read_text(encoding="utf-8")) for each in found]


def _of_servers(servers: tuple[ServerUrl, ...], flags: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the files of a project in front of these servers; exit where there is none to be written."""
    session = new_session(servers, flags, {})
    session.leave()
    for doubt in session.drafted.doubts:
        say(doubt, colour="yellow")
    return list(session.drafted.draft.files().items())


def _editor_files() -> Iterator[tuple[str, str]]:
    """Yield what the folder needs beside the project."""
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
        write_new(path, content.encode(), 0o600 if path.name == DOTENV_FILE else 0o666)
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
