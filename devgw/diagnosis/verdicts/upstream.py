"""Upstream MCP servers: do they answer, with which revisions, and do they want a login?"""

from devgw.diagnosis.difference import explain_difference
from devgw.diagnosis.verdicts.check import MOST_SHOWN, Answer, Check, Verdict, passed
from devgw.foreign.text import clean


def upstream(name: str, url: str, modern: Answer, legacy: Answer) -> Check:
    """Say what an upstream answered to `server/discover` (2026-07-28) and to `initialize` (2025-11-25)."""
    name, did = f"upstream.{name}", f"asked {url} for server/discover and initialize, without a credential"
    if legacy.failure:
        failure_id = "NET-02" if "DNS" in legacy.failure else "NET-03" if "TLS" in legacy.failure else "NET-01"
        todo = "Start the upstream, or correct rewritePattern in config/routes.oas.json."
        return Check(name, Verdict.FAIL, did, legacy.failure, todo, failure_id)
    if legacy.status in (301, 302, 303, 307, 308):
        difference = explain_difference(legacy.location, url, "url")
        return Check(
            name,
            Verdict.FAIL,
            did,
            f"it redirects to {legacy.location}: {difference.sentence}",
            f"Write {legacy.location} as rewritePattern.",
            "PROXY-01",
        )
    if legacy.status in (401, 403):
        return _protected(name, did, legacy)
    if legacy.status == 421:
        todo = "Add the host to the upstream's allowed hosts."
        return Check(name, Verdict.FAIL, did, "421: it rejects the Host header", todo, "HOST-02")
    revisions = [*_modern(modern), *_legacy(legacy)]
    if not revisions:
        saw = f"status {legacy.status}, {legacy.media_type or 'no type'}: that is no MCP"
        return Check(name, Verdict.FAIL, did, saw, "Point rewritePattern at the MCP endpoint itself.", "NET-06")
    return passed(name, did, f"it speaks {', '.join(dict.fromkeys(revisions))}")


def _protected(name: str, did: str, answer: Answer) -> Check:
    """Judge a 401: it is right where the challenge says where to log in."""
    challenge = answer.headers.get("www-authenticate", "")
    if "resource_metadata" in challenge:
        return passed(name, did, "it wants a login and says where: connect it through a token-exchange policy")
    saw = f"{answer.status} with {clean(challenge, MOST_SHOWN) or 'no challenge'}"
    todo = "Attach an API key (set-upstream-api-key-inbound) or a token-exchange policy to the route."
    return Check(name, Verdict.WARN, did, saw, todo, "UPST-03")


def _modern(answer: Answer) -> list[str]:
    result = _result(answer)
    found = result.get("supportedVersions") or result.get("protocolVersions") or result.get("supportedProtocolVersions")
    if isinstance(found, list):
        return [clean(str(each), 40) for each in found[:20]]
    return ["2026-07-28"] if result else []


def _legacy(answer: Answer) -> list[str]:
    version = _result(answer).get("protocolVersion")
    return [clean(str(version), 40)] if version else []


def _result(answer: Answer) -> dict[str, object]:
    """Return the `result` of a JSON-RPC answer, also of one in an event stream."""
    body = answer.body
    if answer.media_type == "text/event-stream":
        lines = [line[5:].strip() for line in body.splitlines() if line.startswith(b"data:")]
        body = next((line for line in reversed(lines) if line), b"")
    result = Answer(answer.url, body=body).document.get("result")
    return result if isinstance(result, dict) else {}
