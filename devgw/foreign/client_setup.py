"""How a server is added to each MCP client, and taken out again: by the client's own command, or in its file.

What a program does with its command was seen; of a file whose client cannot be run without a screen, its documentation
was read, and `tried` says which is which.
"""

import shlex
from dataclasses import dataclass, field, replace
from typing import Any

from devgw.foreign.shell import server_name


@dataclass(frozen=True, slots=True)
class ClientSetup:
    """One client. In its texts `{name}` is the server's name and `{url}` its URL."""

    id: str
    """What one types for it."""
    name: str
    add: tuple[str, ...] = ()
    """The words of the command that adds a server; empty where a file is written."""
    remove: tuple[str, ...] = ()
    """The words of the command that takes it out; empty where it keeps nothing, or a file is written."""
    file: str = ""
    """Where it keeps its servers: below the home folder where it begins with `~/`, else below the project."""
    member: str = ""
    """The member of the file that holds them by name."""
    entry: dict[str, Any] = field(default_factory=dict)
    """What it keeps of a server."""
    add_local: tuple[str, ...] = ()
    """The same as `add` for a server that the client starts itself; `{command}` stands for all words of its command."""
    entry_local: dict[str, Any] = field(default_factory=dict)
    """The same as `entry`; `{program}` is the first word of its command, and `["{arguments}"]` all others."""
    then: str = ""
    """What signs in."""
    tried: bool = True
    then_local: str = "it asks for nothing: say “why did my login fail?” to it"
    """What comes after that of a server that the client starts itself."""

    def locally(self) -> "ClientSetup":
        """Return how it is given a server that it starts itself: in the place of a URL stands a command line."""
        return replace(self, add=self.add_local, entry=self.entry_local, then=self.then_local)

    def adding(self, name: str, url: str) -> str:
        """Return the command that adds the server, to be pasted into a shell."""
        return shlex.join(self.words(self.add, name, url))

    def removing(self, name: str) -> str:
        """Return the command that takes the server out, to be pasted into a shell."""
        return shlex.join(self.words(self.remove, name))

    def signing_in(self, name: str) -> str:
        """Return what signs in."""
        return self.then.replace("{name}", server_name(name))

    def kept(self, url: str) -> dict[str, Any]:
        """Return what its file says of the server."""
        return {member: _filled(value, url) for member, value in self.entry.items()}

    def snippet(self, servers: dict[str, str]) -> dict[str, Any]:
        """Return a whole file with these servers, URLs by name."""
        return {self.member: {name: self.kept(url) for name, url in servers.items()}}

    @staticmethod
    def words(command: tuple[str, ...], name: str, url: str = "") -> list[str]:
        """Return the words of a command for one server: whatever is in a URL, it is one word."""
        said = [shlex.split(url) if word == "{command}" else [word.replace("{url}", url)] for word in command]
        return [word.replace("{name}", server_name(name)) for words in said for word in words]


def _filled(value: Any, url: str) -> Any:
    """Return what stands for a URL or a command line in a client's file."""
    if isinstance(value, list):
        first = [each for each in value if each != "{arguments}"]
        return [*(_filled(each, url) for each in first), *shlex.split(url)[1:]]
    return shlex.split(url)[0] if value == "{program}" else value.replace("{url}", url)


_PROGRAM = {"command": "{program}", "args": ["{arguments}"]}
CLAUDE_CODE = ClientSetup(
    "claude-code",
    "Claude Code",
    add=("claude", "mcp", "add", "--transport", "http", "{name}", "{url}"),
    remove=("claude", "mcp", "remove", "{name}"),
    then="claude mcp login {name}",
    add_local=("claude", "mcp", "add", "{name}", "--", "{command}"),
)
CLIENT_SETUPS = (
    CLAUDE_CODE,
    ClientSetup(
        "codex",
        "Codex",
        add=("codex", "mcp", "add", "{name}", "--url", "{url}"),
        remove=("codex", "mcp", "remove", "{name}"),
        then="it signs in as soon as it is added; later: codex mcp login {name}",
        add_local=("codex", "mcp", "add", "{name}", "--", "{command}"),
    ),
    ClientSetup(
        "gemini",
        "Gemini CLI",
        add=("gemini", "mcp", "add", "--scope", "user", "--transport", "http", "{name}", "{url}"),
        remove=("gemini", "mcp", "remove", "--scope", "user", "{name}"),
        then="in gemini: /mcp auth {name}",
        add_local=("gemini", "mcp", "add", "--scope", "user", "{name}", "{command}"),
    ),
    ClientSetup(
        "copilot",
        "Copilot CLI",
        add=("copilot", "mcp", "add", "--transport", "http", "{name}", "{url}"),
        remove=("copilot", "mcp", "remove", "{name}"),
        then="it signs in when it starts",
        add_local=("copilot", "mcp", "add", "{name}", "--", "{command}"),
    ),
    ClientSetup(
        "opencode",
        "opencode",
        file="opencode.json",
        member="mcp",
        entry={"type": "remote", "url": "{url}"},
        then="opencode mcp auth {name}",
        entry_local={"type": "local", "command": ["{program}", "{arguments}"]},
    ),
    ClientSetup(
        "cursor",
        "Cursor",
        file=".cursor/mcp.json",
        member="mcpServers",
        entry={"url": "{url}"},
        then="in Cursor, Settings, MCP: switch {name} on and sign in there",
        entry_local=_PROGRAM,
        tried=False,
    ),
    ClientSetup(
        "vscode",
        "VS Code",
        file=".vscode/mcp.json",
        member="servers",
        entry={"type": "http", "url": "{url}"},
        then="in VS Code, open .vscode/mcp.json and press Start above {name}",
        entry_local={"type": "stdio", **_PROGRAM},
        tried=False,
    ),
    ClientSetup(
        "windsurf",
        "Windsurf",
        file="~/.codeium/windsurf/mcp_config.json",
        member="mcpServers",
        entry={"serverUrl": "{url}"},
        then="in Windsurf, refresh the list of MCP servers",
        entry_local=_PROGRAM,
        tried=False,
    ),
    ClientSetup(
        "inspector",
        "MCP Inspector",
        add=("npx", "@modelcontextprotocol/inspector", "--transport", "http", "--server-url", "{url}"),
        then="it signs in when one presses Connect; it keeps nothing",
        add_local=("npx", "@modelcontextprotocol/inspector", "{command}"),
        then_local="press Connect, and call why",
    ),
)
"""In the order in which they are listed."""
