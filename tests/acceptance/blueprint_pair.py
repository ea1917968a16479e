"""A blueprint as a newcomer takes it: two sandbox applications, a project of `syncline init`, people and bad weather.

What the applications hold in the end is read over their own interfaces, and shares no mapping with the blueprint.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from syncline.sandbox.process import Kind, Process, start
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_storm import WEATHER

Row: TypeAlias = dict[str, Any]
SOURCE = Path(__file__).resolve().parents[2] / "src"
PASSES = 12  #: after which people and faults are long forgotten, and nothing may be left to do
_LONGEST = 120  #: of one command [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One running application, as somebody meets it who works with it."""

    process: Process
    authorization: str

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers; a refusal is raised."""
        request = urllib.request.Request(  # noqa: S310  our own
            self.process.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": self.authorization, "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  our own
            text = answer.read()
        return json.loads(text) if text else None

    def faults(self, weather: Mapping[str, object]) -> None:
        """How its connection behaves from now on."""
        at_the_door(self.process.url, "faults", weather)

    def people(self, **work: object) -> list[Row]:
        """Let its people work; what they did."""
        done: Any = at_the_door(self.process.url, "people", work)
        return list(done["done"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both applications and the project between them."""

    crm: Application
    other: Application
    folder: Path

    def syncline(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command in the project folder, to its end."""
        urls = {f"{one.process.kind.upper()}_URL": one.process.url for one in (self.crm, self.other)}
        done = subprocess.run(
            [sys.executable, "-m", "syncline", *words], cwd=self.folder, capture_output=True, text=True,
            timeout=_LONGEST, check=False, env=os.environ | urls | {"PYTHONPATH": str(SOURCE), "NO_COLOR": "1"},
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def fine(self, *words: str) -> str:
        """What a command prints that must go well."""
        done = self.syncline(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def weather(self, seed: int | None) -> None:
        """Every fault at once on both sides, or none."""
        for place, one in enumerate((self.crm, self.other)):
            one.faults({} if seed is None else {**WEATHER, "seed": seed + place})

    def through_storms(self, seeds: Iterable[int]) -> None:
        """Passes while everything fails now and then."""
        for seed in seeds:
            self.weather(seed)
            self.syncline("sync", "--approve")
        self.weather(None)

    def rest(self) -> Row:
        """Pass until nothing is left to send; the agreement that was reached."""
        for _ in range(PASSES):
            told: Row = json.loads(self.syncline("sync", "--full", "--approve", "--json").stdout)
            if not any(one["sent"] or one["reads"].get("deferred") for one in told["accounts"]):
                return dict(told["agreement"])
        raise AssertionError(f"it does not come to rest: {told}")


@contextmanager
def pair(blueprint: str, kind: Kind, authorization: str, folder: Path, *, size: int) -> Iterator[Pair]:
    """A CRM and another application, and a project made of a blueprint."""
    data = folder / "data"
    with start("crm", data=data, size=size) as crm, start(kind, data=data, size=size) as other:
        made = Pair(
            crm=Application(process=crm, authorization="Bearer crm-token"),
            other=Application(process=other, authorization=authorization),
            folder=folder / "project",
        )
        made.folder.mkdir()
        made.fine("init", "--blueprint", blueprint)
        yield made


def rows_of(crm: Application, resource: str) -> list[Row]:
    """Every record of the CRM, over its API."""
    found: list[Row] = []
    cursor: str | None = ""
    while cursor is not None:
        page = crm.ask("GET", f"/api/{resource}?limit=500{f'&cursor={cursor}' if cursor else ''}")
        found += page["data"]
        cursor = page["next_cursor"]
    return found


def number(value: object) -> Decimal | None:
    """A number, however it is written."""
    return None if value is None else Decimal(str(value))


def differences(ours: Iterable[tuple[object, ...]], theirs: Iterable[tuple[object, ...]]) -> list[str]:
    """What one side has and the other has not, or has more often."""
    here, there = Counter(map(repr, ours)), Counter(map(repr, theirs))
    return [f"crm: {one}" for one in sorted((here - there).elements())] + [
        f"other: {one}" for one in sorted((there - here).elements())
    ]
