"""The emulator's own controls: set and clear faults, take connections back."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from quart import Quart, Response, request

from devgw.emulators.upstream_auth.faults import SampleFault, SetFaults
from devgw.emulators.upstream_auth.records import SampleRecords
from devgw.emulators.upstream_auth.wire import json_answer


class FaultWanted(BaseModel):
    """The body of `POST /__emulator/faults`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: SampleFault
    times: int | None = Field(default=None, gt=0, description="How often it strikes; null until cleared.")
    seconds: float = Field(default=1, gt=0, le=3600)


class RevocationWanted(BaseModel):
    """The body of `POST /__emulator/revoke`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str | None = None
    """None: everybody's."""


def add_controls(app: Quart, records: SampleRecords, faults: SetFaults) -> None:
    """Add the controls to `app`. They take JSON alone, so that a page of another site cannot reach them."""
    _add_fault_controls(app, faults)

    @app.before_request
    async def refuse_forms() -> Response | None:
        if request.path.startswith("/__emulator/") and request.method == "POST" and not request.is_json:
            return json_answer({"error": "Send application/json."}, 415)
        return None

    @app.post("/__emulator/revoke")
    async def take_back() -> Response:
        try:
            wanted = RevocationWanted.model_validate_json(await request.get_data() or b"{}")
        except ValidationError as wrong:
            return json_answer({"error": str(wrong)}, 400)
        return json_answer({"revoked": records.revoke(wanted.subject)})


def _add_fault_controls(app: Quart, faults: SetFaults) -> None:
    @app.get("/__emulator/faults")
    async def list_faults() -> Response:
        return json_answer(faults.as_json())

    @app.post("/__emulator/faults")
    async def set_fault() -> Response:
        try:
            wanted = FaultWanted.model_validate_json(await request.get_data())
        except ValidationError as wrong:
            return json_answer({"error": str(wrong), "known": [fault.value for fault in SampleFault]}, 400)
        faults.set(wanted.name, times=wanted.times, seconds=wanted.seconds)
        return json_answer(faults.as_json())

    @app.delete("/__emulator/faults")
    async def clear_faults() -> Response:
        faults.clear()
        return json_answer(faults.as_json())
