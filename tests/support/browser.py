"""A browser without a screen: keeps cookies per host and a storage per origin, follows redirects, sends forms.

It does what the script of our pages does, and nothing else of a script; it tells where a request comes from, as
browsers do (Fetch Metadata).
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import Cookie
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx2

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass
class Form:
    """A form of a page: where it goes, its fields, and its buttons as (name, value, label)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.main: dict[str, str] = {}
        self.proof: dict[str, str] = {}
        self.links: list[tuple[str, str]] = []
        self.text = ""
        self._button: tuple[str, str] | None = None
        self._link: str | None = None
        self._label = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "main":
            self.main = got
        if tag == "form" and got.get("id") == "prove":
            self.proof = got
        if tag == "form":
            self.forms.append(Form(got.get("action", ""), got.get("method", "get").lower()))
        elif tag == "input" and self.forms and got.get("name"):
            self.forms[-1].fields[got["name"]] = got.get("value", "")
        elif tag == "button":
            self._button, self._label = (got.get("name", ""), got.get("value", "")), ""
        elif tag == "a":
            self._link, self._label = got.get("href", ""), ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button and self.forms:
            self.forms[-1].buttons.append((*self._button, self._label.strip()))
            self._button = None
        if tag == "a" and self._link is not None:
            self.links.append((self._link, self._label.strip()))
            self._link = None

    def handle_data(self, data: str) -> None:
        self.text += data
        self._label += data


@dataclass
class Page:
    """What the browser shows."""

    url: str
    status: int
    headers: httpx2.Headers
    html: str

    def __post_init__(self) -> None:
        reader = _Reader()
        reader.feed(self.html)
        self.forms, self.links, self.text = reader.forms, reader.links, " ".join(reader.text.split())
        self.main, self.proof = reader.main, reader.proof


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL."""
    return f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"


class Browser:
    """Opens pages on loopback. A redirect to anything in `stops` is not followed: that is the client's own."""

    def __init__(self, *stops: str) -> None:
        self._http = httpx2.AsyncClient(follow_redirects=False, timeout=20, headers={"accept": "text/html"})
        self.stops = stops
        self.page: Page | None = None
        self.location: str | None = None
        """The redirect at which it stopped."""
        self.visited: list[str] = []
        self.storage: dict[str, str] = {}
        """The browser key by origin."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def cookies(self) -> dict[str, str]:
        """Return the header with every cookie that it keeps, for a request that is sent beside it."""
        return {"cookie": "; ".join(f"{each.name}={each.value}" for each in self._http.cookies.jar)}

    @property
    def jar(self) -> list[Cookie]:
        """Return the cookies that it keeps."""
        return list(self._http.cookies.jar)

    def forget(self, name: str) -> None:
        """Lose the cookies of a name, as when others push them out."""
        for each in self.jar:
            if each.name == name:
                self._http.cookies.jar.clear(each.domain, each.path, each.name)

    async def open(self, url: str) -> "Browser":
        """Open `url` and follow redirects to a page, or to a stop."""
        return await self._go("GET", url, None)

    async def press(self, label: str, **fields: str) -> "Browser":
        """Press the button or follow the link that carries `label`, with form fields replaced by `fields`."""
        assert self.page is not None
        for form in self.page.forms:
            for name, value, text in form.buttons:
                if label in text:
                    sent = form.fields | ({name: value} if name else {}) | fields
                    url = urljoin(self.page.url, form.action)
                    if form.method == "post":
                        return await self._go("POST", url, sent)
                    return await self._go("GET", str(httpx2.URL(url, params=sent)), None)
        for href, text in self.page.links:
            if label in text:
                return await self._go("GET", urljoin(self.page.url, href), None)
        raise AssertionError(f"no button or link {label!r} on {self.page.url}: {self.page.text}")

    async def _go(self, method: str, url: str, form: dict[str, str] | None) -> "Browser":
        await self._walk(method, url, form)
        if self.location is None and self.page is not None:
            await self._run_script(self.page)
        return self

    async def _run_script(self, page: Page) -> None:
        """Do what `browser.js` does on a page."""
        origin = origin_of(page.url)
        if page.main.get("data-browser-key"):
            self.storage[origin] = page.main["data-browser-key"]
        if page.main.get("data-forgets"):
            self.storage.pop(origin, None)
        if page.proof and origin in self.storage:
            await self._walk("POST", page.proof["action"], page.forms[0].fields | {"browser_key": self.storage[origin]})
        elif page.proof:
            await self._walk("GET", page.proof["data-sign-in"], None)
        else:
            return
        if self.location is None and self.page is not None:
            await self._run_script(self.page)

    async def _walk(self, method: str, url: str, form: dict[str, str] | None) -> "Browser":
        self.location = None
        site = "same-origin" if form else "none"
        for _ in range(20):
            self.visited.append(f"{method} {url}")
            assert urlsplit(url).hostname in LOOPBACK, f"left loopback: {url}"
            headers = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": site}
            headers |= {"origin": "null"} if form else {}  # of a page without referrer
            response = await self._http.request(method, url, data=form, headers=headers)
            if response.status_code not in {301, 302, 303, 307, 308}:
                self.page = Page(url, response.status_code, response.headers, response.text)
                return self
            url, method, form = urljoin(url, response.headers["location"]), "GET", None
            if any(url.startswith(stop) for stop in self.stops):
                self.location = url
                return self
        raise AssertionError("too many redirects: " + " ".join(self.visited))
