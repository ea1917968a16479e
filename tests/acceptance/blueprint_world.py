"""A blueprint as a newcomer meets it: `syncline init` in an empty folder, the sandbox's applications, real commands."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from syncline.sandbox.process import Kind, Process, start
from tests.acceptance.sandbox_world import ROOT, Crm
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_storm import WEATHER

Row: TypeAlias = dict[str, Any]

_REST_S = 60.0  #: the longest that systems may take to come to rest when nobody works and nothing fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project made from a blueprint, and the applications that it keeps in agreement."""

    folder: Path
    data: Path  #: where the applications keep their data
    running: Mapping[str, Process]
    environ: Mapping[str, str]

    @property
    def crm(self) -> Any:
        """The CRM, over its own API."""
        return Crm(url=self.running["crm"].url)

    def __call__(self, *words: str, codes: Sequence[int] = (0,)) -> str:
        """Run one command in the project folder; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "syncline", *words], cwd=self.folder, env={**os.environ, **self.environ},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        told = done.stdout + done.stderr
        assert "Traceback" not in told, told
        assert done.returncode in codes or not codes, told
        return told

    def people(self, system: str, edits: int, **asked: object) -> list[Row]:
        """Let people of one application work; what they did."""
        answer: Any = at_the_door(self.running[system].url, "people", {"edits": edits, **asked})
        return list(answer["done"])

    def weather(self, seed: int | None) -> None:
        """Bad weather in every application, drawn from a seed; None: it clears up."""
        for process in self.running.values():
            at_the_door(process.url, "faults", {} if seed is None else {**WEATHER, "seed": seed})

    def rest(self, recount: Callable[[], Sequence[str]]) -> None:
        """Sync until a recount finds no difference, and then prove that a whole pass more changes nothing.

        What was refused while people deleted what it points to is parked; a person has all of it tried again.
        """
        until = time.monotonic() + _REST_S
        found = ["nobody has looked"]
        while found and time.monotonic() < until:
            self("sync", "--full", "--approve", codes=())
            found = list(recount())
            if found:
                self("parked", "--retry", codes=())
        assert not found, "\n".join(found[:40])
        before = self._writes()
        self("sync", "--full")
        assert self._writes() == before
        assert not recount()

    def _writes(self) -> int:
        stats: list[Any] = [at_the_door(process.url, "stats") for process in self.running.values()]
        return sum(one["writes"] for one in stats)


@contextmanager
def blueprint(name: str, folder: Path, *, kinds: Sequence[Kind], size: int) -> Iterator[Project]:
    """Start the applications, and make the project for them with `syncline init`."""
    with ExitStack() as stack:
        data = folder / "data"
        running = {kind: stack.enter_context(start(kind, data=data, size=size)) for kind in kinds}
        environ = {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "NO_COLOR": "1", "WAREHOUSE_URL": f"sqlite:///{data / 'warehouse.sqlite'}",
            "DROP_FOLDER": str(data / "drop"), **{f"{kind.upper()}_URL": one.url for kind, one in running.items()
            if kind != "warehouse"},
        }  # fmt: skip
        project = Project(folder=folder / "project", data=data, running=running, environ=environ)
        project.folder.mkdir()
        project("init", "--blueprint", name)
        yield project


def twice(kind: str, values: Sequence[object]) -> list[str]:
    """What is there more than once."""
    return [f"{kind} {value} is there {values.count(value)} times" for value in set(values) if values.count(value) > 1]


def unlike(kind: str, here: Mapping[str, Row], there: Mapping[str, Row]) -> list[str]:
    """Every difference between two systems' records, told in the same words and by the same keys."""
    alone = [f"{kind} {key} is only in the CRM" for key in here.keys() - there.keys()]
    alone += [f"{kind} {key} is not in the CRM" for key in there.keys() - here.keys()]
    return alone + [
        f"{kind} {key} {name}: the CRM has {mine!r}, the other {there[key][name]!r}"
        for key in here.keys() & there.keys()
        for name, mine in here[key].items()
        if mine != there[key][name]
    ]
