"""What is to be changed about certificates, HTTP/2 and a command's proxy, as it is printed: done, and it works."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from hypercorn.config import Config

from devgw.clock import SystemClock
from tests.diagnosis.fixes.trial import KeepingClient, Trial, trying
from tests.diagnosis.test_doctor_transport import http2, talking
from tests.outbound.upstream import Upstream
from tests.support.certificates import chain_for
from tests.support.mending import mends, written
from tests.support.serving import listen, serve
from tests.watched.proxied import Proxied, proxied, tls_sample

A_WHILE = timedelta(minutes=2, seconds=1)
"""After which nothing is said any more of who was turned away."""


@asynccontextmanager
async def served(origin: str, certificate: Path | None = None) -> AsyncIterator[None]:
    """Serve a stub of somebody's server at this origin, by TLS where there is a file with key and certificates."""
    config = Config()
    config.include_date_header = False
    config.alpn_protocols = ["http/1.1"]
    config.certfile = config.keyfile = str(certificate) if certificate else None
    async with serve(Upstream(origin, issuer=origin), on=listen(port=urlsplit(origin).port or 0), config=config):
        yield


@pytest.fixture
def origin() -> str:
    with listen() as found:
        return f"https://127.0.0.1:{found.getsockname()[1]}"


@mends("NET-11")
async def test_the_server_sends_the_intermediate_certificates_too(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, root, file = chain_for("localhost"), tmp_path / "root.pem", tmp_path / "server.pem"
    root.write_bytes(chain.root)
    monkeypatch.setenv("SSL_CERT_FILE", str(root))
    file.write_bytes(chain.key + chain.leaf)
    async with trying(f"{origin}/mcp", tmp_path) as trial:
        async with served(origin, file):
            await trial.fails()
            fix = await trial.said("NET-11")
        assert written(fix, r"Let the server send the (intermediate) certificates with its own \(fullchain\.pem\)")
        file.write_bytes(chain.key + chain.leaf + chain.intermediate)
        async with served(origin, file):
            await trial.works()


@mends("NET-11")
async def test_the_authority_of_a_company_is_set_and_devgw_started_again(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    chain, company, file = chain_for("localhost"), tmp_path / "company.pem", tmp_path / "server.pem"
    company.write_bytes(chain.root)
    file.write_bytes(chain.key + chain.leaf + chain.intermediate)
    async with served(origin, file):
        async with trying(f"{origin}/mcp", tmp_path) as trial:
            await trial.fails()
            variable = written(await trial.said("NET-11"), r"set (\w+) to the PEM file of that authority, and start")
        monkeypatch.setenv(variable, str(company))
        async with trying(f"{origin}/mcp", tmp_path) as trial:
            await trial.works()


@mends("NET-12")
async def test_the_server_speaks_what_is_named_too(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(talking(http2))
        async with trying(url, tmp_path) as trial:
            await trial.fails()
            assert written(await trial.said("NET-12"), r"speak (HTTP/1\.1) too: devgw speaks that alone")
            await stack.aclose()
            async with served(url.removesuffix("/mcp")):
                await trial.works()


def command(watched: Proxied, proxy: str, authorities: str, url: str) -> Trial:
    """Return a client that takes this proxy, and believes the authorities in this file."""
    trust = ssl.create_default_context(cafile=authorities)
    http = httpx2.AsyncClient(proxy=proxy, verify=trust, timeout=10, headers={"user-agent": "raw/1"}, trust_env=False)
    return Trial(watched, KeepingClient(http, url))


@mends("HOST-10")
async def test_a_command_takes_its_proxy_from_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        given, url = watched.environment(os.environ), server.metadata.resource
        trial = command(watched, f"http://127.0.0.1:{watched.port}", given["SSL_CERT_FILE"], url)
        await trial.fails()
        assert written(await trial.said("HOST-10"), r"take its proxy from the (environment) it was started with")
        await after_a_while(command(watched, given["HTTPS_PROXY"], given["SSL_CERT_FILE"], url))


async def after_a_while(trial: Trial) -> None:
    """Go the whole way once what was said of a connection is over."""
    clock = trial.watched.runtime.clock
    assert isinstance(clock, SystemClock)
    clock.travel(A_WHILE)
    await trial.works()
    await trial.client.http.aclose()


@mends("NET-10")
async def test_a_command_trusts_the_authority_that_its_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = str(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", own)
    async with tls_sample(tmp_path) as server, proxied(server.metadata.resource, tmp_path / "state") as watched:
        given, url = watched.environment(os.environ), server.metadata.resource
        trial = command(watched, given["HTTPS_PROXY"], own, url)
        asks = ("curl", "--silent", "--proxy", given["HTTPS_PROXY"], "--cacert", own, url)
        assert await (await asyncio.create_subprocess_exec(*asks, env={})).wait()
        variable = written(await trial.said("NET-10"), r"trust the authority in (\w+), which its environment names")
        await after_a_while(command(watched, given["HTTPS_PROXY"], given[variable], url))
        async with trying(url, tmp_path / "by-url") as by_url:  # the other way that is printed
            await by_url.works()
