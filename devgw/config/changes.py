"""What a reload changes, in words, and what ends because of it. Pure: two projects in, sentences out.

The gateway counts whom an effect meets (`Effect` names the kind and the route); the words say what becomes of them.
"""

from collections.abc import Iterator

from devgw.config.change import Affected, Change, Effect, changed, counted, shown
from devgw.config.project import BrowserLogin, OAuthPolicy, Project
from devgw.config.route_changes import route_changes

__all__ = ["Affected", "Change", "Effect", "changes", "counted"]

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
    return (*_oauth(old.oauth, new.oauth), *route_changes(old, new), *_project(old, new))


def _project(old: Project, new: Project) -> Iterator[Change]:
    if old.base_path != new.base_path:
        consequence = (
            "The redirect URI at the identity provider is another one and has to be registered there; clients read the "
            "metadata anew at their next sign-in."
        )
        pending = (Effect(Affected.PENDING_LOGINS, ends=True),)
        yield changed("basePath", old.base_path, new.base_path, consequence, pending)
    if old.registry != new.registry:
        state = "served" if new.registry else "no longer served"
        yield Change("registry", f"The server registry is {state}.")
    if old.is_sample != new.is_sample:
        what = "The built-in sample runs now." if new.is_sample else "Your own project runs now."
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
        yield changed("name", f'"{old.name}"', f'"{new.name}"')
    if old.provider != new.provider:
        consequence = "Sessions and grants end: they belong to people of another provider."
        yield changed("provider", old.provider, new.provider, consequence, _ENDS_LOGINS)
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
        yield changed("clientId", old.login.client_id, new.login.client_id, consequence, _ENDS_LOGINS)
        return
    if old.login.client_secret != new.login.client_secret:
        pair = f"({old.login.client_secret} → {new.login.client_secret})"
        consequence = "Used from now on, also for sign-ins under way; nothing ends."
        yield Change("clientSecret", f"`clientSecret` changed {pair}.", consequence)
    issuers = [each.oidc.issuer if each.oidc else "none" for each in (old, new)]
    if issuers[0] != issuers[1]:
        consequence = "Sessions and grants end, because another issuer vouched for them."
        yield changed("oidc.issuer", issuers[0], issuers[1], consequence, _ENDS_LOGINS)
    elif old.oidc != new.oidc:
        text = "What tokens of the provider must look like changed."
        yield Change("oidc", text, "Applies from now on, also to sign-ins under way.")
    for attribute, name in _IDENTITY[1:]:
        before, after = getattr(old.login, attribute), getattr(new.login, attribute)
        if before != after and issuers[0] == issuers[1]:
            pending = (Effect(Affected.PENDING_LOGINS, ends=attribute == "token_url"),)
            yield changed(name, before, after, "Applies to the next sign-in.", pending)


def _login(old: BrowserLogin, new: BrowserLogin) -> Iterator[Change]:
    for attribute, name, consequence in _LOGIN:
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            milliseconds = name.endswith("Ms")
            effects = (Effect(Affected.SESSIONS, ends=False),) if attribute == "session_ttl" else ()
            yield changed(name, shown(before, milliseconds), shown(after, milliseconds), consequence, effects)


def _tokens(old: OAuthPolicy, new: OAuthPolicy) -> Iterator[Change]:
    kinds = (("access_token_ttl", "accessTokenTtlSeconds", Affected.ACCESS_TOKENS),)
    for attribute, name, affected in (*kinds, ("refresh_token_ttl", "refreshTokenTtlSeconds", Affected.REFRESH_TOKENS)):
        before, after = getattr(old.tokens, attribute), getattr(new.tokens, attribute)
        if before != after:
            consequence = "Applies to new tokens; live tokens keep their end."
            yield changed(name, shown(before), shown(after), consequence, (Effect(affected, ends=False),))
    if old.tokens.cimd_enabled != new.tokens.cimd_enabled:
        on = new.tokens.cimd_enabled
        consequence = (
            "Clients may use a metadata document."
            if on
            else "Clients with a metadata document must register; what was granted to them ends."
        )
        effects = () if on else (Effect(Affected.CIMD_CLIENTS, ends=True),)
        yield changed("cimdEnabled", shown(not on), shown(on), consequence, effects)
