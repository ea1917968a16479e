"""Opens the store that a URL names; the only place that knows which databases there are."""

from __future__ import annotations

from importlib.util import find_spec

from syncline.errors import SetupError
from syncline.ports.inbox import Inbox
from syncline.ports.store import Store


def open_store(url: str, *, lock: bool = True) -> Store:
    """Open the hub's state and take it for this process; with `lock=False` only to read, beside a running hub.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db`, `sqlite:///:memory:`, or
            `postgresql://user@host/database?schema=name`.
        lock: False opens for reading alone.

    Raises:
        StoreBusyError: Another hub has the store.
        StoreLostError: It is out of reach.
        StoreFailedError: It is damaged, emptied or full, or may not be written to.
        SetupError: The URL, the file or the server is not usable.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from syncline.store.sqlite import open_sqlite  # noqa: PLC0415  each database is imported only when it is used

        return open_sqlite(rest.removeprefix("/"), lock=lock)
    if scheme in ("postgresql", "postgres"):
        if find_spec("psycopg") is None:
            raise SetupError(
                "The PostgreSQL store needs psycopg.", cure="Install it with: pip install 'syncline[postgres]'"
            )
        from syncline.store.postgres import open_postgres  # noqa: PLC0415

        return open_postgres(url, lock=lock)
    raise _unknown(scheme)


def open_inbox(url: str) -> Inbox:
    """What systems tell the hub whose store is open at this URL; the same errors as `open_store`."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite":
        from syncline.store.sqlite import open_sqlite_inbox  # noqa: PLC0415  see above

        return open_sqlite_inbox(rest.removeprefix("/"))
    if scheme in ("postgresql", "postgres"):
        from syncline.store.postgres import open_postgres_inbox  # noqa: PLC0415  see above

        return open_postgres_inbox(url)
    raise _unknown(scheme)


def _unknown(scheme: str) -> SetupError:
    msg = f"No store can be opened at a URL that begins with {scheme[:20]!r}."
    return SetupError(
        msg,
        cure="Write sqlite:///path/to/file.db or postgresql://user@host/database.",
    )
