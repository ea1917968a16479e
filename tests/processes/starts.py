"""Where real hubs begin: two applications with their project, on either store, before and after people's work.

Each beginning is made once and then copied, the state on PostgreSQL with it. What the applications show in the end when
nothing disturbs the job is noted as well: a job that was disturbed has to end there, too.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from syncline.app import operations
from tests.acceptance.sandbox_world import World, seconds, side_door, world
from tests.processes.postgres_server import PostgresServer, postgres_server

StoreName: TypeAlias = Literal["sqlite", "postgresql"]
Shown: TypeAlias = Counter[str]  #: every record of both applications, without keys, stamps and counters

SIZE = 80  #: with its products and orders a job of 200 records and some
LEAST: Mapping[str, int] = {"customers": 75, "products": 40, "orders": 70}
JOB = ("sync", "--approve", "--json")
BEGINNINGS = ("load", "edited")
STORES: tuple[StoreName, ...] = ("sqlite", "postgresql")

WAITS = "lag: 1, settle: 0, effect: 2", "lag: 0.2, settle: 0, effect: 1"  #: so that doubts end soon
_NUMBERS = count()
_STORE = re.compile(r"^store: .*$", re.MULTILINE)
_MASTERS = ("customers", "partners")
_EDITS = ["edit", "edit_several", "resave"]
_LINES = ["change_line", "add_line"]
_THEIR_OWN = frozenset(
    ["id", "No", "DocNo", "version", "Rev", "created_at", "updated_at", "ChangedAt", "updated_by", "external_ref",
     "ForeignKey"]
)  #: what an application gives itself, or a hub uses as its mark  # fmt: skip


class Place(Protocol):
    """Where hubs keep their state."""

    name: StoreName

    def give(self, project: Path) -> None:
        """A copied project gets a state of its own, equal to that of the one that it was copied from."""
        ...

    def take_back(self, project: Path) -> None:
        """The state of this project is no longer wanted."""
        ...


class SqlitePlace:
    """A file in the project's folder."""

    name: StoreName = "sqlite"

    def give(self, project: Path) -> None:
        """It was copied with its folder."""

    def take_back(self, project: Path) -> None:
        """It goes with its folder."""


class PostgresPlace:
    """A database for each project."""

    name: StoreName = "postgresql"

    def __init__(self, server: PostgresServer) -> None:
        self.server = server

    def give(self, project: Path) -> None:
        """A database like the one that the project names."""
        known = store_of(project)
        url = self.server.new_database(like=known if known.startswith("postgresql") else "")
        keep_in(project, url)

    def take_back(self, project: Path) -> None:
        """Drop it."""
        self.server.drop(store_of(project))


def store_of(project: Path) -> str:
    """The URL of the store that a project names."""
    found = _STORE.search((project / "syncline.yaml").read_text())
    assert found
    return found.group().removeprefix("store: ").strip('"')


def keep_in(project: Path, url: str) -> None:
    """Let a project name another store."""
    rewrite(project / "syncline.yaml", _STORE, f'store: "{url}"')


def soon_again(project: Path) -> None:
    """Every flow has a pass each second."""
    for name, usual in (("customers", "every: 30s"), ("products", "every: 5m"), ("orders", "every: 30s")):
        rewrite(project / "flows" / f"{name}.yaml", usual, "every: 1s")


def rewrite(path: Path, old: str | re.Pattern[str], new: str) -> None:
    """Put other words into a file of the project, wherever the old ones stand."""
    text = path.read_text()
    pattern = re.compile(re.escape(old)) if isinstance(old, str) else old
    assert pattern.search(text), f"{old} is not in {path}"
    path.write_text(pattern.sub(lambda _: new, text))


class Starts:
    """Beginnings to copy, and what both applications show in the end when nobody disturbs the job; made when asked for.

    `load` is a first load; `edited` a busy morning of two applications that were in agreement.
    """

    def __init__(self, folder: Path, place: Place) -> None:
        self.place = place
        self.usual = 0.0  #: the longest that the job took so far when nobody disturbed it [s]
        self._folder = folder
        self._ends: dict[str, Shown] = {}

    @contextmanager
    def world(self, name: str) -> Iterator[World]:
        """A world of its own that begins there."""
        if not (self._folder / name).exists():
            self._make(name)
        where = self._folder / f"{name}-{next(_NUMBERS)}"
        shutil.copytree(self._folder / name, where)
        self.place.give(where / "project")
        with world(where, size=SIZE) as made:
            yield made
        self.place.take_back(where / "project")
        shutil.rmtree(where)

    def end(self, name: str) -> Shown:
        """Where an undisturbed job ends."""
        if name not in self._ends:
            with self.world(name) as this:
                began = seconds()
                done = this.syncline(*JOB)
                self.usual = max(self.usual, seconds() - began)
                assert done.returncode == 0, done.stdout + done.stderr
                self._ends[name] = shown(this)
        return self._ends[name]

    def _make(self, name: str) -> None:
        if name == "load":
            with world(self._folder / name, size=SIZE) as first:
                rewrite(first.project / "syncline.yaml", *WAITS)
        else:
            with self.world("load") as this:
                _agree_and_edit(this)
                shutil.copytree(this.folder, self._folder / name)
                self.place.give(self._folder / name / "project")


@contextmanager
def prepared(store: StoreName, folder: Path) -> Iterator[Starts]:
    """Beginnings on a store, with its server where it needs one."""
    if store == "sqlite":
        yield Starts(folder, SqlitePlace())
        return
    with postgres_server() as server:
        yield Starts(folder, PostgresPlace(server))


def _agree_and_edit(this: World) -> None:
    """Bring both into agreement, then let people work in both at once."""
    this.pass_again()
    with this.hub() as hub:
        for question in operations.questions(hub):
            operations.answer(hub, question.flow, question.system, question.key, "new")
    this.pass_again()
    for number, url in enumerate((this.crm_url, this.erp_url)):
        side_door(url, "people", {"edits": 40, "seed": number, "resource": _MASTERS[number], "actions": _EDITS})
        side_door(url, "people", {"edits": 5, "seed": 9, "resource": _MASTERS[number], "actions": ["create"]})
    side_door(this.crm_url, "people", {"edits": 10, "resource": "orders", "actions": _LINES})
    ordering = {row["customer_id"] for row in this.crm.every("orders")}
    idle = [row["id"] for row in this.crm.every("customers") if row["id"] not in ordering]
    side_door(this.crm_url, "people", {"edits": 5, "resource": "customers", "actions": ["archive"], "ids": idle})


def shown(this: World) -> Shown:
    """What both applications show, over their own APIs; a reference is told by what it leads to."""
    customers, partners = this.crm.every("customers"), this.erp.every("partners")
    skus = {row["id"]: row["sku"] for row in this.crm.every("products")}
    leads: Mapping[str, Mapping[object, object]] = {
        "customer_id": {row["id"]: [row["name"], row["tax_id"], row["email"]] for row in customers},
        "PartnerNo": {row["PartnerNo"]: [row["Name1"], row["VatNo"], row["Mail"]] for row in partners},
        "product_id": skus,
    }
    tables = {
        "crm customer": customers, "erp partner": [{**row, "PartnerNo": None} for row in partners],
        "crm product": this.crm.every("products"), "erp item": this.erp.every("items"),
        "crm order": this.crm.every("orders"), "erp document": this.erp.every("salesdocs"),
    }  # fmt: skip
    return Counter(f"{kind} {json.dumps(_plain(row, leads))}" for kind, rows in tables.items() for row in rows)


def _plain(value: Any, leads: Mapping[str, Mapping[object, object]]) -> Any:
    if isinstance(value, list):
        return [_plain(one, leads) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {name: one for name, one in value.items() if name not in _THEIR_OWN}
    return {name: leads[name].get(one, one) if name in leads else _plain(one, leads) for name, one in kept.items()}
