"""The files connector keeps the port's promises for what it writes, and says what is wrong with what it reads."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import openpyxl
import pytest

from syncline.connectors.protocols.files import SPEC, open_files
from syncline.connectors.protocols.files_connector import FilesConnector
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.errors import OptionsError, SetupError
from syncline.model.page import Cursor, Gone, Page
from syncline.testing import ConnectorSuite, Tried
from syncline.testing.connector_steps import last_cursor, new_item, written

FIELDS = ["number", "customer", "note", "amount", "op", "hub"]
OUT: Mapping[str, Any] = {
    "key": "number", "fields": FIELDS, "marker": "hub", "search": ["customer", "note"], "write": {"op": "op"},
}  # fmt: skip
IN: Mapping[str, Any] = {"key": "sku", "fields": ["sku", "stock"], "read": {"pattern": "stock*", "ready": "rename"}}


@contextmanager
def opened(folder: Path, resources: Mapping[str, Any], **options: object) -> Iterator[FilesConnector]:
    connector = open_files("drop", {"folder": str(folder), "resources": resources, **options}, RealEnv())
    assert isinstance(connector, FilesConnector)
    try:
        yield connector
    finally:
        connector.close()


class FilesSuite(ConnectorSuite):
    open = True
    resources: ClassVar[Mapping[str, Any]]
    tried = Tried(
        resource="orders",
        text_field="note",
        fields_of=lambda number: {"customer": f"Maple {number}", "note": f"Order {number}", "amount": f"{number}.50"},
        bad_fields={"note": "Bad", "weight": "1"},
        unknown_key="none such",
    )

    @pytest.fixture
    def options(self, tmp_path: Path) -> Mapping[str, object]:
        return {"folder": str(tmp_path), "resources": self.resources, "page": 20}

    @pytest.fixture
    def connector(self, tmp_path: Path) -> Iterator[FilesConnector]:
        with opened(tmp_path, self.resources, page=20) as connector:
            items = [new_item(self._tried().fields_of(1000 + number)) for number in range(50)]
            written(connector, "orders", [msgspec.structs.replace(one, ref=n) for n, one in enumerate(items)])
            yield connector

    @pytest.fixture
    def stranded(self, tmp_path: Path) -> Iterator[FilesConnector]:
        with opened(tmp_path / "not mounted", self.resources) as connector:
            yield connector

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC


class TestWrittenCsv(FilesSuite):
    title = "files.csv"

    resources: ClassVar[Mapping[str, Any]] = {"orders": OUT}


class TestWrittenJsonLines(FilesSuite):
    title = "files.json-lines"

    resources: ClassVar[Mapping[str, Any]] = {"orders": {**OUT, "format": "jsonl"}}

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text", "amount": "decimal"}


# --- reading ----------------------------------------------------------------------------------------------------------


def drop(folder: Path, name: str, content: str | bytes) -> Path:
    """Put a file there as a careful program does: whole, then its name."""
    data = content.encode() if isinstance(content, str) else content
    (folder / "coming.tmp").write_bytes(data)
    return (folder / "coming.tmp").rename(folder / name)


def read(connector: FilesConnector, resource: str = "stock", since: Cursor | None = None) -> dict[str, dict[str, Any]]:
    return {
        key: msgspec.json.decode(raw)
        for page in connector.list(resource, since)
        for key, raw in zip(page.keys, page.raws, strict=True)
    }


def broken(connector: FilesConnector, resource: str = "stock") -> dict[str, str]:
    return {key: reason for page in connector.list(resource, None) for key, reason in page.broken}


@pytest.mark.parametrize(
    "content",
    [
        "sku,stock\nB1,5\nN2,7\n",
        "sku;stock\r\nB1;5\r\nN2;7\r\n",
        "sku\tstock\nB1\t5\nN2\t7",
        "\ufeffsku,stock\nB1,5\nN2,7\n",
        "sku,stock\nB1,5\nN2,7\n".encode("utf-16"),
        'sku,stock,note\n"B1","5","two\nlines, and a ""word"""\nN2,7,\n',
    ],
    ids=["comma", "semicolon", "tab", "byte order mark", "utf-16", "quoted"],
)
def test_the_ways_that_csv_is_written(tmp_path: Path, content: str | bytes) -> None:
    with opened(tmp_path, {"stock": IN}) as connector:
        drop(tmp_path, "stock-1.csv", content)

        found = read(connector)

        assert {key: one["stock"] for key, one in found.items()} == {"B1": "5", "N2": "7"}
        assert broken(connector) == {}


def test_formulas_are_texts_when_they_are_read(tmp_path: Path) -> None:
    with opened(tmp_path, {"stock": IN}) as connector:
        drop(tmp_path, "stock-1.csv", "sku,stock\nA,=1+1\nB,+cmd|x\nC,@SUM(A1)\nD,-3\n")

        assert [one["stock"] for one in read(connector).values()] == ["=1+1", "+cmd|x", "@SUM(A1)", "-3"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("stock.csv", "sku,amount\nB1,5\n", "lacks the column stock"),
        ("stock.csv", "", "has no header"),
        ("stock.csv", "sku,stock,sku\nB1,5,B2\n", "two columns of one name"),
        ("stock.csv", b"sku,stock,gr\xf6\xdfe\nB1,5,1\n", "name its encoding"),
        ("stock.csv", b"\xff\xfes\x00k\x00u\x00,\x00s\x00t\x00o\x00c\x00k\x00\n\x00\x00\xd8\n\x00", "is no utf-16"),
    ],
)
def test_a_file_in_doubt_is_refused_whole_and_the_others_are_read(
    tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    with opened(tmp_path, {"stock": IN}) as connector:
        drop(tmp_path, name, content)
        drop(tmp_path, "stock-2.csv", "sku,stock\nN2,7\n")

        assert {*read(connector)} == {"N2"}
        assert told in broken(connector)[f"#{name}"]


def test_a_delimiter_that_could_be_two_is_refused_until_it_is_named(tmp_path: Path) -> None:
    either = {**IN, "fields": ["sku"], "key": "sku"}
    content = "sku,a;b,c;sku\n1,2;3,4;5\n"
    with opened(tmp_path, {"stock": {**either, "fields": []}}) as connector:
        drop(tmp_path, "stock-1.csv", content)

        assert "divided in two ways" in broken(connector)["#stock-1.csv"]
    with opened(tmp_path, {"stock": {**either, "delimiter": ","}}) as connector:
        assert read(connector) == {"1": {"sku": "1", "a;b": "2;3", "c;sku": "4;5"}}


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"B2,5,6", "has 3 cells, and the header 2"),
        (b"B2", "has 1 cells"),
        (b",5", "has no sku"),
        (b"B2,caf\xe9", "is no utf-8"),
        (b"B1,9", "as line 2 has, which counts"),
        (b"B2," + b"x" * 5_000, "longer than a record may be"),
        (b'B2,"5" x', "is no CSV"),
        (b"B2,a\x00b", "zero byte"),
    ],
)
def test_a_bad_row_is_told_with_file_and_line_and_the_rest_flows(tmp_path: Path, bad: bytes, told: str) -> None:
    with opened(tmp_path, {"stock": IN}, record_limit=1_000) as connector:
        drop(tmp_path, "stock-1.csv", b"sku,stock\nB1,5\n" + bad + b"\nN3,7\n")

        found, wrong = read(connector), broken(connector)

        assert {key: one["stock"] for key, one in found.items()} == {"B1": "5", "N3": "7"}
        assert [*wrong] == ["#stock-1.csv:3"]
        assert wrong["#stock-1.csv:3"].startswith("stock-1.csv line 3 ")
        assert told in wrong["#stock-1.csv:3"]


def test_a_quotation_mark_that_is_never_closed_swallows_no_more_than_a_record(tmp_path: Path) -> None:
    rows = "".join(f"K{number},{number}\n" for number in range(400))
    with opened(tmp_path, {"stock": IN}, record_limit=1_000) as connector:
        drop(tmp_path, "stock-1.csv", f'sku,stock\nA,1\nB,"open\n{rows}')

        found, wrong = read(connector), broken(connector)

        assert len(wrong) == 1
        assert {"A", "K399"} <= {*found}
        assert len(found) > 250


@pytest.mark.parametrize(
    "line", ['{"sku": 1', '["sku"]', "[" * 9_000, '{"stock": "5"}', '{"sku": {"a": 1}, "stock": 1}']
)
def test_a_bad_json_line_is_set_aside(tmp_path: Path, line: str) -> None:
    with opened(tmp_path, {"stock": {**IN, "format": "jsonl"}}, record_limit=20_000) as connector:
        drop(tmp_path, "stock-1.jsonl", f'{{"sku": "B1", "stock": 5}}\n{line}\n\n{{"stock": 7.50, "sku": "N3"}}\n')

        assert read(connector) == {"B1": {"sku": "B1", "stock": 5}, "N3": {"sku": "N3", "stock": 7.5}}
        assert [*broken(connector)] == ["#stock-1.jsonl:2"]


def test_no_file_is_read_twice_and_a_value_may_return_in_a_new_one(tmp_path: Path) -> None:
    with opened(tmp_path, {"stock": IN}) as connector:
        for number, stock in enumerate(("0", "5", "0"), start=1):
            drop(tmp_path, f"stock-{number}.csv", f"sku,stock\nA,{stock}\n")
            assert read(connector)["A"]["stock"] == stock
        cursor = last_cursor(connector, "stock", None)

        (tmp_path / "stock-3.csv").touch()  # the last one, with another time
        drop(tmp_path, "stock-4.csv", "sku,stock\nA,0\n")  # the same once more
        assert read(connector)["A"]["stock"] == "0"
        assert last_cursor(connector, "stock", cursor) == cursor
    with opened(tmp_path, {"stock": IN}) as connector:
        assert read(connector)["A"]["stock"] == "0"
        drop(tmp_path, "stock-1.csv", "sku,stock\nA,5\n")
        assert read(connector)["A"]["stock"] == "5"
        assert last_cursor(connector, "stock", cursor) != cursor


def test_what_a_later_file_changes_is_all_that_the_next_read_shows(tmp_path: Path) -> None:
    with opened(tmp_path, {"stock": IN}, page=7) as connector:
        drop(tmp_path, "stock-1.csv", "sku,stock\n" + "".join(f"K{n},1\n" for n in range(50)))
        cursor = last_cursor(connector, "stock", None)
        drop(tmp_path, "stock-2.csv", "sku,stock\n" + "".join(f"K{n},{2 if n == 9 else 1}\n" for n in range(50)))

        later = Cursor(stamp=cursor.stamp + 1)
        assert [*read(connector, since=later)] == ["K9"]
        assert len(read(connector)) == 50


def test_a_file_that_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    aged = {**IN, "read": {"pattern": "stock*", "ready": "age", "age": 3600}}
    marked = {**IN, "read": {"pattern": "stock*", "ready": "done"}}
    path = drop(tmp_path, "stock-1.csv", "sku,stock\nB1,5\n")
    with opened(tmp_path, {"stock": aged}) as connector:
        assert read(connector) == {}
        old = path.stat().st_mtime - 7200
        os.utime(path, (old, old))
        assert [*read(connector)] == ["B1"]
    with opened(tmp_path, {"stock": marked}, log=str(tmp_path / "other.sqlite")) as connector:
        assert read(connector) == {}
        (tmp_path / "stock-1.csv.done").touch()
        assert [*read(connector)] == ["B1"]


def test_a_file_that_grows_while_it_is_read_leaves_nothing_until_it_is_whole(tmp_path: Path) -> None:
    """A program that appends slowly, and a hub that looks again and again: it sees nothing, or everything."""
    total, stop = 3_000, threading.Event()
    path = tmp_path / "stock-1.csv"
    path.write_text("sku,stock\n")

    def append() -> None:
        with path.open("a") as file:
            for number in range(total):
                file.write(f"K{number},{number}\n")
                if number % 50 == 0:
                    file.flush()
                    os.fsync(file.fileno())
        stop.set()

    quiet = {**IN, "read": {"pattern": "stock*", "ready": "age", "age": 0.5}}
    with opened(tmp_path, {"stock": quiet}) as connector:
        writer = threading.Thread(target=append)
        writer.start()
        seen = set()
        begun = RealEnv().monotonic()
        while seen != {total} and RealEnv().monotonic() - begun < 30:
            seen |= {len(read(connector))} - {0}
        writer.join()

    assert stop.is_set()
    assert seen == {total}


def test_a_read_file_is_moved_and_never_lies_over_another(tmp_path: Path) -> None:
    moving = {**IN, "read": {"pattern": "stock*", "ready": "rename", "after": "move"}}
    with opened(tmp_path, {"stock": moving}) as connector:
        for stock in ("5", "6"):
            drop(tmp_path, "stock.csv", f"sku,stock\nB1,{stock}\n")
            assert read(connector)["B1"]["stock"] == stock
        drop(tmp_path, "stock.csv", "sku,amount\nB1,7\n")
        read(connector)

    kept = sorted(path.read_text().split(",")[-1].strip() for path in (tmp_path / "read").iterdir())
    assert kept == ["5", "6"]
    assert (tmp_path / "stock.csv").exists()  # refused: a person is to see it


def test_a_whole_file_deletes_what_it_lacks_and_no_more_when_a_row_was_bad(tmp_path: Path) -> None:
    whole = {**IN, "read": {"pattern": "stock*", "ready": "rename", "mode": "whole"}}
    with opened(tmp_path, {"stock": whole}) as connector:
        drop(tmp_path, "stock-1.csv", "sku,stock\nA,1\nB,2\nC,3\n")
        cursor = last_cursor(connector, "stock", None)
        drop(tmp_path, "stock-2.csv", "sku,stock\nA,1\nC,3\n")
        pages = list(connector.list("stock", cursor))
        assert [key for page in pages for key in page.tombstones] == ["B"]
        assert connector.get("stock", ["B"]) == [Gone(key="B")]
        drop(tmp_path, "stock-3.csv", "sku,stock\nA,1\nC,3,4\n")
        assert {*read(connector)} == {"A", "C"}
        drop(tmp_path, "stock-4.csv", "sku,stock\n")
        assert {*read(connector)} == {"A", "C"}
        assert "holds no record" in broken(connector)["#stock-4.csv"]
        drop(tmp_path, "stock-5.csv", "sku,stock\nA,1\nB,2\nC,3\n")  # as the first: what was true once is true again
        assert {*read(connector)} == {"A", "B", "C"}


def test_a_row_that_tells_of_a_delete_deletes(tmp_path: Path) -> None:
    telling = {**IN, "fields": ["sku", "stock", "op"], "deleted": {"op": "D"}}
    with opened(tmp_path, {"stock": telling}) as connector:
        drop(tmp_path, "stock-1.csv", "sku,stock,op\nA,1,U\nB,2,U\n")
        read(connector)
        drop(tmp_path, "stock-2.csv", "sku,stock,op\nA,,D\n")

        assert {*read(connector)} == {"B"}


def test_a_refused_file_is_tried_again_when_it_or_the_options_change_and_forgotten_when_it_goes(tmp_path: Path) -> None:
    path = drop(tmp_path, "stock-1.csv", "sku,stock,größe\nB1,5,1\n".encode("cp1252"))
    with opened(tmp_path, {"stock": IN}) as connector:
        assert [*broken(connector)] == ["#stock-1.csv"]
    with opened(tmp_path, {"stock": {**IN, "encoding": "cp1252"}}) as connector:
        assert read(connector) == {"B1": {"sku": "B1", "stock": "5", "größe": "1"}}
        assert broken(connector) == {}
        drop(tmp_path, "stock-2.csv", "sku\nB1\n")
        assert [*broken(connector)] == ["#stock-2.csv"]
        (tmp_path / "stock-2.csv").unlink()
        assert broken(connector) == {}
    assert path.exists()


def test_links_and_hidden_files_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text("sku,stock\nX,1\n")
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "stock-1.csv").symlink_to(outside / "secret.csv")
    (folder / ".stock-2.csv").write_text("sku,stock\nX,1\n")
    (folder / "stock-3.csv.part").write_text("sku,stock\nX,1\n")
    with opened(folder, {"stock": IN}) as connector:
        assert read(connector) == {}


# --- Excel ------------------------------------------------------------------------------------------------------------

EXCEL = {**IN, "format": "excel"}


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book, made = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(made)
    return made.getvalue()


def test_cells_of_excel_are_texts_as_mappings_expect_them(tmp_path: Path) -> None:
    with opened(tmp_path, {"stock": EXCEL}) as connector:
        rows = [["sku", "stock", "note"], ["A", 5, True], [17, 2.50, "=1+1"], [None, None, None], ["C", 0.1, None]]
        drop(tmp_path, "stock.xlsx", workbook(rows))

        assert read(connector) == {
            "A": {"sku": "A", "stock": "5", "note": True},
            "17": {"sku": "17", "stock": "2.5", "note": "=1+1"},
            "C": {"sku": "C", "stock": "0.1", "note": None},
        }


def rewritten(content: bytes, change: Any) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(part, old.read(part)))
    return made.getvalue()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda name, data: b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + data, "document type"),
        (lambda name, data: b"<!--" + b" " * 9_000 + b"--><!DOCTYPE a>" + data.partition(b"?>")[2], "document type"),
        (lambda name, data: data.decode().encode("utf-16") if "sheet1" in name else data, "document type"),
        (lambda name, data: data + b" " * 60_000_000 if "sheet1" in name else data, "too large"),
        (lambda name, data: b"<a>" if "workbook" in name else data, "no workbook"),
    ],
)
def test_a_workbook_that_means_harm_is_refused(tmp_path: Path, change: Any, told: str) -> None:
    with opened(tmp_path, {"stock": EXCEL}, file_limit=50_000_000) as connector:
        drop(tmp_path, "stock-1.xlsx", rewritten(workbook([["sku", "stock"], ["A", 1]]), change))
        drop(tmp_path, "stock-2.xlsx", workbook([["sku", "stock"], ["B", 2]]))
        drop(tmp_path, "stock-3.xlsx", b"PK no archive")

        assert {*read(connector)} == {"B"}
        wrong = broken(connector)
        assert told in wrong["#stock-1.xlsx"]
        assert "no workbook" in wrong["#stock-3.xlsx"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Fifty thousand rows, in one transaction: what is held is one row and one page."""
    import resource as usage  # noqa: PLC0415  of this test alone

    drop(tmp_path, "stock-1.csv", "sku,stock\n" + "".join(f"K{n},{'x' * 200}\n" for n in range(50_000)))
    with opened(tmp_path, {"stock": IN}) as connector:
        before = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss
        pages: Iterator[Page] = iter(connector.list("stock", None))
        count = sum(len(page.keys) for page in pages)
        grown = usage.getrusage(usage.RUSAGE_SELF).ru_maxrss - before

    assert count == 50_000
    assert grown < 50_000  # [KiB]


# --- options ----------------------------------------------------------------------------------------------------------


def test_every_problem_of_the_options_is_told_at_once() -> None:
    resources = {
        "a/b": {"key": ""},
        "c": {"key": "id", "read": {"pattern": "../*"}, "encoding": "utf-99", "delimiter": ";;"},
        "d": {"key": "id", "write": {"name": "same"}},
    }
    with pytest.raises(OptionsError) as caught:
        open_files("drop", {"folder": "", "resources": resources}, RealEnv())

    told = {problem.option.removeprefix("systems.drop.") for problem in caught.value.problems}
    assert told == {
        "folder", "resources.a/b", "resources.a/b.key", "resources.a/b.read", "resources.c.read",
        "resources.c.encoding", "resources.c.delimiter", "resources.d.fields", "resources.d.write.name",
    }  # fmt: skip
    assert all(problem.cure for problem in caught.value.problems)


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syncline.connectors.protocols.files.find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'syncline\[files\]'"):
        open_files("drop", {"folder": str(tmp_path), "resources": {"stock": EXCEL}}, RealEnv())
