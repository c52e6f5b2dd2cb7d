"""Every secret that the project itself configures, wherever an upstream, a client or an error message says it again.

Names and shapes (`masking`) know what secrets are called and look like; this knows what they are. It hides them at the
last moment, in the text that goes to a face: plain, as JSON, HTML and URLs write them, in hex, base32, base64 or
base85, in such codes inside one another (`coded`), and with what is drawn as nothing between their letters
(`invisible`). What was once configured stays hidden after a reload, for it stands in older traces.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from functools import partial
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from devgw.monitor.coded import replace_coded
from devgw.monitor.encoded import in_base32, in_base64, in_base85
from devgw.monitor.invisible import uncovered
from devgw.monitor.masking import mask
from devgw.monitor.secret_names import is_secret_parameter

SHORTEST = 6
"""Characters: what is shorter stands everywhere by chance."""
_SHORTEST_WORD = 3
_CODES = 3
"""Base64 of base64 in a URL; what is packed deeper nobody reads by chance."""
_WORD = re.compile(r"[A-Za-z0-9]+")
_HTML_SAFE = str.maketrans({each: f"\\u{ord(each):04x}" for each in "<>&"})
_WORDS = frozenset({"secret", "password", "passwd", "client_secret", "bearer", "changeme"})
"""Values that are words of the field: to hide them would take the names of things out of every sentence."""


Forms = dict[str, dict[str, str]]
"""What is looked for and what stands in its place, by the longest word in its first half: forms share that."""


class ConfiguredSecrets:
    """The values, and what takes them out of a text."""

    def __init__(self) -> None:
        self._forms: Forms = {}

    def keep(self, values: Iterable[str], urls: Iterable[str] = ()) -> None:
        """Hide these values too from now on, and the keys and passwords that stand in these URLs."""
        self.take(forms_of(values, urls))

    def take(self, forms: Forms) -> None:
        """Hide from now on what `forms_of` returned: that may take long, and nobody who waits for it need hide."""
        known = self._forms  # another thread may be looking at it: it stays as it is
        self._forms = known | {word: known.get(word, {}) | found for word, found in forms.items()}

    def hide(self, text: str) -> str:
        """Return `text` with every configured secret masked, also where it is cut off behind its first half."""
        return uncovered(text, partial(self._hide, codes=_CODES)) if self._forms else text

    def _hide(self, text: str, codes: int) -> str:
        """Hide them also where they stand inside up to so many codes in one another."""
        text = self._hide_plain(text)
        if not codes:
            return text

        def masked(run: str, meanings: Iterator[str]) -> str:
            return mask(run) if any(self._hide(each, codes - 1) != each for each in meanings) else run

        return replace_coded(text, masked)

    def _hide_plain(self, text: str) -> str:
        near = [forms for word, forms in self._forms.items() if word in text]
        if near:
            found = {form: shown for forms in near for form, shown in forms.items()}
            forms = sorted(found, key=len, reverse=True)
            for form in forms:
                text = text.replace(form, found[form])
            for form in forms:  # now: the beginning of one is that of another, which may stand there whole
                text = _without_cut(text, form, found[form])
        return text


def forms_of(values: Iterable[str], urls: Iterable[str] = ()) -> Forms:
    """Return how these values may be written, and the keys and passwords that stand in these URLs: what is hidden."""
    found: Forms = {}
    for value in (*values, *(each for url in urls for each in _in_url(url))):
        text = value.strip()
        if len(text) >= SHORTEST and text.lower() not in _WORDS:
            for form in _forms(text):
                found.setdefault(_word_in(_half(form)), {})[form] = mask(text)
    return found


def _in_url(url: str) -> Iterator[str]:
    """Return what a URL shows its server: a key in its query, a password before its host."""
    parts = urlsplit(url)
    yield from (value for name, value in parse_qsl(parts.query) if is_secret_parameter(name))
    if parts.password:
        yield unquote(parts.password)


def _half(form: str) -> str:
    """Return the part of a value that tells it: bodies and excerpts are cut wherever their limit is."""
    return form[: max(SHORTEST, (len(form) + 1) // 2)]


def _without_cut(text: str, form: str, shown: str) -> str:
    """Return `text` with each beginning of a value masked, as far as it goes."""
    half = _half(form)
    at = text.find(half)
    while at >= 0:
        end = at + len(half)
        while text[end : end + 1] == form[end - at : end - at + 1] != "":
            end += 1
        text = text[:at] + shown + text[end:]
        at = text.find(half, at + len(shown))
    return text


def _word_in(form: str) -> str:
    """Return the longest run of letters and digits of ASCII; the form itself where all are short."""
    word = max(_WORD.findall(form), key=len, default="")
    return word if len(word) >= _SHORTEST_WORD else form


def _forms(value: str) -> list[str]:
    """Return how a value may be written."""
    forms = _in_urls(value) | _in_pages(value) | {value.encode().decode("latin-1")}  # as headers are read
    forms |= {value.upper(), value.lower()}  # as names of hosts and variables are spelt
    forms |= {"\\n".join(value.split("\n")), *value.split("\n")} if "\n" in value else set()
    forms |= {part for each in tuple(forms) for part in _in_json(each)}
    coded = {*in_base64(value.encode()), *in_base32(value.encode()), *in_base85(value.encode())}
    forms |= {each for one in coded for each in (one, *_in_json(one), quote(one, safe=""), html.escape(one))}
    forms |= {value.encode().hex(), value.encode().hex().upper()}
    return [each for each in forms if len(each) >= SHORTEST]


def _in_urls(text: str) -> set[str]:
    """Return a text as URLs and forms have it, in another URL too, and as mails have it (RFC 2045 §6.7)."""
    once, forms = quote(text, safe=""), {quote_plus(text), quote_plus(text, safe="/")}
    inside = {quote(each, safe="") for each in forms}
    return {once, once.lower(), quote(text), quote(once), once.replace("%", "="), *forms, *inside}


def _in_pages(text: str) -> set[str]:
    """Return a text as it is, and as HTML and XML escape it, with the quotes in them written in numbers or not."""
    escaped = html.escape(text)
    numbered = escaped.replace("&#x27;", "&#39;")
    return {text, html.escape(text, quote=False), escaped, numbered, numbered.replace("&quot;", "&#34;")}


def _in_json(text: str) -> list[str]:
    """Return a text as JSON writes it, in ASCII or not, up to two strings inside one another.

    PHP escapes slashes as well, and Go what HTML would read.
    """
    once = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    once |= {each.replace("/", "\\/") for each in once} | {each.translate(_HTML_SAFE) for each in once}
    twice = {json.dumps(each, ensure_ascii=False)[1:-1] for each in once}
    return [*once, *twice]
