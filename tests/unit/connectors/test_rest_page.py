"""Pages out of answers: columns, and one broken record that does not spoil the others."""

import msgspec
import pytest

from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.rest_options import Marker, ResourceOptions, Since, Version
from syncline.connectors.protocols.rest_page import Late, Reader, raw_at
from syncline.connectors.protocols.stamps import newest_of


def reader(*, flag=None, limit=1000, **options):
    resource = ResourceOptions(
        **{"path": "/t", "rows": "data", "since": Since(field="at"), "version": Version(field="v"), **options}
    )
    return Reader(resource, flag=flag, record_limit=limit)


def body(*rows, **beside):
    return (
        b'{"data":['
        + b",".join(rows)
        + b"]"
        + b"".join(b',"%b":%b' % (name.encode(), msgspec.json.encode(value)) for name, value in beside.items())
        + b"}"
    )


ONE = b'{"id":1,"at":"1970-01-01T00:00:01Z","v":3,"name":"a"}'
TWO = b'{"id":"b","at":"1970-01-01T00:00:02Z","v":"x","name":"\xc3\xa9"}'


def test_records_come_in_columns_and_their_bytes_are_untouched():
    page = reader().listing(body(ONE, TWO), "")

    assert list(page.keys) == ["1", "b"]
    assert list(page.raws) == [ONE, TWO]
    assert all(type(raw) is bytes for raw in page.raws)
    assert list(page.versions) == ["3", "x"]
    assert list(page.stamps) == [1_000_000, 2_000_000]
    assert page.newest == 2_000_000
    assert page.broken == []


@pytest.mark.parametrize(
    ("bad", "label"),
    [
        (b'{"id":3,"name":"\xff"}', "3"),
        (b'{"name":"no key"}', "#"),
        (b'{"id":null}', "#"),
        (b'"no object"', "#"),
        (b'{"id":3.5}', "#"),
        (b'{"id":4,"name":"' + b"x" * 1000 + b'"}', "4"),
    ],
)
def test_one_broken_record_does_not_spoil_the_others(bad, label):
    page = reader().listing(body(ONE, bad, TWO), "")

    assert list(page.keys) == ["1", "b"]
    assert list(page.raws) == [ONE, TWO]
    ((key, reason),) = page.broken
    assert key == label or (label == "#" and key.startswith("#"))
    assert reason
    assert len(page.landing.keys) == 3


def test_a_record_without_a_key_has_the_same_name_wherever_it_is_listed_and_another_one_another():
    lost, other = b'{"name":"no key"}', b'{"name":"none either"}'
    names = [reader().listing(body(*page), "").broken[0][0] for page in ((ONE, lost), (lost, TWO), (ONE, other))]

    assert names[0] == names[1] != names[2]


def test_a_list_at_the_top_is_a_list_too():
    page = reader(rows="").listing(b"[" + ONE + b"]", "")

    assert list(page.raws) == [ONE]


def test_lists_and_keys_may_lie_deep():
    deep = reader(rows="a.`b.c`", key="meta.key", since=None, version=None)

    page = deep.listing(b'{"a":{"b.c":[{"meta":{"key":5}}]}}', "")

    assert list(page.keys) == ["5"]
    assert page.versions is None
    assert page.stamps is None


def test_a_column_is_made_when_somebody_looks_into_it_and_once():
    made = []
    column = Late(["1", "2"], lambda shown: made.append(shown) or [int(one) for one in shown])

    assert len(column) == 2
    assert made == []
    assert (column[1], column[0:1], list(column), column) == (2, [1], [1, 2], [1, 2])
    assert made == [["1", "2"]]


@pytest.mark.parametrize(
    ("shown", "newest"),
    [
        (["1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z"], 2_000_000),
        (["1970-01-01T00:00:01Z", "1970-01-01T00:00:00.5Z"], 1_000_000),
        (["never and nowhere ..", "1970-01-01T00:00:02Z"], 2_000_000),
        ([1, "1970-01-01T00:00:02Z", None], 2_000_000),
        ([None, True], 0),
        ([], 0),
    ],
)
def test_the_newest_time_of_a_page_is_found(shown, newest):
    assert newest_of(shown) == newest


def test_deleted_records_become_tombstones():
    gone = b'{"id":9,"at":"1970-01-01T00:00:09Z","v":1,"active":false}'
    page = reader(tombstones=Flag(field="active", equals=False)).listing(body(ONE, gone, TWO), "")

    assert list(page.keys) == ["1", "b"]
    assert list(page.raws) == [ONE, TWO]
    assert list(page.versions) == ["3", "x"]
    assert len(page.stamps) == 2
    assert page.tombstones == ["9"]
    assert page.newest == 9_000_000


@pytest.mark.parametrize("answer", [b"{}", b'{"data":null}', b'{"data":{"id":1}}', b'{"error":"x"}', b"[]", b"7"])
def test_an_answer_without_its_list_is_no_empty_list(answer):
    assert reader().listing(answer, "") is None


def test_an_error_beside_a_list_counts():
    flag = Flag(field="ok", equals=False)

    assert reader(flag=flag).listing(body(ok=False), "") is None
    assert reader(flag=flag).listing(body(ONE, ok=True), "").keys == ["1"]


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"data":[{"id":1}', b'{"data":[{"id":1},]}'])
def test_what_is_no_json_raises(answer):
    with pytest.raises(msgspec.DecodeError):
        reader().listing(answer, "")


def test_a_document_of_absurd_depth_is_unreadable_and_harmless():
    deep = body(b'{"id":1,"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")

    for read in (lambda: reader().listing(deep, ""), lambda: raw_at(deep, ""), lambda: raw_at(deep, "data")):
        with pytest.raises(ValueError, match="nested too deep"):
            read()


def test_unreadable_times_are_unknown_not_wrong():
    page = reader().listing(body(b'{"id":1,"at":"soon"}', b'{"id":2}', b'{"id":3,"at":5}'), "")

    assert list(page.stamps) == [0, 0, 5_000_000]
    assert list(page.versions) == [None, None, None]


def test_a_single_record_is_the_same_bytes_as_in_the_list():
    assert reader().record(raw_at(b" " + ONE + b"\n", "")).raw == ONE
    assert reader().record(raw_at(b'{"row":' + TWO + b"}", "row")).raw == TWO


def test_the_version_may_come_from_a_header():
    record = reader(version=Version(header="ETag")).record(ONE, version='"7"')

    assert record.version == '"7"'


def test_a_marker_is_read_where_there_is_one():
    marked = reader(marker=Marker(field="ref"))

    assert [marked.marker(raw) for raw in (b'{"ref":"m"}', b'{"ref":null}', b"{}", b"x")] == ["m", "", "", ""]
