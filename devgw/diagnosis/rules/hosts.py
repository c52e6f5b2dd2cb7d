"""Names of the gateway: an issuer that changes, a token endpoint that is not loopback."""

from collections.abc import Iterator
from datetime import datetime

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.exchange import is_server_metadata, response_json
from devgw.diagnosis.rule import Rule, diagnosis
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.view import SeenFlow
from devgw.events import Trace
from devgw.events.flow import Diagnosis


def issuer_follows_header(view: SeenFlow, now: datetime) -> Iterator[Diagnosis]:  # noqa: ARG001  every rule is asked in the same way
    """HOST-04: two issuers for the same document, the second because of a forwarded header."""
    first: dict[str, tuple[Trace, str]] = {}
    for trace in view.traces:
        issuer = str(response_json(trace).get("issuer", "")) if is_server_metadata(trace) else ""
        if not issuer:
            continue
        before = first.setdefault(trace.path, (trace, issuer))
        is_forwarded = bool(trace.header(b"x-forwarded-host") or before[0].header(b"x-forwarded-host"))
        if issuer != before[1] and is_forwarded and not _same_machine(issuer, before[1]):
            difference = explain_difference(issuer, before[1], "issuer")
            yield diagnosis(
                "HOST-04",
                f"The issuer changed from {before[1]} to {issuer}: X-Forwarded-Host from {trace.peer} was believed.",
                f'Write origin = "{split_url(before[1]).origin}" into devgw.toml, if that is its public name, and '
                "start devgw again; list only your own proxy in trusted_proxies.",
                view=view,
                trace=trace,
                difference=difference,
            )
            return


def _same_machine(one: str, other: str) -> bool:
    return split_url(one).is_loopback and split_url(other).is_loopback


RULES = (Rule(("HOST-04",), "two server metadata answers and a forwarded host", issuer_follows_header),)
