"""What the doctor's probes say, as rows beside the failures that were met by the way."""

from typing import Any

from devgw.control.messages import PARTS, DiagnosisRow

_PREFIX = "probe "
_SEVERITY = {
    "fail": ("open", "error"),
    "warn": ("open", "warning"),
    "pass": ("passed", ""),
    "not applicable": ("skipped", ""),
}
"""By a check's verdict: a row's state, and its severity."""
_NAMES = {
    "configuration": "is what is saved what runs",
    "machine": "ports, browser and proxies of this machine",
    "names": "the host names that a login needs",
    "provider": "the identity provider: redirect URI, client id, keys, clock",
    "metadata": "what this gateway tells clients",
    "upstreams": "each upstream, as the gateway calls it",
}


def is_probe(row: DiagnosisRow) -> bool:
    """Tell whether a row is of a probe."""
    return row.id.startswith(_PREFIX)


def asked(part: str, now: float) -> DiagnosisRow:
    """Return the row that stands for a part while it is looked at."""
    return DiagnosisRow(f"{_PREFIX}{part}", f"looking at {_NAMES.get(part, part)}", "asked", "", last=now)


def refused(part: str, why: str, now: float) -> DiagnosisRow:
    """Return the row of a part that could not be looked at."""
    return DiagnosisRow(f"{_PREFIX}{part}", f"{part}: {why}", "skipped", "", last=now, cause=why)


def found(check: dict[str, Any], now: float) -> DiagnosisRow:
    """Return the row of a check, as the control socket tells it."""
    state, severity = _SEVERITY.get(check["verdict"], ("skipped", ""))
    if severity and not check.get("is_certain", True):
        severity = "warning"
    return DiagnosisRow(
        f"{_PREFIX}{check['name']}",
        f"{check['name']}: {check['saw']}",
        state,
        severity,
        1,
        now,
        now,
        cause=check["saw"],
        fix=check.get("todo", ""),
        source=check.get("diagnosis_id", ""),
        evidence=[f"did: {check['did']}", *check.get("marks", ())],
    )


__all__ = ["PARTS", "asked", "found", "is_probe", "refused"]
