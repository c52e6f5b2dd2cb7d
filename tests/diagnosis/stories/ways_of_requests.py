"""Clean but unusual requests: probes, metadata under several names, spellings, methods of MCP."""

from tests.diagnosis.stories.agent import ROOT, Agent, whole
from tests.diagnosis.stories.conftest import Watched
from tests.support.browser import Browser
from tests.support.gateway import mcp_request


async def without_a_first_401(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.discover()
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def without_metadata(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_monitor_of_the_metadata(gateway: Watched) -> None:
    one = Agent(gateway, "metadata-monitor/1")
    for _ in range(4):
        await one.discover()
        await gateway.flows()
        gateway.wait(30)


async def a_monitor_that_asks_whether_we_live(gateway: Watched) -> None:
    one = Agent(gateway, "kube-probe/1.31")
    for path in ("/", "/health", "/healthz", "/ready", one.path):
        await one.http.get(gateway.origin + path)


async def the_get_that_every_sdk_tries(gateway: Watched) -> None:
    one = await whole(gateway)
    headers = {"authorization": f"Bearer {one.tokens['access_token']}", "accept": "text/event-stream"}
    assert (await one.http.get(gateway.mcp_url, headers=headers)).status_code == 405


async def a_session_that_is_ended_with_delete(gateway: Watched) -> None:
    one = await whole(gateway)
    headers = {"authorization": f"Bearer {one.tokens['access_token']}"}
    assert (await one.http.delete(gateway.mcp_url, headers=headers)).status_code == 405


async def a_look_for_the_newer_revision_after_a_good_call(gateway: Watched) -> None:
    one = await whole(gateway)
    assert "error" in (await one.call("server/discover")).text


async def a_page_that_asks_first(gateway: Watched) -> None:
    one = Agent(gateway, "Mozilla/5.0")
    origin = {"origin": "http://localhost:6274", "access-control-request-method": "POST"}
    await one.http.options(gateway.mcp_url, headers=origin)
    await one.http.post(gateway.mcp_url, json=mcp_request("initialize"), headers={"origin": origin["origin"]})
    await one.discover()
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def the_other_loopback_name(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    gateway.wait(1)
    await one.authorize(resource=gateway.mcp_url.replace("localhost", "127.0.0.1"))
    await one.redeem(resource=gateway.mcp_url.replace("localhost", "127.0.0.1"))
    await one.call()


async def the_root_metadata_behind_the_resources(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.http.get(f"{gateway.origin}/.well-known/oauth-protected-resource{one.path}")
    await one.http.get(f"{gateway.origin}{ROOT}")
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def both_dialects_of_metadata(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    await one.discover()
    await one.http.get(f"{gateway.origin}/.well-known/openid-configuration{one.path}")
    await one.http.get(f"{gateway.origin}{one.path}/.well-known/openid-configuration")
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_slash_at_the_end(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.authorize(resource=f"{gateway.mcp_url}/")
    await one.redeem(resource=f"{gateway.mcp_url}/")
    await one.call()


async def another_loopback_port(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    one.browser = Browser("http://localhost:5555/callback")
    await one.authorize(redirect_uri="http://localhost:5555/callback")
    await one.redeem(redirect_uri="http://localhost:5555/callback")
    await one.call()


async def an_unknown_token_is_revoked(gateway: Watched) -> None:
    one = await whole(gateway)
    form = {"token": "something", "client_id": one.client_id}
    assert (await one.http.post(f"{gateway.origin}/oauth/revoke", data=form)).status_code == 200


async def without_resource_at_the_token_endpoint(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.register()
    await one.authorize()
    await one.redeem(resource=None)
    await one.call()


async def a_monitor_that_signs_in_and_reads_metadata_for_ever(gateway: Watched) -> None:
    one = await whole(gateway)
    for _ in range(3):
        await one.discover()
        gateway.wait(200)
        await one.call()


async def a_probe_with_head(gateway: Watched) -> None:
    one = Agent(gateway, "uptime/1")
    for path in ("/", one.path, f"{ROOT}{one.path}", f"/.well-known/oauth-protected-resource{one.path}"):
        await one.http.head(gateway.origin + path)


async def a_probe_with_options(gateway: Watched) -> None:
    one = Agent(gateway, "uptime/1")
    await one.http.options(gateway.mcp_url)
    await one.http.options(f"{gateway.origin}/oauth/token")


async def metadata_under_every_url_that_an_sdk_tries(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.call(bare=True, status=401)
    for kind in ("oauth-protected-resource", "oauth-authorization-server", "openid-configuration"):
        for url in (f"/.well-known/{kind}{one.path}", f"/.well-known/{kind}", f"{one.path}/.well-known/{kind}"):
            await one.http.get(gateway.origin + url)
    await one.register()
    await one.authorize()
    await one.redeem()
    await one.call()


async def a_get_before_the_first_post(gateway: Watched) -> None:
    one = Agent(gateway)
    await one.http.get(gateway.mcp_url, headers={"accept": "text/event-stream"})
    await one.sign_in()
    await one.call()


async def headers_of_the_newer_revision_with_their_envelope(gateway: Watched) -> None:
    one = await whole(gateway)
    said = {"protocolVersion": "2026-07-28", "clientCapabilities": {}}
    meta = {"_meta": {f"io.modelcontextprotocol/{name}": value for name, value in said.items()}}
    spoken = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
    await one.send(mcp_request("tools/list", meta), headers=spoken)


async def every_revision_that_there_was(gateway: Watched) -> None:
    one = await whole(gateway)
    for revision in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
        await one.send(mcp_request("tools/list"), headers={"mcp-protocol-version": revision})
