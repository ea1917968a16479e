"""Traps of drop folders: what would be lost, read twice or written late if nobody looked."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.connectors.protocols.files import open_files
from syncline.env import RealEnv
from syncline.errors import OptionsError, TransientError
from syncline.model.page import Batch, Outcome
from syncline.testing.connector_steps import create, new_item, update, written
from tests.contract.test_connector_files import IN, OUT, broken, drop, opened, read, workbook

# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "other", "told"),
    [
        ("orders*.csv", "stock*", "the hub writes for orders"),
        ("*.csv", "stock*", "the hub writes for orders"),
        ("in-*", "labels*", "the hub writes for labels"),
        ("in-*", "in-stock-*.csv", "files of stock"),
        ("in-?.csv", "*-[0-9].csv", "files of stock"),
    ],
)
def test_a_pattern_that_fits_files_of_another_reader_or_our_own_is_refused(
    tmp_path: Path, pattern: str, other: str, told: str
) -> None:
    resources = {
        "orders": {**OUT, "read": {"pattern": pattern}},
        "stock": {"key": "sku", "read": {"pattern": other}},
        "labels": OUT,
    }
    with pytest.raises(OptionsError) as caught:
        open_files("drop", {"folder": str(tmp_path), "resources": resources}, RealEnv())

    assert told in str(caught.value)


def test_patterns_that_share_no_name_are_accepted(tmp_path: Path) -> None:
    resources = {
        "orders": {**OUT, "read": {"pattern": "in-*.csv"}},
        "stock": {"key": "sku", "read": {"pattern": "stock-*.csv"}},
    }
    with opened(tmp_path, resources) as connector:
        assert read(connector, "orders") == {}


def test_what_the_hub_has_written_stays_for_its_receiver_even_if_the_pattern_is_changed_to_fit(tmp_path: Path) -> None:
    with opened(tmp_path, {"orders": OUT}) as connector:
        create(connector, "orders", {"number": "1", "note": "ours"})
    theirs: dict[str, Any] = {
        "orders": {"key": "number", "read": {"pattern": "orders*", "ready": "rename", "after": "move"}}
    }
    with opened(tmp_path, theirs) as connector:
        drop(tmp_path, "orders-from-them.csv", "number,note\n2,theirs\n")
        found = read(connector, "orders")

    assert found["2"] == {"number": "2", "note": "theirs"}
    assert found["1"]["op"] == "create"
    assert (tmp_path / "orders-0000000001.csv").exists()


# --- when a file is whole, and new ------------------------------------------------------------------------------------


def test_an_old_mark_vouches_for_no_newer_file(tmp_path: Path) -> None:
    marked = {**IN, "read": {"pattern": "stock*.csv", "ready": "done"}}
    with opened(tmp_path, {"stock": marked}) as connector:
        path = drop(tmp_path, "stock.csv", "sku,stock\nA,1\nB,2\n")
        mark = tmp_path / "stock.csv.done"
        mark.touch()
        assert read(connector).keys() == {"A", "B"}
        path.write_text("sku,stock\nA,7\nB")
        later = mark.stat().st_mtime_ns + 1_000_000_000
        os.utime(path, ns=(later, later))

        assert {key: one["stock"] for key, one in read(connector).items()} == {"A": "1", "B": "2"}
        path.write_text("sku,stock\nA,7\nB,8\n")
        os.utime(path, ns=(later, later))
        os.utime(mark, ns=(later, later))
        assert {key: one["stock"] for key, one in read(connector).items()} == {"A": "7", "B": "8"}


# --- damage stands alone ----------------------------------------------------------------------------------------------


def unreadable(change: str) -> bytes:
    """A workbook of which one part is damaged in a way of its own."""
    made = io.BytesIO()
    book = zipfile.ZipFile(io.BytesIO(workbook([["sku", "stock"], ["A", 1], ["B", "two"]])))
    with book, zipfile.ZipFile(made, "w") as new:
        for part in book.namelist():
            data = book.read(part)
            if part.endswith("sheet1.xml"):
                data = {
                    "number": data.replace(b"<v>1</v>", b"<v>one</v>"),
                    "place": data.replace(b'r="A2"', b'r="?"'),
                    "text": data.replace(b't="n"', b't="s"'),
                    "end": data[:-40],
                }.get(change, data)
            if change == "sheets" and part.endswith("workbook.xml"):
                data = re.sub(rb"<sheets>.*</sheets>", b"<sheets/>", data)
            if change == "style" and part.endswith("styles.xml"):
                data = data.replace(b"numFmtId", b"numFmtIdentity")
            new.writestr(part, data)
    return made.getvalue()


@pytest.mark.parametrize("change", ["number", "place", "text", "end", "sheets", "style"])
def test_a_damaged_workbook_is_refused_and_the_next_is_read(tmp_path: Path, change: str) -> None:
    with opened(tmp_path, {"stock": {**IN, "format": "excel"}}) as connector:
        drop(tmp_path, "stock-1.xlsx", unreadable(change))
        drop(tmp_path, "stock-2.xlsx", workbook([["sku", "stock"], ["C", 3]]))

        assert read(connector).keys() == {"C"}
        assert [*broken(connector)] == ["#stock-1.xlsx"]


def test_a_file_that_cannot_be_opened_does_not_hide_those_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Path.open

    def barred(self: Path, *words: Any) -> Any:
        if self.name == "stock-1.csv":
            raise PermissionError(13, "Permission denied")
        return there(self, *words)

    with opened(tmp_path, {"stock": IN}) as connector:
        drop(tmp_path, "stock-1.csv", "sku,stock\nA,1\n")
        drop(tmp_path, "stock-2.csv", "sku,stock\nB,2\n")
        monkeypatch.setattr(Path, "open", barred)
        pages = iter(connector.list("stock", None))
        first = next(pages)
        assert (first.keys, first.cursor) == (["B"], None)
        with pytest.raises(TransientError, match=r"stock-1\.csv cannot be read"):
            next(pages)
        monkeypatch.undo()
        assert read(connector).keys() == {"A", "B"}


@pytest.mark.parametrize("encoding", ["rot13", "hex", "undefined", "no such", "a\x00b"])
def test_only_an_encoding_of_texts_is_accepted(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(OptionsError, match="no encoding of texts"):
        open_files("drop", {"folder": str(tmp_path), "resources": {"orders": {**OUT, "encoding": encoding}}}, RealEnv())


@pytest.mark.parametrize("field", ["größe", "note"])
def test_a_name_or_value_that_the_encoding_lacks_never_stops_the_others(tmp_path: Path, field: str) -> None:
    resource = {"key": "number", "fields": ["number", field], "encoding": "ascii", "write": {}}
    if field != "note":
        with pytest.raises(OptionsError, match="names of the columns"):
            open_files("drop", {"folder": str(tmp_path), "resources": {"orders": resource}}, RealEnv())
        return
    with opened(tmp_path, {"orders": resource}) as connector:
        given = (("1", "plain"), ("2", ["ö"]), ("3", {"ü": 1}), ("4", "\ud800"), ("5", ["\u200b"]))
        items = [msgspec.structs.replace(new_item({"number": key, "note": note}), ref=int(key)) for key, note in given]
        outcomes = {receipt.ref: receipt.outcome for receipt in written(connector, "orders", items)}

    assert outcomes == {1: Outcome.DONE, 2: Outcome.REFUSED, 3: Outcome.REFUSED, 4: Outcome.REFUSED, 5: Outcome.REFUSED}


# --- writes in time ---------------------------------------------------------------------------------------------------


class SlowEnv(RealEnv):
    """A minute passes with each identifier that is drawn."""

    drawn = 0

    def new_id(self) -> str:
        self.drawn += 1
        return super().new_id()

    def monotonic(self) -> float:
        return 60.0 * self.drawn


def test_a_write_that_comes_late_makes_no_file(tmp_path: Path) -> None:
    connector = open_files("drop", {"folder": str(tmp_path), "resources": {"orders": OUT}}, SlowEnv())
    late = connector.write(Batch(resource="orders", items=[new_item({"note": "late"}, marker="hub-1")], send_by=30.0))

    assert [receipt.outcome for receipt in late] == [Outcome.BUSY]
    assert list(tmp_path.glob("*.csv")) == []
    again = connector.write(Batch(resource="orders", items=[new_item({"note": "x"}, marker="hub-1")], send_by=130.0))
    assert [receipt.outcome for receipt in again] == [Outcome.DONE]
    assert [path.name for path in tmp_path.glob("*.csv")] == ["orders-0000000001.csv"]
    connector.close()


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_a_number_of_json_keeps_all_its_digits_through_a_write(tmp_path: Path) -> None:
    exact = b"12345678901234567.25"
    resource = {"key": "number", "format": "jsonl", "read": {"pattern": "in-*", "ready": "rename"}, "write": {}}
    with opened(tmp_path, {"orders": resource}) as connector:
        drop(tmp_path, "in-1.jsonl", b'{"number": "1", "amount": %s, "note": "a"}\n' % exact)
        (page,) = connector.list("orders", None)
        assert exact in page.raws[0]

        receipt = update(connector, "orders", "1", {"note": "b"}, page.versions[0] if page.versions else None)

    assert receipt.raw is not None
    assert exact in receipt.raw
    assert exact in (tmp_path / "orders-0000000001.jsonl").read_bytes()
