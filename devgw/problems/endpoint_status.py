"""What statuses say at a token endpoint that are about the way to it, and not about what was asked (RFC 9110 §15)."""

from devgw.problems.base import Fault

PROXY_WANTS_LOGIN, NOT_THIS_HOST = 407, 421
NOT_YET = {
    408: "it waited in vain for the whole request",
    425: "it does not take a request so early in a connection",
}
"""Whoever asks again is answered (RFC 9110 §15.5.9, RFC 8470 §5.2)."""


def change_of_way(status: int, host: str, written_in: str) -> str:
    """Return what mends it where a status is about the way; empty where it is about the request."""
    if status == PROXY_WANTS_LOGIN:
        return (
            "407 is what a proxy answers that wants a user name and a password: write them into the URLs in HTTP_PROXY "
            f"and HTTPS_PROXY, or {host} into NO_PROXY, and start devgw again. If none of them is set, look at what "
            "answers there in that server's place."
        )
    if status == NOT_THIS_HOST:
        return f"Correct the host in {written_in}, or let that server, and what stands before it, answer to {host}."
    return ""


def fault_of_way(status: int, other: Fault) -> Fault:
    """Return whose a refusal is: of this machine's way out where a proxy refuses, else `other`'s."""
    return Fault.MACHINE if status == PROXY_WANTS_LOGIN else other
