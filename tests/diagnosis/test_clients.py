"""The client book: who is it, what is it known for, how does it forget."""

import pytest

from devgw.diagnosis.catalogue import failures
from devgw.diagnosis.clients import ClientEntry, Traits, entries, forget_advice, forget_lines, recognise
from devgw.diagnosis.clients.recognise import UNKNOWN_FORGETS, how_to_register, quirks_for
from devgw.problems.client_document import ClientDocumentInvalid, ClientDocumentsDisabled, ClientDocumentUnreachable


@pytest.mark.parametrize(
    ("traits", "key"),
    [
        (Traits(client_id="https://claude.ai/oauth/claude-code-client-metadata"), "claude-code"),
        (Traits(client_name="Claude Code (devgw)", user_agent="node"), "claude-code"),
        (Traits(client_name="Claude"), "claude-ai"),
        (Traits(redirect_uris=("http://localhost:1/cb", "cursor://anysphere.cursor-mcp/oauth/callback")), "cursor"),
        (Traits(redirect_uris=("https://vscode.dev/redirect?u=1",)), "vscode"),
        (Traits(redirect_uris=("https://claude.ai/api/mcp/auth_callback",)), "claude-ai"),
        (Traits(redirect_uris=("https://chatgpt.com/connector_platform_oauth_redirect",)), "chatgpt"),
        (Traits(redirect_uris=("cursor://anysphere.cursor-retrieval/oauth/user-x/callback",)), "cursor"),
        (Traits(client_name="claudeai", redirect_uris=("https://claude.ai/api/mcp/auth_callback",)), "claude-ai"),
        (Traits(client_info="openai-mcp (ChatGPT)"), "chatgpt"),
        (Traits(client_info="mcp-remote-fallback-test"), "mcp-remote"),
        (Traits(client_name="Codex 0.171.0-alpha.2"), "codex"),
        (Traits(client_name="MCP CLI Proxy", user_agent="node"), "mcp-remote"),
        (Traits(client_name="MCP Inspector", user_agent="Mozilla/5.0"), "inspector"),
        (Traits(client_name="FastMCP Client", user_agent="python-httpx/0.28"), "fastmcp"),
        (Traits(client_info="mcp", user_agent="python-httpx2/2.1"), "python-sdk"),
        (Traits(client_info="gemini-cli-mcp-client", user_agent="node"), "gemini"),
        (
            Traits(client_name="Gemini CLI MCP Client", redirect_uris=("http://localhost:7777/oauth/callback",)),
            "gemini",
        ),
        (Traits(client_name="Qwen Code MCP Client", redirect_uris=("http://localhost:7777/oauth/callback",)), "qwen"),
        (Traits(client_name="GitHub Copilot CLI"), "copilot-cli"),
        (Traits(user_agent="copilot/1.0.102 (linux v24.20.0) term/unknown"), "copilot-cli"),
        (Traits(client_info="claude-code", user_agent="Bun/1.4.6"), "claude-code"),
        (Traits(user_agent="codex-mcp-client/0.171.0"), "codex"),
        (Traits(client_name="mcporter (sample)", user_agent="node"), "mcporter"),
        (Traits(client_name="Claude Desktop (2.19675.1)"), "claude-ai"),
        (Traits(client_name="Amp MCP Client (sample)"), "amp"),
        (Traits(user_agent="codex_cli_rs/0.150"), "codex"),
        (Traits(user_agent="curl/8.5"), "curl"),
        (Traits(user_agent="Wget/1.21.4"), "wget"),
        (Traits(user_agent="HTTPie/3.2.2"), "httpie"),
        (Traits(user_agent="GeminiCLI/0.61.0/gemini-2.5-flash (linux; x64)"), "gemini"),
        (Traits(user_agent="GeminiCLI-vscode/0.61.0"), "gemini"),
        (Traits(user_agent="Visual Studio Code/1.139.1"), "vscode"),
        (Traits(client_name="Visual Studio Code - Insiders"), "vscode"),
        (Traits(client_info="cursor-vscode"), "cursor"),
        (Traits(client_info="claude-code/2.1.332 (cli)"), "claude-code"),
        (Traits(client_info="qwen-cli-mcp-client-sample"), "qwen"),
        (Traits(client_info="mcp-inspector-tui"), "inspector"),
        (Traits(client_info="claude-ai (via mcp-remote 0.15.1)"), "mcp-remote"),
        (Traits(client_id="https://chatgpt.com/oauth/codex/2uFH-LY2Q5Uq/client.json"), "codex"),
        (Traits(client_id="https://claude.ai/oauth/mcp-oauth-client-metadata"), "claude-ai"),
        (Traits(client_id="https://chatgpt.com/oauth/client.json"), "chatgpt"),
        (Traits(client_id="https://goose-docs.ai/oauth/client-metadata.json"), "goose"),
    ],
)
def test_a_client_is_recognised_by_its_surest_mark(traits: Traits, key: str) -> None:
    entry = recognise(traits)

    assert entry is not None
    assert entry.key == key


@pytest.mark.parametrize(
    "traits",
    [
        Traits(user_agent="my-own/1", client_name="My own"),
        Traits(redirect_uris=("vscode://saoudrizwan.claude-dev/mcp-auth/callback",)),
        Traits(redirect_uris=("https://notclaude.ai/api/mcp/auth_callback",)),
        Traits(redirect_uris=("https://example.com/?u=vscode.dev/redirect",)),
        Traits(redirect_uris=("https://vscode.dev.example/redirect",)),
        Traits(redirect_uris=("https://vscode.dev/redirects",)),
        Traits(redirect_uris=("https://platform.openai.com.example/x",)),
        Traits(redirect_uris=("https://xchatgpt.com/connector",)),
        Traits(redirect_uris=("notclaude://x",)),
        Traits(redirect_uris=("http://127.0.0.1:33418/",), user_agent="node"),
        Traits(redirect_uris=("http://localhost:6274/oauth/callback",)),
        Traits(client_info="cline", redirect_uris=("https://vscode.dev/redirect",)),
        Traits(client_id="https://evil.example/client.json", redirect_uris=("https://vscode.dev/redirect",)),
        Traits(client_id="https://evil.example/client.json", user_agent="claude-code/2.1"),
        Traits(client_name="Cline", user_agent="Visual Studio Code/1.139.1"),
        Traits(client_info="my-own", user_agent="claude-code/9"),
        Traits(client_name="cursor2api"),
        Traits(client_name="claude2openai"),
        Traits(client_name="amp3d"),
        Traits(client_name="Codex 5-bridge"),
        Traits(client_name="Qwen2.5-chat"),
        Traits(client_name="Cline", redirect_uris=("https://vscode.dev/redirect",)),
        Traits(redirect_uris=("cursor://anysphere.cursor-mcp.other/cb",)),
        Traits(redirect_uris=("http://example.com:6274/oauth/callback",)),
        Traits(user_agent="node"),
        Traits(user_agent="Bun/1.4.6"),
        Traits(user_agent="undici"),
        Traits(user_agent="python-httpx/0.28"),
        Traits(client_name="Claudette"),
        Traits(client_name="Claude's understudy"),
        Traits(client_name="mcp-thing"),
        Traits(client_name="Codexter", user_agent="node"),
        Traits(client_name="Codex Companion"),
        Traits(client_name="Claude Code Router"),
        Traits(client_name="Cursor Talk to Figma"),
        Traits(client_name="Copilot Studio"),
        Traits(client_name="Zed-like editor"),
        Traits(client_name="VS Code Live Share"),
        Traits(client_name="Goose Chase"),
        Traits(client_info="gemini-cli-wrapper"),
        Traits(client_info="opencode-web"),
        Traits(client_info="mcp-remote-go"),
        Traits(client_info="nobody (via something-else 1.0)"),
        Traits(user_agent="GeminiClient/1.0"),
        Traits(user_agent="qwenchat/2"),
        Traits(user_agent="mcporter2/1.0"),
        Traits(user_agent="claude-code-proxy/1"),
        Traits(user_agent="curling/1.0"),
        Traits(client_id="https://chatgpt.com/oauth/codex/a/b/client.json"),
        Traits(client_id="https://chatgpt.com/oauth/codex//client.json"),
        Traits(redirect_uris=("http://localhost:33418/callback",)),
        Traits(redirect_uris=("http://localhost:7777/oauth/callback",)),
        Traits(redirect_uris=("http://127.0.0.1:19876/mcp/oauth/callback",)),
    ],
)
def test_an_unknown_client_stays_unknown_and_is_told_nobodys_commands(traits: Traits) -> None:
    assert recognise(traits) is None
    assert forget_advice(traits) == UNKNOWN_FORGETS


@pytest.mark.parametrize("entry", entries(), ids=lambda each: each.key)
def test_the_name_that_the_book_gives_is_known_to_it(entry: ClientEntry) -> None:
    """A client that is recognised by its user agent alone is shown by it."""
    assert recognise(Traits(client_name=entry.name)) is entry


def test_the_clients_of_the_issue_each_have_a_way_to_forget() -> None:
    lines = "\n".join(forget_lines())
    for name in ("Claude Code", "Cursor", "VS Code", "mcp-remote", "MCP Inspector"):
        assert name in lines
    assert forget_advice(Traits(client_name="Codex")) == "Codex: codex mcp logout NAME."
    assert forget_advice(Traits(client_name="mcp-remote")) == "mcp-remote: rm -rf ~/.mcp-auth."
    assert "sign out of the server (not tried here)" in forget_advice(Traits(client_name="Zed"))


def test_every_quirk_explains_failures_that_exist() -> None:
    explained = {failure_id for entry in entries() for quirk in entry.quirks for failure_id in quirk.explains}
    assert explained - failures().keys() == set()
    assert quirks_for(Traits(client_name="mcp-remote"), "PORT-01")
    assert not quirks_for(Traits(client_name="mcp-remote"), "DISC-01")


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        (Traits(client_name="mcporter"), "mcporter"),
        (Traits(client_info="mcp"), "Python MCP SDK"),
        (Traits(client_name="Kilo", redirect_uris=("http://127.0.0.1:19876/mcp/oauth/callback",)), "Kilo"),
        (Traits(client_name="Qwen Code", redirect_uris=("http://localhost:7777/oauth/callback",)), "Qwen Code"),
        (Traits(client_id="https://chatgpt.com/oauth/codex/client.json", user_agent="Mozilla/5.0"), "Codex"),
    ],
)
def test_a_client_that_resembles_another_is_not_taken_for_it(traits: Traits, name: str) -> None:
    entry = recognise(traits)

    assert entry is not None
    assert entry.name == name


@pytest.mark.parametrize("entry", [each for each in entries() if each.to_register], ids=lambda each: each.key)
def test_the_advice_about_a_document_names_the_clients_own_command_and_leads_in_no_circle(entry: ClientEntry) -> None:
    for url in (each.replace("*", "2uFH-LY2Q5Uq") for each in entry.client_ids):
        command = how_to_register(url)
        unreachable = ClientDocumentUnreachable(url, "it answered 500", to_register=command).advise()
        invalid = ClientDocumentInvalid(url, "is no JSON", "text/html", "JSON", to_register=command).advise()
        disabled = ClientDocumentsDisabled(url, command).advise()
        assert command
        assert all(command in advice for advice in (unreachable, invalid, disabled))
        assert "cimdEnabled" not in disabled, "what the other advice sets must not be taken back"
        assert "to true" not in unreachable


def test_the_advice_about_a_strangers_document_leads_in_no_circle_either() -> None:
    url = "https://nobody.example/client.json"
    assert how_to_register(url) == ""
    assert "forget this server" in ClientDocumentUnreachable(url, "it answered 500").advise()
    disabled = ClientDocumentsDisabled(url).advise()
    assert "forget this server" in disabled
    assert "cimdEnabled" not in disabled
