"""Whose the code or token is that a request presents under a client id that nobody has here."""

from dataclasses import dataclass

from devgw.entropy import digest
from devgw.gateway.clients import Clients
from devgw.gateway.store import Store
from devgw.ids import ClientId, TokenId
from devgw.oauth.parameters import Parameters
from devgw.problems import Problem
from devgw.problems.client_id import ClientIdOfNobody, ClientUnknown


@dataclass(frozen=True, slots=True)
class Presented:
    """A code or token that was issued here."""

    what: str
    """As a sentence calls it."""
    id: TokenId
    client_id: ClientId


def told_by_its_owner(store: Store, clients: Clients, form: Parameters, problem: Problem) -> Problem:
    """Return that an unknown client presents what another one got, where that one is still known; else `problem`."""
    if not (isinstance(problem, ClientUnknown) and problem.is_gone):
        return problem
    found = find_presented(store, form)
    if found is None or not clients.has(found.client_id):  # the sender's own, or that of another who is gone, too
        return problem
    return ClientIdOfNobody(problem.client_id, found.what, found.client_id, found.id)


def find_presented(store: Store, form: Parameters) -> Presented | None:
    """Return the code or token of this gateway that a token or revocation request brings."""
    if code := store.find_code(digest(form.first("code") or "")):
        return Presented("code", code.id, code.client_id)
    secret = digest(form.first("refresh_token") or form.first("token") or "")
    token = store.find_refresh_token(secret) or store.find_access_token(secret)
    grant = store.find_grant(token.grant_id) if token else None
    return Presented("token", token.id, grant.client_id) if token and grant else None
