"""The probe finds where a system falls short of its contract, and leaves its scratch record as it was."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from syncline.app.measures import Measure, Subject
from syncline.app.probing import probe
from syncline.errors import SetupError
from syncline.mapping import compile_lens
from syncline.model.contract import Contract, Locking
from syncline.model.page import Batch, Gone, Receipt, Record
from tests.integration.fakes import PROMPT, Desk, FakeEnv, FakeSystem, customer

SEARCHABLE = replace(PROMPT, searchable=frozenset({"email"}))


class Careless(FakeSystem):
    """Ignores the version of a write."""

    def write(self, batch: Batch) -> Sequence[Receipt]:
        items = [msgspec.structs.replace(item, version=None) for item in batch.items]
        return super().write(msgspec.structs.replace(batch, items=items))


class Deaf(FakeSystem):
    """Ignores what is searched for: it shows everything."""

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        return [one for one in self.get(resource, list(self.desk.table(resource))) if isinstance(one, Record)]


class Haunted(FakeSystem):
    """Shows a record for every key."""

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        found = super().get(resource, keys)
        return [Record(key=one.key, raw=b"{}") if isinstance(one, Gone) else one for one in found]


def subject(kind: type[FakeSystem] = FakeSystem, contract: Contract = SEARCHABLE) -> tuple[Subject, Desk]:
    env = FakeEnv()
    desk = Desk(name="crm", env=env)
    for number in range(1, 5):
        desk.create("customers", customer(number))
    lens = compile_lens({"name": "name", "city": "city"})
    return Subject(system="crm", resource="customers", connector=kind(desk, contract), lens=lens, env=env), desk


def short(measures: Sequence[Measure]) -> list[str]:
    """What falls short."""
    return [one.name for one in measures if one.agrees is False]


def test_a_system_that_keeps_its_contract_agrees_in_everything():
    made, desk = subject()

    report = probe(made, scratch="C1")

    assert short(report.measures) == []
    assert desk.show("customers", "C1")["name"] == "Company 1"


def test_without_a_scratch_record_nothing_is_written():
    made, desk = subject()

    report = probe(made)

    assert (report.wrote, desk.writes) == ("", [])


def test_a_system_that_ignores_versions_is_found_out_and_put_back():
    made, desk = subject(Careless)

    report = probe(made, scratch="C1")

    assert short(report.measures) == ["a stale write"]
    assert desk.show("customers", "C1")["name"] == "Company 1"


def test_a_system_that_declares_no_locking_owes_none():
    made, _ = subject(Careless, replace(SEARCHABLE, locking=Locking.NONE))

    assert short(probe(made, scratch="C1").measures) == []


def test_a_search_that_ignores_its_parameter_is_found_out():
    made, _ = subject(Deaf)

    assert short(probe(made).measures) == ["search by marker", "search by email"]


def test_a_system_that_never_says_gone_is_found_out():
    made, _ = subject(Haunted)

    assert short(probe(made).measures) == ["get of what is not there"]


def test_a_refused_write_is_told_in_the_words_of_the_system():
    made, desk = subject()
    desk.refuses = lambda fields: "no x here" if str(fields.get("name", "")).endswith("x") else ""

    report = probe(made, scratch="C1")

    assert short(report.measures) == ["write"]
    assert "no x here" in next(one.measured for one in report.measures if one.name == "write")


def test_what_a_system_makes_of_a_value_is_named():
    made, desk = subject()
    desk.stores = lambda fields: {name: str(value)[:10] for name, value in fields.items()}

    report = probe(made, scratch="C1")

    assert "changed by truncate:10" in next(one.measured for one in report.measures if one.name == "read back")


def test_a_record_that_could_not_be_put_back_is_named_with_its_former_value():
    made, desk = subject()
    desk.before_write = lambda item: setattr(desk, "reachable", False)

    report = probe(made, scratch="C1")

    assert "scratch record" in short(report.measures)
    assert "Set name of C1 to `Company 1`" in report.measures[-1].cure


def test_a_scratch_record_that_does_not_exist_is_refused_before_any_write():
    made, desk = subject()

    with pytest.raises(SetupError, match="has no record C99"):
        probe(made, scratch="C99")

    assert desk.writes == []
