"""From the options of any OAuth policy to the one shape that the gateway knows."""

from datetime import timedelta
from urllib.parse import parse_qs

from devgw.config import workos
from devgw.config.catalogue import PolicyKind
from devgw.config.env_values import foreign_reference
from devgw.config.finding import Findings
from devgw.config.issuer_doubts import doubt_issuer
from devgw.config.node import Node
from devgw.config.options import (
    BrowserLoginOptions,
    GatewayOptions,
    GenericOptions,
    IdJagOptions,
    LoginOverrides,
    Options,
    WrapperOptions,
)
from devgw.config.project import BrowserLogin, IdJagInbound, OAuthPolicy, Oidc, Secret, TokenSettings, TrustedIssuer

_SHORTEST = {
    "remoteTimeoutMs": (300, 10_000, "A provider has {} ms to answer: where it is on the internet, sign-ins fail."),
    "stateTtlSeconds": (30, 900, "A person has {} s from the sign-in page to its end."),
}
"""What fewer is hardly meant, the usual, and what a shorter time means."""


def oauth_policy(
    kind: PolicyKind, name: str, options: Options, node: Node, workos_base: str, findings: Findings
) -> OAuthPolicy | None:
    """Return what `options` come down to; doubts about single values become warnings."""
    _check_lifetimes(node, findings)
    _check_urls(node, findings)
    _check_times(node, findings)
    _check_scope(kind, node, findings)
    if isinstance(options, GenericOptions):
        _doubt_generic(options, node, findings)
        return _generic(kind, name, options)
    if not isinstance(options, WrapperOptions):
        return None
    if kind.provider == "workos":
        _doubt_workos(options, node, findings)
    urls = options.urls(workos_base)
    login = BrowserLogin(
        url=urls.authorize,
        token_url=urls.token,
        client_id=options.client_id,
        client_secret=Secret(options.client_secret),
        scope=options.scope,
        audience=urls.audience,
        **_times(options.browser_login_overrides),
        pkce=options.browser_login_overrides.pkce,
    )
    oidc = Oidc(urls.issuer, urls.jwks_url, urls.audience, urls.other_issuers)
    tokens, id_jag = _tokens(options.gateway), _id_jag(options.id_jag, oidc)
    return OAuthPolicy(name, kind.policy_type, kind.provider, oidc, login, tokens, id_jag)


def _generic(kind: PolicyKind, name: str, options: GenericOptions) -> OAuthPolicy:
    given = options.browser_login
    login = BrowserLogin(
        url=given.url,
        token_url=given.token_url or "",
        client_id=given.client_id or "",
        client_secret=Secret(given.client_secret or ""),
        scope=given.scope,
        audience=given.audience,
        **_times(given),
        pkce=given.pkce,
    )
    found = None if given.is_dev_login else options.oidc
    oidc = None if found is None else Oidc(found.issuer, found.jwks_url, found.audience)
    provider = "dev-login" if given.is_dev_login else kind.provider
    tokens, id_jag = _tokens(options.gateway), _id_jag(options.id_jag, oidc)
    return OAuthPolicy(name, kind.policy_type, provider, oidc, login, tokens, id_jag)


def _times(given: LoginOverrides | BrowserLoginOptions) -> dict[str, timedelta]:
    return {
        "remote_timeout": timedelta(milliseconds=given.remote_timeout_ms),
        "state_ttl": timedelta(seconds=given.state_ttl_seconds),
        "session_ttl": timedelta(seconds=given.session_ttl_seconds),
    }


def _tokens(given: GatewayOptions) -> TokenSettings:
    return TokenSettings(
        access_token_ttl=timedelta(seconds=given.access_token_ttl_seconds),
        refresh_token_ttl=timedelta(seconds=given.refresh_token_ttl_seconds),
        cimd_enabled=given.cimd_enabled,
    )


def _id_jag(given: IdJagOptions, oidc: Oidc | None) -> IdJagInbound:
    trusted = (
        TrustedIssuer(
            each.issuer or (oidc.issuer if oidc else ""),
            each.jwks_url or (oidc.jwks_url if oidc else ""),
            each.audience,
            each.subject_claim,
            tuple(each.expected_client_ids),
            each.subject_mapping,
        )
        for each in given.trusted_issuers
        if each.issuer or oidc
    )
    return IdJagInbound(given.enabled, tuple(trusted))


def _check_scope(kind: PolicyKind, node: Node, findings: Findings) -> None:
    """Find a scope without `openid`: but for WorkOS nobody answers an id_token then (OpenID Connect Core §3.1.2.1)."""
    found = node.get("browserLogin", "scope") or node.get("scope")
    if kind.provider == "workos" or found is None or not found.text or "openid" in found.text.split():
        return
    message = "Without `openid` in its scope the provider gives no id_token, and nobody can be signed in."
    findings.warning("scope-without-openid", found.place, message, f'Write "openid {found.text}".')


def _check_urls(node: Node, findings: Findings) -> None:
    """Find one URL for two endpoints: what shows a login page redeems no code."""
    url, token_url = node.get("browserLogin", "url"), node.get("browserLogin", "tokenUrl")
    if url is None or token_url is None or not url.text:
        return
    if parse_qs(url.text.partition("?")[2]).get("response_mode", ["query"])[-1] != "query":
        message = "The provider's answer is read from the query alone; with this response_mode it comes otherwise."
        findings.warning("response-mode", url.place, message, "Write response_mode=query, or leave it out.")
    if url.text.partition("?")[0] == (token_url.text or "").partition("?")[0]:
        message = "This is `browserLogin.url` too: the login page and the token endpoint are two."
        fix = "Write what the provider's discovery document calls `token_endpoint`, and above `authorization_endpoint`."
        findings.warning("one-url-for-both", token_url.place, message, fix)


def _check_times(node: Node, findings: Findings) -> None:
    """Find times in which neither a provider nor a person gets anything done."""
    given = node.get("browserLoginOverrides") or node.get("browserLogin")
    for name, (least, usual, message) in _SHORTEST.items():
        found = given.get(name) if given is not None else None
        if found is not None and isinstance(found.scalar, int) and 0 < found.scalar < least:
            findings.warning("time-short", found.place, message.format(found.scalar), f"Write {usual}, the usual one.")


def _check_lifetimes(node: Node, findings: Findings) -> None:
    access, refresh = (node.get("gateway", f"{each}TokenTtlSeconds") for each in ("access", "refresh"))
    if access is None or not isinstance(access.scalar, int):
        return
    limit = (
        refresh.scalar
        if refresh is not None and isinstance(refresh.scalar, int)
        else GatewayOptions().refresh_token_ttl_seconds
    )
    if access.scalar > limit:
        message = f"Access tokens ({access.scalar} s) would outlive their refresh tokens ({limit} s)."
        findings.warning("lifetime-order", access.place, message, f"Write at most {limit}.")


def _doubt_generic(options: GenericOptions, node: Node, findings: Findings) -> None:
    """Find an issuer that no token will name, and WorkOS behind the generic policy.

    That asks it for what it does not have (`provider`, an id_token).
    """
    issuer = node.get("oidc", "issuer")
    doubt = doubt_issuer(options.oidc.issuer) if options.oidc is not None else None
    if issuer is not None and doubt is not None and not options.browser_login.is_dev_login:
        findings.warning("issuer-doubtful", issuer.place, *doubt)
    url, login = node.get("browserLogin", "url"), options.browser_login
    if url is None or not login.url.partition("?")[0].endswith(workos.AUTHORIZE_PATH):
        return
    message = "This is WorkOS, which needs `provider=authkit` and gives no id_token: this policy signs nobody in."
    fix = "Use the policyType mcp-workos-oauth-inbound with clientId and clientSecret: it derives every URL."
    findings.warning("workos-by-generic-policy", url.place, message, fix)


def _doubt_workos(options: WrapperOptions, node: Node, findings: Findings) -> None:
    client_id, secret = node.get("clientId"), node.get("clientSecret")
    if client_id is not None:
        for code, message, fix in workos.doubts(options.client_id):
            findings.warning(code, client_id.place, message, fix)
    resolved = "$env(" not in options.client_secret and foreign_reference(options.client_secret) is None
    fault = workos.secret_fault(options.client_secret) if resolved else None
    if secret is not None and fault is not None:
        findings.warning(fault[0], secret.place, fault[1], fault[2])
