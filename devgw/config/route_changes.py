"""What a reload changes about the routes, in words."""

from collections.abc import Iterator
from dataclasses import fields

from devgw.config.change import Affected, Change, Effect, camel, changed, shown
from devgw.config.project import Project, Route


def route_changes(old: Project, new: Project) -> Iterator[Change]:
    """Yield what goes, what comes, and what is different; a route is known by its operation id."""
    before = {route.operation_id: route for route in old.routes}
    after = {route.operation_id: route for route in new.routes}
    for operation_id, route in before.items():
        if operation_id not in after:
            consequence = "Its grants and their tokens end."
            yield Change(route.path, f"Route {route.path} was removed.", consequence, _everything_of(route))
    for operation_id, route in after.items():
        if operation_id in before:
            yield from _route(before[operation_id], route)
        else:
            yield Change(route.path, f"Route {route.path} was added, in front of {route.upstream_url}.")


def _route(old: Route, new: Route) -> Iterator[Change]:
    path = new.path
    if old.path != new.path:
        consequence = "Its tokens were bound to the old address and end; clients have to be pointed at the new one."
        yield Change(path, f"Route {old.path} is now {new.path}.", consequence, _everything_of(new))
    if old.upstream_url != new.upstream_url:
        text = f"Route {path} goes to {new.upstream_url} instead of {old.upstream_url}."
        yield Change(path, text, "Applies to the next request.", _connections(old, ends=True))
    yield from _exchange(old, new)
    yield from _passing(old, new)


def _passing(old: Route, new: Route) -> Iterator[Change]:
    path = new.path
    if old.protected != new.protected:
        state = "asks for a token now" if new.protected else "no longer asks for a token"
        yield Change(path, f"Route {path} {state}.")
    if old.capability_filter != new.capability_filter:
        text = f"Route {path} shows other tools, prompts or resources."
        yield Change(path, text, "Clients see it at their next list.")
    if old.header_edits != new.header_edits:
        yield Change(path, f"Route {path} sets or removes other headers.", "Applies to the next request.")
    if old.cors != new.cors:
        consequence = "devgw runs it only where `[deployed]` in devgw.toml says so."
        yield Change(path, f"Route {path} has another CORS policy.", consequence)
    if [use.name for use in old.policies] != [use.name for use in new.policies]:
        yield changed(f"{path}: policies", _names(old), _names(new))
    for attribute in ("summary", "forward_search", "follow_redirects", "mtls_certificate", "methods"):
        before, after = getattr(old, attribute), getattr(new, attribute)
        if before != after:
            yield changed(f"{path}: {camel(attribute)}", shown(before), shown(after))


def _exchange(old: Route, new: Route) -> Iterator[Change]:
    before, after, path = old.token_exchange, new.token_exchange, new.path
    if before is None and after is not None:
        text = f'Route {path} now asks for connection "{after.id}" ({after.display_name}).'
        met = (Effect(Affected.GRANTS, ends=False, operation_id=new.operation_id),)
        yield Change(path, text, "Each person has to connect once before the next call.", met)
    elif before is not None and after is None:
        yield Change(path, f'Route {path} no longer needs connection "{before.id}".', "Its credentials are kept.")
    elif before is not None and after is not None and before != after:
        names = [each.name for each in fields(before) if getattr(before, each.name) != getattr(after, each.name)]
        harmless = set(names) <= {"name", "display_name", "summary"}
        text = f'Connection "{after.id}" changed: {", ".join(camel(name) for name in names)}.'
        consequence = "" if harmless else "Who is connected has to connect again."
        effects: tuple[Effect, ...] = () if harmless else _connections(old, ends=True)
        yield Change(path, text, consequence, effects)


def _everything_of(route: Route) -> tuple[Effect, ...]:
    """Return that what is bound to the address of a route ends: grants, and sign-ins that would lead to one."""
    kinds = (Affected.GRANTS, Affected.PENDING_LOGINS)
    return tuple(Effect(each, ends=True, operation_id=route.operation_id) for each in kinds)


def _connections(route: Route, *, ends: bool) -> tuple[Effect, ...]:
    if route.token_exchange is None:
        return ()
    return (Effect(Affected.CONNECTIONS, ends, route.operation_id, route.token_exchange.id),)


def _names(route: Route) -> str:
    return ", ".join(use.name for use in route.policies) or "none"
