"""Somebody of the emulator who signs in, connects what a route wants and allows it, without a browser.

Goes through pages as a browser with script does (`web/static/browser.js`), on this machine alone: where people sign in
at a real provider, nobody but they can.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

from devgw.foreign.addresses import is_this_machine
from devgw.foreign.urls import UrlRefused, read_url
from devgw.outbound.built_in.login import StepRefused
from devgw.outbound.built_in.page import PageButton, PageForm, PageLink, PageReader

if TYPE_CHECKING:
    import httpx2

_MOST_PAGES = 30
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERROR = 400
_CONNECTS = "Connect "
"""How the link of the consent page begins that leads to an upstream's login."""
_SIGNS_IN = "Sign in as "
"""How the link of the development sign-in begins."""
_DENIES = "deny"


class EmulatedPerson:
    """One person and their browser."""

    def __init__(self, http: "httpx2.AsyncClient", who: str, gateway: str) -> None:  # noqa: TID251  one that is given
        """Be somebody.

        Args:
            http: a client that keeps cookies, of its own: a browser shares none.
            who: a name, an email address or an id, or how one begins; empty for the first who is offered.
            gateway: the origin whose pages ask for consent.
        """
        self._http = http
        self._who = who.casefold()
        self._gateway = gateway
        self._keys: dict[str, str] = {}
        """The browser key by origin."""

    async def sign_in(self, url: str, redirect_uri: str) -> dict[str, str]:
        """Return what the browser brings back to `redirect_uri`.

        Raises:
            StepRefused: where a page says no, nobody is called so, or the way leaves this machine.
        """
        method, form = "GET", dict[str, str]()
        for _ in range(_MOST_PAGES):
            answer = await self._request(method, url, form)
            if answer.status_code in _REDIRECTS:
                url, method, form = _joined(url, answer.headers.get("location", "")), "GET", {}
                if url.partition("?")[0] == redirect_uri:
                    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
                continue
            page = PageReader(answer.text)
            if answer.status_code >= _ERROR:
                raise StepRefused(f"the page at {_shown(url)}", page.words, answer.status_code)
            method, target, form = self._next(url, page)
            url = _joined(url, target)
        raise StepRefused("sign-in", f"it did not come back after {_MOST_PAGES} pages")

    async def _request(self, method: str, url: str, form: Mapping[str, str]) -> "httpx2.Response":
        try:
            is_near = is_this_machine(read_url(url).host)
        except UrlRefused as refused:
            raise StepRefused("sign-in", f"a page leads to what is no URL of a page: {refused}") from None
        if not is_near:
            raise StepRefused("sign-in", f"people sign in at {_shown(url)}, where nobody but they can")
        site = "same-origin" if method == "POST" else "none"
        headers = {
            "accept": "text/html",
            "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "document",
            "sec-fetch-site": site,
        } | ({"origin": "null"} if method == "POST" else {})  # of a page that sends no referrer
        return await self._http.request(method, url, data=dict(form) or None, headers=headers)

    def _next(self, url: str, page: PageReader) -> tuple[str, str, dict[str, str]]:
        """Return method, target and form of what this person presses on a page."""
        origin = _shown(url)
        if key := page.main.get("data-browser-key"):
            self._keys[origin] = key
        for form in page.forms:
            if form.attributes.get("id") == "prove":
                key = self._keys.get(origin)
                proof = form.fields | {"browser_key": key or ""}
                way = ("POST", "action") if key else ("GET", "data-sign-in")
                return way[0], form.attributes.get(way[1], ""), proof if key else {}
        link = self._link(page, is_gateway=origin == self._gateway)
        if link is not None:
            return "GET", link.target, {}
        form, button = self._button(page)
        return "POST", form.attributes.get("action", ""), form.fields | {button.name: button.value}

    def _link(self, page: PageReader, *, is_gateway: bool) -> PageLink | None:
        """Return the link to follow before anything is allowed: an account to connect, the development sign-in."""
        begins = (_CONNECTS, _SIGNS_IN) if is_gateway else ()
        return next((each for each in page.links if each.label.startswith(begins)), None) if begins else None

    def _button(self, page: PageReader) -> tuple[PageForm, PageButton]:
        """Return what to press: Allow, or the one who this is."""
        buttons = [(form, each) for form in page.forms for each in form.buttons if not each.is_disabled]
        for form, button in buttons:
            if (button.name, button.value) == ("decision", "approve"):
                return form, button
        people = [(form, each) for form, each in buttons if each.name == "as" and each.value != _DENIES]
        if not people:
            raise StepRefused("sign-in", f"nothing to press on the page “{page.words}”")
        found = next((index for index, (_, each) in enumerate(people) if self._is_meant(each)), None)
        if found is None and self._asks_who(page):
            names = ", ".join(each.name_on_it for _, each in people)
            raise StepRefused("sign-in", f"nobody there is called {self._who}; there are: {names}")
        return people[found or 0]

    def _is_meant(self, button: PageButton) -> bool:
        """Tell whether a button is this person's: by the name on it, a part of that, an email address or the id."""
        emails = [each for each in button.label.split() if "@" in each]
        names = (button.name_on_it, *button.name_on_it.split(), *emails, *button.value.split())
        return any(each.casefold().startswith(self._who) for each in names)

    def _asks_who(self, page: PageReader) -> bool:
        """Tell whether a page asks who somebody is at the provider; at an upstream anybody's account will do."""
        return any("request" in form.fields and "sign-in" in form.attributes.get("action", "") for form in page.forms)


def _joined(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError:
        raise StepRefused("sign-in", f"a page leads to what is no URL: {target}") from None


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
