"""`devgw connect CLIENT [ROUTE]`: what adds this gateway's servers to an MCP client; printed, done, or taken back."""

import errno
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from devgw.cli.client_files import FileUnusable, add, place_of, remove
from devgw.cli.joining import directory_argument, fail, find_gateway
from devgw.cli.printing import write_line, write_page
from devgw.cli.tables import write_table
from devgw.files import FileRefused, todo_of
from devgw.foreign.client_setup import CLIENT_SETUPS, ClientSetup

AGENT = "devgw"
"""As which devgw itself is known to a client."""
_Change = Callable[[ClientSetup, Path, dict[str, str]], list[str]]


@click.command("connect")
@click.argument("client", required=False, default="")
@click.argument("route", required=False, default="")
@directory_argument
@click.option("--write", "writes", is_flag=True, help="Do it: run the client's command, or write its file.")
@click.option("--undo", "undoes", is_flag=True, help="Take it out again.")
@click.option("--agent", "asks", is_flag=True, help="Not the servers, but devgw itself: the client may ask it why.")
def command(client: str, route: str, directory: Path, *, writes: bool, undoes: bool, asks: bool) -> None:
    """Print what adds the servers of this project to an MCP client, or do it; without CLIENT, list the clients.

    ROUTE is the path, the URL or the operation id of one route; without it, all of them are meant.
    """
    if not client and (writes or undoes):
        fail("--write and --undo want a client.", "`devgw connect` lists them: devgw connect CLIENT --write.")
    if not client:
        rows = [(each.id, each.name, _how(each)) for each in CLIENT_SETUPS]
        write_table(("CLIENT", "NAME", "HOW"), rows, "")
        return
    if writes and undoes:
        fail("--write and --undo are opposites.", "Give one of them.")
    if asks and route:
        fail("--agent adds devgw itself, and no route.", "Leave ROUTE out.")
    wanted = _client(client).locally() if asks else _client(client)
    servers = _devgw(directory.resolve()) if asks else _servers(directory.resolve(), route)
    if not (writes or undoes):
        _print(wanted, servers, directory)
    elif wanted.file:
        _change(wanted, servers, directory, add if writes else remove)
    else:
        _run(wanted, servers, undoes=undoes)


def _how(client: ClientSetup) -> str:
    if client.file:
        return client.file if client.tried else f"{client.file} (as its documentation says)"
    return " ".join(client.add[:3]).replace(" --transport", "")


def _client(wanted: str) -> ClientSetup:
    from devgw.config.finding import nearest_name  # noqa: PLC0415  `--help` must be quick

    names = {known: each for each in CLIENT_SETUPS for known in (each.id, each.name.casefold())}
    begun = {each.id: each for known, each in names.items() if known.startswith(wanted.casefold())}
    found = names.get(wanted.casefold()) or (next(iter(begun.values())) if len(begun) == 1 else None)
    if found is None:
        nearest = nearest_name(wanted, names)
        known = ", ".join(each.id for each in CLIENT_SETUPS)
        fail(
            f"devgw knows no client {wanted}.", f"Did you mean {names[nearest].id}?" if nearest else f"Known: {known}."
        )
    return found


def _servers(directory: Path, route: str) -> dict[str, str]:
    """Return the URLs of the project's MCP routes by the names that clients give them."""
    from devgw.config.settings_file import read_settings  # noqa: PLC0415  `--help` must be quick
    from devgw.control.state_place import folder_to_join  # noqa: PLC0415
    from devgw.foreign.shell import server_names  # noqa: PLC0415
    from devgw.oauth.urls import Urls  # noqa: PLC0415
    from devgw.wiring.reading import read_project  # noqa: PLC0415

    settings, _ = read_settings(directory, os.environ)
    running = find_gateway(folder_to_join(settings, os.environ))
    if running is not None:
        settings = replace(settings, origin=running.origin)
    else:
        write_line("No gateway runs here now; these are its URLs once `devgw up` runs.", err=True)
    project = read_project(settings, os.environ).project
    if project is None:
        fail("The project has errors.", "`devgw check` shows them.")
    urls = Urls(settings.canonical_origin, project.base_path)
    names = server_names(each.operation_id for each in project.routes)
    found: dict[str, str] = {
        name: urls.resource(each)
        for name, each in zip(names, project.routes, strict=True)
        if not route or route in {each.path, each.operation_id, urls.resource(each)}
    }
    if not found:
        known = ", ".join(each.path for each in project.routes)
        fail(f"There is no MCP route {route}.", f"There are: {known}." if known else "The project has none.")
    return found


def _devgw(directory: Path) -> dict[str, str]:
    """Return the command line by which a client starts `devgw mcp`, under the name that it gets there."""
    from devgw.platforms.own_program import own_command  # noqa: PLC0415  `--help` must be quick

    return {AGENT: shlex.join(own_command("mcp", "-C", str(directory)))}


def _print(client: ClientSetup, servers: dict[str, str], directory: Path) -> None:
    if client.file:
        place = place_of(client, directory)
        write_line(f"In {place}:")
        write_page(json.dumps(client.snippet(servers), indent=2))
        asks = " --agent" if AGENT in servers else ""
        write_line(f"devgw connect {client.id}{asks} --write puts that there, --undo takes it out.")
        if not client.tried:
            write_line(f"This is what the documentation of {client.name} says; devgw was not tried with it.")
    for name, url in () if client.file else servers.items():
        write_line(client.adding(name, url))
    for name in servers:
        if not client.file and client.remove:
            write_line(f"  to take it out: {client.removing(name)}")
    _say_next(client, servers)


def _say_next(client: ClientSetup, servers: dict[str, str]) -> None:
    to_do = "then" if AGENT in servers else "to sign in"
    for said in dict.fromkeys(client.signing_in(name) for name in servers):
        write_line(f"  {to_do}: {said}")


def _change(client: ClientSetup, servers: dict[str, str], directory: Path, change: _Change) -> None:
    """Add servers to the client's file or take them out, and say which."""
    place = place_of(client, directory)
    if not directory.is_dir():
        fail(f"There is no folder {directory}.", "-C names the project's.")
    try:
        changed = change(client, directory, servers)
    except FileUnusable as unusable:
        fail(str(unusable), f"Put this in by hand: {json.dumps(client.snippet(servers))}")
    except OSError as error:
        by_hand = f"Then run this again, or put this in by hand: {json.dumps(client.snippet(servers))}"
        fail(f"{error.filename or place}: {error.strerror}.", f"{_todo(error)}. {by_hand}")
    done, otherwise = ("is added to", "was there before, in") if change is add else ("is taken out of", "is not in")
    for name in servers:
        write_line(f"{name} {done if name in changed else otherwise} {place}.")
    if change is add:
        _say_next(client, servers)


def _todo(error: OSError) -> str:
    """Return what mends it where a file cannot be read or written: a sentence without its end."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "Make room there"
    is_closed = not isinstance(error, FileRefused) and error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}
    return "Let devgw read and write there" if is_closed else todo_of(error)


def _run(client: ClientSetup, servers: dict[str, str], *, undoes: bool) -> None:
    """Run the client's own command for each server, in this terminal; end with 1 where it refused one of them."""
    words = client.remove if undoes else client.add
    if not words:
        write_line(f"{client.name} keeps no servers: there is nothing to take out.")
        return
    if shutil.which(words[0]) is None:
        fail(f"{words[0]} is not on the PATH.", f"Install {client.name}, or run what it needs where it is.")
    refused = {name: why for name, url in servers.items() if (why := _why_refused(client.words(words, name, url)))}
    for name, why in refused.items():
        write_line(f"{client.name} refused {name}: {why}.", colour="red", err=True)
    taken = {name: url for name, url in servers.items() if name not in refused}
    if not undoes:
        _say_next(client, taken)
    if refused:
        what = "taken out" if undoes else "added"
        done = f"{what.capitalize()}: {', '.join(taken)}. " if taken else ""
        fail(f"{done}Not {what}: {', '.join(refused)}.", "What the client itself said of it stands above.")


def _why_refused(typed: list[str]) -> str:
    """Run a command of the client's; return why it did not do it, empty where it did."""
    try:
        done = subprocess.run(typed, check=False)  # noqa: S603  a list of words: no shell reads the URL
    except OSError as error:
        return f"{typed[0]} cannot be run ({error.strerror})"
    return f"its command ended with {done.returncode}" if done.returncode else ""
