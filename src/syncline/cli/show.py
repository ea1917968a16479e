"""What people see: aligned columns, colours that only underline, and values of strangers made harmless.

A hundred columns at most. Everything printed here can also be had as JSON.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from syncline.cli.lazy import Asked
from syncline.cli.plain import plain
from syncline.env import RealEnv

Cell = str | tuple[str, str]
"""Text, or text with a style of rich."""

WIDTH: Final = 100
_NARROWEST: Final = 24  #: of the last column, where it goes on below
WIDEST: Final = 44  #: of a column that is not the last
_LONGEST_KEY: Final = 20
_LONG_AGO: Final = 60 * 86_400  #: days say less than a date then [s]
HEAD, DIM, GOOD, WAITS, BAD = "bold", "dim", "green", "yellow", "red"


class Screen:
    """Lines and tables on stdout."""

    def __init__(self, asked: Asked) -> None:
        self._console = Console(
            no_color=asked.no_color or None, highlight=False, markup=False, emoji=False, file=sys.stdout
        )
        terminal = self._console.is_terminal
        self.width = min(WIDTH, self._console.width) if terminal else WIDTH
        self._console.width = self.width

    def line(self, *parts: Cell, hang: int = 0) -> None:
        """One line; where it is too long it goes on below, `hang` columns from the left."""
        self._wrapped(_text(parts), hang)

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def table(self, rows: Iterable[Sequence[Cell]], *, align: str = "", indent: int = 2, gap: int = 2) -> None:
        """Columns as wide as they need to be; the last one wraps within itself. `align`: `<` or `>` per column."""
        cells = [[_text([cell]) for cell in row] for row in rows]
        count = max((len(row) for row in cells), default=0)
        widths = [
            min(WIDEST, max((cell_len(row[n].plain) for row in cells if n < len(row)), default=0)) for n in range(count)
        ]
        for row in cells:
            line = Text(" " * indent)
            for n, cell in enumerate(row[:-1]):
                line.append_text(_fitted(cell, widths[n], align[n : n + 1]))
                line.append(" " * gap)
            last, n = row[-1], len(row) - 1
            hang = indent + sum(widths[:n]) + gap * n
            missing = widths[n] - cell_len(last.plain)
            if align[n : n + 1] == ">" and missing > 0:
                line.append(" " * missing)
            self._wrapped(line.append_text(last), min(hang, self.width - _NARROWEST))

    def _wrapped(self, line: Text, hang: int) -> None:
        line.rstrip()
        if cell_len(line.plain) <= self.width:
            self._put(line)
            return
        first, *_ = line.wrap(self._console, self.width)
        self._put(first)
        rest = line[len(first.plain) :]
        rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
        for piece in rest.wrap(self._console, self.width - hang):
            self._put(Text(" " * hang).append_text(piece))

    def _put(self, line: Text) -> None:
        line.rstrip()
        self._console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _text(parts: Sequence[Cell]) -> Text:
    line = Text()
    for part in parts:
        words, style = (part, "") if isinstance(part, str) else part
        line.append(plain(words), style=style or None)
    return line


def _fitted(cell: Text, width: int, align: str) -> Text:
    size = cell_len(cell.plain)
    if size > width:
        style = cell.spans[0].style if cell.spans else ""
        return Text(set_cell_size(cell.plain, width - 1).rstrip() + "…", style=style)
    space = Text(" " * (width - size))
    return space.append_text(cell) if align == ">" else cell.copy().append_text(space)


def document(body: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(body), indent=2) + b"\n")
    sys.stdout.flush()


def number(count: int) -> str:
    """A count as people read it.

    >>> number(12345)
    '12,345'
    """
    return f"{count:,}"


def counted(count: int, one: str, many: str = "") -> str:
    """A count with its word.

    >>> counted(1, "conflict"), counted(3, "entity", "entities")
    ('1 conflict', '3 entities')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(counts: Mapping[str, int], joint: str = " + ") -> str:
    """Counts by name in one line.

    >>> listed({"unchanged": 1377, "updated": 2})
    'unchanged 1,377 + updated 2'
    """
    return joint.join(f"{name} {count:,}" for name, count in counts.items() if count)


def value(given: object, most: int = 48) -> str:
    """A canonical value in short: what is empty is said to be so, and lines are counted."""
    if given is None:
        return "nothing"
    if given == "":
        return '""'
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        return _lines(given)
    if isinstance(given, Sequence) and not isinstance(given, str):
        return ", ".join(value(one, most) for one in given) or "none"
    words = str(given)
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _lines(given: Mapping[object, object]) -> str:
    if all(isinstance(one, Mapping) for one in given.values()):
        return counted(len(given), "line")
    return ", ".join(f"{name} {value(one, 20)}" for name, one in given.items())


def moment(at: int) -> str:
    """An instant [µs] on the reader's clock: the time today, the day and time otherwise."""
    if not at:
        return "never"
    local = datetime.fromtimestamp(at / 1e6).astimezone()
    now = RealEnv().now().astimezone()
    if local.date() == now.date():
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M}" if local.year == now.year else f"{local:%Y-%m-%d %H:%M}"


def ago(at: int) -> str:
    """How long ago an instant [µs] was.

    >>> ago(0)
    ''
    """
    if not at:
        return ""
    seconds = max(0, int(RealEnv().now().timestamp() - at / 1e6))
    if seconds > _LONG_AGO:
        return f"on {datetime.fromtimestamp(at / 1e6).astimezone():%Y-%m-%d}"
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def short_key(key: str) -> str:
    """A system's key, cut where it is a long machine's one.

    >>> short_key("C00342"), short_key("a8c1f0d2e3b4a5968778695a4b3c2d1e")
    ('C00342', 'a8c1f0d2…')
    """
    return key if len(key) <= _LONGEST_KEY else f"{key[:8]}…"
