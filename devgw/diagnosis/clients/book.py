"""One entry per client family: its marks, its quirks, its way to forget."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirk:
    """Something a client does that surprises, and the failures it can explain."""

    words: str
    explains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """What is known of one client family."""

    key: str
    name: str
    user_agents: tuple[str, ...] = ()
    """Beginnings of its User-Agent, in lower case."""
    names: tuple[str, ...] = ()
    """Beginnings of `client_name` or `clientInfo.name`, in lower case."""
    redirects: tuple[str, ...] = ()
    """Stretches that only its redirect URIs have."""
    client_ids: tuple[str, ...] = ()
    """Its metadata documents."""
    registers: str = ""
    """What makes it register where it remembers its metadata document; begins with a verb or command."""
    forget: str = ""
    """The exact command or click that makes it forget what it stored for a server."""
    quirks: tuple[Quirk, ...] = ()


RANDOM_PORT = Quirk("It listens on a new random port at each start.", ("RURI-01", "PORT-03", "REG-10"))
NO_DOCUMENT_FALLBACK = Quirk(
    "Where the metadata offers client metadata documents, it uses its own and never falls back to registration.",
    ("REG-08", "REG-09", "REG-13"),
)
STRICT_ISSUER = Quirk("It compares issuers byte for byte.", ("DISC-01", "DISC-07", "DISC-08"))
ROOT_ENDPOINTS = Quirk(
    "After a restart it has its tokens but not the metadata, and refreshes at /token of the origin.", ("DISC-10",)
)
ONE_VERIFIER = Quirk("All windows share one stored PKCE verifier per server.", ("PKCE-02",))

BOOK: tuple[ClientEntry, ...] = (
    ClientEntry(
        "claude-code",
        "Claude Code",
        user_agents=("claude-code/", "claude-cli/"),
        names=("claude code", "claude-code"),
        client_ids=("https://claude.ai/oauth/claude-code-client-metadata",),
        registers="run `claude mcp logout NAME`, then `claude mcp login NAME`",
        forget="/mcp, choose the server, Clear authentication; or: claude mcp remove NAME, then add it again",
        quirks=(
            RANDOM_PORT,
            NO_DOCUMENT_FALLBACK,
            Quirk("It keeps its registration when the server forgets it.", ("REG-02", "REVK-03")),
            Quirk("Several windows refresh the same token at once.", ("REFR-01",)),
        ),
    ),
    ClientEntry(
        "claude-ai",
        "claude.ai and Claude Desktop",
        user_agents=("claude-user", "python-httpx/claude"),
        names=("claude", "claude ai", "claude-ai"),
        redirects=("claude.ai/api/mcp/auth_callback", "claude.com/api/mcp/auth_callback", "claude://"),
        forget="Settings, Connectors: remove the connector and add it again",
        quirks=(
            Quirk(
                "It connects from the vendor's network and cannot reach this machine without a tunnel.", ("HOST-07",)
            ),
        ),
    ),
    ClientEntry(
        "cursor",
        "Cursor",
        user_agents=("cursor/",),
        names=("cursor",),
        redirects=("cursor://anysphere.cursor-mcp", "anysphere.cursor"),
        forget="Command palette: Cursor: Clear All MCP Tokens; then switch the server off and on under Settings, MCP",
        quirks=(
            Quirk("It registers several redirect URIs, one with its own scheme.", ("RURI-06", "REG-05", "CONS-01")),
            Quirk("It says application_type web with native redirect URIs.", ("REG-07",)),
        ),
    ),
    ClientEntry(
        "vscode",
        "VS Code",
        user_agents=("visual studio code", "vscode/", "code/"),
        names=("visual studio code", "vs code", "vscode"),
        redirects=("127.0.0.1:33418", "localhost:33418", "vscode.dev/redirect", "insiders.vscode.dev", "vscode://"),
        forget="Command palette: Authentication: Remove Dynamic Authentication Providers; then restart the server",
        quirks=(
            Quirk("It registers 127.0.0.1:33418 with and without a slash, and a broker page.", ("RURI-03", "RURI-11")),
            Quirk("It may use another port than 33418 where that is taken.", ("RURI-01", "PORT-03")),
        ),
    ),
    ClientEntry(
        "mcp-remote",
        "mcp-remote",
        user_agents=("mcp-remote",),
        names=("mcp cli proxy", "mcp-remote"),
        redirects=(":3334/oauth/callback",),
        forget="rm -rf ~/.mcp-auth",
        quirks=(
            Quirk(
                "Its callback port is derived from the server's URL and collides with an older process.", ("PORT-01",)
            ),
            ONE_VERIFIER,
            Quirk("It falls back to SSE after any 4xx and hides the first error.", ("PROXY-05",)),
            Quirk("It gives up 30 s after opening the browser.", ("CONS-04",)),
        ),
    ),
    ClientEntry(
        "inspector",
        "MCP Inspector",
        user_agents=("mcp-inspector",),
        names=("mcp inspector", "mcp-inspector", "inspector-client"),
        redirects=(":6274/oauth/callback",),
        forget="Open Auth Settings, Clear OAuth State (or clear the session storage of the page)",
        quirks=(
            Quirk(
                "It asks from a page in the browser, so preflights and exposed headers count.",
                ("CORS-01", "CORS-03", "CORS-04"),
            ),
        ),
    ),
    ClientEntry(
        "fastmcp",
        "FastMCP client",
        user_agents=("fastmcp",),
        names=("fastmcp",),
        forget="rm -rf ~/.fastmcp/oauth-mcp-client-cache; nothing is kept unless a token storage was given",
        quirks=(
            RANDOM_PORT,
            ROOT_ENDPOINTS,
            Quirk("It fetches the authorize URL once without cookies before it opens the browser.", ("SESS-04",)),
        ),
    ),
    ClientEntry(
        "codex",
        "Codex",
        user_agents=("codex_cli_rs", "codex-cli", "codex/"),
        names=("codex",),
        client_ids=("https://chatgpt.com/oauth/codex/client.json",),
        registers="run `codex mcp login NAME --oauth-client-registration dcr`",
        forget="codex mcp logout NAME",
        quirks=(
            STRICT_ISSUER,
            Quirk("It refuses an authorization endpoint on another origin without iss.", ("DISC-06",)),
        ),
    ),
    ClientEntry(
        "gemini",
        "Gemini CLI",
        user_agents=("geminicli", "gemini-cli"),
        names=("gemini cli", "gemini-cli"),
        redirects=(":7777/oauth/callback",),
        forget="rm ~/.gemini/mcp-oauth-tokens.json, then /mcp auth NAME",
        quirks=(Quirk("Older versions send no resource.", ("AUD-04",)),),
    ),
    ClientEntry(
        "chatgpt",
        "ChatGPT",
        user_agents=("openai-mcp", "chatgpt"),
        names=("chatgpt",),
        redirects=("chatgpt.com/connector", "platform.openai.com"),
        forget="Settings, Connectors: remove the connector and add it again",
        quirks=(
            Quirk("It sends the origin as resource.", ("AUD-05",)),
            Quirk("It connects from the vendor's network.", ("HOST-07",)),
        ),
    ),
    ClientEntry(
        "opencode",
        "opencode",
        user_agents=("opencode",),
        names=("opencode",),
        redirects=("127.0.0.1:19876",),
        forget="opencode mcp logout NAME",
        quirks=(Quirk("All instances share one callback port.", ("PORT-04", "SESS-01", "REFR-01")),),
    ),
    ClientEntry("mcporter", "mcporter", user_agents=("mcporter",), names=("mcporter",)),
    ClientEntry("kilo", "Kilo", user_agents=("kilo",), names=("kilo", "kilo code", "kilocode")),
    ClientEntry("qwen", "Qwen Code", user_agents=("qwen",), names=("qwen", "qwen code")),
    ClientEntry("copilot-cli", "Copilot CLI", user_agents=("copilot",), names=("copilot", "github copilot")),
    ClientEntry(
        "zed",
        "Zed",
        user_agents=("zed/",),
        names=("zed",),
        forget="In the agent panel's settings: sign out of the server",
        quirks=(Quirk("It refuses metadata without code_challenge_methods_supported.", ("PKCE-01",)),),
    ),
    ClientEntry(
        "mcpjam",
        "MCPJam Inspector",
        names=("mcpjam",),
        forget="Disconnect the server in MCPJam and clear its stored tokens",
        quirks=(Quirk("It demands that resource and URL are identical.", ("AUD-01", "AUD-02")),),
    ),
    ClientEntry(
        "python-sdk",
        "Python MCP SDK",
        user_agents=("python-httpx", "python-httpx2", "mcp-python"),
        names=("mcp", "mcp-python"),
        forget="Delete what the program's TokenStorage keeps",
        quirks=(
            STRICT_ISSUER,
            NO_DOCUMENT_FALLBACK,
            ROOT_ENDPOINTS,
            Quirk("Version 1 asks for the challenged scope alone and loses the old one.", ("SCOPE-02",)),
        ),
    ),
    ClientEntry(
        "typescript-sdk",
        "TypeScript MCP SDK",
        user_agents=("node", "undici", "bun/", "deno/"),
        names=("mcp-client", "example-client"),
        forget="Let the program's OAuthClientProvider invalidate its credentials ('all')",
        quirks=(STRICT_ISSUER, NO_DOCUMENT_FALLBACK, Quirk("It registers anew on invalid_client alone.", ("REG-03",))),
    ),
    ClientEntry(
        "curl",
        "curl",
        user_agents=("curl/", "wget/", "httpie/"),
        quirks=(Quirk("It does no OAuth by itself.", ("BEAR-01",)),),
    ),
    ClientEntry("doctor", "devgw doctor", user_agents=("devgw-doctor",)),
    ClientEntry("browser", "a browser", user_agents=("mozilla/",)),
)
