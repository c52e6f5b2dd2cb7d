"""Whose a request is.

A flow is an attempt by one client. What says whose a request is are ids that one attempt alone has: transaction, grant,
token, code, the PKCE challenge and the verifier behind it, the authorization request as a whole; then the `client_id`.
Time and likeness never join what has an identity: two clients of one make stay two, and whoever asks for another
authorization has begun another attempt.

What has no identity yet (the first 401, metadata reads) waits as somebody, in a row of its own, until a registration or
an authorization request claims it. There alone the user agent, the socket and the order of steps are asked, and what
only they say is marked as guessed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from devgw.diagnosis.exchange import form, query, request_json
from devgw.entropy import digest
from devgw.events.flow import Flow, FlowState, Step, StepState
from devgw.events.trace import Trace
from devgw.monitor.asked import BROWSER, METADATA, Purpose
from devgw.monitor.flow_book import FlowBook
from devgw.oauth.pkce import challenge_of
from devgw.problems.client_id import RegistrationMissing

_CLAIMED_WITHIN = timedelta(minutes=15)
"""For how long a row waits for the client that it belongs to: a person may read before a login is begun."""
_GUESSED_WITHIN = timedelta(seconds=15)
"""For how long a next step under another user agent may be the same program's: it has several HTTP stacks."""
_OF_A_REQUEST = ("client_id", "redirect_uri", "state", "code_challenge", "resource", "scope", "response_type", "nonce")

_UNAUTHORIZED = 401

Placed = tuple[Flow | None, bool]
"""The flow, and whether likeness alone says so."""


class FlowIdentity:
    """Finds the flow of a request among those in a book."""

    def __init__(self, book: FlowBook) -> None:
        self._book = book

    def place(self, trace: Trace, asked: Purpose, now: datetime) -> Placed:
        """Return the flow to which a request belongs, and whether that is a guess; no flow where nothing says so."""
        found = self._book.by_key(trace.transaction_id, f"trace:{trace.id}", *attempt_keys(trace, asked))
        found = found or self._book.by_key(trace.grant_id, trace.token_id)
        if found is not None:
            return found, False
        if asked is Purpose.AUTHORIZE:
            return self._authorizing(trace, now)
        if asked is Purpose.REGISTER:
            return self._registering(trace, now)
        if asked is Purpose.TOKEN:
            own = self._of_client(client_id_of(trace, asked))
            return (own, False) if own or not trace.asked else self._redeeming(trace, now)
        if asked in METADATA:
            return self._discovering(trace, now)
        return self._calling(trace, now) if asked is Purpose.MCP else (None, False)

    # --- by kind of request ---

    def _authorizing(self, trace: Trace, now: datetime) -> Placed:
        """Return the flow of the client that has not asked for authorization yet, or the row that it may claim."""
        client_id = client_id_of(trace, Purpose.AUTHORIZE)
        own = self._about_to_ask(trace, client_id)
        if own is not None:
            return own, False
        waiting = [
            flow for flow in self._young(trace) if flow.client_id is None and _within(flow, now, _CLAIMED_WITHIN)
        ]
        agent = self._book.agent_of(client_id)
        if agent:
            return _newest(flow for flow in waiting if flow.user_agent == agent), False
        return _newest(flow for flow in waiting if not _was_turned_down(flow)), True

    def _about_to_ask(self, trace: Trace, client_id: str) -> Flow | None:
        """Return the flow of a client that has only registered, for the first time or anew after it was forgotten."""
        own = (flow for flow in self._book.newest_first() if client_id and flow.client_id == client_id)
        return _newest(flow for flow in own if _fits(flow, trace) and (_is_young(flow) or _was_forgotten(flow)))

    def _registering(self, trace: Trace, now: datetime) -> Placed:
        """Return the row that a registration claims, or the flow whose client was forgotten and helps itself."""
        for flow in self._of_agent(trace):
            is_waiting = flow.client_id is None and _is_young(flow) and _within(flow, now, _CLAIMED_WITHIN)
            if is_waiting and not _is_anothers(flow, trace):
                return flow, False
            if _registers_again(flow, trace) and (_was_forgotten(flow) or _is_young(flow)):
                return flow, False
        return self._guessed(trace, now)

    def _discovering(self, trace: Trace, now: datetime) -> Placed:
        """Return whose metadata read this is: somebody's who looks around, or a client's that reads it once more."""
        own = self._of_agent(trace)
        young = [flow for flow in own if flow.client_id is None and _is_young(flow) and not _is_anothers(flow, trace)]
        if young:
            return _same_socket(young, trace) or young[0], False
        active = [flow for flow in own if flow.state is FlowState.ACTIVE]
        if (same := _same_socket(active, trace)) is not None:
            return same, False
        redeeming = [flow for flow in active if _awaits_tokens(flow)]
        if len(redeeming) == 1:
            return redeeming[0], True
        restless = [
            flow for flow in self._book.restless() if _fits(flow, trace) and _within(flow, now, _CLAIMED_WITHIN)
        ]
        alike = [flow for flow in restless if not trace.user_agent or flow.user_agent == trace.user_agent]
        return (alike[0], False) if alike else self._guessed(trace, now)

    def _calling(self, trace: Trace, now: datetime) -> Placed:
        """Return whose call without a token that is known this is.

        A first 401 belongs to somebody who has no client yet: a client that is known, and asks without a token, begins
        again or looks whether it must; its row waits until its authorization request says which.
        """
        if trace.grant_id is not None:
            return None, False
        alike = [flow for flow in self._of_agent(trace) if _within(flow, now, _CLAIMED_WITHIN)]
        is_first = trace.token_id is None and trace.status == _UNAUTHORIZED
        same = _same_socket(alike, trace)
        if same is not None and (not is_first or _is_young(same) or _awaits_call(same)):
            return same, False
        waiting = [flow for flow in alike if _awaits_call(flow)]
        if trace.token_id is not None and len(waiting) == 1:
            return waiting[0], True
        waiting = [flow for flow in alike if flow.client_id is None and _is_young(flow)]
        return _newest(flow for flow in waiting if not _is_anothers(flow, trace)), False

    def _redeeming(self, trace: Trace, now: datetime) -> Placed:
        """Return the row that tokens claim whose authorization nobody saw: the browser went past who watches.

        The client of a metadata document, or one that was registered by hand, has not said who it is before.
        """
        if _sent_for_tokens(trace, "grant_type") != "authorization_code":
            return None, False
        waiting = [flow for flow in self._of_agent(trace) if flow.client_id is None and _is_young(flow)]
        waiting = [flow for flow in waiting if _within(flow, now, _CLAIMED_WITHIN)]
        return (waiting[0], len(waiting) > 1) if waiting else self._guessed(trace, now)

    def _guessed(self, trace: Trace, now: datetime) -> Placed:
        """Return the one row that waits for just this step, seen a moment ago under another name or none.

        A request without a user agent contradicts no flow: it is a guess only where more than one would do.
        """
        waiting = [
            flow
            for flow in self._young(trace)
            if flow.client_id is None and _within(flow, now, _GUESSED_WITHIN) and not _was_turned_down(flow)
        ]
        if trace.user_agent:
            return (waiting[0], True) if len(waiting) == 1 else (None, False)
        return _newest(waiting), len(waiting) > 1

    # --- who there is ---

    def _young(self, trace: Trace) -> list[Flow]:
        """Return the flows that have not asked for authorization yet, the newest first."""
        return [flow for flow in self._book.newest_first() if _is_young(flow) and _fits(flow, trace)]

    def _of_agent(self, trace: Trace) -> list[Flow]:
        """Return the flows of clients that come with this user agent, the newest first."""
        agent = trace.user_agent
        return [flow for flow in self._book.newest_first() if flow.user_agent == agent and _fits(flow, trace)]

    def _of_client(self, client_id: str) -> Flow | None:
        """Return the newest flow of a client; the one that waits for its tokens before all others."""
        if not client_id:
            return None
        own = [flow for flow in self._book.newest_first() if flow.client_id == client_id]
        awaits = next((flow for flow in own if _awaits_tokens(flow)), None)
        return awaits or next(iter(own), None) or self._book.by_key(f"client:{client_id}")


def attempt_keys(trace: Trace, asked: Purpose) -> tuple[str, ...]:
    """Return the keys in a request that one attempt alone has: the authorization request, or the PKCE challenge.

    An authorization request that is asked twice (a reload, a client that looks first) is one attempt. A verifier proves
    to whose challenge it belongs (RFC 7636 §4.6).
    """
    if asked is Purpose.AUTHORIZE:
        sent = query(trace)
        told = "\n".join(f"{name}={sent.get(name, '')}" for name in _OF_A_REQUEST)
        return (f"request:{digest(told)}",)
    verifier = _sent_for_tokens(trace, "code_verifier") if asked is Purpose.TOKEN else ""
    return (f"challenge:{challenge_of(verifier)}",) if verifier.isascii() and verifier else ()


def challenge_key(trace: Trace, asked: Purpose) -> str | None:
    """Return the key under which the verifier of this authorization request will find its attempt."""
    challenge = query(trace).get("code_challenge") if asked is Purpose.AUTHORIZE else None
    return f"challenge:{challenge}" if challenge else None


def client_id_of(trace: Trace, asked: Purpose) -> str:
    """Return the `client_id` that a request names, as far as it names one."""
    if trace.client_id:
        return trace.client_id
    if asked is Purpose.AUTHORIZE:
        return query(trace).get("client_id", "")
    return _sent_for_tokens(trace, "client_id") if asked is Purpose.TOKEN else ""


def is_of_a_login(trace: Trace, asked: Purpose) -> bool:
    """Tell whether a browser comes with an authorization that is known, or a client with its code."""
    if asked is Purpose.TOKEN:
        return _sent_for_tokens(trace, "grant_type") == "authorization_code"
    return asked in BROWSER and bool(trace.transaction_id and trace.client_id) and trace.method != "HEAD"


def _sent_for_tokens(trace: Trace, name: str) -> str:
    """Return a parameter of a token request; also of one that came as JSON, which is refused, and is its client's."""
    sent = form(trace) or request_json(trace)
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def _is_young(flow: Flow) -> bool:
    """Tell whether no authorization was asked for yet."""
    return flow.mark(Step.AUTHORIZE).state is StepState.NOT_REACHED and flow.state in _OPEN


_OPEN = frozenset({FlowState.ACTIVE, FlowState.FAILED})


def _was_turned_down(flow: Flow) -> bool:
    """Tell whether its registration was refused: whose it is says the socket alone."""
    return flow.failure is not None and flow.failure.step is Step.REGISTER


def _is_anothers(flow: Flow, trace: Trace) -> bool:
    """Tell whether a request comes over another socket than the registration that was refused in a flow."""
    return _was_turned_down(flow) and bool(flow.peers and trace.peer) and trace.peer not in flow.peers


def _was_forgotten(flow: Flow) -> bool:
    """Tell whether its registration is gone, so that it registers anew."""
    problem = flow.failure.problem if flow.failure else None
    return isinstance(problem, RegistrationMissing) and problem.is_gone


def _awaits_tokens(flow: Flow) -> bool:
    return flow.mark(Step.CODE).state is StepState.DONE and flow.mark(Step.TOKEN).state is not StepState.DONE


def _awaits_call(flow: Flow) -> bool:
    return flow.mark(Step.TOKEN).state is StepState.DONE and flow.mark(Step.MCP).state is not StepState.DONE


def _registers_again(flow: Flow, trace: Trace) -> bool:
    """Tell whether a registered client registers once more before it goes on: its socket alone says so."""
    return bool(trace.peer) and trace.peer in flow.peers


def _fits(flow: Flow, trace: Trace) -> bool:
    return flow.operation_id is None or trace.operation_id is None or flow.operation_id == trace.operation_id


def _within(flow: Flow, now: datetime, limit: timedelta) -> bool:
    return now - (flow.last_at or flow.started_at) <= limit


def _newest(flows: Iterable[Flow]) -> Flow | None:
    return next(iter(flows), None)


def _same_socket(flows: Iterable[Flow], trace: Trace) -> Flow | None:
    return next((flow for flow in flows if trace.peer and trace.peer in flow.peers), None)
