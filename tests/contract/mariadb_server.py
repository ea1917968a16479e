"""A MariaDB server of our own, from the machine's package; tests that need it are skipped where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pymysql
import pytest

from syncline.env import RealEnv

_LONGEST = 60.0  #: a start, a stop [s]
_ENV = RealEnv()


@dataclass(frozen=True, slots=True, kw_only=True)
class MariaServer:
    """One running server on this machine."""

    port: int
    root: str  #: path of the socket by which the administrator comes in

    def execute(self, *statements: str, database: str = "mysql") -> None:
        """Run statements as the administrator."""
        with pymysql.connect(unix_socket=self.root, user="root", database=database, autocommit=True) as connection:
            for statement in statements:
                with connection.cursor() as cursor:
                    cursor.execute(statement)


@contextmanager
def mariadb_server(*settings: str) -> Iterator[MariaServer]:
    """Start a server, with further settings; skip the test where there is none to be had."""
    program, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
    if not program or not install:
        pytest.skip("no MariaDB server: install Debian's package mariadb-server")
    as_root = os.geteuid() == 0
    with TemporaryDirectory(prefix="mariadb-") as name:
        folder = Path(name)
        if as_root:
            shutil.chown(folder, "mysql", "mysql")
        user = ["--user=mysql"] if as_root else []
        data, place = f"--datadir={folder}/data", f"{folder}/sock"
        subprocess.run(
            [install, "--no-defaults", data, *user, "--skip-test-db", "--auth-root-authentication-method=normal"],
            check=True, capture_output=True, timeout=_LONGEST,
        )  # fmt: skip
        port = _free_port()
        command = [program, "--no-defaults", data, *user, "--bind-address=127.0.0.1", f"--port={port}",
                   f"--socket={place}", f"--pid-file={folder}/pid", "--innodb-flush-log-at-trx-commit=0",
                   "--skip-name-resolve", *settings]  # fmt: skip
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                yield _started(MariaServer(port=port, root=place), process, folder / "log")
            finally:
                process.terminate()
                process.wait(_LONGEST)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _started(server: MariaServer, process: subprocess.Popen[bytes], log: Path) -> MariaServer:
    begun = _ENV.monotonic()
    while True:
        try:
            if Path(server.root).exists():  # its driver leaves a socket open where there is none
                server.execute("SELECT 1")
                return server
        except pymysql.OperationalError:
            pass
        if process.poll() is not None or _ENV.monotonic() - begun > _LONGEST:
            pytest.fail(f"MariaDB did not start: {log.read_text(errors='replace')[-800:]}")
        _ENV.sleep(0.1)
