"""What a page offers to press: its forms with their fields and buttons, and its links."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(slots=True)
class PageButton:
    """A button: what it sends under which name, and what stands on it."""

    name: str
    value: str
    label: str = ""
    name_on_it: str = ""
    """The first text on it: of a person, what they are called."""
    is_disabled: bool = False


@dataclass(slots=True)
class PageForm:
    """A form: where it goes, and how."""

    attributes: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[PageButton] = field(default_factory=list)


@dataclass(slots=True)
class PageLink:
    """A link, and what stands on it."""

    target: str
    label: str = ""


class PageReader(HTMLParser):
    """Reads a page as it comes.

    Attributes:
        main: the attributes of its `main` element.
        words: its first heading and the paragraph after it: of a refusal, what was refused.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.links: list[PageLink] = []
        self.main: dict[str, str] = {}
        self.words = ""
        self._reads: PageButton | PageLink | None = None
        self._told = ""
        """`h1` or `p` while it lasts."""
        self._has_paragraph = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        got = {name: value or "" for name, value in attrs}
        if tag == "main":
            self.main = got
        elif tag == "form":
            self.forms.append(PageForm(got))
        elif tag == "input" and self.forms and got.get("name"):
            self.forms[-1].fields[got["name"]] = got.get("value", "")
        elif tag == "button" and self.forms:
            self._reads = PageButton(got.get("name", ""), got.get("value", ""), is_disabled="disabled" in got)
            self.forms[-1].buttons.append(self._reads)
        elif tag == "a":
            self._reads = PageLink(got.get("href", ""))
            self.links.append(self._reads)
        elif (tag == "h1" and not self.words) or (tag == "p" and self.words and not self._has_paragraph):
            self._told = tag

    def handle_endtag(self, tag: str) -> None:
        """Note its end."""
        if tag in {"button", "a"}:
            self._reads = None
        elif tag == self._told:
            self._has_paragraph, self._told = tag == "p", ""

    def handle_data(self, data: str) -> None:
        """Note a text: of what is pressed, of the heading."""
        text = " ".join(data.split())
        if isinstance(self._reads, PageButton) and not self._reads.label:
            self._reads.name_on_it = text
        if self._reads is not None and text:
            self._reads.label = f"{self._reads.label} {text}".strip()
        if self._told and text:
            self.words = f"{self.words} {text}".strip()
