"""What a reload changes, in words, and what ends because of it. Pure: two projects in, sentences out.

The gateway counts whom an effect meets (`Effect` names the kind and the route); the words say what becomes of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any

from devgw.config.project import BrowserLogin, OAuthPolicy, Project, Route, Secret
from devgw.ids import OperationId, UpstreamServerId


class Affected(StrEnum):
    """Of what something ends or changes."""

    SESSIONS = "sessions"
    """Signed-in browsers."""
    PENDING_LOGINS = "pending_logins"
    """Authorizations on their way to the identity provider and back."""
    GRANTS = "grants"
    """Grants on one route, with all their tokens."""
    ACCESS_TOKENS = "access_tokens"
    """Live access tokens; they keep what they were issued with."""
    REFRESH_TOKENS = "refresh_tokens"
    """Live refresh tokens; they keep what they were issued with."""
    CIMD_CLIENTS = "cimd_clients"
    """Clients known by their metadata document."""
    CONNECTIONS = "connections"
    """Credentials at one upstream."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Whom a change meets; None for a route or upstream means all."""

    affected: Affected
    ends: bool
    """True where they end or have to begin again, False where they go on as they were."""
    operation_id: OperationId | None = None
    upstream_server_id: UpstreamServerId | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two generations."""

    subject: str
    """What changed: an option's name, or a route's path."""
    text: str
    """One sentence, with old and new value; never a secret."""
    consequence: str = ""
    """What follows, in words that hold for any number of those affected."""
    effects: tuple[Effect, ...] = ()


_NOUNS = {
    Affected.SESSIONS: ("session", "sessions"),
    Affected.PENDING_LOGINS: ("sign-in under way", "sign-ins under way"),
    Affected.GRANTS: ("grant", "grants"),
    Affected.ACCESS_TOKENS: ("live access token", "live access tokens"),
    Affected.REFRESH_TOKENS: ("live refresh token", "live refresh tokens"),
    Affected.CIMD_CLIENTS: ("client", "clients"),
    Affected.CONNECTIONS: ("upstream connection", "upstream connections"),
}


def counted(change: Change, count: Callable[[Effect], int]) -> str:
    """Return the change in one line, with how many it meets.

    Args:
        change: one difference.
        count: says how many an effect meets; asked once per effect.
    """
    met = {effect: count(effect) for effect in change.effects}
    parts = [change.text, change.consequence]
    for verb, ends in (("Ends", True), ("Goes on as it was for", False)):
        counts = [
            f"{many} {_NOUNS[each.affected][many != 1]}" for each, many in met.items() if each.ends is ends and many
        ]
        parts.append(f"{verb} {', '.join(counts)}." if counts else "")
    if change.effects and not any(met.values()):
        parts.append("Nobody is met by it now.")
    return " ".join(filter(None, parts))


_ENDS_LOGINS = (
    Effect(Affected.SESSIONS, ends=True),
    Effect(Affected.GRANTS, ends=True),
    Effect(Affected.PENDING_LOGINS, ends=True),
)
_IDENTITY = (("client_id", "clientId"), ("url", "browserLogin.url"), ("token_url", "browserLogin.tokenUrl"))
_LOGIN = (
    ("scope", "scope", "Applies to the next sign-in."),
    ("audience", "audience", "Applies to the next sign-in."),
    ("pkce", "pkce", "Applies to the next sign-in; those under way keep theirs."),
    ("remote_timeout", "remoteTimeoutMs", "Applies at once."),
    ("state_ttl", "stateTtlSeconds", "Applies to the next sign-in."),
    ("session_ttl", "sessionTtlSeconds", "Applies to the next sign-in; live sessions keep their end."),
)


def changes(old: Project, new: Project) -> tuple[Change, ...]:
    """Return what is different in `new`, policy first, then route by route; empty where nothing that matters is."""
    return (*_oauth(old.oauth, new.oauth), *_routes(old, new), *_project(old, new))


def _project(old: Project, new: Project) -> Iterator[Change]:
    if old.base_path != new.base_path:
        yield _changed(
            "basePath", old.base_path, new.base_path, "Clients read the metadata anew at their next sign-in."
        )
    if old.registry != new.registry:
        state = "served" if new.registry else "no longer served"
        yield Change("registry", f"The server registry is {state}.")
    if old.is_sample != new.is_sample:
        what = (
            "The built-in sample runs, because no project was found." if new.is_sample else "Your own project runs now."
        )
        yield Change("project", what)


def _oauth(old: OAuthPolicy | None, new: OAuthPolicy | None) -> Iterator[Change]:
    if old is None or new is None:
        if new is not None:
            yield Change("policy", f'OAuth policy "{new.name}" ({new.provider}) was added.')
        if old is not None:
            text = f'OAuth policy "{old.name}" was removed.'
            yield Change("policy", text, "Nobody can sign in; sessions and grants end.", _ENDS_LOGINS)
        return
    if old.name != new.name:
        yield _changed("name", f'"{old.name}"', f'"{new.name}"')
    if old.provider != new.provider:
        consequence = "Sessions and grants end: they belong to people of another provider."
        yield _changed("provider", old.provider, new.provider, consequence, _ENDS_LOGINS)
        return
    yield from _identity(old, new)
    yield from _login(old.login, new.login)
    yield from _tokens(old, new)
    if old.id_jag != new.id_jag:
        yield Change("idJag", "`idJag` changed.", "Applies to the next assertion presented.")


def _identity(old: OAuthPolicy, new: OAuthPolicy) -> Iterator[Change]:
    """Whose sign-ins they are: other people, or the same at another address."""
    where = "WorkOS environment" if new.provider == "workos" else "application of the provider"
    consequence = f"Sessions and grants end, because they belong to another {where}."
    if old.login.client_id != new.login.client_id:
        yield _changed("clientId", old.login.client_id, new.login.client_id, consequence, _ENDS_LOGINS)
        return
    if old.login.client_secret != new.login.client_secret:
        pair = f"({old.login.client_secret} → {new.login.client_secret})"
        yield Change("clientSecret", f"`clientSecret` changed {pair}.", "Used from the next sign-in on; nothing ends.")
    issuers = [each.oidc.issuer if each.oidc else "none" for each in (old, new)]
    if issuers[0] != issuers[1]:
        consequence = "Sessions and grants end, because another issuer vouched for them."
        yield _changed("oidc.issuer", issuers[0], issuers[1], consequence, _ENDS_LOGINS)
    elif old.oidc != new.oidc:
        yield Change("oidc", "What tokens of the provider must look like changed.", "Applies to the next sign-in.")
    for attribute, name in _IDENTITY[1:]:
        before, after = getattr(old.login, attribute), getattr(new.login, attribute)
        if before != after and issuers[0] == issuers[1]:
            pending = (Effect(Affected.PENDING_LOGINS, ends=attribute == "token_url"),)
            yield _changed(name, before, after, "Applies to the next sign-in.", pending)


def _login(old: BrowserLogin, new: BrowserLogin) -> Iterator[Change]:
    for attribute, name, consequence in _LOGIN:
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            milliseconds = name.endswith("Ms")
            effects = (Effect(Affected.SESSIONS, ends=False),) if attribute == "session_ttl" else ()
            yield _changed(name, _shown(before, milliseconds), _shown(after, milliseconds), consequence, effects)


def _tokens(old: OAuthPolicy, new: OAuthPolicy) -> Iterator[Change]:
    kinds = (("access_token_ttl", "accessTokenTtlSeconds", Affected.ACCESS_TOKENS),)
    for attribute, name, affected in (*kinds, ("refresh_token_ttl", "refreshTokenTtlSeconds", Affected.REFRESH_TOKENS)):
        before, after = getattr(old.tokens, attribute), getattr(new.tokens, attribute)
        if before != after:
            kept = _shown(before)
            consequence = f"Applies to new tokens; live tokens keep {kept}."
            yield _changed(name, kept, _shown(after), consequence, (Effect(affected, ends=False),))
    if old.tokens.cimd_enabled != new.tokens.cimd_enabled:
        on = new.tokens.cimd_enabled
        consequence = (
            "Clients may use a metadata document." if on else "Clients with a metadata document must register."
        )
        effects = () if on else (Effect(Affected.CIMD_CLIENTS, ends=True),)
        yield _changed("cimdEnabled", _shown(not on), _shown(on), consequence, effects)


def _routes(old: Project, new: Project) -> Iterator[Change]:
    before = {route.operation_id: route for route in old.routes}
    after = {route.operation_id: route for route in new.routes}
    for operation_id, route in before.items():
        if operation_id not in after:
            effects = (Effect(Affected.GRANTS, ends=True, operation_id=operation_id),)
            yield Change(route.path, f"Route {route.path} was removed.", "Its grants and their tokens end.", effects)
    for operation_id, route in after.items():
        if operation_id in before:
            yield from _route(before[operation_id], route)
        else:
            yield Change(route.path, f"Route {route.path} was added, in front of {route.upstream_url}.")


def _route(old: Route, new: Route) -> Iterator[Change]:
    path = new.path
    grants = (Effect(Affected.GRANTS, ends=True, operation_id=new.operation_id),)
    if old.path != new.path:
        consequence = "Its tokens were bound to the old address and end; clients have to be pointed at the new one."
        yield Change(path, f"Route {old.path} is now {new.path}.", consequence, grants)
    if old.upstream_url != new.upstream_url:
        text = f"Route {path} goes to {new.upstream_url} instead of {old.upstream_url}."
        yield Change(path, text, "Applies to the next request.", _connections(old, ends=True))
    yield from _exchange(old, new)
    yield from _passing(old, new)


def _passing(old: Route, new: Route) -> Iterator[Change]:
    path = new.path
    if old.protected != new.protected:
        state = "asks for a token now" if new.protected else "no longer asks for a token"
        yield Change(path, f"Route {path} {state}.")
    if old.capability_filter != new.capability_filter:
        text = f"Route {path} shows other tools, prompts or resources."
        yield Change(path, text, "Clients see it at their next list.")
    if old.header_edits != new.header_edits:
        yield Change(path, f"Route {path} sets or removes other headers.", "Applies to the next request.")
    if [use.name for use in old.policies] != [use.name for use in new.policies]:
        yield _changed(f"{path}: policies", _names(old), _names(new))
    for attribute in ("summary", "forward_search", "follow_redirects", "mtls_certificate", "methods"):
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            yield _changed(f"{path}: {_camel(attribute)}", _shown(before), _shown(after))


def _exchange(old: Route, new: Route) -> Iterator[Change]:
    before, after, path = old.token_exchange, new.token_exchange, new.path
    if before is None and after is not None:
        text = f'Route {path} now asks for connection "{after.id}" ({after.display_name}).'
        met = (Effect(Affected.GRANTS, ends=False, operation_id=new.operation_id),)
        yield Change(path, text, "Each person has to connect once before the next call.", met)
    elif before is not None and after is None:
        yield Change(path, f'Route {path} no longer needs connection "{before.id}".', "Its credentials are kept.")
    elif before is not None and after is not None and before != after:
        names = [each.name for each in fields(before) if getattr(before, each.name) != getattr(after, each.name)]
        harmless = set(names) <= {"name", "display_name", "summary"}
        text = f'Connection "{after.id}" changed: {", ".join(_camel(name) for name in names)}.'
        consequence = "" if harmless else "Who is connected has to connect again."
        effects: tuple[Effect, ...] = () if harmless else _connections(old, ends=True)
        yield Change(path, text, consequence, effects)


def _connections(route: Route, *, ends: bool) -> tuple[Effect, ...]:
    if route.token_exchange is None:
        return ()
    return (Effect(Affected.CONNECTIONS, ends, route.operation_id, route.token_exchange.id),)


def _changed(subject: str, old: object, new: object, consequence: str = "", effects: tuple[Effect, ...] = ()) -> Change:
    return Change(subject, f"`{subject}` {old} → {new}.", consequence or "Applies at once.", effects)


def _names(route: Route) -> str:
    return ", ".join(use.name for use in route.policies) or "none"


def _shown(value: Any, milliseconds: bool = False) -> str:
    if isinstance(value, timedelta):
        return f"{value.total_seconds() * (1000 if milliseconds else 1):.0f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value) if isinstance(value, Secret) or value is None else f'"{value}"'


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
