"""Passes over a wire that lies, while people work on both sides: it converges, and nothing is lost or doubled."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from syncline.app import operations
from tests.acceptance.lying_proxy import lying_proxy
from tests.acceptance.sandbox_world import World, seconds, side_door, world
from tests.processes.outcome import Outcome, Tell, come_to_rest, silent
from tests.processes.starts import JOB, WAITS, rewrite
from tests.processes.wire import READ, drawn

SIZE = 24
LEAST: Mapping[str, int] = {"customers": 20, "products": 10, "orders": 15}
_RATE = 0.4  #: of exchanges that are disturbed
_EDITS = 12  #: of each kind of work, before each pass
_ROUNDS = 6  #: passes for each twenty faults that are wanted, at most
_SHOWN = 5  #: differences
_HONEST = 4  #: passes without faults until everything agrees, at most
_PATIENCE = f"timeout: {{connect: 2, read: {READ}, total: 2}}\n    limits: {{per_second: 500, burst: 500}}"

Known: TypeAlias = dict[tuple[str, str, str], Any]  #: system, resource/key, field -> what a person wrote last

#: who works where: each field has one side where people write it, so that no edit may ever give way to another
_WORK: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("crm", {"resource": "customers", "actions": ["edit"], "fields": ["name", "segment", "addresses"]}),
    ("crm", {"resource": "customers", "actions": ["create"]}),
    ("crm", {"resource": "orders", "actions": ["change_line", "add_line"]}),
    ("erp", {"resource": "partners", "actions": ["edit"], "fields": ["CreditLimit"]}),
    ("erp", {"resource": "partners", "actions": ["create"]}),
    ("erp", {"resource": "items", "actions": ["edit"], "fields": ["Descr", "ListPrice"]}),
)


def wire_faults(count: int, seed: int, *, tell: Tell = silent) -> Outcome:
    """Disturb `count` exchanges between a hub and two applications, and say what came of it.

    Args:
        count: Exchanges that are to be disturbed.
        seed: What people do and what the wire does is drawn from it.
        tell: Given a line of progress after each pass.
    """
    with TemporaryDirectory(prefix="wire-") as folder, _agreed(Path(folder)) as this:
        return _Wire(world=this, count=count, seed=seed, tell=tell).play()


@contextmanager
def _agreed(folder: Path) -> Iterator[World]:
    """Applications in agreement; batches are small, so that there are many exchanges."""
    with world(folder / "world", size=SIZE) as this:
        project = this.project
        rewrite(project / "syncline.yaml", *WAITS)
        rewrite(project / "syncline.yaml", "limits: {per_second: 500, burst: 500}", _PATIENCE)
        rewrite(project / "systems" / "crm.yaml", "size: 200", "size: 2")
        rewrite(project / "systems" / "erp.yaml", "items: rows\n    size: 100", "items: rows\n    size: 2")
        done = this.syncline(*JOB)
        assert done.returncode == 0, done.stdout + done.stderr
        _answer(this)
        yield this


def _answer(this: World) -> None:
    """Whoever was entered is somebody new, however alike the names are."""
    with this.hub() as hub:
        for question in operations.questions(hub):
            operations.answer(hub, question.flow, question.system, question.key, "new")
        operations.sync(hub, approved=True)


@dataclass(slots=True, kw_only=True)
class _Wire:
    world: World
    count: int
    seed: int
    tell: Tell
    outcome: Outcome = field(default_factory=Outcome)
    told: Known = field(default_factory=dict)
    living: Counter[str] = field(default_factory=Counter)  #: customers that each system should have
    _noting: threading.Lock = field(default_factory=threading.Lock)

    def play(self) -> Outcome:
        """Passes with faults until there were enough, each after people's work; then passes without."""
        began, self.living = seconds(), self._living()
        with lying_proxy(self.world.crm_url) as crm, lying_proxy(self.world.erp_url) as erp:
            urls = {"CRM_URL": crm.url, "ERP_URL": erp.url}
            for number in range(_ROUNDS * (1 + self.count // 20)):
                if self.outcome.done >= self.count:
                    break
                self._people(number)
                with (
                    crm.lying(drawn(f"{self.seed} crm {number}", rate=_RATE, noted=self._note)),
                    erp.lying(drawn(f"{self.seed} erp {number}", rate=_RATE, noted=self._note)),
                ):
                    self._pass(urls, number)
                self.outcome.seconds = seconds() - began
                self.tell(f"wire seed {self.seed}: {self.outcome.line}")
            self._converge(urls)
        self._assess()
        self.outcome.seconds = seconds() - began
        return self.outcome

    def _note(self, kind: str) -> bool:
        with self._noting:
            if self.outcome.done >= self.count:
                return False
            self.outcome.done += 1
            self.outcome.places[kind] += 1
            return True

    def _people(self, number: int) -> None:
        """What people write, and where."""
        for place, (system, asked) in enumerate(_WORK):
            url = self.world.crm_url if system == "crm" else self.world.erp_url
            seed = self.seed * 1_000_000 + number * 100 + place
            for one in side_door(url, "people", {"edits": _EDITS, "seed": seed, **asked})["done"]:
                for name in one["fields"] if one["action"] != "create" else ():
                    self.told[system, f"{one['resource']}/{one['id']}", name] = one["new"][name]
                if one["action"] == "create":
                    self.told[system, f"{one['resource']}/{one['id']}", ""] = True
                    self.living += Counter(crm=1, erp=1)

    def _pass(self, urls: Mapping[str, str], number: int) -> int:
        done = self.world.syncline(*JOB, **urls)
        told = done.stdout + done.stderr
        if done.returncode not in {0, 3} or "Traceback" in told or "Unexpected" in told:
            self.outcome.problems.append(f"seed {self.seed} pass {number}: ended with {done.returncode}: {told[-500:]}")
        return done.returncode

    def _converge(self, urls: Mapping[str, str]) -> None:
        codes = []
        while len(codes) < _HONEST and (not codes or codes[-1]):
            codes.append(self._pass(urls, -1 - len(codes)))
        if codes[-1]:
            self.outcome.problems.append(f"seed {self.seed}: does not converge without faults: {codes}")
        self.outcome.problems += come_to_rest(self.world, f"seed {self.seed}")

    def _living(self) -> Counter[str]:
        crm = sum(not row["archived"] for row in self.world.crm.every("customers"))
        return Counter(crm=crm, erp=sum(row["Active"] for row in self.world.erp.every("partners")))

    def _assess(self) -> None:
        """As many customers as people made, every edit where it was written, and the other application agrees."""
        _answer(self.world)
        count, living = self.world.recounted(least=LEAST), self._living()
        self.outcome.doubled += (living - self.living).total()
        self.outcome.lost += (self.living - living).total() + len(count.differences)
        self.outcome.problems += [f"seed {self.seed}: {one}" for one in count.differences[:_SHOWN]]
        if living != self.living:
            self.outcome.problems.append(f"seed {self.seed}: {living} customers, {self.living} were made")
        self._look_for_edits()

    def _look_for_edits(self) -> None:
        rows = {
            (system, f"{resource}/{row[key]}"): row
            for system, resource, key in _RESOURCES
            for row in (self.world.crm if system == "crm" else self.world.erp).every(resource)
        }
        for (system, place, name), value in self.told.items():
            row = rows.get((system, place))
            if row is None or (name and row[name] != value):
                self.outcome.lost += 1
                shown = "the record is gone" if row is None else f"shown is {row[name]!r}"
                self.outcome.problems.append(
                    f"seed {self.seed}: {system} {place} {name}: {value!r} was written, {shown}"
                )


_RESOURCES = (
    ("crm", "customers", "id"), ("crm", "orders", "id"), ("erp", "partners", "PartnerNo"), ("erp", "items", "ItemNo"),
)  # fmt: skip
