"""What a dashboard costs the gateway: calls per second with one attached, against the same gateway without.

`python -m tests.bench.attached`: a whole `devgw up --headless`, rounds in turn, the ratio of the medians. Load,
upstream, gateway and dashboard share the machine; with two cores the dashboard's own processor time is part of what is
seen.
"""

import asyncio
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from statistics import median

import httpx2

from devgw.entropy import token
from devgw.oauth.pkce import challenge_of
from tests.bench.__main__ import _free_port, _running
from tests.bench.load import requests_per_second
from tests.support.browser import Browser
from tests.support.gateway import CALLBACK, Code, write_project
from tests.support.terminal import Terminal, devgw

ROUNDS, SECONDS, CONNECTIONS = 5, 2.0, 16


def _project(root: Path, upstream: int) -> None:
    login = {
        "oidc": {"issuer": "http://localhost:9000", "jwksUrl": "http://localhost:9000/jwks"},
        "browserLogin": {"url": "http://localhost:9000/oauth/dev-login"},
    }
    module = "$import(@zuplo/runtime/mcp-gateway)"
    handler = {"export": "McpOAuthInboundPolicy", "module": module, "options": login}
    policy = {"name": "dev", "policyType": "mcp-oauth-inbound", "handler": handler}
    proxy = {
        "export": "McpProxyHandler",
        "module": module,
        "options": {"rewritePattern": f"http://127.0.0.1:{upstream}/mcp"},
    }
    operation = {"operationId": "bench", "x-zuplo-route": {"handler": proxy, "policies": {"inbound": ["dev"]}}}
    write_project(root, [policy], {"/mcp/bench": {"post": operation}})


async def _access_token(origin: str) -> str:
    """Go the whole way once and return an access token."""
    async with httpx2.AsyncClient() as http, Browser(CALLBACK) as browser:
        for _ in range(200):
            try:
                await http.get(f"{origin}/.well-known/oauth-authorization-server")
                break
            except httpx2.ConnectError:
                await asyncio.sleep(0.05)
        document = {"client_name": "bench", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        client = (await http.post(f"{origin}/oauth/register", json=document)).json()
        verifier = token("")
        asked = {"response_type": "code", "client_id": client["client_id"], "redirect_uri": CALLBACK}
        asked |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        await browser.open(str(httpx2.URL(f"{origin}/oauth/authorize/mcp/bench", params=asked)))
        await browser.press("Sign in as")
        await browser.press("Allow")
        assert browser.location is not None
        code = Code(client["client_id"], verifier, dict(httpx2.URL(browser.location).params))
        return str((await http.post(f"{origin}/oauth/token", data=code.form())).json()["access_token"])


def _with_dashboard(root: Path, url: str, bearer: str) -> float:
    screen = Terminal(devgw("attach", str(root)), 120, 36)
    reading = threading.Event()

    def read() -> None:
        while not reading.is_set():
            screen.pump(0.02)

    try:
        screen.shows("live")
        reader = threading.Thread(target=read)
        reader.start()
        return requests_per_second(url, bearer, CONNECTIONS, SECONDS)
    finally:
        reading.set()
        reader.join()
        screen.end()


def main() -> None:
    """Print both rates and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        root, upstream, port = Path(folder), _free_port(), _free_port()
        _project(root, upstream)
        with _running("upstream", upstream):
            command = [sys.executable, "-m", "devgw", "up", str(root), "--headless", f"--port={port}"]
            gateway = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                origin = f"http://localhost:{port}"
                bearer = asyncio.run(_access_token(origin))
                url = f"http://127.0.0.1:{port}/mcp/bench"
                alone, attached = [], []
                for _ in range(ROUNDS):
                    alone.append(requests_per_second(url, bearer, CONNECTIONS, SECONDS))
                    attached.append(_with_dashboard(root, url, bearer))
            finally:
                gateway.terminate()
                gateway.wait(10)
    rate, beside = median(alone), median(attached)
    print(f"c={CONNECTIONS}: {rate:,.0f}/s alone, {beside:,.0f}/s with a dashboard: {beside / rate:.0%} (wanted: 90%)")


if __name__ == "__main__":
    main()
