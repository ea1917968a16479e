"""Count again, without believing the synchroniser: read every system over its own interface, pair, compare, tell.

    python examples/demo/recount.py --crm URL --erp URL --scm URL --mes URL --products URL
        --warehouse FILE --drop FOLDER [--waiting FILE]

Imports nothing of Syncline. What must be equal stands in `field_table.py`, written by hand. FILE is what the hub itself
says that it waits for (`conflicts`, `parked`, `questions`, as its commands give them with --json): such differences are
shown as explained. Everything else that differs, is missing on one side or is there twice is unexplained, and ends
with 1; so does a recount that could pair fewer records than it was told to expect (--least customers.erp=200).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

from applications import Crm, Erp, Fields
from comparing import Count, Difference, compare
from field_table import COMPARISONS
from further_applications import Documents, Mes, ProductManagement, Scm, Warehouse

Waiting: TypeAlias = Mapping[str, Sequence[Fields]]  #: "conflicts", "parked", "questions", as the hub tells them

_SHOWN = 40
_DOCUMENTS = {"salesdocs", "invoices"}  #: what the ERP shows over SOAP


class _Application(Protocol):
    def every(self, resource: str) -> list[Fields]:
        """Every record of a resource."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """The six applications, each over its own interface."""

    crm: Crm
    erp: Erp
    documents: Documents  #: of the ERP
    scm: Scm
    warehouse: Warehouse
    mes: Mes
    products: ProductManagement

    def every(self, system: str, resource: str) -> list[Fields]:
        """All records of a resource of one of them."""
        applications: Mapping[str, _Application] = {
            "crm": self.crm, "erp": self.documents if resource in _DOCUMENTS else self.erp, "scm": self.scm,
            "warehouse": self.warehouse, "mes": self.mes, "products": self.products,
        }  # fmt: skip
        return applications[system].every(resource)


def recount(systems: Systems, waiting: Waiting) -> Count:
    """Read everything, pair it and compare it."""
    count = Count()
    read: dict[tuple[str, str], list[Fields]] = {}

    def every(system: str, resource: str) -> list[Fields]:
        if (system, resource) not in read:
            read[system, resource] = systems.every(system, resource)
        return read[system, resource]

    for told in COMPARISONS:
        compare(count, told, every("crm", told.resource), every(told.system, told.there))
    explain = _Explanations(waiting)
    found = [replace(one, explained=explain(one)) for one in count.differences]
    waiting_too = {one.crm for one in found if one.explained and one.crm and not one.field}
    count.differences = [
        replace(one, explained=one.explained or ("its parent waits" if waiting_too & {*one.parents} else ""))
        for one in found
    ]
    return count


# --- what the hub knows of ------------------------------------------------------------------------------------------


class _Explanations:
    """What the hub itself says that it waits for, by system, key and field."""

    def __init__(self, waiting: Waiting) -> None:
        self._records: dict[tuple[str, str], str] = {}
        self._fields: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for row in waiting.get("conflicts", ()):
            if row["state"] == "open":
                for system, key in row["keys"].items():
                    self._note(system, key, row["names"] or [row["field"]], f"conflict {row['cid']}")
        for row in waiting.get("parked", ()):
            for system, key in {row["system"]: row["key"], **(row.get("keys") or {})}.items():
                self._note(system, key, row["fields"], f"parked {row['number']}")
                self._records[system, str(key)] = f"parked {row['number']}"
        for row in waiting.get("questions", ()):
            keys = [(row["system"], row["key"]), *((s, k) for one in row["candidates"] for s, k in one["keys"].items())]
            for system, key in keys:
                self._records[system, str(key)] = "a question"

    def _note(self, system: str, key: object, names: Iterable[str], why: str) -> None:
        for name in names:
            self._fields[system, str(key)][name] = why

    def __call__(self, one: Difference) -> str:
        """Why this may differ; "" when nobody knows."""
        for place in (("crm", one.crm), (one.system, one.there)):
            known = self._fields.get(place, {})
            if one.hub and (one.hub in known or "*" in known):
                return known.get(one.hub) or known["*"]
            if not one.field and place in self._records:
                return self._records[place]
        return ""


# --- telling --------------------------------------------------------------------------------------------------------


def tell(count: Count) -> Iterator[str]:
    """What a person reads; the last line is for everybody."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for (kind, system), number in count.records.items():
        by_kind[kind].append(f"{number} with {system}")
    for kind, told in by_kind.items():
        yield f"  {kind}: {', '.join(told)}"
    for one in sorted(count.differences, key=lambda one: bool(one.explained))[:_SHOWN]:
        who = " ~ ".join(f"{system} {key}" for system, key in (("crm", one.crm), (one.system, one.there)) if key)
        verdict = f"explained: {one.explained}" if one.explained else "UNEXPLAINED"
        yield "  ".join(filter(None, ("", one.kind, who, one.field, one.what, f"({verdict})")))
    if len(count.differences) > _SHOWN:
        yield f"  and {len(count.differences) - _SHOWN} more"
    records = sum(count.records.values())
    systems = {"crm", *(system for _, system in count.records)}
    yield (
        f"agreement: {records:,} records, {count.fields:,} fields, {len(systems)} systems, "
        f"{len(count.unexplained):,} unexplained differences"
    )


def too_few(count: Count, least: Mapping[str, int]) -> None:
    """A recount that pairs too little proves nothing: of everything something, unless more is expected."""
    for told in COMPARISONS:
        wanted = least.get(f"{told.kind}.{told.system}", 1)
        paired = count.records[told.kind, told.system]
        if paired < wanted:
            what = f"only {paired} could be paired with {told.system}, {wanted} were expected"
            count.differences.append(
                Difference(kind=told.kind, system=told.system, crm="", there="", field="", what=what)
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Recount from the command line; 0 only when nothing is unexplained."""
    parser = argparse.ArgumentParser(description="Count again over the applications' own interfaces.")
    for name in ("crm", "erp", "scm", "mes", "products"):
        parser.add_argument(f"--{name}", required=True, metavar="URL")
    parser.add_argument("--warehouse", required=True, type=Path, metavar="FILE", help="its database")
    parser.add_argument("--drop", required=True, type=Path, metavar="FOLDER", help="its drop folder")
    parser.add_argument("--waiting", type=Path, help="JSON: what the hub says that it waits for")
    parser.add_argument("--least", nargs="*", default=[], metavar="KIND.SYSTEM=N", help="how many must be paired")
    given = parser.parse_args(arguments)
    systems = Systems(
        crm=Crm(url=given.crm), erp=Erp(url=given.erp), documents=Documents(url=given.erp), scm=Scm(url=given.scm),
        warehouse=Warehouse(database=given.warehouse, drop=given.drop), mes=Mes(url=given.mes),
        products=ProductManagement(url=given.products),
    )  # fmt: skip
    count = recount(systems, json.loads(given.waiting.read_text()) if given.waiting else {})
    too_few(count, {name: int(number) for name, _, number in (one.partition("=") for one in given.least)})
    for line in tell(count):
        print(line)
    return 1 if count.unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
