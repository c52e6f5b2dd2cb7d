"""The pages a person sees: plain semantic HTML, usable without script, by keyboard and screen reader, dark and light.

The CSP is strict, and still lets the consent form's answer redirect to the client: Chrome applies `form-action` to that
redirect too, and to where it leads.
"""

from typing import Any

from quart import Response, make_response, render_template

from devgw.diagnosis.difference import Difference, difference_of
from devgw.foreign.text import clean
from devgw.gateway.consent import ConsentQuestion
from devgw.gateway.records import PendingAuthorization
from devgw.oauth.redirect_uri import RedirectKind, form_action_sources, host_of, kind_of
from devgw.oauth.urls import CONSENT, LOGOUT, PROVE, SCRIPT, STYLE
from devgw.problems import Problem
from devgw.web import serving

HOST_CHARACTERS = 64
_BASE_CSP = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"


def short(value: str, most: int) -> str:
    """Return foreign text cleaned, and cut where it would push away what has to be seen."""
    return clean(value, most)


def shown_host(host: str, kind: RedirectKind) -> str:
    """Return a redirect's host cut to what says whose it is: the end of a DNS name, the beginning of a scheme."""
    if kind is RedirectKind.PRIVATE_USE or len(host) <= HOST_CHARACTERS:
        return clean(host, HOST_CHARACTERS)
    return "…" + clean(host)[1 - HOST_CHARACTERS :]


def style_sheet() -> str:
    """Return the style of every page, for one that has to carry it along."""
    from importlib.resources import files  # noqa: PLC0415  a page is rare, the import is not free

    return files("devgw.web").joinpath("static", "style.css").read_text("utf-8")


async def page(
    template: str, status: int = 200, *, form_action: str = "'none'", script: str = "", **values: Any
) -> Response:
    """Return a rendered page with the headers of every page; `script` is the URL of the one script it may run."""
    response: Response = await make_response(  # type: ignore[assignment]  # Quart's own union
        await render_template(template, script_url=script, style_url=serving.urls().at(STYLE), **values), status
    )
    response.headers["Content-Security-Policy"] = "; ".join(
        each for each in (_BASE_CSP, f"form-action {form_action}", "script-src 'self'" if script else "") if each
    )
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


async def error_page(problem: Problem, status: int, *, onward: str = "") -> Response:
    """Return the page that says what was wrong, both strings where two differ, and the one change.

    `onward` is the client's redirect URI with the error, where only the person may send the browser there.
    """
    trace = serving.trace()
    difference = difference_of(problem)
    return await page(
        "error.html",
        status,
        script=serving.urls().at(SCRIPT),
        problem=problem,
        difference=difference,
        diagnosis_id=problem.diagnosis_id,
        trace_id=trace.id if trace else None,
        report=_report(problem, difference, trace.id if trace else ""),
        onward=onward,
        onward_host=shown_host(host_of(onward), kind_of(onward)) if onward else "",
    )


def _report(problem: Problem, difference: Difference | None, trace_id: str) -> list[str]:
    """Return what the page says as lines to pass on; what is empty is left out."""
    said = {
        "what": problem.explain(),
        "got": difference.got if difference else "",
        "expected": difference.expected if difference else "",
        "change": problem.advise(),
        "error": f"{problem.error} ({problem.reason})",
        "more": f"devgw explain {problem.diagnosis_id}" if problem.diagnosis_id else "",
        "source": problem.source,
        "trace": f"devgw trace {trace_id}" if trace_id else "",
    }
    return [f"{name:<9} {serving.hide(text)}" for name, text in said.items() if text]


async def prove_page(pending: PendingAuthorization) -> Response:
    """Return the page on which a signed-in browser shows its key, or goes on to sign in where it has none."""
    urls = serving.urls()
    return await page(
        "prove.html",
        form_action=f"'self' {form_action_sources(pending.redirect_uri)}",
        script=urls.at(SCRIPT),
        action=urls.at(PROVE),
        pending=pending,
        sign_in=urls.sign_in_again(pending.id),
    )


async def consent_page(question: ConsentQuestion, browser_key: str) -> Response:
    """Return the consent page: who asks, where the answer goes, which route, which scope, who is signed in.

    Its script keeps `browser_key` in the storage of the origin; the page does all else without script.
    """
    targets = form_action_sources(question.pending.redirect_uri)
    return await page(
        "consent.html",
        form_action=f"'self' {targets}",
        action=serving.urls().at(CONSENT),
        script=serving.urls().at(SCRIPT),
        browser_key=browser_key,
        logout=serving.urls().at(LOGOUT),
        question=question,
        pending=question.pending,
        client=question.client,
        session=question.session,
        route=question.route,
    )
