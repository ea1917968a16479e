"""An example company as its people meet it: the project of examples/, its applications, real commands."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from syncline.sandbox.process import Kind, Process, start
from tests.acceptance.webhook_world import Caller, is_ready, until
from tests.contract.rest_systems import at_the_door

Row: TypeAlias = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
SIZE = 20  #: customers of the CRM
PASSES = 8  #: after which nothing may be left to do
_LONGEST = 120  #: of one command [s]
_BASIC: Mapping[str, str] = {"erp": "hub:erp-token", "mes": "hub:mes-token", "scm": "hub:scm-token"}
_BEARER: Mapping[str, str] = {"crm": "crm-token", "products": "products-token"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The project folder and the applications of a company."""

    folder: Path
    data: Path  #: where the applications keep their data
    running: Mapping[str, Process]
    environ: dict[str, str]  #: what its commands are told

    def ask(self, system: str, method: str, path: str, body: object = None) -> Any:
        """What an application answers to somebody who works in it; a refusal is raised."""
        bearer = _BEARER.get(system)
        known = f"Bearer {bearer}" if bearer else f"Basic {base64.b64encode(_BASIC[system].encode()).decode()}"
        request = urllib.request.Request(  # noqa: S310  our own
            self.running[system].url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": known, "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  our own
            text = answer.read()
        return json.loads(text) if text else None

    def people(self, system: str, **work: object) -> list[Row]:
        """Let people of one application work; what they did."""
        done: Any = at_the_door(self.running[system].url, "people", work)
        return list(done["done"])

    def every(self, system: str, resource: str) -> list[Row]:
        """Every record that an application has."""
        dump: Any = at_the_door(self.running[system].url, f"dump/{resource}")
        return [row for row in dump["data"] if not row.get("_removed")]

    def table(self, statement: str, *values: object) -> list[Row]:
        """What the warehouse's database says."""
        with closing(sqlite3.connect(self.data / "warehouse.sqlite", timeout=10)) as tables:
            tables.row_factory = sqlite3.Row
            return [dict(row) for row in tables.execute(statement, values)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command in the project folder, to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "syncline", *words], cwd=self.folder, env=os.environ | self.environ,
            capture_output=True, text=True, timeout=_LONGEST, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def fine(self, *words: str) -> str:
        """What a command prints that must go well."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def begin(self) -> None:
        """What a newcomer does before anything is written."""
        assert "cases hold" in self.fine("test")
        assert "No problem." in self.fine("check")
        assert "Nothing has been written." in self.fine("match")

    def answer(self, flow: str) -> int:
        """A person answers what is asked: these companies are new ones; how many were asked about."""
        asked = json.loads(self.fine("match", flow, "--review", "--json"))["questions"]
        for one in asked:
            self.fine("match", flow, "--answer", one["system"], one["key"], "new")
        return len(asked)

    def sync(self) -> None:
        """One pass over what has changed."""
        self.fine("sync", "--approve")

    def rest(self) -> Row:
        """Pass until nothing is left to send; the agreement that was reached."""
        for _ in range(PASSES):
            told: Row = json.loads(self.run("sync", "--full", "--approve", "--json").stdout)
            if not any(one["sent"] or one["reads"].get("deferred") for one in told["accounts"]):
                assert told["problems"] == []
                return dict(told["agreement"])
        raise AssertionError(f"it does not come to rest: {told}")

    def parked(self) -> list[Row]:
        """What waits for a person."""
        told: Row = json.loads(self.fine("parked", "--json"))
        return list(told["parked"])

    @contextmanager
    def listening(self) -> Iterator[Caller]:
        """`syncline run`, ready; ended as an operator ends it."""
        port = int(self.environ["PORT"])
        with (self.folder / "errors.log").open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "syncline", "run"], cwd=self.folder, env=os.environ | self.environ,
                stdout=subprocess.DEVNULL, stderr=errors, text=True,
            )  # fmt: skip
        caller = Caller(port=port)
        try:
            until(lambda: process.poll() is not None or is_ready(caller))
            assert process.poll() is None, (self.folder / "errors.log").read_text()
            yield caller
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()
            process.wait()


@contextmanager
def company(
    name: str, folder: Path, *, kinds: Sequence[Kind], changed: Callable[[str], str] = str
) -> Iterator[Company]:
    """Start the applications of an example, and copy its project; `changed` adapts its main file."""
    data, project = folder / "data", folder / name
    shutil.copytree(ROOT / "examples" / name, project, ignore=shutil.ignore_patterns(".syncline"))
    main = project / "syncline.yaml"
    main.write_text(changed(main.read_text()))
    (data / "phones").mkdir(parents=True)
    with ExitStack() as stack:
        running = {kind: stack.enter_context(start(kind, data=data, size=SIZE)) for kind in kinds}
        urls = {f"{kind.upper()}_URL": one.url for kind, one in running.items() if kind != "warehouse"}
        environ = {
            "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", **urls,
            "WAREHOUSE_URL": f"sqlite:///{data / 'warehouse.sqlite'}", "DROP_FOLDER": str(data / "drop"),
            "PHONES_FOLDER": str(data / "phones"),
        }  # fmt: skip
        yield Company(folder=project, data=data, running=running, environ=environ)


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
