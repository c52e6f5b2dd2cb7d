"""A refusal that the authorization server's framework found on its own, in the standard's words."""

from dataclasses import dataclass

from devgw.problems.base import ErrorCode, Problem


@dataclass(frozen=True, slots=True)
class StandardRefusal(Problem):
    """An OAuth error without facts of ours."""

    code: ErrorCode
    description: str

    @property
    def error(self) -> ErrorCode:  # type: ignore[override]  # a fact here, a class variable elsewhere
        """Return the framework's error code."""
        return self.code

    @property
    def reason(self) -> str:
        """Return the standard's word."""
        return str(self.code)

    @property
    def diagnosis_id(self) -> str | None:
        """Return the page of the code; None for one that says nothing of ours."""
        return _PAGES.get(self.code)

    def explain(self) -> str:
        """Repeat the framework's description."""
        return self.description or f"The request was refused with {self.code}."

    def advise(self) -> str:
        """Point at the standard."""
        return "Compare the request with RFC 6749 §4.1.3 and §6."


_PAGES = {
    ErrorCode.INVALID_REQUEST: "REQ-01",
    ErrorCode.INVALID_CLIENT: "TOK-01",
    ErrorCode.INVALID_GRANT: "TOK-03",
    ErrorCode.UNAUTHORIZED_CLIENT: "REQ-02",
    ErrorCode.UNSUPPORTED_GRANT_TYPE: "REQ-02",
    ErrorCode.UNSUPPORTED_RESPONSE_TYPE: "REQ-02",
    ErrorCode.INVALID_SCOPE: "SCOPE-01",
    ErrorCode.INVALID_TARGET: "AUD-01",
    ErrorCode.INVALID_REDIRECT_URI: "REG-05",
    ErrorCode.INVALID_CLIENT_METADATA: "REQ-01",
}
