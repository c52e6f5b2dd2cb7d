"""`python -m tests.up [MINUTES]`: third-party servers x clients through `devgw up URL`, as one table.

Each cell is a login at the third party where it has one, a connection, and one `tools/call`: `passes`, or what the
client said. `not installed` stands where a package is missing and fails nothing; any other cell makes it exit 1.
"""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_up_servers import in_front_of
from tests.stories.test_mcp1_client import python_with_mcp1
from tests.support.browser import Browser
from tests.support.node import sdk_command
from tests.up.servers import SERVERS, Third
from tests.watched.bench import CALLBACK
from tests.watched.clients import PROGRAMS, of_program

ABSENT, PASSES = "not installed", "passes"
CLIENTS: dict[str, Callable[[Path], list[str]]] = {
    "Python 2": lambda _: [sys.executable, str(PROGRAMS / "verdict_mcp2.py")],
    "Python 1": lambda _: [python_with_mcp1(), str(PROGRAMS / "verdict_mcp1.py")],
    "TypeScript 2": lambda folder: sdk_command("client-2", "verdict.mjs", folder),
    "TypeScript 1": lambda folder: sdk_command("sdk-1", "verdict.mjs", folder),
}
PRESSES = ("Connect", "@", "Allow", "Sign-in", "Continue", "Sign in as")
"""What a person presses, the first that is there: devgw's pages, and those of who signs in at the third party."""


async def walk(url: str) -> str:
    """Sign in at devgw and at the third party as a person does; return where the client is answered."""
    async with Browser(CALLBACK) as browser:
        await browser.open(url)
        for _ in range(12):
            if browser.location is not None:
                return browser.location
            page = browser.page
            assert page is not None
            on_it = [text for form in page.forms for *_, text in form.buttons] + [text for _, text in page.links]
            label = next((each for each in PRESSES if any(each in text for text in on_it)), None)
            assert label, f"{page.status} {page.url} {page.text[:300]}"
            await browser.press(label, **({"login": "u", "password": "p"} if label == "Sign-in" else {}))
        raise AssertionError(f"no end of pages at {browser.visited[-1]}")


async def row_of(third: Third, folder: Path) -> list[str]:
    """Return what each client says of the server behind a gateway."""
    async with in_front_of(third.url, *third.told, here=folder) as session:
        url = next(word for word in session.said.split() if word.startswith(f"{session.origin}/mcp/"))
        found = []
        for command in CLIENTS.values():
            try:
                found.append(await of_program([*command(folder), url, CALLBACK, json.dumps(third.call)], sign_in=walk))
            except pytest.skip.Exception:
                found.append(ABSENT)
        await session.end()
    return found


async def main(minutes: float) -> int:
    """Print the table, the whole text of what failed below it; return 1 where anything did."""
    said: list[str] = []
    print(f"{'':26}" + "".join(f"{each:15}" for each in CLIENTS), flush=True)
    async with asyncio.timeout(minutes * 60):
        for name, server in SERVERS.items():
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
                try:
                    async with server(Path(made)) as third:
                        cells = await row_of(third, Path(made))
                except pytest.skip.Exception:
                    cells = [ABSENT] * len(CLIENTS)
                except AssertionError as error:
                    cells = [f"no gateway: {error}"] * len(CLIENTS)
            bad = [f"{name} x {client}: {each}" for client, each in zip(CLIENTS, cells, strict=True)
                   if each not in {ABSENT, PASSES}]  # fmt: skip
            said += bad
            words = (each if each in {ABSENT, PASSES} else "FAILS" for each in cells)
            print(f"{name:26}" + "".join(f"{each:15}" for each in words), flush=True)
    for each in said:
        print(each)
    return int(bool(said))


if __name__ == "__main__":
    for each in ("fastmcp", "asyncio"):
        logging.getLogger(each).setLevel(logging.ERROR)
    sys.exit(asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10)))
