"""Reading tables: pages by keyset, rows by key, searches. Every page is one statement with a limit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Select, Text, and_, cast, exists, literal, or_, select, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import ColumnElement

from syncline.connectors.protocols.sql_database import Database
from syncline.connectors.protocols.sql_errors import Verdict, verdict_of
from syncline.connectors.protocols.sql_fence import Fence, fence_of
from syncline.connectors.protocols.sql_layout import Layout
from syncline.connectors.protocols.sql_record import Found, Recorder, Row, joined, pieces, records
from syncline.connectors.protocols.sql_table import Plain, Table, key_of
from syncline.connectors.protocols.sql_values import Kind, encode
from syncline.connectors.protocols.stamps import SECOND
from syncline.errors import RejectedError, SetupError
from syncline.model.contract import Contract
from syncline.model.page import Cursor, Gone, Page, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HITS = 100  #: of a search
_SHORT = 200  #: of a reason that is told about a broken record [characters]


class Portion(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one statement."""

    rows: Sequence[Row] = ()
    broken: Sequence[tuple[str, str]] = ()
    count: int = 0  #: of rows, the broken ones too
    last: Sequence[Any] = ()  #: of the last row its stamp, where there are stamps, and its key


class Reading:
    """The reading half of one resource."""

    def __init__(self, database: Database, layout: Layout, contract: Contract, *, page: int, record_limit: int) -> None:
        self.database = database
        self.layout = layout
        self.page = page
        self.recorder = Recorder(layout)
        self._contract = contract
        self._record_limit = record_limit
        self._overlap = round((contract.lag + contract.precision + contract.skew) * SECOND)
        self._skew = round(contract.skew * SECOND)

    # --- lists --------------------------------------------------------------------------------------------------------

    def fence(self) -> Fence:
        """The fence of a scan that begins now."""
        with self.database.reading(self.layout.table.name) as connection:
            return fence_of(connection, self.database.dialect)

    def lower(self, stamp: int, now: int) -> int:
        """Where a scan from this stamp begins; 0: with everything. A cursor of the future comes from a wrong clock."""
        return max(0, (now if stamp > now + self._skew else stamp) - self._overlap) if stamp else 0

    def cursor(self, since: int, newest: int, fence: Fence) -> Cursor | None:
        """Where to go on once a scan is complete."""
        options = self.layout.options.since
        if options is None or not newest:
            return None
        limit = fence.oldest if options.fence == "transactions" else fence.now
        start = since if since <= fence.now + self._skew else 0
        return Cursor(stamp=max(start, min(newest, limit)))

    def whole(self, after: object) -> Portion:
        """The next rows in the order of the key."""
        key = self.layout.key_column
        query = self._rows(self.layout.alive()).order_by(key).limit(self.page)
        return self._portion(query if after is None else query.where(key > after))

    def changed(self, lower: int, after: tuple[object, object] | None) -> Portion:
        """The next rows that have changed since a stamp, in the order of change and key, the deleted ones too."""
        since = self.layout.options.since
        if since is None:
            return Portion()
        stamp, key = self.layout.table.column(since.column), self.layout.key_column
        query = self._rows(self.layout.scope()).order_by(stamp, key).limit(self.page)
        if after is None:
            return self._portion(query.where(self._since(self.layout.table, since.column, lower)))
        if self.database.dialect == "mysql":  # it would not use an index for pairs
            return self._portion(query.where(stamp >= after[0], or_(stamp > after[0], key > after[1])))
        return self._portion(
            query.where(tuple_(stamp, key) > tuple_(literal(after[0], Plain()), literal(after[1], Plain())))
        )

    def with_changed_lines(self, lower: int, field: str, after: object) -> Portion:
        """The next rows that have a line which changed since a stamp, in the order of the key."""
        lines, key = self.layout.lines[field], self.layout.key_column
        changed = exists().where(
            lines.table.column(lines.options.parent) == key,
            self._since(lines.table, lines.options.since, lower),
        )
        query = self._rows(and_(self.layout.alive(), changed)).order_by(key).limit(self.page)
        return self._portion(query if after is None else query.where(key > after))

    def buried(self, lower: int, after: object) -> Sequence[object]:
        """The next keys that the tombstones' table names since a stamp and that are not there."""
        if self.layout.tombstones is None:
            return []
        options, table = self.layout.tombstones
        key = table.column(options.key)
        is_there = exists().where(self.layout.key_column == key, self.layout.alive())
        query = select(key).distinct().where(~is_there).order_by(key).limit(self.page)
        if lower:
            query = query.where(self._since(table, options.at, lower))
        return [row[0] for row in self._fetched(query if after is None else query.where(key > after))]

    def _since(self, table: Table, name: str, lower: int) -> ColumnElement[bool]:
        """The condition that a time is not before a stamp."""
        clause, kind = table.column(name), table.kind(name)
        at = _EPOCH + timedelta(microseconds=lower)
        instant = (at - self._repeated(at) if kind is Kind.LOCAL else at).isoformat()
        if self.database.dialect != "sqlite":
            return clause >= encode(kind, instant, self.layout.zone)
        # Texts there, with a blank or a T between date and time: T sorts behind the blank.
        blank = str(encode(Kind.LOCAL, instant, self.layout.zone))[:19]
        return or_(
            clause >= blank.replace(" ", "T"),
            and_(clause >= blank, clause < f"{blank[:10]}T"),
        )

    def _repeated(self, at: datetime) -> timedelta:
        """The hour that a zone without daylight saving repeats: rows of its second half look older than they are."""
        hour, zone = timedelta(hours=1), self.layout.zone
        before, after = ((at + shift).astimezone(zone).utcoffset() or timedelta() for shift in (-hour, hour))
        return max(before - after, timedelta())

    def _rows(self, where: ColumnElement[bool]) -> Select[Any]:
        return select(*self.layout.columns.clauses).where(where)

    def _portion(self, query: Select[Any]) -> Portion:
        """The rows of a query; where the driver cannot make values of one of them, each is asked for alone."""
        place, since = self.layout.columns.place, self.layout.options.since
        ends = [place[name] for name in ((since.column, self.layout.key) if since else (self.layout.key,))]
        try:
            rows = self._fetched(query)
        except SetupError as error:
            if not _is_about_values(error):
                raise
            return self._apart(query)
        return Portion(rows=rows, count=len(rows), last=[rows[-1][one] for one in ends] if rows else [])

    def _apart(self, query: Select[Any]) -> Portion:
        """Each row alone. Its stamp is the database's own text: one such as `infinity` is no value of the driver's."""
        since, key = self.layout.options.since, self.layout.key_column
        ends: list[ColumnElement[Any]] = [cast(self.layout.table.column(since.column), Text), key] if since else [key]
        places = self._fetched(query.with_only_columns(*ends))
        rows: list[Row] = []
        broken: list[tuple[str, str]] = []
        for place in places:
            try:
                rows += self._fetched(self._rows(self.layout.key_column == place[-1]))
            except SetupError as error:
                if not _is_about_values(error):
                    raise
                broken.append((self.layout.key_text(place[-1]), error.what[:_SHORT]))
        return Portion(rows=rows, broken=broken, count=len(places), last=list(places[-1]) if places else [])

    def _fetched(self, query: Select[Any]) -> Sequence[Row]:
        with self.database.reading(self.layout.table.name) as connection:
            return connection.execute(query).fetchall()

    # --- rows to pages ------------------------------------------------------------------------------------------------

    def page_of(self, rows: Sequence[Row]) -> Page:
        """Rows as a page; those that cannot be read stand among the broken."""
        with self.database.reading(self.layout.table.name) as connection:
            try:
                return self._page(self.recorder.found(connection, rows), [])
            except (ValueError, RejectedError) as error:
                if len(rows) == 1:
                    return Page(keys=[], raws=[], versions=[], stamps=[], broken=[self._broken(rows[0], error)])
        halves = [self.page_of(one) for one in pieces(rows, (len(rows) + 1) // 2)]
        return joined(*halves)

    def _broken(self, row: Row, error: Exception) -> tuple[str, str]:
        return str(row[self.layout.columns.place[self.layout.key]]), str(error)[:_SHORT]

    def _page(self, found: Found, broken: list[tuple[str, str]]) -> Page:
        long = [place for place, raw in enumerate(found.raws) if len(raw) > self._record_limit]
        broken += [(found.keys[place], f"longer than {self._record_limit} bytes") for place in long]
        is_out = set(long) | {place for place, deleted in enumerate(found.deleted) if deleted}
        tombstones = [found.keys[place] for place, deleted in enumerate(found.deleted) if deleted]
        kept = [place for place in range(len(found.keys)) if place not in is_out] if is_out else None

        def of(column: Sequence[object]) -> Sequence[object]:
            return column if kept is None else [column[place] for place in kept]

        return Page(
            keys=of(found.keys),  # type: ignore[arg-type]  # a part of the column
            raws=of(found.raws),  # type: ignore[arg-type]
            versions=of(found.versions),  # type: ignore[arg-type]
            stamps=of(found.stamps) if self._contract.stamped else None,  # type: ignore[arg-type]
            tombstones=tombstones,
            broken=broken,
        )

    # --- rows by key --------------------------------------------------------------------------------------------------

    def get(self, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records now, in the order of the keys."""
        found: dict[str, Record | Gone] = {}
        bound = self.bound(keys)
        values = list(bound.values())
        for part in (values[start : start + self.page] for start in range(0, len(values), self.page)):
            portion = self._portion(self._rows(and_(self.layout.alive(), self.layout.key_column.in_(part))))
            page = self.page_of(portion.rows)
            for key, reason in (*portion.broken, *page.broken):
                msg = f"{self.database.system} shows {self.layout.table.name} {key}, which is {reason}."
                raise RejectedError(msg, cure=f"Correct it in {self.database.system}.")
            for record in records(page):
                found[record.key] = record
        return [found.get(key, Gone(key=key)) for key in keys]

    def bound(self, keys: Sequence[str]) -> dict[str, object]:
        """Key -> what is bound for it; keys that no row can have are left out."""
        kind = self.layout.table.kind(self.layout.key)
        made = {key: key_of(kind, key) for key in dict.fromkeys(keys)}
        return {key: value for key, value in made.items() if value is not None}

    def search(self, field: str, value: str) -> Sequence[Record]:
        """Records whose column equals `value`; "" is the marker. Letter case counts for the marker only."""
        marker = self.layout.options.marker
        name = marker.column if not field and marker else field
        if not name or (field and field not in self.layout.options.search):
            msg = f"{self.database.system}.{self.layout.table.name} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Name the column in {self.layout.setting}.search.")
        try:
            bound = encode(self.layout.table.kind(name), value, self.layout.zone)
        except ValueError:
            return []
        if "\x00" in value:
            return []
        clause = self.layout.table.column(name)
        rows = self._fetched(self._rows(and_(self.layout.alive(), clause == bound)).limit(_HITS))
        if field:
            return records(self.page_of(rows))
        place = self.layout.columns.place[name]
        return records(self.page_of([row for row in rows if str(row[place]) == value]))


def _is_about_values(error: SetupError) -> bool:
    """Was a read refused for what the rows hold?"""
    return isinstance(error.__cause__, SQLAlchemyError) and verdict_of(error.__cause__) is Verdict.RECORD
