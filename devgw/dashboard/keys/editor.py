"""One line of typed text with a cursor and a history: under the filter, the go-to line, and every search box."""

from dataclasses import dataclass, field

_HISTORY = 50


@dataclass(slots=True)
class Editor:
    """A line editor as a value: keys in, text out."""

    text: str = ""
    place: int = 0
    history: list[str] = field(default_factory=list)
    _recalled: int = 0
    """How many entries back in the history; 0 is the line being typed."""

    def set(self, text: str) -> None:
        """Replace the text and put the cursor behind it."""
        self.text, self.place = text, len(text)

    def insert(self, text: str) -> None:
        """Type `text` at the cursor; line ends of a paste become blanks."""
        flat = " ".join(text.split("\n")).replace("\r", "")
        self.text = self.text[: self.place] + flat + self.text[self.place :]
        self.place += len(flat)

    def press(self, key: str, character: str | None) -> bool:
        """Take a key; return whether it was one for an editor."""
        action = _ACTIONS.get(key)
        if action is not None:
            getattr(self, action)()
            return True
        if character and len(character) == 1 and character.isprintable():
            self.insert(character)
            return True
        return False

    def keep(self) -> None:
        """Put the text into the history."""
        if self.text and self.text not in self.history[-1:]:
            self.history.append(self.text)
            del self.history[:-_HISTORY]
        self._recalled = 0

    def back(self) -> None:
        """Delete the character before the cursor."""
        if self.place:
            self.text = self.text[: self.place - 1] + self.text[self.place :]
            self.place -= 1

    def delete(self) -> None:
        """Delete the character under the cursor."""
        self.text = self.text[: self.place] + self.text[self.place + 1 :]

    def left(self) -> None:
        """Move the cursor to the left."""
        self.place = max(0, self.place - 1)

    def right(self) -> None:
        """Move the cursor to the right."""
        self.place = min(len(self.text), self.place + 1)

    def home(self) -> None:
        """Move the cursor to the beginning."""
        self.place = 0

    def end(self) -> None:
        """Move the cursor behind the text."""
        self.place = len(self.text)

    def clear(self) -> None:
        """Delete everything."""
        self.set("")

    def drop_word(self) -> None:
        """Delete the word before the cursor."""
        head = self.text[: self.place].rstrip()
        head = head[: head.rfind(" ") + 1]
        self.text, self.place = head + self.text[self.place :], len(head)

    def older(self) -> None:
        """Recall the entry before."""
        if self._recalled < len(self.history):
            self._recalled += 1
            self.set(self.history[-self._recalled])

    def newer(self) -> None:
        """Recall the entry after."""
        if self._recalled > 1:
            self._recalled -= 1
            self.set(self.history[-self._recalled])
        elif self._recalled == 1:
            self._recalled = 0
            self.clear()


_ACTIONS = {
    "backspace": "back",
    "ctrl+h": "back",
    "delete": "delete",
    "left": "left",
    "right": "right",
    "home": "home",
    "ctrl+a": "home",
    "end": "end",
    "ctrl+e": "end",
    "ctrl+u": "clear",
    "ctrl+w": "drop_word",
    "up": "older",
    "down": "newer",
}
