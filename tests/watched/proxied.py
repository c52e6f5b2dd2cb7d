"""A watched command's proxy in this process, and before it the sample server with OAuth over TLS."""

import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from hypercorn.config import Config

from devgw.clock import SystemClock
from devgw.emulators.upstream_auth import UpstreamWithOAuth, create_app
from devgw.settings import Settings
from devgw.wiring.proxied_environment import environment_for
from devgw.wiring.proxied_runtime import ProxiedRuntime, build_proxied
from tests.support.certificates import key_and_certificate
from tests.support.heard import Heard
from tests.support.serving import listen, origin_of, serve
from tests.watched.bench import Watching, served


@dataclass
class Proxied(Watching):
    """A command's proxy."""

    runtime: ProxiedRuntime
    heard: Heard

    @property
    def proxy(self) -> str:
        """Return the URL of the proxy, with its credential."""
        return self.runtime.ports.url

    @property
    def port(self) -> int:
        return int(self.proxy.rpartition(":")[2])

    def trust(self) -> ssl.SSLContext:
        """Return how a client that was given the environment speaks TLS: it takes the proxy's authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.runtime.ports.authority.pem.decode())
        return context

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return what a watched command would be started with."""
        ports, folder = self.runtime.ports, self.runtime.settings.root / "given"
        folder.mkdir(exist_ok=True)
        for each in folder.iterdir():
            each.unlink()
        origins = self.runtime.watched.origins
        return dict(environment_for(own, ports.url, ports.authority.pem, folder, origins).variables)

    def http(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            proxy=self.proxy, verify=self.trust(), timeout=10, headers={"user-agent": "raw/1"}, trust_env=False
        )


@asynccontextmanager
async def proxied(
    url: str, folder: Path, *, is_local: bool = True, named: Iterable[str] = ()
) -> AsyncIterator[Proxied]:
    """Watch a command that asks the server at `url`, until the block ends."""
    settings = Settings(root=folder, port=9000)
    runtime = build_proxied(url, named, settings, SystemClock(), is_local=is_local)
    async with served(runtime):
        yield Proxied(runtime, Heard(runtime.bus))


@asynccontextmanager
async def tls_sample(folder: Path) -> AsyncIterator[UpstreamWithOAuth]:
    """Run the sample server with OAuth over TLS; its certificate is in `server.pem`, which nobody believes."""
    file = folder / "server.pem"
    file.write_bytes(key_and_certificate("localhost"))
    config = Config()
    config.certfile = config.keyfile = str(file)
    config.include_date_header = False
    config.alpn_protocols = ["http/1.1"]
    with listen() as socket:
        app = create_app(SystemClock(), origin_of(socket, "localhost").replace("http:", "https:"))
        async with serve(app, on=socket, config=config):
            yield app
