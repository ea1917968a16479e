"""Options of the sql connector: where the database is, and what its tables mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

import msgspec

Dialect = Literal["postgresql", "mysql", "sqlite"]
#: Schemes that are taken; a driver is never named by a URL.
SCHEMES: Mapping[str, Dialect] = {
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
_LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})

Seconds = Annotated[float, msgspec.Meta(ge=0)]
TlsMode = Literal["verify", "off"]
FenceBy = Literal["transactions", "lag"]
Scalar = str | int | float | bool | None


class SqlSince(msgspec.Struct, frozen=True, kw_only=True):
    """Reading only what has changed, by a column that holds the time of the last change."""

    column: str
    fence: FenceBy = "transactions"  #: lag: go by the contract's lag alone, and ask for no open transactions
    touch: bool = False  #: the hub sets the column when it writes; off: a trigger or default of the database does


class SqlMarker(msgspec.Struct, frozen=True, kw_only=True):
    """A column for the hub's own marker."""

    column: str
    unique: bool = False  #: a unique constraint lies on it; then a repeated create finds the first one


class SqlDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """A column by which a row counts as deleted while it is still there."""

    column: str
    equals: Scalar | msgspec.UnsetType = msgspec.UNSET  #: the value that means deleted; left out: any value but null


class SqlTombstones(msgspec.Struct, frozen=True, kw_only=True):
    """A table into which a trigger writes the keys of deleted rows."""

    table: str
    key: str  #: column with the key of the row that was deleted
    at: str  #: column with the time of the delete


class SqlLines(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a child table, shown as a list inside their parent's record."""

    table: str
    parent: str  #: column of the child table that holds the parent's key
    key: str = ""  #: column that tells lines apart; "": the primary key
    fields: tuple[str, ...] = ()  #: columns that take part; none: all
    order: str = ""  #: column that orders the lines; "": their key
    since: str = ""  #: column with the time of a line's last change
    writes: bool = True  #: the hub may add, change and remove lines


class SqlWrites(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that the hub may do; one that is left out is not offered."""

    create: bool = False
    update: bool = False
    delete: Literal["none", "hard", "soft"] = "none"  #: soft: set the column of `deleted`
    archive: Mapping[str, Scalar] = {}  #: column -> value that archiving sets


class SqlPromise(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that cannot be read off the other options. Times in seconds; None: the usual caution."""

    precision: Seconds | None = None
    lag: Seconds | None = None  #: the longest time between the stamp of a change and its commit
    settle: Seconds | None = None
    effect: Seconds | None = None
    skew: Seconds | None = None
    read_back: Literal["body", "verbatim"] | None = None  #: verbatim: nothing in the database alters what is written
    deletes: Literal["tombstones", "sweep"] | None = None
    normalisers: Mapping[str, str] = {}


class SqlResource(msgspec.Struct, frozen=True, kw_only=True):
    """One table or view."""

    table: str  #: its name, or schema.name
    key: str = ""  #: column of the key; "": the primary key, which must be a single column
    fields: tuple[str, ...] = ()  #: columns that take part; none: all
    where: Mapping[str, Scalar] = {}  #: column -> value: only these rows take part, and new rows get these values
    since: SqlSince | None = None
    version: str = ""  #: a column that changes with every write; "": a digest of the whole record
    counts: bool = False  #: the hub itself adds one to the column `version`
    marker: SqlMarker | None = None
    deleted: SqlDeleted | None = None
    tombstones: SqlTombstones | None = None
    search: tuple[str, ...] = ()  #: columns that may be searched
    lines: Mapping[str, SqlLines] = {}  #: field of the record -> child table
    writes: SqlWrites = SqlWrites()
    binary: Literal["refuse", "base64"] = "refuse"  #: what becomes of columns of bytes
    contract: SqlPromise = SqlPromise()


class SqlTls(msgspec.Struct, frozen=True, kw_only=True):
    """Protection of the connection."""

    mode: TlsMode | None = None  #: verify: certificate and host are checked; None: verify, but not on this machine
    ca_file: str = ""  #: certificates to trust instead of the machine's own
    cert_file: str = ""  #: the hub's own certificate
    key_file: str = ""


class SqlPace(msgspec.Struct, frozen=True, kw_only=True):
    """The budget of pages and batches."""

    per_second: float = 200.0
    burst: int = 200
    reserve: float = 0.2


class SqlOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A PostgreSQL, MySQL, MariaDB or SQLite database."""

    url: str  #: postgresql://host:port/name, mysql://..., mariadb://..., sqlite:////path (three slashes: relative)
    resources: Mapping[str, SqlResource]
    user: str = ""
    password: str = ""
    socket: str = ""  #: PostgreSQL: folder of the server's socket; MySQL: the socket itself
    tls: SqlTls = SqlTls()
    zone: str = "UTC"  #: time zone of columns that hold times without one
    page: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 500  #: rows of one read
    batch: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 500  #: records of one write
    connections: Annotated[int, msgspec.Meta(ge=1, le=32)] = 4
    connect_timeout: Annotated[float, msgspec.Meta(ge=1)] = 10.0  #: [s]
    timeout: Annotated[float, msgspec.Meta(ge=1)] = 30.0  #: of a statement, and of a whole write [s]
    lock_timeout: Annotated[float, msgspec.Meta(ge=1)] = 5.0  #: how long to wait for a locked row [s]
    record_limit: Annotated[int, msgspec.Meta(ge=1)] = 1_048_576  #: longest record [bytes]
    limits: SqlPace = SqlPace()
    contract: SqlPromise = SqlPromise()

    def __repr__(self) -> str:
        """Where it leads; no secret."""
        return f"SqlOptions({self.place})"

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""
        return SCHEMES[urlsplit(self.url).scheme]

    @property
    def place(self) -> str:
        """The database as a person may see it."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

    @property
    def account(self) -> tuple[str, str]:
        """User and password."""
        parts = urlsplit(self.url)
        return self.user or unquote(parts.username or ""), self.password or unquote(parts.password or "")

    @property
    def is_here(self) -> bool:
        """Is the server on this machine?"""
        return bool(self.socket) or (urlsplit(self.url).hostname or "") in _LOCAL
