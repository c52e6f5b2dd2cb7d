"""`/__emulator/…`: what WorkOS does not have. JSON only, so that no page of another origin can send it."""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from quart import Quart, Response, request

from devgw.emulators.reader import read_json
from devgw.emulators.workos.emulator import Emulator
from devgw.emulators.workos.faults import read_fault
from devgw.emulators.workos.scenarios import SCENARIOS, UNREGISTERED, faults_of
from devgw.emulators.workos.travel import comes_from_elsewhere, json_response


def add_controls(app: Quart, emulator: Emulator) -> None:
    """Add the endpoints to `app`."""

    @app.get("/__emulator/faults")
    async def list_faults() -> Response:
        return json_response(200, _armed(emulator))

    @app.post("/__emulator/faults")
    async def arm_fault() -> Response:
        return await _controlled(emulator, arm)

    @app.delete("/__emulator/faults")
    async def clear_faults() -> Response:
        if comes_from_elsewhere(emulator.origin):
            return json_response(403, {"message": "Another site sent this."})
        emulator.faults.clear()
        return json_response(200, _armed(emulator))

    @app.post("/__emulator/impersonations")
    async def impersonate() -> Response:
        return await _controlled(emulator, begin_impersonation)


def arm(emulator: Emulator, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Arm a fault, or that of a named scenario: `{"scenario": "code-expired"}`."""
    name = asked.get("scenario")
    if name is not None and name not in SCENARIOS:
        raise LookupError(f"There is no scenario {name}; there are: {', '.join(SCENARIOS)}.")
    if name == UNREGISTERED:
        for environment in emulator.environments.values():
            environment.redirect_uris.clear()
    emulator.faults.arm(*([read_fault(dict(asked))] if name is None else faults_of(name)))
    return _armed(emulator)


def begin_impersonation(emulator: Emulator, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the URL to which the dashboard would send the browser of an impersonating admin."""
    missing = [name for name in ("client_id", "user") if asked.get(name) is None]
    if missing or asked["client_id"] not in emulator.environments:
        raise LookupError("client_id (of an environment) and user (id or email) are needed.")
    optional = {name: str(asked[name]) for name in ("email", "reason") if name in asked}
    return {"url": emulator.begin_impersonation(asked["client_id"], asked["user"], **optional)}


async def _controlled(emulator: Emulator, control: Callable[[Emulator, Mapping[str, Any]], dict[str, Any]]) -> Response:
    if not request.is_json or comes_from_elsewhere(emulator.origin):
        return json_response(415, {"message": "Send application/json, and not from a page of another origin."})
    asked: Any = {}
    with contextlib.suppress(ValueError):
        asked = read_json(await request.get_data())
    try:
        return json_response(200, control(emulator, asked if isinstance(asked, dict) else {}))
    except ValidationError as error:
        return json_response(422, {"message": "; ".join(_in_words(one) for one in error.errors())})
    except LookupError as error:
        return json_response(422, {"message": str(error.args[0])})


def _in_words(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc']) or 'body'}: {error['msg']}"


def _armed(emulator: Emulator) -> dict[str, Any]:
    armed = emulator.faults.armed()
    return {"faults": [fault.model_dump(by_alias=True) | {"left": left} for fault, left in armed]}
