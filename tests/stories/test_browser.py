"""A person with a real Chromium and nothing but a keyboard: sign-in, consent, the redirect to a real listener.

Only a browser applies the CSP (`form-action` reaches as far as the client's own redirect URI), draws the pages on a
narrow screen, and asks for icons.
"""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devgw.events.taxonomy import McpAuthDownstreamTokenIssued
from devgw.limits import Limits
from tests.support.gateway import Running
from tests.support.node import FOLDER, node_command

SCRIPT = Path(__file__).parent.parent / "clients" / "browser.mjs"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LIMIT = 60


@dataclass
class Chromium:
    """A browser with a window, and a gateway to point it at."""

    gateway: Running
    command: list[str]

    async def goes_through(self, story: str) -> dict[str, Any]:
        """Return what the browser, the person before it, and the client behind it have seen."""
        node, script, executable = self.command
        process = await asyncio.create_subprocess_exec(
            *(node, script, story, self.gateway.origin, executable),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complaint = await asyncio.wait_for(process.communicate(), LIMIT)
        assert process.returncode == 0, complaint.decode()
        seen: dict[str, Any] = json.loads(said)
        assert seen["complaints"] == []
        assert {page["name"]: page["overflow"] for page in seen["pages"] if page["overflow"] > 0} == {}
        assert all(page["title"] and page["lang"] == "en" for page in seen["pages"] if page["name"] != "answered")
        return seen


@pytest.fixture
def chromium(gateway: Running, tmp_path: Path) -> Chromium:
    """Return the browser, or skip by the name of what is missing."""
    executable = next((found for name in CHROMIUMS if (found := shutil.which(name))), None)
    if executable is None:
        pytest.skip("needs chromium on the PATH")
    node = node_command("playwright-core", "package.json")[0]
    script = tmp_path / "browser.mjs"
    script.write_text(SCRIPT.read_text("utf-8"), "utf-8")
    (tmp_path / "node_modules").symlink_to(FOLDER.resolve())
    return Chromium(gateway, [node, str(script), executable])


def text_of(seen: dict[str, Any], name: str) -> str:
    """Return the words of a page, white space squeezed."""
    return " ".join(next(page["text"] for page in seen["pages"] if page["name"] == name).split())


@pytest.mark.parametrize("story", ["allow", "scriptless-allow"])
async def test_a_person_allows_by_keyboard_and_the_client_gets_its_token(chromium: Chromium, story: str) -> None:
    seen = await chromium.goes_through(story)
    consent = text_of(seen, "consent")
    assert "Allow Claude Code to use Sample tools?" in consent
    assert "Signed in as Ada Admin (ada@acme.example)." in consent
    assert [answer["state"] for answer in seen["answers"]] == ["st-1"]
    assert seen["answers"][0]["iss"] == chromium.gateway.origin
    assert seen["token_status"] == 200
    assert len(chromium.gateway.events(McpAuthDownstreamTokenIssued)) == 1


async def test_a_person_denies_and_the_client_is_told(chromium: Chromium) -> None:
    """OAuth 2.1 §4.1.2.1: the refusal goes to the redirect URI, with the client's state."""
    seen = await chromium.goes_through("deny")
    (answer,) = seen["answers"]
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st-1", chromium.gateway.origin)
    assert "code" not in answer


async def test_another_account_can_be_chosen_on_the_consent_page(chromium: Chromium) -> None:
    seen = await chromium.goes_through("switch")
    assert "Signed in as Ada Admin" in text_of(seen, "consent")
    assert "Choose who you are" in text_of(seen, "sign-in-again")
    assert "Signed in as Bob Builder" in text_of(seen, "consent-again")
    assert seen["token_status"] == 200


async def test_both_layers_are_connected_before_allow_is_possible(chromium: Chromium) -> None:
    seen = await chromium.goes_through("connect")
    assert "Allow becomes available once" in text_of(seen, "consent")
    assert "use your sample notes?" in text_of(seen, "upstream")
    assert "✓ connected" in text_of(seen, "consent-connected")
    assert seen["token_status"] == 200


async def test_a_connect_link_is_of_use_to_its_person_alone(chromium: Chromium) -> None:
    """Who is signed in already is led on without another sign-in: the key in the storage shows whose browser it is."""
    seen = await chromium.goes_through("connect_link")
    assert "signed in as bob@example.com; the link is for ada@acme.example" in " ".join(seen["stranger"].split())
    assert "use your sample notes?" in text_of(seen, "upstream")
    assert "✓ connected" in text_of(seen, "consent-connected")
    assert "it was used at" in seen["spent"]


async def test_whoever_denies_at_the_upstream_reads_what_that_means(chromium: Chromium) -> None:
    seen = await chromium.goes_through("denied_upstream")
    assert "Sample notes" in text_of(seen, "not-connected")
    assert "✓ connected" not in text_of(seen, "not-connected")
    assert seen["answers"] == []


async def test_a_redirect_uri_that_is_not_registered_is_explained_and_nothing_is_sent_there(chromium: Chromium) -> None:
    """OAuth 2.1 §4.1.2.1: MUST NOT redirect to it."""
    seen = await chromium.goes_through("error")
    page = text_of(seen, "error")
    assert "is not registered for this client" in page
    assert "What to change" in page
    assert "devgw explain RURI-02" in page
    assert seen["answers"] == []


@pytest.mark.parametrize("story", ["error", "scriptless-error"])
async def test_what_an_error_page_says_can_be_copied_as_a_whole(chromium: Chromium, story: str) -> None:
    """By a button where there is script, and by a click on the text where there is none."""
    seen = await chromium.goes_through(story)
    names = [line.split()[0] for line in seen["selected"].strip().splitlines()]

    assert names == ["what", "got", "expected", "change", "error", "more", "source", "trace"]
    assert "devgw explain RURI-02" in seen["selected"]
    assert seen["offers_to_copy"] is (story == "error")
    assert seen.get("copied", seen["selected"]).strip() == seen["selected"].strip()


async def test_the_first_page_that_anybody_opens_says_where_to_connect(chromium: Chromium) -> None:
    seen = await chromium.goes_through("front")
    assert f"claude mcp add --transport http sample {chromium.gateway.mcp_url}" in text_of(seen, "front")
    assert f"{chromium.gateway.origin}/oauth/callback" in text_of(seen, "front")


async def test_a_server_on_another_port_gets_the_cookie_and_nothing_by_it(chromium: Chromium) -> None:
    """Cookies know no ports (RFC 6265 §8.5); pages, addresses and storage do."""
    seen = await chromium.goes_through("other_port")
    assert seen["stolen"], "the browser did send it there"
    for tried in seen["tried"]:
        assert "code=" not in tried["location"]
        assert "page_token" not in tried["location"]
        assert "csrf_token" not in tried["text"]
    assert seen["read"] == "nothing"
    assert seen["codes_for_neighbour"] == 0
    assert (seen["silent"], seen["token_status"]) == (1, 200)


async def test_cookies_thrown_from_another_port_stop_nobody(chromium: Chromium) -> None:
    seen = await chromium.goes_through("thrown_cookies")
    assert "Signed in as Ada Admin" in text_of(seen, "consent")
    assert "Signed in as Ada Admin" in text_of(seen, "consent-again")
    assert seen["token_status"] == 200


LONG = "W" * Limits.CLIENT_NAME_CHARACTERS
CYRILLIC = "Cl\u0430ude Code"
HOSTILE_CLIENTS = {
    "a name without end": ({"CLIENT_NAME": LONG}, "localhost", "a program on this machine"),
    "a name of many words": ({"CLIENT_NAME": "Trust me " * 22}, "localhost", "a program on this machine"),
    "one more site": (
        {"MORE_URIS": json.dumps([f"https://{n}.example/" for n in range(40)])},
        "localhost",
        "a program on this machine",
    ),
    "a long address": (
        {"REDIRECT_URI": "https://" + "claude.ai." * 20 + "evil.example/" + "x" * 1500, "CLIENT_NAME": LONG},
        "evil.example",
        "the web site of that name",
    ),
    "letters of another alphabet in the host": (
        {"REDIRECT_URI": "https://cl\u0430ude.ai/callback"},
        "xn--clude-5ve.ai",
        "the web site of that name",
    ),
    "an app's scheme": (
        {"REDIRECT_URI": "cursor://anysphere.cursor-mcp/oauth/callback", "CLIENT_NAME": LONG},
        "cursor://anysphere.cursor-mcp",
        "an app on this machine",
    ),
    "another name of this machine": (
        {"REDIRECT_URI": "https://0.0.0.0/callback"},
        "0.0.0.0",
        "a program on this machine",
    ),
    "letters as wide as a line": (
        {"CLIENT_NAME": "\ufdfd" * 60, "LETTER_WIDTH": "8em"},  # where a font has this letter
        "localhost",
        "a program on this machine",
    ),
    "letters that look like others": ({"CLIENT_NAME": CYRILLIC}, "localhost", "mixes letters of Cyrillic and Latin"),
}


@pytest.mark.parametrize("kind", HOSTILE_CLIENTS)
async def test_whatever_a_client_is_called_the_first_screen_says_where_the_answer_goes(
    chromium: Chromium, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MCP authorization, Localhost Redirect URI Risks: clearly display the redirect URI hostname."""
    client, host, words = HOSTILE_CLIENTS[kind]
    for name, value in client.items():
        monkeypatch.setenv(name, value)
    seen = await chromium.goes_through("first_screen")
    for screen in seen["screens"]:
        above = " ".join(each["text"] for each in screen["shown"] if each["bottom"] <= 600)
        assert host in above, (screen["width"], above)
        assert words in above, (screen["width"], above)
        assert ("stays on this machine" in above) == (host != "evil.example" and not host.startswith("xn--"))
        assert screen["overflow"] <= 0, screen["width"]
