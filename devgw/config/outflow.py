"""Which variables of the person's shell a project uses, and to which origins each of them goes.

A project may come from somebody else: what it names in `$env(...)` is read from the environment in which devgw was
started, and what it names as upstream or provider is where that goes. What the project's own `.env` says is its own,
but for what that file takes from the shell, and for all of it where it is a link out of the project. The two names
that WorkOS has in every setup may go to WorkOS. What stands in a text that the gateway publishes goes to everybody who
asks for it, a page of any site among them, wherever the upstream is.

What stays on this machine goes nowhere, although a port of it may belong to any program: to one that was started here,
by this person (it could read the shell's environment without us) or, where several people share the machine, by
another. There, and where a port is forwarded to another machine, this does not ask. To ask would be to ask for every
server that is being developed with a key from the shell, which is what devgw is for, and nobody reads a question that
always comes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from devgw.config import policies
from devgw.config.dotenv_file import DotEnv
from devgw.config.elsewhere import origin_beyond, texts_in
from devgw.config.emulator import NAMES_OF_WORKOS
from devgw.config.environment import EnvironmentUse, Origin
from devgw.config.finding import Place
from devgw.config.load import Loaded
from devgw.config.node import Node
from devgw.config.project import OAuthPolicy, Project
from devgw.config.workos import BASE_URL
from devgw.settings import UpstreamSettings

_POLICY_PATH = ("", "policies")
PUBLISHED = "whoever reads the gateway's pages and metadata"
"""In place of an origin."""
_PUBLISHED_OF_ROUTES = frozenset({"summary", "operationId"})
_PUBLISHED_OF_POLICIES = frozenset({"displayName", "summary", "id"})
_NONE: Mapping[str, UpstreamSettings] = MappingProxyType({})
_SHORTEST = 4
"""Characters that a value must have to be looked for in an origin."""


@dataclass(frozen=True, slots=True, order=True)
class Outflow:
    """One variable of the shell, and one origin to which it goes, or `PUBLISHED`."""

    name: str
    origin: str
    file: str = ""
    """Where it stands if not in the shell: outside of the project, whose `.env` is a link there."""


def outflows(loaded: Loaded, upstreams: Mapping[str, UpstreamSettings] = _NONE) -> tuple[Outflow, ...]:
    """Return what leaves this machine, in order of the names; nothing where the project has errors.

    Args:
        loaded: the project.
        upstreams: what `devgw.toml` lays over their documents, by the id of the token exchange.
    """
    project, lookup = loaded.project, loaded.lookup
    if project is None or lookup is None:
        return ()
    taken = [(use, *each) for use in loaded.environment for each in _not_its_own(use, lookup.dotenv)]
    if not taken:
        return ()
    reader = _OutflowReader(project, loaded.documents(), upstreams)
    found = {
        Outflow(name, _without(origin, name, (lookup.dotenv.values if file else lookup.process).get(name, "")), file)
        for use, name, file in taken
        for origin in reader.origins_of(use.used_at)
        if not (name in NAMES_OF_WORKOS and origin == BASE_URL)
    }
    return tuple(sorted(found))


def _not_its_own(use: EnvironmentUse, dotenv: DotEnv) -> Iterator[tuple[str, str]]:
    """Yield the variables of which the value of a name consists, as far as they are the person's, and their file."""
    if use.origin is Origin.PROCESS:
        yield use.name, ""
    elif use.origin is Origin.DOTENV:
        yield from ((each, "") for each in dotenv.borrowed.get(use.name, ()))
        if dotenv.elsewhere:
            yield use.name, dotenv.elsewhere


def _without(origin: str, name: str, value: str) -> str:
    """Return `origin` without the value itself, which may be a part of it: in small letters, as hosts are."""
    if len(value) < _SHORTEST:
        return origin
    return re.sub(re.escape(value), lambda _: f"${{{name}}}", origin, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _OutflowReader:
    project: Project
    documents: Mapping[str, Node]
    upstreams: Mapping[str, UpstreamSettings]

    def origins_of(self, places: Iterable[Place]) -> set[str]:
        """Return the origins beyond this machine to which what is written at these places goes, and `PUBLISHED`."""
        urls = (url for place in places for url in self._urls(place))
        return {origin for url in urls if (origin := PUBLISHED if url == PUBLISHED else origin_beyond(url))}

    def _urls(self, place: Place) -> Iterator[str]:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in place.pointer.split("/")]
        if place.file == policies.FILE:
            yield from self._urls_of_policy(steps)
            return
        for route in self.project.routes:
            if route.file == place.file and (len(steps) < 3 or route.path == (steps[2].rstrip("/") or "/")):
                yield PUBLISHED if steps[4:] and steps[4] in _PUBLISHED_OF_ROUTES else route.upstream_url

    def _urls_of_policy(self, steps: list[str]) -> Iterator[str]:
        document = self.documents.get(policies.FILE)
        node = document.get("policies", int(steps[2])) if document and len(steps) > 2 and steps[2].isdigit() else None
        name = node.get("name") if node is not None else None
        if node is None or name is None or tuple(steps[:2]) != _POLICY_PATH:
            return
        if self.project.oauth is not None and self.project.oauth.name == name.text:
            yield from _urls_of_provider(self.project.oauth)
            return
        using = [route for route in self.project.routes if any(each.name == name.text for each in route.policies)]
        if using and steps[-2:-1] == ["options"] and steps[-1] in _PUBLISHED_OF_POLICIES:
            yield PUBLISHED
        yield from (route.upstream_url for route in using)
        if using:
            yield from (each.text for each in node.walk() if each.text)
        for exchange in {each.token_exchange.id for each in using if each.token_exchange}:
            own = self.upstreams.get(exchange, UpstreamSettings())
            yield from texts_in([own.authorization_server_metadata, own.protected_resource_metadata])


def _urls_of_provider(policy: OAuthPolicy) -> Iterator[str]:
    yield policy.login.url
    yield policy.login.token_url
    if policy.oidc is not None:
        yield policy.oidc.jwks_url
    yield from (each.jwks_url for each in policy.id_jag.trusted_issuers)
