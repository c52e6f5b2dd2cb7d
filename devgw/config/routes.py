"""Reads the OpenAPI files of `config/`: MCP routes with their policies, and all other routes by name."""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult

from devgw.config.attach import Attached, attach
from devgw.config.catalogue import MODULES
from devgw.config.checking import checked
from devgw.config.client_certificate import check_certificate
from devgw.config.cors import cors_of
from devgw.config.env_values import foreign_reference
from devgw.config.environment import Environment
from devgw.config.finding import Findings
from devgw.config.members import ROUTE, ROUTES_DOCUMENT, check_members, check_version
from devgw.config.node import Node
from devgw.config.operations import Operation, operations
from devgw.config.options import Options
from devgw.config.own_origin import leads_to_devgw, leads_to_port
from devgw.config.policies import Policies
from devgw.config.project import CorsPolicy, OtherRoute, Route
from devgw.config.route_paths import is_reserved, why_no_path
from devgw.config.shapes import LOOPBACK, likely_url, split_url, why_no_upstream, why_refused, written
from devgw.foreign.addresses import is_this_machine
from devgw.foreign.text import hidden_in
from devgw.ids import OperationId
from devgw.oauth.urls import below_base
from devgw.settings import Settings

FILE = "config/routes.oas.json"
HANDLER = "McpProxyHandler"
_SAMPLE_PATH = "/mcp"
_SIMILAR = 0.85
_LONGEST_ID = 100
"""Letters of an `operationId`; no line that names a route has room for more."""
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_TEMPLATE = re.compile(r"\$\{([^}]*)\}")


class ProxyHandlerOptions(Options):
    """`x-zuplo-route.handler.options` of an MCP route."""

    rewrite_pattern: str
    forward_search: bool = True
    follow_redirects: bool = False
    mtls_certificate: str | None = None


@dataclass(slots=True)
class Routes:
    """What the files hold, in order."""

    served: list[Route] = field(default_factory=list)
    others: list[OtherRoute] = field(default_factory=list)


@dataclass(slots=True)
class RouteReader:
    """Reads one document after another, so that what is repeated is found across files."""

    policies: Policies | None
    """None where that file could not be read, so that nothing can be said about names in it."""
    environment: Environment
    findings: Findings
    settings: Settings
    base_path: str = "/"
    emulator_port: int = 0
    """Where the WorkOS emulator answers, or will; 0 where it does not run, or nobody knows yet."""
    routes: Routes = field(default_factory=Routes)
    operation_ids: dict[str, Node] = field(default_factory=dict)
    paths: dict[str, Node] = field(default_factory=dict)

    def read(self, root: Node) -> None:
        """Read all operations of the document."""
        check_members(root, ROUTES_DOCUMENT, self.findings)
        check_version(root, self.findings)
        paths = root.get("paths")
        if paths is None or paths.members is None:
            at = (paths or root).place
            self.findings.error(
                "routes-shape", at, "The document has no object `paths`.", 'Write {"openapi": "3.1.0", "paths": { … }}.'
            )
            return
        for operation in operations(paths, self.policies.cors if self.policies else None, self.findings):
            if self._is_mcp(operation):
                self._check_operation_id(operation)
                self._read_route(operation)
            else:
                line = operation.node.line
                self.routes.others.append(OtherRoute(operation.path, operation.methods, operation.export, line))

    def _is_mcp(self, operation: Operation) -> bool:
        export = operation.export
        if export == HANDLER or operation.handler is None:
            return operation.handler is not None
        if _close(export, HANDLER):
            at = (operation.handler.get("export") or operation.handler).place
            self.findings.error("route-handler", at, f"There is no handler `{export}`.", f'Write "{HANDLER}".', HANDLER)
            return True
        return False

    def _check_operation_id(self, operation: Operation) -> None:
        found = operation.node.get("operationId")
        if found is None or not found.text:
            fix = f'Add "operationId": "{_slug(operation.path)}"; tokens are bound to it.'
            at = operation.node.key_place
            self.findings.error("operation-id-missing", at, "The route has no `operationId`.", fix)
            return
        hidden = hidden_in(found.text)
        if hidden or len(found.text) > _LONGEST_ID:
            what = f"contains a character that is not seen: {hidden}" if hidden else f"is longer than {_LONGEST_ID}"
            message = f"`operationId` {what}; every list and command names the route by it."
            self.findings.warning("operation-id", found.place, message, f'Write "{_slug(operation.path)}".')
        first = self.operation_ids.setdefault(found.text, found)
        if first is not found:
            message = f'`operationId` "{found.text}" is taken {_where(first, found)} already.'
            self.findings.error("duplicate-operation-id", found.place, message, "Give each route one of its own.")

    def _read_route(self, operation: Operation) -> None:
        path = operation.path.rstrip("/") or "/"
        self._check_path(path, operation)
        self._check_module(operation)
        handler = operation.handler or operation.node
        given = handler.get("options")
        if given is None:
            fix = 'Add "options": {"rewritePattern": "https://…"}.'
            self.findings.error("missing-option", handler.place, "`options.rewritePattern` is missing.", fix)
            return
        options = checked(ProxyHandlerOptions, given, self.findings)
        upstream = self._upstream(given)
        check_certificate(given, self.settings.root, self.findings)
        attached = attach(operation.node, self.policies, self.findings)
        operation_id = operation.node.get("operationId")
        if options is None or upstream is None or operation_id is None or not operation_id.text:
            return
        named = operation.node.get(ROUTE, "corsPolicy")
        own = self.policies.cors if self.policies else {}
        cors = cors_of(named.text if named is not None else None, own, operation.methods)
        self.routes.served.append(_route(operation, path, upstream, options, attached, cors))

    def _check_path(self, path: str, operation: Operation) -> None:
        at = (operation.node.parent or operation.node).key_place
        wrong = why_no_path(path)
        if wrong is not None:
            self.findings.error("route-path", at, *wrong)
        if is_reserved(below_base(path, self.base_path)):
            self.findings.error("route-path-reserved", at, f"{path} belongs to the gateway itself.", 'Write "/mcp/…".')
        first = self.paths.setdefault(path, operation.node)
        if first is not operation.node:
            message = f"{path} is served {_where(first, operation.node)} already."
            self.findings.error(
                "duplicate-path", operation.node.key_place, message, "Give each route a path of its own."
            )
        if "POST" not in operation.methods:
            message = "MCP speaks POST; this operation takes it not."
            self.findings.error("route-method", operation.node.key_place, message, 'Write "post".')

    def _check_module(self, operation: Operation) -> None:
        module = operation.handler.get("module") if operation.handler else None
        if module is None and operation.handler is not None:
            message = "`handler.module` is missing."
            self.findings.error("route-handler", operation.handler.place, message, f'Add "module": "{MODULES[1]}".')
        elif module is not None and module.text not in MODULES:
            message = f"This module does not hold {HANDLER}."
            self.findings.error("route-handler", module.place, message, f'Write "{MODULES[1]}".', MODULES[1])

    def _upstream(self, given: Node) -> str | None:
        """Return the upstream's URL with `${env.X}` replaced; None, and a finding, where it is none."""
        node = given.get("rewritePattern")
        if node is None or node.text is None or (node.resolved is None and "$env(" in node.text):
            return None
        url = self._replaced(node, node.text)
        return url if url is not None and self._is_upstream(url, node) else None

    def _is_upstream(self, url: str, node: Node) -> bool:
        """Tell whether a route can lead to `url`; a finding where not."""
        parts, reference = split_url(url), foreign_reference(url)
        if reference is not None:
            message, fix = f"Nobody replaces `{reference[0]}`.", f"Write ${{env.{reference[1]}}} in its place."
            self.findings.error("env-malformed", node.place, message, fix)
        elif parts is None:
            self.findings.error(
                "rewrite-pattern", node.place, why_no_upstream(url), f'Write "{likely_url(url.strip())}".'
            )
        elif parts.username or parts.fragment:
            message = "The upstream's URL carries credentials or a fragment."
            fix = "Use a policy for credentials; remove the fragment."
            self.findings.error("rewrite-pattern", node.place, message, fix)
        elif reason := why_refused(url):
            message = f"This URL cannot be used: {reason}."
            self.findings.error("rewrite-pattern", node.place, message, "Write it without that.")
        elif leads_to_devgw(url, self.settings):
            message = f"This upstream is devgw itself: {written(url)}"
            fix = (
                "Write the URL of the MCP server, not that of a route in front of it; or start devgw with another port."
            )
            self.findings.error("upstream-is-devgw", node.place, message, fix)
        elif leads_to_port(url, self.emulator_port):
            message = f"This upstream is on the port of the WorkOS emulator, which is no MCP server: {written(url)}"
            fix = "Write the URL of the MCP server, or give the emulator another port: [emulators] workos_port."
            self.findings.error("upstream-is-emulator", node.place, message, fix)
        else:
            self._doubt_upstream(parts, node)
            return True
        return False

    def _doubt_upstream(self, parts: SplitResult, node: Node) -> None:
        if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
            message = f"What goes to {parts.hostname} travels without encryption."
            self.findings.warning("upstream-not-https", node.place, message, "Write https://… if it answers there.")
        ports = self.settings.emulators
        samples = (ports.upstream_port, ports.upstream_auth_port) if ports.upstream else ()
        is_sample = parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port in samples
        if is_sample and parts.path.rstrip("/") != _SAMPLE_PATH:
            message = f"devgw's own sample server answers on port {parts.port}, and at {_SAMPLE_PATH} alone."
            fix = f'Write "http://localhost:{parts.port}{_SAMPLE_PATH}", or emulators.upstream = false in devgw.toml.'
            self.findings.warning("upstream-is-sample", node.place, message, fix)

    def _replaced(self, node: Node, text: str) -> str | None:
        good = True

        def value(match: re.Match[str]) -> str:
            nonlocal good
            name = match[1].strip()
            if name.startswith("env."):
                found = self.environment.look_up(name.removeprefix("env."), node.place)
                good = good and found is not None
                return found or ""
            good = False
            message = f"`{match[0][:60]}` depends on the request; the upstream of an MCP route is fixed."
            fix = "Write the URL, or ${env.NAME} in it."
            if _VARIABLE.fullmatch(name):
                message, fix = f"Nobody replaces `{match[0][:60]}`.", f"Write ${{env.{name}}}."
            self.findings.error("rewrite-template", node.place, message, fix)
            return ""

        replaced = _TEMPLATE.sub(value, text)
        return replaced if good else None


def not_run(root: Node) -> list[Node]:
    """Return the operations of a document that have another handler than that of MCP routes."""
    paths = root.get("paths")
    operations_ = [each for path in (paths.children() if paths is not None else ()) for each in path.children()]
    handlers = [(each, each.get("x-zuplo-route", "handler", "export")) for each in operations_]
    return [each for each, export in handlers if export is not None and not _close(export.text or "", HANDLER)]


def _route(
    operation: Operation,
    path: str,
    upstream: str,
    options: ProxyHandlerOptions,
    attached: Attached,
    cors: CorsPolicy | None,
) -> Route:
    summary, operation_id = operation.node.get("summary"), operation.node.get("operationId")
    name = (operation_id.text if operation_id else None) or ""
    return Route(
        path=path,
        operation_id=OperationId(name),
        summary=(summary.text if summary else None) or name,
        upstream_url=upstream,
        methods=operation.methods,
        forward_search=options.forward_search,
        follow_redirects=options.follow_redirects,
        mtls_certificate=options.mtls_certificate,
        policies=attached.uses,
        protected=attached.protected,
        token_exchange=attached.token_exchange,
        capability_filter=attached.capability_filter,
        header_edits=attached.header_edits,
        cors=cors,
        file=operation.node.source.file,
        line=operation.node.line,
    )


def _where(first: Node, second: Node) -> str:
    """Return where `first` stands, as it is found from `second`."""
    same = first.source.file == second.source.file
    return f"on line {first.line}" if same else f"in {first.source.file}, line {first.line},"


def _slug(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-") or "mcp"


def _close(one: str, other: str) -> bool:
    from difflib import SequenceMatcher  # noqa: PLC0415  needed for a route that is not served only

    matcher = SequenceMatcher(None, one.lower(), other.lower())
    # Cheap upper bounds first: a file may hold thousands of other routes.
    return all(ratio() >= _SIMILAR for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio))
