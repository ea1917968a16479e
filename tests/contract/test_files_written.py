"""What the files connector writes: whole files under new names, whatever crashes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import msgspec
import pytest

from syncline.connectors.protocols.files import open_files
from syncline.env import RealEnv
from syncline.errors import TransientError
from syncline.model.page import Item, Op, Outcome
from syncline.testing.connector_steps import create, everything, new_item, update, written
from tests.contract.test_connector_files import OUT, opened

# --- writing ----------------------------------------------------------------------------------------------------------


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def test_a_batch_is_one_file_with_whole_records(tmp_path: Path) -> None:
    with opened(tmp_path, {"orders": OUT}) as connector:
        items = [
            msgspec.structs.replace(new_item({"number": f"S{n}", "customer": "Ö", "note": 'a "b"\nc'}), ref=n)
            for n in (1, 2)
        ]
        done = written(connector, "orders", items)
        update(connector, "orders", "S1", {"amount": "3"}, done[0].version)
        written(connector, "orders", [Item(ref=1, op=Op.DELETE, key="S2")])

    made = files(tmp_path)
    assert [path.name for path in made] == [f"orders-{number:010}.csv" for number in (1, 2, 3)]
    rows = [list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline=""))) for path in made]
    assert [[(row["number"], row["op"]) for row in one] for one in rows] == [
        [("S1", "create"), ("S2", "create")],
        [("S1", "update")],
        [("S2", "delete")],
    ]
    assert rows[1][0] | {"hub": ""} == {
        "number": "S1", "customer": "Ö", "note": 'a "b"\nc', "amount": "3", "op": "update", "hub": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["=1+1", "+1 (212) 555", "@SUM(A1)", "-2+3", "\tx", "=cmd|' /C calc'!A0"])
def test_what_a_spreadsheet_would_calculate_is_quoted_in_the_file_and_nowhere_else(tmp_path: Path, text: str) -> None:
    for how, shown in (("quote", f"'{text}"), ("raw", text)):
        folder = tmp_path / how
        folder.mkdir()
        with opened(folder, {"orders": {**OUT, "write": {"op": "op", "formulas": how}}}) as connector:
            create(connector, "orders", {"number": "1", "note": text, "amount": "-7.25"})
            held = msgspec.json.decode(everything(connector, "orders")["1"])
        row = next(csv.DictReader(io.StringIO(files(folder)[0].read_bytes().decode(), newline="")))
        assert (row["note"], row["amount"], held["note"]) == (shown, "-7.25", text)


def test_a_name_that_is_taken_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "orders-0000000001.csv").write_text("somebody else's")
    with opened(tmp_path, {"orders": OUT}) as connector:
        create(connector, "orders", {"number": "1"})
    (tmp_path / ".syncline" / "drop.sqlite").rename(tmp_path / "lost.sqlite")
    with opened(tmp_path, {"orders": OUT}) as connector:
        create(connector, "orders", {"number": "2"})

    assert (tmp_path / "orders-0000000001.csv").read_text() == "somebody else's"
    assert len([path for path in files(tmp_path) if path.suffix == ".csv"]) == 3


class Crash(BaseException):
    """The process ends here."""


class CrashingEnv(RealEnv):
    """Ends at the n-th passing of a point."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def point(self, name: str) -> None:
        if name == self.at:
            raise Crash


@pytest.mark.parametrize("when", ["before the commit", "after it"])
def test_a_crash_leaves_no_file_or_a_whole_one_and_never_two(
    tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = new_item({"number": "1", "note": "once"}, marker="hub-1")
    options = {"folder": str(tmp_path), "resources": {"orders": OUT}}
    crashing = open_files("drop", options, CrashingEnv("files.commit" if when == "before the commit" else ""))
    if when == "after it":
        monkeypatch.setattr(Path, "rename", _crash)
    with pytest.raises(Crash):
        written(crashing, "orders", [item])
    crashing.close()
    monkeypatch.undo()
    assert files(tmp_path) == []

    with opened(tmp_path, {"orders": OUT}) as connector:
        connector.list("orders", None)
        found = connector.search("orders", "", "hub-1")
        assert len(found) == (when == "after it")
        again = written(connector, "orders", [item])[0]
        assert (again.outcome, again.key) == (Outcome.DONE, "1")

    assert len(files(tmp_path)) == 1
    assert "once" in files(tmp_path)[0].read_text()


def _crash(*_: object) -> None:
    raise Crash


def test_a_folder_that_cannot_be_written_keeps_the_change_for_later(tmp_path: Path) -> None:
    with opened(tmp_path / "drop", {"orders": OUT}, log=str(tmp_path / "log.sqlite")) as connector:
        receipt = written(connector, "orders", [new_item({"number": "1"})])[0]
        assert receipt.outcome is Outcome.BUSY
        with pytest.raises(TransientError, match="mounted"):
            list(connector.list("orders", None))
        (tmp_path / "drop").mkdir()
        assert written(connector, "orders", [new_item({"number": "1"})])[0].outcome is Outcome.DONE


def test_a_letter_that_the_encoding_does_not_have_refuses_its_record_alone(tmp_path: Path) -> None:
    with opened(tmp_path, {"orders": {**OUT, "encoding": "cp1252"}}) as connector:
        items = [msgspec.structs.replace(new_item({"note": text}), ref=n) for n, text in enumerate(("é", "株", "ß"))]
        outcomes = {receipt.ref: receipt.outcome for receipt in written(connector, "orders", items)}

    assert outcomes == {0: Outcome.DONE, 1: Outcome.REFUSED, 2: Outcome.DONE}
    rows = csv.DictReader(io.StringIO(files(tmp_path)[0].read_bytes().decode("cp1252"), newline=""))
    assert [row["note"] for row in rows] == ["é", "ß"]
