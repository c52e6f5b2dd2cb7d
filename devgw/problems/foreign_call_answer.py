"""Which refusal an answer of somebody's MCP server is: decided once, for passive watching and the doctor's login."""

from dataclasses import dataclass

from devgw.problems.foreign_call import (
    AudienceForeign,
    CallForbidden,
    CallNotAdmitted,
    CallNotTaken,
    CallProblem,
    CallRedirected,
    FreshTokenRefused,
    NoMcpInAnswer,
    OldTokenRefused,
    TokenOfAnotherServer,
)

_OK, _REDIRECTS, _REFUSES, _UNAUTHORIZED, _FORBIDDEN = 200, 300, 400, 401, 403


@dataclass(frozen=True, slots=True)
class TokenKnown:
    """What is known of the token that a call carried; nothing of it is secret."""

    is_fresh: bool = False
    """Whether it was seen to be given, and has not ended."""
    old: str = "was not seen to be given here"
    """What is known of one that is not fresh, as the end of a sentence."""
    issuer: str = ""
    """Whose endpoint gave it, or its own `iss`; empty where that is not known."""
    named: tuple[str, ...] = ()
    """The authorization servers that the resource's metadata names; empty where that was not seen."""
    audience: tuple[str, ...] = ()
    """Its own `aud`, where it can be read."""


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What came to a call, and what is known of the request."""

    url: str
    owner: str
    asked: str
    status: int
    said: str = ""
    token: TokenKnown | None = None
    scope: str = ""
    """What the challenge asks for."""
    page: str = ""
    """The Origin that was sent."""
    has_session: bool = False
    media_type: str = ""
    is_empty: bool = False
    location: str = ""

    @property
    def facts(self) -> tuple[str, str, str, int, str]:
        """Return what each refusal begins with."""
        return self.url, self.owner, self.asked, self.status, self.said


def refusal_of_call(answer: CallAnswer) -> CallProblem:
    """Return which refusal an answer is that gives a client no MCP."""
    token = answer.token
    if answer.status == _UNAUTHORIZED and token is not None:
        return _of_token(answer, token)
    if answer.status == _FORBIDDEN and token is None and not answer.page:
        return CallNotAdmitted(*answer.facts)
    if answer.status == _FORBIDDEN:
        return CallForbidden(*answer.facts, scope=answer.scope, page=answer.page, has_token=token is not None)
    if answer.status < _REDIRECTS:
        return NoMcpInAnswer(*answer.facts, media_type=answer.media_type, is_empty=answer.is_empty)
    if answer.status < _REFUSES:
        return CallRedirected(*answer.facts, location=answer.location)
    return CallNotTaken(*answer.facts, has_session=answer.has_session)


def _of_token(answer: CallAnswer, token: TokenKnown) -> CallProblem:
    """Return what is wrong with a token, the certain first."""
    if token.issuer and token.named and not any(_is_same(each, token.issuer) for each in token.named):
        return TokenOfAnotherServer(*answer.facts, issuer=token.issuer, named=token.named)
    if token.audience and not any(_is_same(each, answer.url) for each in token.audience):
        return AudienceForeign(*answer.facts, audience=token.audience, resource=answer.url)
    return FreshTokenRefused(*answer.facts) if token.is_fresh else OldTokenRefused(*answer.facts, why=token.old)


def _is_same(audience: str, url: str) -> bool:
    return audience.rstrip("/") == url.rstrip("/")
