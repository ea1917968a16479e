"""One order goes through all six applications, and the demo's recount finds whatever is not the same in any of them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from tests.acceptance.sandbox_world import DEMO

import comparing  # isort: skip  found beside the demo, which is run and not installed
import field_table  # isort: skip
import people  # isort: skip
import recount  # isort: skip
import run as demo  # isort: skip
import stage as stages  # isort: skip
import story  # isort: skip

Rows = list[dict[str, Any]]
SIZE = 20
OTHERS = (77, "77.77", "2031-01-02T06:00", "31.12.2031 06:00", "Quite Another")


@dataclass(frozen=True, slots=True)
class Frozen:
    """All that the six applications said once."""

    said: Mapping[tuple[str, str], Rows]

    def every(self, system: str, resource: str) -> Rows:
        return self.said[system, resource]

    def with_rows(self, system: str, resource: str, rows: Rows) -> Frozen:
        return Frozen({**self.said, (system, resource): rows})


@pytest.fixture(scope="module")
def stage() -> Iterator[stages.Stage]:
    with stages.stage(size=SIZE, seed=7, keep=False) as made:
        yield made


@pytest.fixture(scope="module")
def delivered(stage: stages.Stage) -> story.Order:
    """An order that was paid in the end, and everything else in agreement."""
    said = stage.type("init", str(stage.project), "--blueprint", "all", where=stage.folder)
    assert said.startswith("Made ")
    stage.read("sync", "--approve")
    demo.answer(stage, stage.read("match", "--review")["questions"])
    stage.read("sync", "--approve")
    buyer = people.choose(stage).buyer
    order = story.begin(stage, buyer)
    story.win(stage, order)
    stage.read("sync", "--approve")
    list(story.taken(stage, order))
    story.confirm(stage, order)
    stage.read("sync")
    list(story.ask_production(stage, order))
    stage.read("sync")
    list(story.planned(stage, order))
    for deed in (story.work, story.ship, story.invoice, story.deliver, story.pay):
        deed(stage, order)
    for _ in range(2):
        stage.read("sync", "--full")
    return order


@pytest.fixture(scope="module")
def frozen(stage: stages.Stage, delivered: story.Order) -> Frozen:
    assert delivered.invoice
    places = {(told.system, told.there) for told in field_table.COMPARISONS}
    places |= {("crm", told.resource) for told in field_table.COMPARISONS}
    return Frozen({place: stage.systems.every(*place) for place in sorted(places)})


def counted(systems: object) -> comparing.Count:
    return recount.recount(systems, {})


def test_the_order_is_seen_in_the_crm_from_opportunity_to_payment(stage: stages.Stage, delivered: story.Order) -> None:
    told = list(story.seen(stage, delivered))

    assert any(delivered.shipment in one for one in told)
    assert any(delivered.invoice in one and "paid" in one for one in told)


def test_all_six_agree_in_everything_that_the_table_has(frozen: Frozen) -> None:
    count = counted(frozen)
    recount.too_few(count, {"orders.erp": SIZE, "orders.scm": SIZE, "orders.warehouse": SIZE, "customers.erp": SIZE})

    assert [one for one in count.differences if not one.explained] == []
    assert list(recount.tell(count))[-1].endswith("6 systems, 0 unexplained differences")


def test_the_hub_itself_sees_no_drift(stage: stages.Stage, delivered: story.Order) -> None:
    rows = stage.read("drift")["drift"]

    assert delivered.invoice
    assert {row["flow"] for row in rows} >= {"products", "orders", "shipments", "work_orders", "invoices"}
    assert [row for row in rows if row["total"]["unexplained"]] == []


def test_one_flipped_field_is_found_whichever_it_is(frozen: Frozen) -> None:
    pairs = counted(frozen).pairs
    missed: list[str] = []
    tried = 0
    for told in field_table.COMPARISONS:
        for name, side, flipped in flips(frozen, told, pairs[told.kind, told.system]):
            tried += 1
            if not counted(flipped).unexplained:
                missed.append(f"{told.kind} with {told.system}: {name} in {side}")

    assert missed == []
    assert tried > 2 * sum(len(told.fields) for told in field_table.COMPARISONS) - 10


def flips(frozen: Frozen, told: comparing.Comparison, pairs: Mapping[str, str]) -> Iterator[tuple[str, str, Frozen]]:
    """Every field, reference and line of one comparison, changed in one record of one of the two applications."""
    for side, place, key in (("crm", ("crm", told.resource), "id"), (told.system, (told.system, told.there), told.key)):
        crm = side == "crm"
        known = set(pairs) if crm else set(pairs.values())
        rows = [row for row in frozen.every(*place) if str(comparing.look(row, key)) in known]
        for one in told.fields:
            path, form = (one.crm, one.crm_form) if crm else (one.there, one.there_form)
            yield one.name, side, changed(frozen, place, rows, path, form)
        for reference in told.references:
            yield reference.name, side, changed(frozen, place, rows, reference.crm if crm else reference.there, str)
        for lines in told.lines:
            path = lines.crm if crm else lines.there
            full = [row for row in rows if comparing.look(row, path)]
            if full:
                yield from line_flips(frozen, place, full[0], path, lines, crm=crm)


def line_flips(
    frozen: Frozen, place: tuple[str, str], row: dict[str, Any], path: str, lines: comparing.Lines, *, crm: bool
) -> Iterator[tuple[str, str, Frozen]]:
    less = deepcopy(row)
    less[path] = less[path][1:]
    yield f"{lines.name}: one less", place[0], swapped(frozen, place, row, less)
    for one in lines.fields:
        inner, form = (one.crm, one.crm_form) if crm else (one.there, one.there_form)
        other = deepcopy(row)
        put(other[path][0], inner, another(comparing.look(row[path][0], inner), form))
        yield f"{lines.name}: {one.name}", place[0], swapped(frozen, place, row, other)
    for reference in lines.references:
        other = deepcopy(row)
        put(other[path][0], reference.crm if crm else reference.there, "Quite Another")
        yield f"{lines.name}: {reference.name}", place[0], swapped(frozen, place, row, other)


def changed(
    frozen: Frozen, place: tuple[str, str], rows: Sequence[dict[str, Any]], path: str, form: comparing.Form
) -> Frozen:
    """One record with another value at a path: one that has a value there, if there is one."""
    full = [row for row in rows if comparing.look(row, path) not in (None, "")] or [
        row for row in rows if "." not in path
    ]
    row = full[0]
    other = deepcopy(row)
    put(other, path, another(comparing.look(row, path), form))
    return swapped(frozen, place, row, other)


def another(value: object, form: comparing.Form) -> object:
    """A value that means something else."""
    for one in ((not value,) if isinstance(value, bool) or value in (0, 1) else ()) + OTHERS:
        try:
            if form(one) != form(value):
                return one
        except ValueError:
            continue
    raise AssertionError(f"nothing is different from {value!r}")


def put(record: dict[str, Any], path: str, value: object) -> None:
    *steps, last = path.split(".")
    for step in steps:
        name, _, choice = step.partition("[")
        record = record[name]
        if choice:
            key, _, wanted = choice.rstrip("]").partition("=")
            record = next(row for row in record if str(row[key]) == wanted)
    record[last] = value


def swapped(frozen: Frozen, place: tuple[str, str], row: dict[str, Any], other: dict[str, Any]) -> Frozen:
    return frozen.with_rows(*place, [other if one is row else one for one in frozen.every(*place)])


def test_a_record_that_is_missing_is_found_wherever_it_was(frozen: Frozen) -> None:
    pairs = counted(frozen).pairs
    missed = []
    for told in field_table.COMPARISONS:
        here, there = next(iter(pairs[told.kind, told.system].items()))
        for place, key, wanted in (
            (("crm", told.resource), "id", here), ((told.system, told.there), told.key, there),
        ):  # fmt: skip
            rows = [row for row in frozen.every(*place) if str(comparing.look(row, key)) != wanted]
            if not counted(frozen.with_rows(*place, rows)).unexplained:
                missed.append(f"{told.kind}: {place}")

    assert missed == []


def test_a_record_that_is_there_twice_is_found(frozen: Frozen) -> None:
    for told in field_table.COMPARISONS:
        place = (told.system, told.there) if told.once else ("crm", told.resource)
        if told.once or told.once_here:
            key = told.key if told.once else "id"
            row = next(row for row in frozen.every(*place) if str(comparing.look(row, key)))
            twin = {**deepcopy(row), key: "twin"}
            rows = [*frozen.every(*place), twin]

            assert counted(frozen.with_rows(*place, rows)).unexplained, told


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("crm", {"resource": "customers", "fields": ["phone"]}),
        ("erp", {"resource": "partners", "fields": ["Phone"]}),
        ("scm", {"resource": "Suppliers", "fields": ["LeadTimeDays"]}),
        ("warehouse", {"resource": "stock", "fields": ["on_hand"]}),
        ("mes", {"resource": "workCentres", "fields": ["text"]}),
        ("products", {"resource": "products", "fields": ["name"]}),
    ],
)
def test_an_edit_in_any_application_is_found_until_it_is_everywhere(
    stage: stages.Stage, frozen: Frozen, kind: str, asked: Mapping[str, object]
) -> None:
    assert frozen.said
    before = len(counted(stage.systems).unexplained)
    done = stages.side_door(stage.urls[kind], "people", {"edits": 3, "seed": 5, "actions": ["edit"], **asked})["done"]
    after = counted(stage.systems).unexplained

    assert done
    assert len(after) > before
    assert any(one.system == kind or kind == "crm" for one in after)


def test_what_the_edits_brought_is_everywhere_after_a_pass(stage: stages.Stage, frozen: Frozen) -> None:
    assert frozen.said
    for _ in range(2):
        stage.read("sync", "--full")

    assert counted(stage.systems).unexplained == []


def test_the_recount_imports_nothing_of_ours() -> None:
    own = {
        "recount", "comparing", "forms", "field_table", "lines_of_tables", "table_erp", "table_supply", "table_making",
        "applications", "further_applications",
    }  # fmt: skip
    imported: set[str] = set()
    for name in own:
        for node in ast.walk(ast.parse((DEMO / f"{name}.py").read_text())):
            if isinstance(node, ast.Import):
                imported |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])

    assert imported - own <= sys.stdlib_module_names
