"""A form filled in and sent on an answer that was fetched by hand; `browser.Browser` follows whole ways."""

from urllib.parse import urljoin

import httpx2

from tests.support.browser import Form, Page


def read_forms(shown: httpx2.Response) -> list[Form]:
    """Return the forms of a page, in order, the labels of their buttons in one line each."""
    forms = Page(str(shown.url), shown.status_code, shown.headers, shown.text).forms
    for form in forms:
        form.buttons = [(name, value, " ".join(label.split())) for name, value, label in form.buttons]
    return forms


async def press(
    http: httpx2.AsyncClient, shown: httpx2.Response, text: str, *, form: int = 0, **fields: str
) -> httpx2.Response:
    """Press the button whose label contains `text` on the page in `shown`; no redirect is followed."""
    found = read_forms(shown)[form]
    name, value, _ = next(button for button in found.buttons if text in button[2])
    sent = found.fields | fields | ({name: value} if name else {})
    return await http.post(urljoin(str(shown.url), found.action), data=sent, follow_redirects=False)
