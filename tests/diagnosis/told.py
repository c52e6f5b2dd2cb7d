"""Events as the gateway publishes them, for the flows of `made.py`."""

from typing import Any

from devgw.events.taxonomy import (
    McpAuthAuthorizationBegun,
    McpAuthClientRegistered,
    McpAuthDownstreamTokenIssued,
    McpAuthLoginBegun,
    McpAuthLoginFinished,
)
from devgw.ids import ClientId, TokenId, TransactionId
from tests.diagnosis.made import MCP, NOON, ORIGIN, Story

CLIENT = ClientId("dcr:1")
TRANSACTION = TransactionId("t-1")
CALLBACK = "http://127.0.0.1:3334/oauth/callback"
AUTHORIZE = f"/oauth/authorize?client_id=dcr%3A1&redirect_uri={CALLBACK}&code_challenge={'c' * 43}&state=s"
CHALLENGE = {"www-authenticate": 'Bearer resource_metadata="x"'}


def begun(scope: str = "mcp:tools") -> McpAuthAuthorizationBegun:
    return McpAuthAuthorizationBegun(
        client_id=CLIENT, transaction_id=TRANSACTION, redirect_uri=CALLBACK, resource=MCP, scope=scope, issuer=MCP
    )


def login(story: Story, took: float, email: str) -> None:
    links: dict[str, Any] = {"client_id": CLIENT, "transaction_id": TRANSACTION}
    story.tell(McpAuthLoginBegun(**links, provider_url="https://idp.example", callback_uri=f"{ORIGIN}/oauth/callback"))
    story.wait(took).tell(McpAuthLoginFinished(**links, email=email))


def issued(number: int = 1) -> McpAuthDownstreamTokenIssued:
    return McpAuthDownstreamTokenIssued(
        client_id=CLIENT,
        transaction_id=TRANSACTION,
        access_token_id=TokenId(f"at:{number}"),
        access_expires_at=NOON.replace(hour=23),
        resource=MCP,
        scope="mcp:tools",
    )


def connect_asked(story: Story) -> None:
    error = {"code": -32042, "message": "connect", "data": {"authUrl": f"{ORIGIN}/auth/connections/notes/connect"}}
    story.ask("POST", "/mcp/x", 200, {"error": error}, outcome="connect_required", token_id=TokenId("at:1"))


def registered(client_id: str, by: str, name: str = "editor") -> McpAuthClientRegistered:
    return McpAuthClientRegistered(
        client_id=ClientId(client_id),
        transaction_id=TRANSACTION,
        client_name=name,
        registered_by=by,
        redirect_uris=(CALLBACK,),
        token_endpoint_auth_method="none",
    )
