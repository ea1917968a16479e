"""Pair the records of the CRM with those of another application, and compare them field by field.

Nothing here knows any application: what is compared with what stands in `field_table.py`, and the two come from there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Fields: TypeAlias = dict[str, Any]
Form: TypeAlias = Callable[[object], object]
Known: TypeAlias = Callable[[str, object], str]  #: kind and key in the CRM -> key in the other application, or ""
Key: TypeAlias = Callable[[Fields, Known], object]  #: what a record is paired by; nothing: not by this


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that both applications hold."""

    name: str
    crm: str  #: path in the CRM's record
    there: str  #: path in the other record
    crm_form: Form
    there_form: Form
    hub: str = ""  #: what the hub calls it, where that is not `name`
    why: str = ""  #: how the two may look different and yet be the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A field that names another record, in each application by its own key."""

    name: str
    of: str  #: the kind of what is named
    crm: str
    there: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """A list inside of a record; its rows are compared one by one."""

    name: str
    crm: str
    there: str
    crm_number: str  #: path of what tells the rows apart
    there_number: str
    number_form: Form = str  #: of the other application's number, as the CRM writes it
    fields: Sequence[Field] = ()
    references: Sequence[Reference] = ()


def _always(_: Fields) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One resource of the CRM beside one of another application."""

    kind: str  #: customers
    resource: str  #: in the CRM
    system: str  #: the other application
    there: str  #: its resource
    key: str  #: path of its key
    ways: Sequence[tuple[Key, Key]]  #: how they find each other, tried in order
    fields: Sequence[Field] = ()
    references: Sequence[Reference] = ()
    lines: Sequence[Lines] = ()
    of_both: Callable[[Fields], bool] = _always  #: is this record of the CRM's to be in the other application, too?
    of_both_there: Callable[[Fields], bool] = _always  #: and the other way round?
    once: Sequence[str] = ()  #: paths in the other record that no two live ones share
    once_here: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not the same in both."""

    kind: str
    system: str
    crm: str  #: key there, or ""
    there: str
    field: str  #: "" for the record as a whole
    what: str
    hub: str = ""  #: what the hub calls the field
    parents: tuple[str, ...] = ()  #: CRM keys of what it names, where it is there alone
    explained: str = ""


@dataclass(slots=True, kw_only=True)
class Count:
    """What has been compared so far."""

    records: Counter[tuple[str, str]] = field(default_factory=Counter)  #: by kind and system
    fields: int = 0
    differences: list[Difference] = field(default_factory=list)
    pairs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)  #: by kind and system

    @property
    def unexplained(self) -> list[Difference]:
        """Differences that nobody knows of."""
        return [one for one in self.differences if not one.explained]


def look(record: object, path: str) -> object:
    """The value at a path; None where there is nothing.

    >>> look({"addresses": [{"kind": "billing", "city": "Lyon"}]}, "addresses[kind=billing].city")
    'Lyon'
    """
    for step in path.split("."):
        name, _, choice = step.partition("[")
        record = record.get(name) if isinstance(record, dict) else None
        if choice:
            key, _, wanted = choice.rstrip("]").partition("=")
            rows = record if isinstance(record, list) else []
            record = next((row for row in rows if str(row.get(key)) == wanted), None)
    return record


def compare(count: Count, told: Comparison, here: list[Fields], there: list[Fields]) -> None:
    """Pair two lists of records and count what differs."""
    one = _Comparing(count=count, told=told)
    _twice(one, here, there)
    pairs = one.paired(here, there)
    count.pairs[told.kind, told.system] = {
        **count.pairs.get((told.kind, told.system), {}),
        **{str(ours["id"]): str(look(theirs, told.key)) for ours, theirs in pairs},
    }
    for ours, theirs in pairs:
        one.compare(ours, theirs)
    one.alone(here, there, pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comparing:
    count: Count
    told: Comparison

    def known(self, kind: str, key: object) -> str:
        """The key in this application of what the CRM calls `key`."""
        return self.count.pairs.get((kind, self.told.system), {}).get(str(key), "")

    def paired(self, here: list[Fields], there: list[Fields]) -> list[tuple[Fields, Fields]]:
        """Who is who: one way after the other, only where a key is on each side once."""
        pairs: list[tuple[Fields, Fields]] = []
        for ours_by, theirs_by in self.told.ways:
            ours, theirs = self._by(here, ours_by), self._by(there, theirs_by)
            found = [(ours[key][0], theirs[key][0]) for key in ours if len(ours[key]) == len(theirs.get(key, ())) == 1]
            pairs += found
            taken = {id(row) for both in found for row in both}
            here = [row for row in here if id(row) not in taken]
            there = [row for row in there if id(row) not in taken]
        return pairs

    def _by(self, rows: Iterable[Fields], key_of: Key) -> Mapping[object, list[Fields]]:
        found: dict[object, list[Fields]] = defaultdict(list)
        for row in rows:
            key = key_of(row, self.known)
            if key:
                found[key].append(row)
        return found

    def compare(self, ours: Fields, theirs: Fields) -> None:
        """All fields, references and lines of one pair."""
        told = self.told
        self.count.records[told.kind, told.system] += 1
        self._row((ours, theirs), (ours, theirs), told.fields, told.references)
        for lines in told.lines:
            self._lines(lines, ours, theirs)

    def _row(
        self, whole: tuple[Fields, Fields], rows: tuple[Fields, Fields], fields: Sequence[Field],
        references: Sequence[Reference], of: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        """Compare two rows of two records; `of` is the line, and the list that the hub knows it by."""
        self.count.fields += len(fields) + len(references)
        for one in fields:
            shown, there = look(rows[0], one.crm), look(rows[1], one.there)
            if one.crm_form(shown) != one.there_form(there):
                self._differs(whole, f"{of[0]}{one.name}", of[1] or one.hub or one.name, (shown, there))
        for reference in references:
            shown, there = look(rows[0], reference.crm), look(rows[1], reference.there)
            wanted = "" if shown is None else self.known(reference.of, shown) or f"unknown {shown}"
            if wanted != ("" if there is None else str(there)):
                self._differs(whole, f"{of[0]}{reference.name}", of[1] or reference.name, (shown, there))

    def _lines(self, lines: Lines, ours: Fields, theirs: Fields) -> None:
        here = {str(look(row, lines.crm_number)): row for row in _rows(ours, lines.crm)}
        there = {str(lines.number_form(look(row, lines.there_number))): row for row in _rows(theirs, lines.there)}
        for number in sorted({*here, *there}):
            if number in here and number in there:
                of = f"{lines.name} {number} ", lines.name
                self._row((ours, theirs), (here[number], there[number]), lines.fields, lines.references, of)
            else:
                self.count.fields += 1
                self._differs((ours, theirs), lines.name, lines.name, (number in here, number in there))

    def _differs(self, pair: tuple[Fields, Fields], name: str, hub: str, shown: tuple[object, object]) -> None:
        told = self.told
        self.count.differences.append(Difference(
            kind=told.kind, system=told.system, crm=str(pair[0]["id"]), there=str(look(pair[1], told.key)), field=name,
            hub=hub, what=f"crm {shown[0]!r}, {told.system} {shown[1]!r}",
        ))  # fmt: skip

    def alone(self, here: list[Fields], there: list[Fields], pairs: list[tuple[Fields, Fields]]) -> None:
        """Records that should be in both and are in one."""
        told, taken = self.told, {id(row) for both in pairs for row in both}
        for row in here:
            if id(row) not in taken and told.of_both(row):
                parents = tuple(str(look(row, one.crm)) for one in told.references)
                self.lonely(str(row["id"]), "", f"only in crm, and not in {told.system}", parents=parents)
        for row in there:
            if id(row) not in taken and told.of_both_there(row):
                self.lonely("", str(look(row, told.key)), f"only in {told.system}")

    def lonely(self, crm: str, there: str, what: str, name: str = "", parents: tuple[str, ...] = ()) -> None:
        """A difference of a record as a whole."""
        told = self.told
        self.count.differences.append(Difference(
            kind=told.kind, system=told.system, crm=crm, there=there, field=name, what=what, parents=parents,
        ))  # fmt: skip


def _rows(record: Fields, path: str) -> list[Fields]:
    found = look(record, path)
    return found if isinstance(found, list) else []


def _twice(one: _Comparing, here: list[Fields], there: list[Fields]) -> None:
    """Two records with one tax number, one number or one marker."""
    told = one.told
    for rows, paths, system in ((here, told.once_here, "crm"), (there, told.once, told.system)):
        for path in paths:
            seen: dict[str, list[Fields]] = defaultdict(list)
            for row in rows:
                if value := str(look(row, path) or "").upper():
                    seen[value].append(row)
            for value, same in seen.items():
                if len(same) > 1:
                    key = str(same[1]["id"] if system == "crm" else look(same[1], told.key))
                    what = f"{path} {value} is there {len(same)} times in {system}"
                    one.lonely(*((key, "") if system == "crm" else ("", key)), what, path)
