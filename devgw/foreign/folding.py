"""How text is broken into lines: at blanks where it can be, by the cells that it takes on a terminal."""

from collections.abc import Iterator

from devgw.foreign.text import cells


def fold(text: str, width: int) -> list[str]:
    """Return cleaned text in lines of at most `width` cells; a word that is longer goes on in the next line.

    A character alone may be wider: it has a line of its own.
    """
    lines: list[str] = []
    current = ""
    for word in text.split(" "):
        candidate = f"{current} {word}" if current else word
        if cells(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        *whole, current = _pieces(word, width)
        lines += whole
    return [*lines, current]


def _pieces(word: str, width: int) -> Iterator[str]:
    begin = 0
    while begin < len(word) or not begin:
        end = _end(word, begin, width)
        yield word[begin:end]
        begin = end


def _end(word: str, begin: int, width: int) -> int:
    """Return where the piece that begins at `begin` ends; it has one character at least."""
    if width > 0 and word[begin : begin + width].isascii():
        return begin + width
    end, taken = begin, 0
    while end < len(word) and (taken := taken + cells(word[end])) <= width:
        end += 1
    while end > begin + 1 and cells(word[begin:end]) > width:  # some are wider together
        end -= 1
    return max(begin + 1, end)


def folded_with_marks(text: str, width: int) -> list[str]:
    """Return text that was laid out in lines of at most `width`: indents stay, and marks (`^`) under what they mark."""
    lines, folded = text.split("\n"), list[str]()
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if _is_of_marks(after):
            folded += _both(line, after, width)
        elif not _is_of_marks(line):
            words = line.lstrip(" ")
            indent = " " * min(len(line) - len(words), width // 2)
            folded += [f"{indent}{each}" for each in fold(words, width - len(indent))]
    return folded


def _is_of_marks(line: str) -> bool:
    return bool(line.strip()) and set(line) <= {" ", "^"}


def _both(line: str, marks: str, width: int) -> Iterator[str]:
    """Yield a line with its marks below, in as many pieces as it takes."""
    for begin in range(0, max(len(line), len(marks)), max(1, width)):
        yield line[begin : begin + width]
        if below := marks[begin : begin + width].rstrip():
            yield below
