"""What a login of one's own at somebody's server came to, and the call after it."""

from dataclasses import replace

from devgw.diagnosis.verdicts.check import Answer, Check, Verdict, passed, refused, skipped
from devgw.foreign.challenge import Challenge, bearer_challenge
from devgw.foreign.text import clean
from devgw.problems.foreign_token import TokenKnown
from devgw.problems.proxy import GIVEN_URL
from devgw.problems.upstream_answered import CallFacts, read_answer
from devgw.problems.upstream_by_status import no_answer_in
from devgw.problems.upstream_status import MEDIA_TYPES

NAME = "login"


def no_login(url: str) -> Check:
    """Return that there is nothing to sign in to."""
    return skipped(NAME, f"looked whether {url} wants a login", "it answers without one")


def not_back(issuer: str, seconds: float) -> Check:
    """Return that the browser did not come back."""
    saw = f"the browser was sent to {clean(issuer, 200)}, and did not come back in {seconds:.0f} s"
    todo = "Sign in there and allow it; where its page shows an error instead, that is the failure."
    return Check(NAME, Verdict.WARN, "signed in with a browser", saw, todo, is_certain=False)


def logged_in(issuer: str, scope: str) -> Check:
    """Return that a token was got."""
    asked = f" for {clean(scope, 200)}" if scope else ""
    return passed(NAME, "signed in with a browser and redeemed the code", f"{clean(issuer, 200)} gave a token{asked}")


def called(url: str, answer: Answer, owner: str, token: TokenKnown) -> Check:
    """Judge a call with the token that was just got."""
    name, did = f"{NAME}.call", f"sent POST initialize to {url} with that token"
    if answer.status < 300 and answer.message.get("result") is not None:
        return passed(name, did, "it was answered")
    if answer.failure:
        return Check(name, Verdict.FAIL, did, answer.failure, "Look into the log of the MCP server.", fault=owner)
    challenge = bearer_challenge([answer.headers.get("www-authenticate", "")]) or Challenge()
    said = challenge.parameters.get("error_description") or challenge.error
    scope = " ".join(challenge.scopes) if challenge.error == "insufficient_scope" else None
    came = read_answer(url, answer.status, answer.headers, answer.body, speaks_mcp="error" in answer.message)
    asker = CallFacts(owner, "initialize", GIVEN_URL, "that token", token, scope, accept=", ".join(MEDIA_TYPES))
    problem = no_answer_in(replace(came, said=clean(said or came.said, 200)), "initialize", asker)
    return replace(refused(name, did, problem), fault=owner)


def given_up() -> Check:
    """Return that the person ended it (Ctrl+C) before it came to anything."""
    todo = "Run it again, and sign in."
    return Check(NAME, Verdict.WARN, "signed in with a browser", "you ended it before it was over", todo)


def left(issuer: str, client_id: str, why_left: str) -> Check:
    """Say what became of the registration: it is gone, or why it is not."""
    name, did = f"{NAME}.registration", f"registered a client at {clean(issuer, 200)} for it"
    if not why_left:
        return passed(name, did, "and deleted it again")
    saw = f"the client {clean(client_id, 200)} stays registered: {why_left}"
    return Check(name, Verdict.WARN, did, saw, "Delete it in its console, or leave it to expire.")
