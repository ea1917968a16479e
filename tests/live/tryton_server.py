"""A real Tryton 8 of one's own: install, seed, start and stop it, all under one folder.

Each step is done once and remembered by a stamp; `python tests/live/tryton_server.py start --port 8021` does them all.
The server listens on the loopback address only. Every start works on a fresh copy of the seeded database.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parents[1] / ".live" / "tryton"
DATABASE = "hub"
USER, PASSWORD = "hub", "integration-user-pw"
LIMITED_USER, LIMITED_PASSWORD = "clerk", "sales-clerk-pw"
ADMIN_PASSWORD = "first-start-admin-pw"
MODULES = (
    "account_invoice_stock",
    "account_product",
    "party",
    "product",
    "production_routing",
    "production_work",
    "purchase",
    "sale",
    "sale_opportunity",
    "stock",
    "stock_package_shipping",
)
REQUIREMENTS = HERE / "tryton_requirements.txt"
SEED_PROGRAM = HERE / "tryton_seed.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A database ready to be copied, and what its seed made."""

    database: Path
    facts: Path  #: JSON: ids of records by the names that the seed program gives them


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that answers."""

    url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    folder: Path  #: holds the copy of the database, the configuration and the log
    facts: dict[str, object]

    @property
    def options(self) -> dict[str, object]:
        """Options of the connector for this server."""
        return {"url": self.url, "database": DATABASE, "user": USER, "password": PASSWORD, "company": 1}


def install(home: Path = HOME) -> Path:
    """Make the environment with Tryton and its modules; returns its folder of programs."""
    programs = home / "venv" / "bin"
    stamp = home / "installed.stamp"
    wanted = _digest(REQUIREMENTS)
    if _read(stamp) != wanted:
        home.mkdir(parents=True, exist_ok=True)
        if not (programs / "python").exists():
            _run(sys.executable, "-m", "venv", home / "venv")
        _run(programs / "python", "-m", "pip", "-q", "install", "-r", REQUIREMENTS)
        stamp.write_text(wanted)
    return programs


def seed(home: Path = HOME, *, customers: int = 60, products: int = 24) -> Seeded:
    """Make the database once per size and seed program."""
    programs = install(home)
    schema = _schema(home, programs)
    name = f"seeded-{customers}-{products}"
    seeded = Seeded(database=home / f"{name}.sqlite", facts=home / f"{name}.json")
    stamp = home / f"{name}.stamp"
    wanted = _digest(REQUIREMENTS, SEED_PROGRAM)
    if _read(stamp) == wanted and seeded.database.exists():
        return seeded
    with _workshop() as folder:
        shutil.copy(schema, folder / f"{DATABASE}.sqlite")
        configuration = _configure(folder, port=0)
        sizes = (str(customers), str(products))
        _run(programs / "python", SEED_PROGRAM, configuration, DATABASE, folder / "facts.json", *sizes)
        shutil.copy(folder / f"{DATABASE}.sqlite", seeded.database)
        shutil.copy(folder / "facts.json", seeded.facts)
    stamp.write_text(wanted)
    return seeded


def start(home: Path = HOME, *, port: int = 0, customers: int = 60, products: int = 24) -> Running:
    """Start a server on a fresh copy of the seeded database; port 0 takes a free one."""
    seeded = seed(home, customers=customers, products=products)
    port = _free_port(port)
    folder = Path(tempfile.mkdtemp(prefix="tryton-", dir=_memory()))
    shutil.copy(seeded.database, folder / f"{DATABASE}.sqlite")
    configuration = _configure(folder, port=port)
    environment = os.environ | {
        "TRYTOND_CONFIG": str(configuration),
        "TRYTOND_DATABASE_NAMES": DATABASE,
        "TRYTOND_LOGGING_LEVEL": "30",
    }
    command = [home / "venv/bin/gunicorn", "-b", f"127.0.0.1:{port}", "-w", "1", "--threads", "8"]
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*map(str, command), "--timeout", "120", "trytond.application:app"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    _await(url, process, folder)
    return Running(url=url, process=process, folder=folder, facts=json.loads(seeded.facts.read_text()))


def stop(running: Running) -> None:
    """End the server and drop its copy of the database; a second call does nothing."""
    running.process.terminate()
    running.process.wait(30)
    shutil.rmtree(running.folder, ignore_errors=True)


def _schema(home: Path, programs: Path) -> Path:
    """An empty database with all modules activated: the slow part, shared by all seeds."""
    database = home / "schema.sqlite"
    stamp = home / "schema.stamp"
    wanted = _digest(REQUIREMENTS) + ",".join(MODULES)
    if _read(stamp) == wanted and database.exists():
        return database
    with _workshop() as folder:
        (folder / f"{DATABASE}.sqlite").touch()
        password = folder / "password"
        password.write_text(ADMIN_PASSWORD + "\n")
        command = [programs / "trytond-admin", "-c", _configure(folder, port=0), "-d", DATABASE]
        arguments = ["--email", "admin@example.com", "--activate-dependencies", "-u", *MODULES]
        _run(*command, *arguments, TRYTONPASSFILE=str(password))
        shutil.copy(folder / f"{DATABASE}.sqlite", database)
    stamp.write_text(wanted)
    return database


def _configure(folder: Path, *, port: int) -> Path:
    configuration = folder / "trytond.conf"
    configuration.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\nlist = True\n"
        f"[web]\nlisten = 127.0.0.1:{port}\nhostname =\n"
        "[session]\nsuper_pwd =\ntimeout = 3600\nmax_attempt = 50\n"
        "[request]\ntimeout = 60\nrecords_limit = 10000\n"
        "[bus]\nallow_subscribe = False\n"
        "[queue]\nworker = False\n"
    )
    return configuration


@contextmanager
def _workshop() -> Iterator[Path]:
    """A folder in memory: thousands of small commits are slow on a disk."""
    with tempfile.TemporaryDirectory(prefix="tryton-seed-", dir=_memory()) as name:
        yield Path(name)


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  the files are made by mkdtemp


def _free_port(wanted: int) -> int:
    """The port that is wanted, any for 0; OSError when another server has it, which would answer in our place."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        return int(probe.getsockname()[1])


def _await(url: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Return once the server answers; it loads its modules for some seconds."""
    body = json.dumps({"id": 1, "method": "common.server.version", "params": []}).encode()
    request = urllib.request.Request(f"{url}/rpc/", body, {"Content-Type": "application/json"})  # noqa: S310  loopback
    for _ in range(600):
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    log = (folder / "server.log").read_text()[-2000:]
    message = f"Tryton did not start: {log}"
    raise RuntimeError(message)


def _run(*command: str | Path, **environment: str) -> None:
    subprocess.run([str(part) for part in command], check=True, env=os.environ | environment)


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def main() -> None:
    """Install, seed, or serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["install", "seed", "start"])
    parser.add_argument("--port", type=int, default=8021)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--products", type=int, default=24)
    arguments = parser.parse_args()
    if arguments.step == "install":
        install()
    elif arguments.step == "seed":
        seed(customers=arguments.customers, products=arguments.products)
    else:
        _serve(start(port=arguments.port, customers=arguments.customers, products=arguments.products))


def _serve(running: Running) -> None:
    print(f"{running.url} database {DATABASE} user {USER} password {PASSWORD}; Ctrl-C stops it")  # noqa: T201  a person runs this
    try:
        running.process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        stop(running)


if __name__ == "__main__":
    main()
