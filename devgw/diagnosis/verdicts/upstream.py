"""Upstream MCP servers: do they answer, with which revisions, and do they want a login?"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer, Check, Verdict, passed, refused
from devgw.diagnosis.verdicts.upstream_response import (
    ASKED_ID,
    foreign_answer,
    in_array,
    is_foreign,
    is_misnamed,
    malformed,
    unreadable,
)
from devgw.foreign.challenge import bearer_challenge, said_in_challenge
from devgw.foreign.intermediary import find_intermediary
from devgw.foreign.sign_in import leads_to_sign_in
from devgw.foreign.text import clean
from devgw.foreign.urls import read_url
from devgw.mcp.answer import failure_in, is_answer_to
from devgw.mcp.attribution import shown_ids
from devgw.problems import Problem
from devgw.problems.proxy import UpstreamUnreachable
from devgw.problems.redirect import (
    UpstreamLocationMalformed,
    UpstreamRedirected,
    UpstreamRedirectEmpty,
    UpstreamRedirectsHere,
)
from devgw.problems.upstream_answer import UpstreamResponseMalformed
from devgw.problems.upstream_answered import Answered, CallFacts, read_answer
from devgw.problems.upstream_by_status import no_answer_in, refusal_of
from devgw.problems.upstream_credential import CHALLENGE_SHOWN, Shown, UpstreamCredentialRefused
from devgw.problems.upstream_no_mcp import UpstreamWantsLogin
from devgw.problems.upstream_request import UpstreamKeepsSessions
from devgw.problems.upstream_status import MEDIA_TYPES, UpstreamSpeaksLegacySse

_REFUSALS = 400
_SESSION_WANTED = frozenset({400, 404, 409, 422})
NOT_HERE = frozenset({404, 405})
"""After which GET is tried: servers of 2024-11-05 give an event stream to it."""


@dataclass(frozen=True, slots=True)
class AskedUpstream:
    """Which upstream was asked, and with what of its route."""

    operation_id: str
    url: str
    headers: tuple[str, ...] = ()
    """Names of the headers that the route's policies set."""
    exchange: str = ""
    """Name of the route's token-exchange policy."""
    policies: tuple[str, ...] = ()
    without_session: int = 0
    """The status of a call without the session that the upstream began; 0 where it began none, or one is passed on."""
    ours: frozenset[str] = frozenset()
    """The origins of this gateway."""
    offers_event_stream: bool = False
    """Whether it refused POST and gives an event stream to GET."""

    @property
    def name(self) -> str:
        """Return the check's name."""
        return f"upstream.{self.operation_id}"

    @property
    def sends_credential(self) -> bool:
        """Tell whether the route's policies send or get one."""
        return bool(self.exchange or self.headers)

    @property
    def did(self) -> str:
        """Return what was done."""
        sent = f"with {', '.join(self.headers)} of the route's policies" if self.headers else "without a credential"
        return f"asked {self.url} for server/discover and initialize, {sent}"

    def is_wanting(self, legacy: Answer) -> bool:
        """Tell whether what came leaves the question whether the upstream can be connected."""
        return not legacy.failure and (legacy.status in (401, 403) or legacy.status < 300)


def upstream(asked: AskedUpstream, modern: Answer, legacy: Answer) -> Check:
    """Say what an upstream answered to `server/discover` (2026-07-28) and to `initialize` (2025-11-25)."""
    if legacy.failure or legacy.problem:
        problem = legacy.problem or UpstreamUnreachable(asked.url, legacy.failure)
        return refused(asked.name, asked.did, problem)
    revisions = [*_modern(modern), *_legacy(legacy)]
    speaks = failure_in(legacy.body, is_stream=False)
    if _modern(modern) and speaks:  # it knows no handshake, and says so
        return passed(asked.name, asked.did, f"it speaks {', '.join(revisions)}")
    judge = _judge_of(legacy, speaks_mcp=speaks is not None)
    if judge is not None:
        return judge(asked, legacy)
    if not revisions:
        return _no_mcp(asked, legacy, speaks)
    if asked.without_session in _SESSION_WANTED:
        saw = f"it keeps sessions and answered {asked.without_session} without one; the gateway passes none on"
        return Check(asked.name, Verdict.FAIL, asked.did, saw, UpstreamKeepsSessions.hint, "PROXY-12")
    return passed(asked.name, asked.did, f"it speaks {', '.join(dict.fromkeys(revisions))}")


def _judge_of(answer: Answer, *, speaks_mcp: bool) -> Callable[[AskedUpstream, Answer], Check] | None:
    """Return who judges an answer that is no result of `initialize`, by its status or form; None where that is open."""
    if answer.status < 300 and is_foreign(answer):
        return _foreign
    if speaks_mcp and answer.status == 404:
        return None
    if not speaks_mcp and find_intermediary(answer.status, answer.headers, answer.body) and not _legacy(answer):
        return _stood_in
    by_form = _unread if malformed(answer) else _misnamed if is_misnamed(answer) else None
    return _BY_STATUS.get(answer.status) or by_form


def _stood_in(asked: AskedUpstream, answer: Answer) -> Check:
    return _as_proxied(asked, refusal_of(_answered(asked, answer)))


def _foreign(asked: AskedUpstream, answer: Answer) -> Check:
    return _as_proxied(asked, foreign_answer(asked.url, answer))


def _no_mcp(asked: AskedUpstream, answer: Answer, speaks: tuple[str, str] | None) -> Check:
    """Judge what is no result of `initialize`, as a call's answer is judged."""
    is_open = answer.status < _REFUSALS and answer.message.get("id") is None  # refused before it was read
    if speaks and (is_open or is_answer_to(answer.body, [ASKED_ID])):
        todo = "Look at what it said, and into its own log: the same is what a client gets."
        return Check(asked.name, Verdict.WARN, asked.did, f"it refuses initialize: {clean(speaks[1], 200)}", todo)
    answered = _answered(asked, answer, speaks_mcp=speaks is not None)
    if (odd := in_array(answer, asked.url) or unreadable(answer, asked.url)) is not None:
        return _as_proxied(asked, odd)
    return _as_proxied(asked, no_answer_in(answered, shown_ids([ASKED_ID]), _caller(asked)))


def _answered(asked: AskedUpstream, answer: Answer, *, speaks_mcp: bool = False) -> Answered:
    return read_answer(asked.url, answer.status, answer.headers, answer.body, speaks_mcp=speaks_mcp)


def _caller(asked: AskedUpstream) -> CallFacts:
    """Return what is known of the question: it accepts what MCP asks for."""
    credential = f"{', '.join(asked.headers)} of the route's policies" if asked.headers else ""
    return CallFacts(credential=credential, accept=", ".join(MEDIA_TYPES))


def _unread(asked: AskedUpstream, answer: Answer) -> Check:
    return _as_proxied(asked, UpstreamResponseMalformed(asked.url, malformed(answer)))


def _misnamed(asked: AskedUpstream, answer: Answer) -> Check:
    return _as_proxied(asked, no_answer_in(_answered(asked, answer), shown_ids([ASKED_ID]), _caller(asked)))


def _limited(asked: AskedUpstream, answer: Answer) -> Check:
    """Judge a 429: nothing is wrong, but it is not known what it would have answered."""
    return replace(_as_proxied(asked, refusal_of(_answered(asked, answer))), verdict=Verdict.WARN)


def _redirected(asked: AskedUpstream, answer: Answer) -> Check:
    """Judge a redirect as the proxy does: to a login, to the same written otherwise, or to nowhere."""
    written = answer.headers.get("location", "")
    if not written:
        return _as_proxied(asked, UpstreamRedirectEmpty(asked.url, answer.status))
    try:
        target = read_url(urljoin(asked.url, written).partition("#")[0])
    except ValueError as error:  # a `UrlRefused` is one
        return _as_proxied(asked, UpstreamLocationMalformed(asked.url, answer.status, answer.location, str(error)))
    if target.origin in asked.ours:
        return _as_proxied(asked, UpstreamRedirectsHere(asked.url, answer.status, target.text.partition("?")[0]))
    if leads_to_sign_in(asked.url, target):
        shown = target.text.partition("?")[0]
        return _as_proxied(asked, UpstreamWantsLogin(asked.url, answer.status, "", shown, asked.sends_credential))
    difference = explain_difference(target.text, asked.url, "url")
    problem = UpstreamRedirected(asked.url, answer.status, target.text, difference.sentence.rstrip("."))
    return replace(_as_proxied(asked, problem), marks=tuple(difference.lines()))


def _as_proxied(asked: AskedUpstream, problem: Problem) -> Check:
    """Return what the proxy would say of the same answer."""
    return refused(asked.name, asked.did, problem)


def _not_here(asked: AskedUpstream, answer: Answer) -> Check:
    """Judge a 404 or 405: the older transport, a wrong path, or what takes no POST."""
    if asked.offers_event_stream:
        return _as_proxied(asked, UpstreamSpeaksLegacySse(asked.url, answer.status, ""))
    return _as_proxied(asked, refusal_of(_answered(asked, answer)))


def _forbidden(asked: AskedUpstream, answer: Answer) -> Check:
    """Judge a 403: right where the route has a way to get a credential, else a no to whoever asked."""
    if asked.exchange:
        return _protected(asked, answer)
    return _as_proxied(asked, refusal_of(_answered(asked, answer), _caller(asked)))


def _protected(asked: AskedUpstream, answer: Answer) -> Check:
    """Judge a wish for a login, which is right where the route has a way to get a credential."""
    challenge = clean(answer.headers.get("www-authenticate", ""), MOST_SHOWN)
    if asked.exchange:
        saw = f"it wants a login: {answer.status} with {challenge or 'no challenge'}"
        return passed(asked.name, asked.did, f"{saw}; {asked.exchange} gets it one")
    shown = Shown.HEADER if asked.headers else Shown.NOTHING
    answered = _answered(asked, answer)
    said = answered.said or said_in_challenge(challenge)
    problem = UpstreamCredentialRefused(
        asked.url, answered.short("www-authenticate", CHALLENGE_SHOWN), said, shown, bool(asked.policies)
    )
    check = _as_proxied(asked, problem)
    if asked.headers:
        names = ", ".join(asked.headers)
        todo = f"Correct the value that the route's policies set for {names}: it was sent, and refused."
        return replace(check, todo=todo)
    return replace(check, todo=_attach(asked)) if bearer_challenge([challenge]) else check


def _attach(asked: AskedUpstream) -> str:
    """Return the policy that gets a credential, and where it is attached, to be pasted."""
    policy = {
        "name": f"mcp-token-exchange-{asked.operation_id}",
        "policyType": "mcp-token-exchange-inbound",
        "handler": {
            "export": "McpTokenExchangeInboundPolicy",
            "module": "$import(@zuplo/runtime/mcp-gateway)",
            "options": {"displayName": asked.operation_id, "authMode": "user-oauth"},
        },
    }
    inbound = json.dumps([*asked.policies, policy["name"]])
    return (
        f"Add to `policies` in config/policies.json: {json.dumps(policy)} and in config/routes.oas.json give the route "
        f"{asked.operation_id} `inbound`: {inbound}"
    )


_BY_STATUS = {
    **dict.fromkeys((301, 302, 303, 307, 308), _redirected),
    401: _protected,
    403: _forbidden,
    **dict.fromkeys(NOT_HERE, _not_here),
    429: _limited,
}


def connectable(asked: AskedUpstream, issuer: str, connected: int) -> Check:
    """Say that connecting would work, and whether anybody did."""
    by = f"{connected} connected already" if connected else "nobody has connected it yet"
    did = f"walked the way of connecting {asked.url}, up to where something would change"
    return passed(asked.name, did, f"it can be connected at {clean(issuer, MOST_SHOWN)}; {by}")


def spoken(modern: Answer, legacy: Answer) -> list[str]:
    """Return the revisions that a server says it speaks, to `server/discover` and to `initialize`."""
    return list(dict.fromkeys([*_modern(modern), *_legacy(legacy)]))


def _modern(answer: Answer) -> list[str]:
    result = _result(answer)
    found = result.get("supportedVersions") or result.get("protocolVersions") or result.get("supportedProtocolVersions")
    if isinstance(found, list):
        return [clean(str(each), 40) for each in found[:20]]
    return ["2026-07-28"] if result else []


def _legacy(answer: Answer) -> list[str]:
    version = _result(answer).get("protocolVersion")
    return [clean(str(version), 40)] if version else []


def _result(answer: Answer) -> dict[str, object]:
    """Return the `result` of a JSON-RPC answer."""
    result = answer.message.get("result")
    return result if isinstance(result, dict) else {}
