"""The generation that is being served, and what every endpoint reads of a request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from quart import current_app, request

from devgw.events import Trace
from devgw.gateway.forwarding import encoding_of
from devgw.gateway.gateway import Gateway
from devgw.gateway.pace import Pace
from devgw.gateway.records import PendingAuthorization
from devgw.limits import Limits
from devgw.oauth.parameters import Parameters
from devgw.oauth.urls import Urls

if TYPE_CHECKING:
    from quart import Quart


@dataclass
class Serving:
    """Holds the generation that new requests get; a reload replaces it between two requests."""

    gateway: Gateway
    hide: Callable[[str], str] = str
    """Masks in our own words what the project configures and nobody may see."""
    registrations: Pace = field(default_factory=lambda: Pace(Limits.REGISTRATIONS_PER_MINUTE))
    """Of all clients, over all generations."""


def keep(app: "Quart", serving: Serving) -> None:
    """Let every endpoint of `app` find the generation."""
    app.extensions["devgw"] = serving


def gateway() -> Gateway:
    """Return the generation for this request: read it once, and again after what others took their time for."""
    return cast("Serving", current_app.extensions["devgw"]).gateway


def registrations() -> Pace:
    """Return what counts registrations."""
    return cast("Serving", current_app.extensions["devgw"]).registrations


def hide(text: str) -> str:
    """Return a text of ours without what the project configures and nobody may see: an upstream's URL may hold it."""
    return cast("Serving", current_app.extensions["devgw"]).hide(text)


def trace() -> Trace | None:
    """Return this request's trace, where the front made one."""
    return cast("Trace | None", request.scope.get("devgw.trace"))


def origin() -> str:
    """Return the origin under which the client asked."""
    known = request.scope.get("devgw.origin")
    return str(known) if known else f"{request.scheme}://{request.host}"


def urls() -> Urls:
    """Return the URLs under that origin."""
    return gateway().urls(origin())


def canonical_urls() -> Urls:
    """Return the URLs on which browser pages and cookies live."""
    served = gateway()
    return served.urls(served.ground.settings.canonical_origin)


def query() -> Parameters:
    """Return the query as OAuth reads it."""
    return Parameters(request.args.items(multi=True), "authorization")


def packing() -> str:
    """Return how the body of this request is packed; empty where it is as it stands."""
    return encoding_of(request.scope["headers"])


async def form_as_it_came(endpoint: str) -> Parameters:
    """Return as `form` does, however long its parameters are: for what is told of a request that is refused."""
    return Parameters((await request.form).items(multi=True), endpoint)


async def form(endpoint: str) -> Parameters:
    """Return the form as OAuth reads it; another content type reads as an empty one.

    Raises:
        Refused: with `ParameterTooLong`.
    """
    parameters = await form_as_it_came(endpoint)
    if endpoint != "callback":  # what a provider sends is as long as it makes it
        parameters.check_lengths()
    return parameters


def note_pending(pending: PendingAuthorization | None) -> None:
    """Write into the trace of which authorization, and so of which client, this request is."""
    trace_ = trace()
    if trace_ and pending:
        trace_.kind = "oauth"
        trace_.transaction_id = pending.id
        trace_.operation_id = pending.operation_id
        if pending.connect_link:
            return
        trace_.client_id, trace_.client_name = pending.client_id, pending.client_name
        client = gateway().ground.store.find_client(pending.client_id)
        if client and client.kept_copy:
            trace_.notes.append(
                f"{client.id} could not be reached: a {client.kept_copy} stands for it. "
                "The deployed gateway reads the live document."
            )
