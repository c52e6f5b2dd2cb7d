"""Dynamic client registration over HTTP. Source: RFC 7591 §3."""

import json

from quart import Blueprint, Response, jsonify, request

from devgw.oauth.urls import REGISTER
from devgw.problems import Refused
from devgw.problems.clients import RegistrationUnreadable
from devgw.problems.incoming import RegistrationNotJson, RegistrationsTooFrequent
from devgw.web import refusals, serving

blueprint = Blueprint("register", __name__)
SIZE_LIMIT = 64 * 1024


@blueprint.post(REGISTER)
@blueprint.post("/register")
async def register() -> Response:
    """Register a client and return 201 with its metadata."""
    trace = serving.trace()
    if trace:
        trace.kind = "oauth"
    _check_type()
    document = _read(await request.get_data())
    _check_pace()
    answer = serving.gateway().clients.register(document, user_agent=request.headers.get("User-Agent", ""))
    if trace:
        trace.client_id, trace.client_name = answer["client_id"], answer["client_name"]
    response: Response = jsonify(answer)
    response.status_code = 201
    response.headers.update(refusals.NO_STORE)
    return response


def _check_type() -> None:
    """Take JSON alone: text and forms are what a page of any site may send without a browser's question (Fetch §2.2.2).

    Raises:
        Refused: with `RegistrationNotJson`.
    """
    if request.mimetype != "application/json":
        raise Refused(RegistrationNotJson(request.mimetype))


def _check_pace() -> None:
    """Count a registration.

    Raises:
        Refused: with `RegistrationsTooFrequent`.
    """
    pace = serving.registrations()
    if seconds := pace.take(serving.gateway().ground.clock):
        raise Refused(RegistrationsTooFrequent(pace.per_minute, seconds))


def _read(body: bytes | str) -> object:
    if len(body) > SIZE_LIMIT:
        raise Refused(RegistrationUnreadable(got=f"{len(body)} bytes, over {SIZE_LIMIT}"))
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
        json.dumps(document, ensure_ascii=False).encode()  # half a character can be kept by nobody
    except (ValueError, RecursionError) as error:
        kind = request.mimetype or "no content type"
        raise Refused(RegistrationUnreadable(got=f"{kind}, unreadable as JSON")) from error
    return document


def _refuse_constant(name: str) -> float:
    """Refuse NaN and Infinity, which Python reads and JSON has not (RFC 8259 §6)."""
    raise ValueError(name)
