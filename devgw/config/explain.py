"""What will happen to a request on one route: policies in order, what each comes to, and where every value is written.

Facts only; `cli.explain_route` and the dashboard say them in their own way. No fact carries a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from devgw.config import policies, routes
from devgw.config.catalogue import GROUP_TYPE
from devgw.config.environment import EnvironmentUse, mask
from devgw.config.explanation import Fact, From, RouteExplanation, RouteStep
from devgw.config.finding import Finding
from devgw.config.load import Loaded
from devgw.config.node import Node
from devgw.config.project import CapabilityEntry, OAuthPolicy, PolicyUse, Project, Route
from devgw.oauth.urls import Urls
from devgw.settings import Settings


def explain(loaded: Loaded, settings: Settings, path: str) -> RouteExplanation | None:
    """Return what is known of the route at `path` or with that operation id; None where there is none."""
    project = loaded.project
    route = find_route(project, path) if project is not None else None
    if project is None or route is None:
        return None
    documents = loaded.documents()
    reader = _RouteReader(documents, {use.name: use for use in loaded.environment})
    steps = [reader.policy(use, project, route) for use in route.policies]
    return RouteExplanation(
        path=route.path,
        operation_id=route.operation_id,
        summary=route.summary,
        addresses=tuple(_addresses(route, settings.canonical_origin, project)),
        steps=(*steps, reader.handler(route, settings)),
        findings=tuple(each for each in loaded.findings if _concerns(each, route, documents)),
    )


def find_route(project: Project, path: str) -> Route | None:
    """Return the route at `path` (a URL will do) or with that operation id."""
    wanted = re.sub(r"^https?://[^/]+", "", path)
    by_id = (route for route in project.routes if route.operation_id == path)
    return project.route_at(wanted if wanted.startswith("/") else f"/{wanted}") or next(by_id, None)


def _addresses(route: Route, origin: str, project: Project) -> Iterator[Fact]:
    urls = Urls(origin, project.base_path)
    yield Fact("MCP endpoint, and resource of its tokens", urls.resource(route), From.DERIVED, route.file, route.line)
    if route.protected:
        yield Fact("protected resource metadata", urls.resource_metadata(route), From.DERIVED)
        yield Fact("authorization server metadata", urls.server_metadata(route), From.DERIVED)
        yield Fact("redirect URI at the identity provider", urls.callback, From.DERIVED)


def _concerns(finding: Finding, route: Route, documents: Mapping[str, Node]) -> bool:
    if finding.file == route.file:
        document = documents.get(route.file)
        node = _operation(document, route) if document is not None else None
        return node is not None and finding.pointer.startswith(node.pointer)
    names = {use.name for use in route.policies}
    return any(finding.pointer.startswith(node.pointer + "/") for node in _policy_nodes(documents, names))


def _policy_nodes(documents: Mapping[str, Node], names: set[str]) -> list[Node]:
    document = documents.get(policies.FILE)
    listed = document.get("policies") if document is not None else None
    found = list(listed.children()) if listed is not None else []
    return [node for node in found if (name := node.get("name")) is not None and name.text in names]


def _operation(document: Node, route: Route) -> Node | None:
    nodes = (
        node for node in document.walk() if (found := node.get("operationId")) and found.text == route.operation_id
    )
    return next(nodes, None)


@dataclass(frozen=True, slots=True)
class _RouteReader:
    """Finds out where each value is written."""

    documents: Mapping[str, Node]
    environment: dict[str, EnvironmentUse]

    def policy(self, use: PolicyUse, project: Project, route: Route) -> RouteStep:
        """Return what a policy comes to on this route."""
        found = _policy_nodes(self.documents, {use.name})
        options = found[0].get("handler", "options") if found else None
        says, facts = self._comes_to(use, options, project, route)
        return RouteStep(use.name, use.policy_type, use.runs_here, says, tuple(facts), use.file, use.line)

    def _comes_to(
        self, use: PolicyUse, options: Node | None, project: Project, route: Route
    ) -> tuple[str, Iterator[Fact]]:
        if not use.runs_here:
            return "Does not run here; requests pass as if it were not attached.", iter(())
        if project.oauth is not None and use.name == project.oauth.name:
            says = "Refuses a request without a good access token for this route; people sign in at the provider."
            return says, self._oauth(project.oauth, options)
        if route.token_exchange is not None and use.name == route.token_exchange.name:
            says = "Adds the person's own credential for the upstream, or answers with the address to connect at."
            return says, self._exchange(route, options)
        if route.capability_filter is not None and use.name == route.capability_filter.name:
            return "Hides what is not listed, and refuses calls to it.", self._filter(route, options)
        if use.policy_type == GROUP_TYPE:
            return "Stands for the policies in it, which follow here in order.", iter(())
        return "Sets or removes headers on the way up.", self._headers(options)

    def handler(self, route: Route, settings: Settings) -> RouteStep:
        """Return what happens at the end: the way up."""
        document = self.documents.get(route.file)
        node = _operation(document, route) if document is not None else None
        options = node.get("x-zuplo-route", "handler", "options") if node is not None else None
        facts = [
            self._fact(options, "rewritePattern", route.upstream_url),
            self._fact(options, "forwardSearch", route.forward_search),
            self._fact(options, "followRedirects", route.follow_redirects),
            Fact("stateful", _shown(settings.proxy.stateful), From.DEVGW),
        ]
        says = "Streams the request to the upstream and its answer back, without the inbound token."
        return RouteStep(
            routes.HANDLER, "handler", runs_here=True, says=says, facts=tuple(facts), file=route.file, line=route.line
        )

    def _oauth(self, policy: OAuthPolicy, options: Node | None) -> Iterator[Fact]:
        generic = policy.provider in ("oidc", "dev-login")
        login = "browserLogin" if generic else ""
        times = "browserLogin" if generic else "browserLoginOverrides"
        yield Fact("provider", policy.provider, From.DERIVED)
        yield self._fact(options, f"{login}.clientId", policy.login.client_id)
        yield self._fact(options, f"{login}.clientSecret", policy.login.client_secret.value, secret=True)
        if policy.oidc is not None:
            yield self._url(options, "oidc.issuer", policy.oidc.issuer)
            yield self._url(options, "oidc.jwksUrl", policy.oidc.jwks_url)
            if policy.oidc.other_issuers:
                yield Fact("issuers taken too", ", ".join(policy.oidc.other_issuers), From.DERIVED)
        yield self._url(options, "browserLogin.url", policy.login.url)
        yield self._url(options, "browserLogin.tokenUrl", policy.login.token_url)
        yield self._fact(options, f"{login}.scope", policy.login.scope)
        yield self._fact(options, f"{times}.pkce", policy.login.pkce)
        seconds = {"stateTtlSeconds": policy.login.state_ttl, "sessionTtlSeconds": policy.login.session_ttl}
        for name, value in seconds.items():
            yield self._fact(options, f"{times}.{name}", int(value.total_seconds()))
        tokens = policy.tokens
        yield self._fact(options, "gateway.accessTokenTtlSeconds", int(tokens.access_token_ttl.total_seconds()))
        yield self._fact(options, "gateway.refreshTokenTtlSeconds", int(tokens.refresh_token_ttl.total_seconds()))
        yield self._fact(options, "gateway.cimdEnabled", tokens.cimd_enabled)

    def _exchange(self, route: Route, options: Node | None) -> Iterator[Fact]:
        exchange = route.token_exchange
        if exchange is None:
            return
        yield self._fact(options, "id", exchange.id, absent=From.DERIVED)
        yield self._fact(options, "displayName", exchange.display_name)
        yield self._fact(options, "authMode", exchange.auth_mode)
        asked = (
            "what the upstream asks for" if exchange.scopes is None else exchange.scope_delimiter.join(exchange.scopes)
        )
        yield self._fact(options, "scopes", asked)
        manual = exchange.manual_client
        yield self._fact(options, "clientRegistration", f"manual, {manual.client_id}" if manual else "auto")
        where = exchange.protected_resource_metadata_url or f"discovered from {route.upstream_url}"
        yield self._fact(options, "protectedResourceMetadataUrl", where)

    def _filter(self, route: Route, options: Node | None) -> Iterator[Fact]:
        found = route.capability_filter
        if found is not None:
            yield self._fact(options, "tools", _listed(found.tools))
            yield self._fact(options, "prompts", _listed(found.prompts))
            yield self._fact(options, "resources", _listed(found.resources))
            yield self._fact(options, "resourceTemplates", _listed(found.resource_templates))

    def _headers(self, options: Node | None) -> Iterator[Fact]:
        if options is None:
            return
        listed = options.get("headers")
        for node in listed.children() if listed is not None else [options]:
            name, value = node.get("name") or node.get("header"), node.get("value")
            header = (name.text if name else None) or node.text or "Authorization"
            if value is None:
                yield Fact(header, "removed", From.WRITTEN, node.source.file, node.line)
            else:
                yield self._at(value, header, mask("SECRET", value.text))

    def _url(self, options: Node | None, name: str, value: str) -> Fact:
        """Return a URL that is written in the generic policy, and derived in all others."""
        found = self._fact(options, name, value, absent=From.DERIVED)
        basis = None if found.line or options is None else _basis(options)
        return found if basis is None else replace(found, file=basis.source.file, line=basis.line)

    def _fact(
        self, options: Node | None, name: str, value: Any, *, absent: From = From.DEFAULT, secret: bool = False
    ) -> Fact:
        path = name.strip(".").split(".")
        node = options.get(*path) if options is not None else None
        shown = mask("SECRET", value) if secret else _shown(value)
        return Fact(".".join(path), shown, absent) if node is None else self._at(node, ".".join(path), shown)

    def _at(self, node: Node, name: str, shown: str) -> Fact:
        text = node.scalar if isinstance(node.scalar, str) else ""
        used = re.findall(r"\$env\((\w+)\)|\$\{\s*env\.(\w+)\s*\}", text)
        names = [one or other for one, other in used]
        variables = tuple((each, self._origin(each)) for each in names)
        return Fact(name, shown, From.WRITTEN, node.source.file, node.line, variables)

    def _origin(self, name: str) -> str:
        use = self.environment.get(name)
        if use is None:
            return "missing"
        return f"{use.defined_at.file}:{use.defined_at.line}" if use.defined_at else use.origin.value


def _basis(options: Node) -> Node | None:
    """Return the option from which a wrapper derives its URLs: its first own one; WorkOS has the client id alone."""
    shared = {"clientSecret", "scope", "gateway", "browserLoginOverrides", "idJag", "audience"}
    own = [node for name, node in (options.members or {}).items() if name not in shared]
    return next((node for node in own if node.key != "clientId"), own[0] if own else None)


def _listed(entries: tuple[CapabilityEntry, ...] | None) -> str:
    if entries is None:
        return "all"
    return ", ".join(entry.key for entry in entries) or "none"


def _shown(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
