"""The forms of a page, filled in and sent without a browser, as a person without script would."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2


@dataclass
class Form:
    """A form: where it goes, what it carries, and its buttons as (name, value, text)."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def button(self, text: str) -> dict[str, str]:
        """Return what pressing the button whose text contains `text` adds to the fields."""
        for name, value, label in self.buttons:
            if text in label:
                return {name: value} if name else {}
        raise LookupError(f"no button says {text!r}; there are {[label for _, _, label in self.buttons]}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None
        self._text = ""
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").upper()))
        elif tag == "input" and "name" in given and given.get("type") not in ("checkbox", "radio"):
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and ("selected" in given or self._select not in self.forms[-1].fields):
            self.forms[-1].fields[self._select] = given.get("value", "")
        elif tag == "button":
            self._button, self._text = (given.get("name", ""), given.get("value", "")), ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button:
            self.forms[-1].buttons.append((*self._button, " ".join(self._text.split())))
            self._button = None


def read_forms(html: str) -> list[Form]:
    """Return the forms in `html`, in order."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


async def press(
    http: httpx2.AsyncClient, shown: httpx2.Response, text: str, *, form: int = 0, **fields: str
) -> httpx2.Response:
    """Press the button that says `text` on the page in `shown`, and return the answer; no redirect is followed."""
    found = read_forms(shown.text)[form]
    sent = found.fields | fields | found.button(text)
    target = urljoin(str(shown.url), found.action)
    if found.method == "GET":
        return await http.get(target, params=sent, follow_redirects=False)
    return await http.post(target, data=sent, follow_redirects=False)
