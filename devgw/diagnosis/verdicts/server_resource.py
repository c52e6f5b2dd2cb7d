"""What an MCP server publishes about itself (RFC 9728), as clients read it."""

from collections.abc import Iterator

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.urls import split_url
from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer
from devgw.diagnosis.verdicts.point import Naming, Point, asked_for, lacks, of_resource, shown
from devgw.diagnosis.verdicts.server_endpoint import answered
from devgw.diagnosis.verdicts.server_place import broken_place, marked_place
from devgw.diagnosis.verdicts.server_seen import DocumentPlace, SeenServer
from devgw.foreign.text import clean
from devgw.foreign.urls import UrlRefused, read_url
from devgw.oauth.discovery import covers

_TAKEN_BY_SOME = frozenset({"resource-origin", "resource-parent", "resource-slash", "resource-noslash"})


def resource_points(seen: SeenServer) -> Iterator[Point]:
    """Yield what its metadata comes to, in the order in which a client reads it."""
    yield _documents(seen)
    if seen.resource is None:
        return
    yield _identifier(seen, seen.resource)
    yield _servers(seen, seen.resource)
    if seen.own_server is not None:
        yield _second_server(seen, seen.own_server)
    yield _demands(seen, seen.resource)


def _documents(seen: SeenServer) -> Point:
    """Judge the places in the order in which they are asked: the first answer that is no plain absence decides."""
    naming = of_resource(seen, "documents", asked_for([each.answer for each in seen.resources]))
    for place in seen.resources:
        if place.has_document:
            return _found(seen, naming, place)
        if (point := broken_place(naming, place, "prm", "PROXY-19")) is not None:
            return point
    hint = next((each for each in seen.resources if each.kind == "hint"), None)
    if hint is not None:
        is_guarded = hint.answer.status in {401, 403}
        how = "which is refused" if is_guarded else "where there is none"
        saw = f"the challenge points to {shown(hint.answer.url)}, {how} ({answered(hint.answer)})"
        serve = (
            f"Let everybody read {shown(hint.answer.url)}" if is_guarded else f"Serve it at {shown(hint.answer.url)}"
        )
        todo = f"{serve}, or let resource_metadata be the URL at which it is served."
        return naming.bad(saw, todo, "DISC-17", "hint-wrong")
    if seen.server is not None:
        saw = "none: clients then take the server's origin for its authorization server, as in 2025-03-26"
        trait = "prm-absent" if split_url(seen.url).path.text.strip("/") else "prm-absent-root"
        return naming.odd(saw, f"Publish {shown(seen.resources[-2:][0].answer.url)} (RFC 9728 §3).", "DISC-09", trait)
    saw = "none, and its origin publishes no metadata of an authorization server either"
    if seen.has_default_endpoints:
        todo = "Publish both documents (RFC 9728, RFC 8414)."
        return naming.odd(f"{saw}; the default endpoints of 2025-03-26 answer", todo, "DISC-09", "as-absent")
    todo = "Publish both documents where OAuth is to protect it; give clients its key as a header where not."
    return naming.bad(saw, todo, "DISC-09", "nothing")


def _found(seen: SeenServer, naming: Naming, place: DocumentPlace) -> Point:
    if (point := marked_place(naming, place)) is not None:
        return point
    if place.answer.media_type != "application/json":
        todo = "Serve it as application/json (RFC 9728 §3.2)."
        return naming.odd(
            f"{shown(place.answer.url)} is {place.answer.media_type or 'without a type'}", todo, "DISC-05"
        )
    absent = [shown(each.answer.url) for each in seen.resources if each.kind == "hint" and not each.has_document]
    if absent:
        saw = f"the challenge points to {absent[0]}, where there is none; it stands at {shown(place.answer.url)}"
        return naming.bad(saw, f"Let resource_metadata be {shown(place.answer.url)}.", "DISC-17", "hint-wrong")
    passed = [shown(each.answer.url) for each in seen.resources if each.kind == "path" and not each.has_document]
    if place.kind == "root" and passed:
        saw = f"it stands at {shown(place.answer.url)} alone, and {passed[0]} has none"
        return naming.odd(saw, f"Serve it at {passed[0]} (RFC 9728 §3.1).", "DISC-17")
    return naming.good(f"found at {shown(place.answer.url)}")


def _identifier(seen: SeenServer, place: DocumentPlace) -> Point:
    naming = of_resource(seen, "identifier", f"compared `resource` with {shown(seen.url)}, which clients are given")
    said = place.answer.document.get("resource")
    if not isinstance(said, str) or not said:
        # Who takes no document without it looks for an authorization server at the MCP server's own origin.
        trait = "resource-missing" if split_url(seen.issuer).origin == seen.origin else "resource-missing-apart"
        return naming.bad(
            lacks(place.answer.document, "resource"), f"Write `resource`: {shown(seen.url)!r}.", "AUD-01", trait
        )
    if said == seen.url:
        return naming.good(f"resource is {shown(said)}")
    difference = explain_difference(shown(said), shown(seen.url), "published_resource")
    trait, diagnosis_id = _of_resource(said, seen.url)
    todo = f"Let `resource` be {shown(seen.url)}, letter for letter."
    make = naming.odd if trait in _TAKEN_BY_SOME else naming.bad
    return make(difference.sentence, todo, diagnosis_id, trait)


def _of_resource(said: str, url: str) -> tuple[str, str]:
    """Return the trait and the id of a `resource` that is not the URL."""
    if said.rstrip("/") == url.rstrip("/"):
        return ("resource-slash" if said.endswith("/") else "resource-noslash"), "AUD-02"
    if said.rstrip("/") == split_url(url).origin:
        return "resource-origin", "AUD-01"
    if split_url(said).origin != split_url(url).origin:
        return "resource-host", "AUD-01"
    return ("resource-parent" if covers(said, url) else "resource-other"), "AUD-01"


def _servers(seen: SeenServer, place: DocumentPlace) -> Point:
    naming = of_resource(seen, "authorization_servers", "read `authorization_servers`")
    named = place.answer.listed("authorization_servers")
    if (said := place.answer.document.get("authorization_servers")) and not isinstance(said, list):
        saw = f"authorization_servers is {clean(str(said), MOST_SHOWN)!r}, and no list (RFC 9728 §2)"
        return naming.bad(saw, "Write a list, also of one issuer.", "DISC-11", "prm-servers-no-list")
    if not named:
        saw = "it names no authorization server; clients take the origin"
        return naming.bad(saw, "Name its issuer in `authorization_servers`.", "DISC-09", "prm-noservers")
    try:
        read_url(named[0] if isinstance(named[0], str) else "")
    except UrlRefused as refused:
        saw = f"the first is {clean(str(named[0]), MOST_SHOWN)}: {refused}"
        return naming.bad(saw, "Write the issuer's URL there.", "DISC-13", "prm-noservers")
    more = f"; {len(named) - 1} more, of which most clients take none" if len(named) > 1 else ""
    return naming.good(f"the first is {clean(named[0], MOST_SHOWN)}{more}")


def _second_server(seen: SeenServer, answer: Answer) -> Point:
    """Judge an authorization server at the MCP server's own origin, beside the one that it names."""
    naming = of_resource(seen, "second_server", asked_for([answer]))
    issuer = answer.document.get("issuer") if answer.status == 200 else None
    if not isinstance(issuer, str) or issuer == seen.issuer:
        return naming.good(f"there is no second authorization server ({answered(answer)})")
    saw = (
        f"its origin publishes another authorization server, {shown(issuer)}, beside {shown(seen.issuer)}: clients of "
        "2025-03-26 log in there"
    )
    todo = f"Serve the metadata of {shown(seen.issuer)}, and of no other server, at {shown(answer.url)}."
    return naming.odd(saw, todo, "DISC-16")


def pages_point(seen: SeenServer) -> Point:
    """Judge whether pages may read the documents."""
    naming = of_resource(seen, "pages", f"sent GET {', '.join(shown(each.url) for each in seen.pages)} as a page does")
    hidden = [each for each in seen.pages if each.status == 200 and not each.headers.get("access-control-allow-origin")]
    if hidden:
        where = ", ".join(shown(each.url) for each in hidden)
        saw = f"no Access-Control-Allow-Origin at {where}: browsers hide it from pages; programs read it"
        return naming.odd(saw, "Send Access-Control-Allow-Origin: * with both metadata documents.", "CORS-06")
    return naming.good("pages of other origins may read the metadata")


def _demands(seen: SeenServer, place: DocumentPlace) -> Point:
    naming = of_resource(seen, "tokens", "read what tokens it wants")
    if place.answer.document.get("dpop_bound_access_tokens_required") is True:
        saw = "dpop_bound_access_tokens_required is true (RFC 9728 §2): a plain bearer token is refused"
        return naming.bad(saw, "Take bearer tokens too.", "UPST-21", "dpop-required")
    methods = place.answer.listed("bearer_methods_supported")
    if methods and "header" not in methods:
        saw = f"bearer_methods_supported is {clean(', '.join(map(str, methods)), 100)}; clients send a header"
        return naming.bad(saw, "Take tokens in the Authorization header.", "UPST-21", "bearer-method")
    return naming.good("it takes bearer tokens in a header")
