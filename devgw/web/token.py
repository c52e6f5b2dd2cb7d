"""The token and revocation endpoints over HTTP. Source: RFC 6749 §3.2, RFC 7009 §2."""

from contextlib import suppress
from typing import Any

from quart import Blueprint, Response, jsonify, request

from devgw.events import Outcome, refusal
from devgw.events.taxonomy import (
    McpAuthDownstreamTokenIssued,
    McpAuthDownstreamTokenRefreshed,
    McpAuthDownstreamTokenRefused,
)
from devgw.events.trace import Trace
from devgw.foreign.json import JsonRefused, read_object
from devgw.foreign.text import clean
from devgw.gateway.client_authentication import check_presented, presented_client_id
from devgw.gateway.gateway import Gateway
from devgw.gateway.mangled_request import told_by_the_form
from devgw.gateway.oauth_request import ServerRequest
from devgw.gateway.presented import told_by_its_owner
from devgw.gateway.records import Grant
from devgw.oauth.metadata import JWT_BEARER
from devgw.oauth.urls import REVOKE, TOKEN
from devgw.problems import Problem, Refused
from devgw.problems.client_id import ClientIdOfNobody, ClientUnknown
from devgw.problems.parameters import FormExpected
from devgw.problems.token import BearerAtRevocation
from devgw.web import caller, refusals, serving
from devgw.web.wrong_path import check_not_a_registration, check_not_for_tokens

blueprint = Blueprint("token", __name__)


@blueprint.post(TOKEN)
@blueprint.post("/token")
async def token() -> Response:
    """Redeem a code or refresh token."""
    gateway = serving.gateway()
    asked: ServerRequest | None = None
    try:
        asked = await _read(gateway, "token")
        gateway = serving.gateway()  # a save may have come while keys or a document were fetched
        answer = gateway.server.answer_token_request(asked, serving.urls())
    except Refused as refused:
        form = await serving.form_as_it_came("token")
        problem = told_by_the_form(form, refused.problem, frozenset(request.args))
        problem = told_by_its_owner(gateway.ground.store, gateway.clients, form, problem)
        _publish_refusal(gateway, asked, problem)
        raise Refused(problem) from refused
    _publish(gateway, asked)
    response: Response = jsonify(answer)
    response.headers.update(refusals.NO_STORE)
    return response


@blueprint.post(REVOKE)
@blueprint.post("/revoke")
async def revoke() -> Response:
    """Revoke a token; 200 with an empty body, also for one that is unknown."""
    gateway = serving.gateway()
    if request.headers.get("Authorization", "").lower().startswith("bearer "):
        raise Refused(BearerAtRevocation())
    asked: ServerRequest | None = None
    try:
        asked = await _read(gateway, "revocation")
        if "token" not in asked.form:
            check_not_for_tokens(asked.form)
        gateway.server.answer_revocation(asked, serving.urls())
    except Refused as refused:
        form = await serving.form_as_it_came("revocation")
        problem = told_by_its_owner(gateway.ground.store, gateway.clients, form, refused.problem)
        _note(asked, problem)
        raise Refused(problem) from refused
    _note(asked)
    return Response("", 200, headers=refusals.NO_STORE)


async def _read(gateway: Gateway, endpoint: str) -> ServerRequest:
    """Return the request; what the network must give is fetched before Authlib asks.

    A client's document is read where its authorization begins: a request with a URL that never came there could make
    us fetch anything, and has nothing to redeem.
    """
    trace = serving.trace()
    if trace:
        trace.kind = "oauth"
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "authorization" in headers:  # several lines are one list (RFC 9110 §5.3), and no credentials of one client
        headers["authorization"] = ", ".join(request.headers.getlist("Authorization"))
    if packing := serving.packing():
        raise Refused(FormExpected(endpoint, f"its body is packed ({clean(packing, 30)})"))
    parameters = await serving.form(endpoint)
    if not parameters.written:
        await _check_what_came(endpoint, headers)
    asked = ServerRequest.read(parameters, headers)
    check_presented(asked)
    client_id = presented_client_id(asked)
    loopback_allowed = not caller.is_page_of_elsewhere()
    takes_jag = gateway.id_jag is not None and gateway.id_jag.is_enabled
    if client_id and takes_jag and asked.form.get("grant_type") == JWT_BEARER:  # nobody authorized here before
        await gateway.clients.resolve(client_id, loopback_allowed=loopback_allowed)
    if client_id and "client_assertion" in asked.form:
        client = gateway.clients.known(client_id)
        asked.client_keys = await gateway.clients.keys_of(client, loopback_allowed=loopback_allowed)
    if gateway.id_jag:
        await gateway.id_jag.prepare(asked)
    return asked


async def _check_what_came(endpoint: str, headers: dict[str, str]) -> None:
    """Refuse a request without a form by what it has instead.

    Raises:
        Refused: with `FormExpected`, or with `SentElsewhere`.
    """
    if request.is_json:
        with suppress(JsonRefused):
            check_not_a_registration(read_object(await request.get_data()))
    if got := _what_came(headers):
        raise Refused(FormExpected(endpoint, got))


def _what_came(headers: dict[str, str]) -> str:
    """Return what came where a form was expected, in words; empty where nothing did."""
    sent = headers.get("content-type", "").partition(";")[0].strip()
    if request.args:
        return "its parameters stand in the query of the URL"
    if sent and "form" not in sent:
        return f"its Content-Type is {sent}"
    if (trace := serving.trace()) is None or not trace.request_body.size:
        return ""
    return "its body cannot be read as a form in UTF-8" if sent else "its body has no Content-Type"


def _note(asked: ServerRequest | None, problem: Problem | None = None) -> dict[str, Any]:
    """Write what is known into the trace and return it as links of an event."""
    facts = asked.facts if asked else {}
    issued = facts.get("issued")
    client = facts.get("client")
    grant = issued.grant if issued else None
    trace = serving.trace()
    links: dict[str, Any] = {"trace_id": trace.id if trace else None}
    if client:
        links |= {"client_id": client.id, "client_name": client.name}
    elif isinstance(problem, ClientUnknown):
        links |= {"client_id": problem.client_id}
    if grant:
        links |= {"grant_id": grant.id, "subject_id": grant.subject_id, "operation_id": grant.operation_id}
    if trace:
        for name, value in links.items():
            if name != "trace_id":
                setattr(trace, name, value)
        trace.token_id = problem.token_id if isinstance(problem, ClientIdOfNobody) else facts.get("token_id")
        if grant and asked:
            _note_resource(trace, grant, asked)
    return links


def _note_resource(trace: Trace, grant: Grant, asked: ServerRequest) -> None:
    if "resource" not in asked.form:
        trace.notes.append(
            f"The token request has no resource, so it is that of the grant, {grant.resource}; the deployed gateway "
            "asks for it at the token endpoint too."
        )


def _publish(gateway: Gateway, asked: ServerRequest) -> None:
    links = _note(asked)
    issued = asked.facts.get("issued")
    if issued is None:
        return
    refresh = issued.refresh
    tokens = {
        "access_token_id": issued.access.id,
        "access_expires_at": issued.access.expires_at,
        "refresh_token_id": refresh.id if refresh else None,
        "refresh_expires_at": refresh.expires_at if refresh else None,
        "resource": issued.grant.resource,
        "scope": issued.grant.scope,
    }
    if asked.form.get("grant_type") == "refresh_token":
        spent, repeated = asked.facts["token_id"], asked.facts["repeated"]
        event = McpAuthDownstreamTokenRefreshed(**links, **tokens, spent_token_id=spent, repeated=repeated)
        gateway.ground.bus.publish(event)
    else:
        code_id = asked.facts.get("token_id")
        gateway.ground.bus.publish(McpAuthDownstreamTokenIssued(**links, **tokens, code_id=code_id))


def _publish_refusal(gateway: Gateway, asked: ServerRequest | None, problem: Problem) -> None:
    gateway.ground.bus.publish(
        McpAuthDownstreamTokenRefused(
            **_note(asked, problem),
            grant_type=asked.form.get("grant_type") if asked else None,
            error=str(problem.error),
            token_id=asked.facts.get("token_id") if asked else None,
            outcome=Outcome.FAILURE,
            **refusal(problem),
        )
    )
