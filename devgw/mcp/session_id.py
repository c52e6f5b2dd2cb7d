"""The id of a session, as a server gives it: does every client send it back?

Source: MCP 2025-11-25, transports, Session Management.
"""


def why_unsendable(session_id: str) -> str:
    """Return why a session id is none that every client sends back, as a sentence; empty where it is one.

    It has visible ASCII characters alone, 0x21 to 0x7E. It is a secret: nothing of it is shown.
    """
    odd = next((each for each in session_id if not "!" <= each <= "~"), "")
    if not odd:
        return ""
    named = "a blank" if odd == " " else "a control character" if odd.isascii() else "a character that is not ASCII"
    return f"Its Mcp-Session-Id has {named}, where only visible ASCII may stand: some clients cannot send it back."
