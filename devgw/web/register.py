"""Dynamic client registration over HTTP. Source: RFC 7591 §3."""

import json

from quart import Blueprint, Response, jsonify, request

from devgw.foreign.json import JsonRefused, read_json
from devgw.foreign.text import clean, is_seen
from devgw.limits import Limits
from devgw.oauth.urls import REGISTER
from devgw.problems import Problem, Refused
from devgw.problems.clients import RegistrationUnreadable
from devgw.problems.incoming import RegistrationNotJson, RegistrationsTooFrequent
from devgw.problems.limit import RegistrationTooLarge, limit_id
from devgw.web import caller, refusals, serving
from devgw.web.wrong_path import check_not_for_tokens, names_in_form

blueprint = Blueprint("register", __name__)
_SHOWN = 60
"""Characters of a header that are shown."""


@blueprint.post(REGISTER)
@blueprint.post("/register")
async def register() -> Response:
    """Register a client and return 201 with its metadata."""
    trace = serving.trace()
    if trace:
        trace.kind = "oauth"
    document = await _document()
    _check_pace()
    user_agent = request.headers.get("User-Agent", "")
    own_callback = serving.canonical_urls().callback
    answer = serving.gateway().clients.register(document, user_agent=user_agent, own_callback=own_callback)
    if trace:
        trace.client_id = answer["client_id"]
        trace.client_name = answer["client_name"] if is_seen(answer["client_name"]) else None
    response: Response = jsonify(answer)
    response.status_code = 201
    response.headers.update(refusals.NO_STORE)
    return response


async def _document() -> object:
    """Return what is to be registered.

    Raises:
        Refused: as `_check_type` and `_read` do; told like the refusal of what can be read.
    """
    try:
        await _check_type()
        return await _read_metadata()
    except Refused as refused:
        serving.gateway().clients.publish_refusal("dcr", None, refused.problem)
        raise


async def _read_metadata() -> object:
    if packed := serving.packing():
        got = (
            f"JSON that is not taken (it came with Content-Encoding: {clean(packed, _SHOWN)}, which is not undone here)"
        )
        raise Refused(RegistrationUnreadable(got, wanted="JSON in UTF-8, without Content-Encoding"))
    document = _read(await request.get_data())
    if isinstance(document, dict) and "redirect_uris" not in document:
        check_not_for_tokens(document)
    return document


async def _check_type() -> None:
    """Take JSON alone: text and forms are what a page of any site may send without a browser's question (Fetch §2.2.2).

    Raises:
        Refused: with `RegistrationNotJson`.
    """
    if request.mimetype != "application/json":
        check_not_for_tokens(await names_in_form(request.mimetype))
        raise Refused(RegistrationNotJson(request.mimetype))


def _check_pace() -> None:
    """Count a registration.

    Raises:
        Refused: with `RegistrationsTooFrequent`.
    """
    pace = serving.registrations()
    most = pace.per_minute // (Limits.SHARE_OF_PAGES if caller.is_page_of_elsewhere() else 1)
    if seconds := pace.take(serving.gateway().ground.clock, most):
        raise Refused(RegistrationsTooFrequent(most, seconds))


def _read(body: bytes | str) -> object:
    """Return the registration request.

    Raises:
        Refused: with `RegistrationTooLarge` or `RegistrationUnreadable`.
    """
    try:
        document = read_json(body, most_bytes=Limits.REGISTRATION_BYTES)
        json.dumps(document, ensure_ascii=False).encode()  # half a character can be kept by nobody
    except JsonRefused as refused:
        raise Refused(_problem_of(refused)) from refused
    except UnicodeEncodeError as error:
        got = "JSON that is not taken (half of a character stands in it)"
        raise Refused(RegistrationUnreadable(got, wanted="whole characters in each string")) from error
    return document


def _problem_of(refused: JsonRefused) -> Problem:
    if refused.limit == "JSON_BYTES":
        return RegistrationTooLarge(Limits.REGISTRATION_BYTES)
    got = f"JSON that is not taken ({refused})" if not refused.is_broken else f"something else ({refused})"
    return RegistrationUnreadable(got, limit_id(refused.limit), "" if refused.is_broken else refused.wanted)
