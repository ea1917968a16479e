"""One scan of a table, page by page, and the cursor at its end."""

from __future__ import annotations

from syncline.connectors.protocols.sql_fence import Fence
from syncline.connectors.protocols.sql_read import Reading
from syncline.connectors.protocols.sql_record import joined
from syncline.model.page import Cursor, Page


class Pages:
    """One scan: what has changed (or everything), then parents of changed lines, then tombstones, then the cursor.

    Its place moves only once a page is there, so that a failed page can be asked for again.
    """

    def __init__(self, reading: Reading, stamp: int) -> None:
        self._reading = reading
        self._stamp = self._newest = stamp
        self._fence: Fence | None = None
        self._lower = 0
        self._after: object = None
        options = reading.layout.options
        followed = [name for name, lines in options.lines.items() if lines.since] if stamp else []
        self._stages = ["rows", *(f"lines {name}" for name in followed)]
        self._stages += ["tombstones"] if options.tombstones else []

    def __iter__(self) -> Pages:
        return self

    def __next__(self) -> Page:
        reading = self._reading
        if not self._stages:
            raise StopIteration
        if self._fence is None:
            self._fence = reading.fence()
            self._lower = reading.lower(self._stamp, self._fence.now)
        page, after, is_full = self._tombstones() if self._stages[0] == "tombstones" else self._rows()
        self._after = after if is_full else None
        if not is_full:
            self._stages.pop(0)
        if page.stamps:
            self._newest = max(self._newest, *page.stamps)
        if self._stages:
            return page
        return _with_cursor(page, reading.cursor(self._stamp, self._newest, self._fence))

    def _rows(self) -> tuple[Page, object, bool]:
        reading, stage = self._reading, self._stages[0]
        by_stamp = bool(self._lower) and reading.layout.options.since is not None
        if stage.startswith("lines "):
            portion = reading.with_changed_lines(self._lower, stage.partition(" ")[2], self._after)
        elif by_stamp:
            portion = reading.changed(self._lower, self._after if isinstance(self._after, tuple) else None)
        else:
            portion = reading.whole(self._after)
        page = reading.page_of(portion.rows)
        if portion.broken:
            page = joined(page, Page(keys=[], raws=[], broken=portion.broken))
        after = tuple(portion.last) if by_stamp and stage == "rows" else portion.last[-1] if portion.last else None
        return page, after, portion.count == reading.page

    def _tombstones(self) -> tuple[Page, object, bool]:
        keys = self._reading.buried(self._lower, self._after)
        page = Page(keys=[], raws=[], versions=[], stamps=[], tombstones=[str(key) for key in keys])
        return page, keys[-1] if keys else None, len(keys) == self._reading.page


def _with_cursor(page: Page, cursor: Cursor | None) -> Page:
    return Page(
        keys=page.keys, raws=page.raws, versions=page.versions, stamps=page.stamps, tombstones=page.tombstones,
        broken=page.broken, cursor=cursor,
    )  # fmt: skip
