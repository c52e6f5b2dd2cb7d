"""The picture as plain text: what is left in the terminal after leaving, and what tests look at."""

from devgw.dashboard.draw.screen import Picture
from devgw.dashboard.look.line import Line, plain
from devgw.foreign.text import cells


def as_text(picture: Picture, width: int, height: int) -> str:
    """Return a picture as lines of text, surfaces above one another as on the screen."""
    grid = [[" "] * width for _ in range(height)]
    for name, box in picture.boxes.items():
        for number, one in enumerate(picture.lines[name][: box.height]):
            _put(grid[box.y + number], box.x, one, box.width)
    return "\n".join("".join(row).rstrip() for row in grid) + "\n"


def _put(row: list[str], x: int, one: Line, room: int) -> None:
    end = x + room
    for letter in plain(one):
        wide = cells(letter)
        if x + wide > end:
            return
        row[x] = letter
        for more in range(1, wide):
            row[x + more] = ""
        x += wide
    while x < end:
        row[x] = " "
        x += 1
