"""What somebody's MCP server has against the token of a call, by what is known of that."""

from dataclasses import dataclass
from typing import ClassVar

from devgw.foreign.text import clean
from devgw.problems.upstream_refusal import SHOWN, UpstreamRefusal


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
class TokenOfAnotherServer(UpstreamRefusal):
    """The token is of an authorization server that the MCP server does not name."""

    issuer: str
    """Whose token it is."""
    named: tuple[str, ...]
    """Those that the resource's metadata names."""

    diagnosis: ClassVar = "DISC-16"
    source: ClassVar = "RFC 9728 §2, §7.6"

    def explain(self) -> str:
        """Show both."""
        named = clean(", ".join(self.named), SHOWN)
        whose = clean(self.issuer, SHOWN)
        return f"{self._answered}{self._said}. The token is of {whose}, and the resource's metadata names {named}."

    def advise(self) -> str:
        """Say what must be one."""
        return (
            f"Serve the metadata of {clean(self.named[0], SHOWN)}, and of no other server, at "
            f"/.well-known/oauth-authorization-server of {self._whose}: clients that read no resource metadata log in "
            f"where that leads. Or let it take the tokens of {clean(self.issuer, SHOWN)}, and name that in "
            "authorization_servers."
        )


@dataclass(frozen=True, slots=True)
class AudienceForeign(UpstreamRefusal):
    """The token is made out to somebody else."""

    audience: tuple[str, ...]
    resource: str

    diagnosis: ClassVar = "AUD-10"
    source: ClassVar = "RFC 8707 §2; RFC 9068 §4"

    def explain(self) -> str:
        """Show both."""
        audience = clean(", ".join(self.audience), SHOWN)
        compared = f"The token's aud is {audience}; the resource is {clean(self.resource, SHOWN)}"
        return f"{self._answered}{self._said}. {compared}."

    def advise(self) -> str:
        """Say who has to write what."""
        return (
            f"Let the authorization server write the `resource` that clients send, {clean(self.resource, SHOWN)}, "
            f"into `aud` of its tokens; or let {self._whose} take the audience {clean(self.audience[0], SHOWN)}."
        )


@dataclass(frozen=True, slots=True)
class UpstreamAsksOtherwise(UpstreamRefusal):
    """401 with a challenge that asks for no token: for an account, or for what a tunnel or proxy has of its own."""

    challenge: str

    diagnosis: ClassVar = "BEAR-01"
    source: ClassVar = "RFC 9110 §11.6.1; RFC 6750 §3"

    def explain(self) -> str:
        """Say what is asked for."""
        return f"{self._answered}{self._said}. It asks for {self.challenge}, and for no Bearer token."

    def advise(self) -> str:
        """Say what is not known, and what OAuth has there."""
        return (
            f"Look who asks so, {self._replaced} or what stands before it: what stands before has to let clients "
            "through; a server of OAuth answers `Bearer` with resource_metadata."
        )


@dataclass(frozen=True, slots=True)
class DpopProofRefused(UpstreamRefusal):
    """A proof of possession is not taken, or one with the server's nonce is asked for."""

    error_code: str
    """`invalid_dpop_proof` or `use_dpop_nonce`."""
    is_here_alone: bool
    """Whether the client proves for a URL of devgw's, which is not the server's own."""

    source: ClassVar = "RFC 9449 §4.3, §5, §8"

    @property
    def diagnosis_id(self) -> str | None:
        """Return the id; None for a wish for a nonce, which is a step of the way."""
        return None if self.error_code == "use_dpop_nonce" else "REQ-12"

    def explain(self) -> str:
        """Say what a proof holds, and what stands in its way."""
        url = " The client proves for the local URL under which it knows the server." if self.is_here_alone else ""
        return f"{self._answered} {self.error_code}{self._said}.{url}"

    def advise(self) -> str:
        """Say what is to be the same."""
        if self.error_code == "use_dpop_nonce":
            return "Let the client ask again with the nonce of DPoP-Nonce in its proof."
        if self.is_here_alone:
            return (
                "Start the client through devgw, so that it proves for the server's own URL: "
                "`devgw watch URL -- COMMAND`."
            )
        return (
            "Let the proof name the method and the URL that is asked (htm, htu), the hash of the token (ath), a new "
            "jti and the time of now; behind a proxy the server has to compare its outer URL."
        )


@dataclass(frozen=True, slots=True)
class FreshTokenRefused(UpstreamRefusal):
    """A token that was just given is refused."""

    diagnosis: ClassVar = "BEAR-09"
    source: ClassVar = "RFC 6750 §3.1"

    def explain(self) -> str:
        """Say how fresh it is."""
        return f"{self._answered}{self._said}, with a token that was just given for it; the login itself was in order."

    def advise(self) -> str:
        """Say what to compare."""
        return (
            f"Look into the log of {self._whose}: it does not take the tokens of its own authorization server. Let the "
            "keys, the issuer and the audience that it checks be those of the token."
        )


@dataclass(frozen=True, slots=True)
class OldTokenRefused(UpstreamRefusal):
    """A token is refused that ended, or that was not seen to be given."""

    why: str
    """What is known of it, as the end of a sentence."""

    diagnosis: ClassVar = "BEAR-10"
    source: ClassVar = "RFC 6750 §3.1"

    def explain(self) -> str:
        """Say what is known of the token."""
        return f"{self._answered}{self._said}, with a token that {self.why}."

    def advise(self) -> str:
        """Say what the client does."""
        return "Let the client refresh, or log in again: delete what it keeps for this server if it does neither."
