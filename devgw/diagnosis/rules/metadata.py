"""What the client was given to read: faults in the metadata as it was served, under the name the client used."""

from collections.abc import Iterator
from datetime import datetime

from devgw.diagnosis.difference import Difference, explain_difference
from devgw.diagnosis.exchange import SERVER_METADATA, asked_url, is_resource_metadata, is_server_metadata, response_json
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.rules.common import AUTHORIZE, came_past
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis


def issuer_disagrees(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """DISC-01: the resource metadata names one issuer, the server metadata says another."""
    for resource, server in _pairs(view):
        named, says = _first_server(resource), str(response_json(server).get("issuer", ""))
        if _describes(server, named) and says and named != says and not came_past(view, AUTHORIZE, server.started_at):
            difference = explain_difference(says, named, "issuer")
            yield diagnosis(
                "DISC-01",
                f"authorization_servers[0] is {named}, but {server.path} says issuer {says}.",
                difference.advice,
                view=view,
                trace=server,
                difference=difference,
                got_from=f"issuer of {server.path}",
                expected_from=f"authorization_servers of {resource.path}",
            )
            return


def _describes(server: Trace, issuer: str) -> bool:
    """Tell whether a document is that of `issuer`: one that was read at another address belongs to another issuer."""
    path = split_url(issuer).path.text.rstrip("/")
    return bool(issuer) and (path in server.path if path else server.path.rstrip("/") in SERVER_METADATA)


def _pairs(view: SeenFlow) -> Iterator[tuple[Trace, Trace]]:
    """Yield each resource metadata with the first good server metadata after it."""
    waiting: list[Trace] = []
    for trace in view.traces:
        if trace.status == 200 and is_resource_metadata(trace):
            waiting.append(trace)
        elif trace.status == 200 and is_server_metadata(trace):
            yield from ((each, trace) for each in waiting)
            waiting.clear()


def _first_server(trace: Trace) -> str:
    servers = response_json(trace).get("authorization_servers")
    return str(servers[0]) if isinstance(servers, list) and servers else ""


def s256_missing(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """PKCE-01: the server metadata does not list S256."""
    for trace in _server_documents(view):
        methods = response_json(trace).get("code_challenge_methods_supported")
        if not isinstance(methods, list) or "S256" not in methods:
            yield diagnosis(
                "PKCE-01",
                f"{trace.path} was served without S256 in code_challenge_methods_supported; clients must refuse it.",
                'Serve "code_challenge_methods_supported": ["S256"].',
                view=view,
                trace=trace,
                got=str(methods) if methods else "(absent)",
                expected="S256",
            )
            return


def _server_documents(view: SeenFlow) -> Iterator[Trace]:
    """Yield the server metadata the client got, while it went no further."""
    for trace in view.traces:
        is_document = is_server_metadata(trace) and trace.status == 200 and "issuer" in response_json(trace)
        if is_document and not came_past(view, AUTHORIZE, trace.started_at):
            yield trace


def endpoint_on_another_origin(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """DISC-06: another origin for the authorization endpoint, without the promise of `iss`."""
    for trace in _server_documents(view):
        document = response_json(trace)
        endpoint, issuer = str(document.get("authorization_endpoint", "")), str(document.get("issuer", ""))
        is_promised = document.get("authorization_response_iss_parameter_supported") is True
        one, other = split_url(endpoint).origin, split_url(issuer).origin
        if endpoint and one != other and not is_promised:
            yield diagnosis(
                "DISC-06",
                f"authorization_endpoint is on {one}, the issuer on {other}, and `iss` is not promised.",
                "Advertise authorization_response_iss_parameter_supported: true and send iss.",
                view=view,
                trace=trace,
                got=one,
                expected=other,
            )
            return


def insecure_issuer(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """CONF-06 and TOK-06: plain http on a host that is not loopback; clients will not send credentials there."""
    for trace in _server_documents(view):
        document = response_json(trace)
        for member, failure_id in (("token_endpoint", "TOK-06"), ("issuer", "CONF-06")):
            url = str(document.get(member, ""))
            parts = split_url(url)
            if parts.scheme.text == "http" and not parts.is_loopback:
                yield diagnosis(
                    failure_id,
                    f"{member} is {url}: plain http on a host that is not this machine's loopback.",
                    "Use https, or 127.0.0.1 or localhost, in the URL that the client connects to.",
                    view=view,
                    trace=trace,
                    got=url,
                )


def resource_mismatch(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001
    """AUD-01, AUD-02, HOST-01, HOST-05, HOST-06: the `resource` served is not the URL the client uses."""
    used = next((trace for trace in view.traces if trace.kind == "mcp" and trace.method == "POST"), None)
    for trace in view.traces:
        resource = str(response_json(trace).get("resource", "")) if is_resource_metadata(trace) else ""
        if used is None or not resource or came_past(view, AUTHORIZE, trace.started_at):
            continue
        difference = explain_difference(_outside_url(used), resource, "resource")
        name = _resource_name(difference)
        if name:
            cause = f"The client connects to {difference.got}, but the metadata says resource {resource}."
            fix = _resource_fix(name, difference, used)
            if name in ("HOST-01", "HOST-05"):  # what was served is wrong here, not what the client uses
                difference = explain_difference(resource, _outside_url(used), "resource")
            yield diagnosis(name, cause, fix, view=view, trace=trace, difference=difference)
            return


def _outside_url(trace: Trace) -> str:
    """Return the URL that the client used, as far as a proxy in front told it."""
    forwarded = trace.header(b"x-forwarded-proto")
    return asked_url(trace) if not forwarded else forwarded + asked_url(trace)[len(trace.scheme) :]


_HARMLESS = ("query", "default_port")


def _resource_name(difference: Difference) -> str | None:
    kinds = [kind for kind in difference.kinds if kind not in _HARMLESS]
    if not kinds:
        return None
    if kinds == ["trailing_slash"]:
        return None  # clients take a resource that is a prefix of their URL; a refusal later says AUD-02
    if "scheme" in kinds:
        return "HOST-01"
    if kinds == ["port"] and not split_url(difference.got).port.text:
        return "HOST-05"
    return "HOST-06" if kinds == ["host_alias"] else "AUD-01"


def _resource_fix(name: str, difference: Difference, used: Trace) -> str:
    origin = split_url(difference.got).origin
    if name == "HOST-01":
        proxy = used.peer.rpartition(":")[0].strip("[]") or "the proxy's address"
        return (
            f'Write origin = "{origin}" into devgw.toml, or trusted_proxies = ["{proxy}"] where the proxy sends '
            "X-Forwarded-Proto and X-Forwarded-Host; and start devgw again."
        )
    if name == "HOST-05":
        return (
            f'Write origin = "{origin}" into devgw.toml and start devgw again: the local port must not show in public '
            "URLs."
        )
    return f"Let the client connect to {difference.expected}, or set the gateway's origin to {origin}."


_READ = "the metadata as served to this client"
RULES = (
    Rule(("DISC-01",), _READ, issuer_disagrees),
    Rule(("PKCE-01",), _READ, s256_missing),
    Rule(("DISC-06",), _READ, endpoint_on_another_origin),
    Rule(("TOK-06", "CONF-06"), _READ, insecure_issuer),
    Rule(("AUD-01", "HOST-01", "HOST-05", "HOST-06"), f"an MCP request and {_READ}", resource_mismatch),
)
