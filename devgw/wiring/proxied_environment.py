"""The environment of a watched command: its proxy, and whom it may believe, in the words of Node, Python, Rust and Go.

What the person set already is kept: their own certificates stand in the same files, and what they exempt from proxies
stays exempt, but for the servers that are watched.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devgw.files import write_new
from devgw.foreign.addresses import is_this_machine
from devgw.foreign.urls import ForeignUrl, read_url
from devgw.outbound.proxies import fits
from devgw.outbound.trust import system_authorities

_WHOLE = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "CODEX_CA_CERTIFICATE")
"""Each stands in place of the system's authorities: OpenSSL, Python, Go and rustls; requests; curl; Codex."""
_MORE = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")
"""Each adds to what the program has already: Node and Bun; Deno."""
_CERTIFICATE = re.compile(
    rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----.*?-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class ProxiedEnvironment:
    """What a command is started with."""

    variables: Mapping[str, str]
    """All of them."""
    changed: tuple[str, ...]
    """The names of those that devgw set."""


def environment_for(
    environ: Mapping[str, str], proxy: str, authority: bytes, folder: Path, origins: Iterable[str]
) -> ProxiedEnvironment:
    """Return the environment of a command; the files of certificates that it names are written.

    Args:
        environ: the person's own.
        proxy: its URL, with the credential.
        authority: the certificate of the authority, in PEM.
        folder: of this run alone.
        origins: that are watched.
    """
    watched = [read_url(each) for each in origins]
    more = b"\n".join([*_read(environ, _MORE), authority])
    whole = b"\n".join(
        [*(list(_read(environ, _WHOLE[:1])) or [system_authorities()]), *_read(environ, _WHOLE[1:]), more]
    )
    changed = dict.fromkeys(_MORE, _written(folder / "authority.pem", more))
    changed |= dict.fromkeys(_WHOLE, _written(folder / "authorities.pem", whole))
    schemes = sorted({"https", *(each.scheme for each in watched)})
    changed |= {name: proxy for each in schemes for name in (f"{each}_proxy".upper(), f"{each}_proxy")}
    exempt = _exempt(environ.get("no_proxy") or environ.get("NO_PROXY", ""), watched)
    changed |= {"NO_PROXY": exempt, "no_proxy": exempt, "NODE_USE_ENV_PROXY": "1"}
    return ProxiedEnvironment({**environ, **changed}, tuple(changed))


def _read(environ: Mapping[str, str], names: Iterable[str]) -> Iterator[bytes]:
    """Yield the certificates in each file that the person names, without the key that may stand beside them.

    A file that cannot be read says nothing: most programs only warn of it.
    """
    for path in dict.fromkeys(environ[name] for name in names if environ.get(name)):
        with contextlib.suppress(OSError):
            if Path(path).is_file():  # not a pipe, on which reading would wait
                yield b"\n".join(_CERTIFICATE.findall(Path(path).read_bytes()))


def _written(path: Path, content: bytes) -> str:
    write_new(path, content)
    return str(path)


def _exempt(own: str, watched: list[ForeignUrl]) -> str:
    """Return what is asked without the proxy: as before, and this machine where nothing on it is watched."""
    kept = [each.strip() for each in own.split(",") if each.strip()]
    if not any(is_this_machine(each.host) for each in watched):
        kept += [each for each in _LOOPBACK if each not in kept]
    return ",".join(each for each in kept if not any(fits(url.host, url.port, each.lower()) for url in watched))
