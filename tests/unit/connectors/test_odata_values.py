"""Values, keys and batches of OData, in both versions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.connectors.protocols import odata_multipart as multipart
from syncline.connectors.protocols.odata_metadata import EntityType, Metadata, Property, Way, read_metadata
from syncline.connectors.protocols.odata_multipart import Part
from syncline.connectors.protocols.odata_values import Bodies, address_of, key_at, key_of, literal, parts_of
from syncline.connectors.protocols.xml_document import read_xml

_ITEM = EntityType(
    keys=("Order", "Item"),
    properties={"Order": Property(type="Edm.Int32"), "Item": Property(type="Edm.String")},
    ways={},
)
_ORDER = EntityType(
    keys=("ID",),
    properties={
        "ID": Property(type="Edm.Int64"), "total": Property(type="Edm.Decimal"), "day": Property(type="Edm.DateTime"),
        "at": Property(type="Edm.DateTimeOffset"), "count": Property(type="Edm.Int32"),
    },
    ways={"items": Way(type="erp.Item", many=True)},
)  # fmt: skip
_SERVICE = Metadata(types={"erp.Item": _ITEM, "erp.Order": _ORDER}, sets={"Orders": "erp.Order"})
_V2, _V4 = (Bodies(_SERVICE, version=version, decimals_as_text=False) for version in ("v2", "v4"))


@given(order=st.integers(-(2**31), 2**31 - 1), item=st.text(min_size=1))
def test_a_key_of_several_parts_survives_its_way_through_an_address(order, item):
    if any(0xD800 <= ord(letter) <= 0xDFFF for letter in item):  # no text of any protocol
        return
    key = key_of([str(order), item], _ITEM.keys)

    assert list(parts_of(key, _ITEM.keys)) == [str(order), item]
    for version in ("v2", "v4"):
        assert key_at(f"https://erp.example.com/x/Items{address_of(key, _ITEM, version)}", _ITEM) == key


@pytest.mark.parametrize(
    ("text", "kind", "v4", "v2"),
    [
        ("a'b", "Edm.String", "'a''b'", "'a''b'"),
        ("00000000-0000-4000-8000-000000000001", "Edm.Guid", "00000000-0000-4000-8000-000000000001",
         "guid'00000000-0000-4000-8000-000000000001'"),
        ("5", "Edm.Int64", "5", "5L"),
        ("1.50", "Edm.Decimal", "1.50", "1.50M"),
        ("2026-03-29T02:30:00+02:00", "Edm.DateTimeOffset", "2026-03-29T00:30:00Z",
         "datetimeoffset'2026-03-29T00:30:00Z'"),
    ],
)  # fmt: skip
def test_a_literal_is_written_by_its_type(text, kind, v4, v2):
    assert (literal(text, kind, "v4"), literal(text, kind, "v2")) == (v4, v2)


@pytest.mark.parametrize("kind", ["Edm.Guid", "Edm.Int32", "Edm.Boolean", "Edm.Decimal", "Edm.Date", "Edm.DateTime"])
def test_what_is_no_value_of_a_type_never_becomes_a_literal(kind):
    with pytest.raises(ValueError, match="1 or 1 eq 1"):
        literal("1 or 1 eq 1", kind, "v4")


def test_a_body_is_written_by_the_types_of_its_fields_and_lines():
    fields = {"total": "12.50", "count": "3", "day": "2026-01-02", "items": [{"Order": "1", "Item": "x"}]}

    assert _V4.sent(fields, _ORDER) == {
        "total": Decimal("12.50"), "count": 3, "day": "2026-01-02", "items": [{"Order": 1, "Item": "x"}],
    }  # fmt: skip
    assert _V2.sent(fields, _ORDER) == {
        "total": "12.50", "count": 3, "day": "/Date(1767312000000)/", "items": [{"Order": 1, "Item": "x"}],
    }  # fmt: skip


def test_what_cannot_be_a_value_is_sent_as_it_is_for_the_service_to_refuse():
    assert _V2.sent({"total": "twelve", "day": "soon"}, _ORDER) == {"total": "twelve", "day": "soon"}


def test_times_of_version_2_are_shown_as_iso_8601():
    assert _V2.shown("/Date(1704171600000+0000)/", _ORDER.properties["at"]) == "2024-01-02T05:00:00Z"
    assert _V2.shown("/Date(-1)/", _ORDER.properties["day"]) == "1969-12-31T23:59:59.999"
    assert _V2.shown("/Date(0)/", Property(type="Edm.DateTime", is_date=True)) == "1970-01-01"


def test_a_description_without_a_set_is_none():
    with pytest.raises(ValueError, match="no entity set"):
        read_metadata(b"<edmx/>")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no", b"<a>", b"<a></b>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<?xml version="1.0" encoding="nobody-knows-it"?><a/>', b'<?xml version="1.0" encoding="rot13"?><a/>',
    ],
)  # fmt: skip
def test_what_is_no_harmless_xml_is_not_read(body):
    with pytest.raises(ValueError, match=r"no XML|document type"):
        read_xml(body)


_ANSWER = (
    b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n"
    b"Content-ID: 1\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"a\":\"b\"}\r\n--c--\r\n"
    b"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 400 Bad Request\r\n\r\n{}\r\n--b--\r\n"
)  # fmt: skip


def test_an_answer_in_parts_is_taken_apart():
    slots, is_whole = multipart.read(_ANSWER, "multipart/mixed; boundary=b")

    assert is_whole
    assert [(slot.is_changeset, slot.answers[0].name, slot.answers[0].status) for slot in slots] == [
        (True, "1", 201), (False, "", 400),
    ]  # fmt: skip
    assert slots[0].answers[0].body == b'{"a":"b"}'


@given(cut=st.integers(0, len(_ANSWER) - 8))
def test_an_answer_in_parts_that_was_cut_off_never_passes_for_whole(cut):
    slots, is_whole = multipart.read(_ANSWER[:cut], "multipart/mixed; boundary=b")

    assert not is_whole
    assert all(answer.body in (b'{"a":"b"}', b"{}", b"{", b"") for slot in slots for answer in slot.answers)


@given(body=st.binary(max_size=200), kind=st.sampled_from(["multipart/mixed; boundary=b", "multipart/mixed"]))
def test_whatever_comes_as_parts_is_read_or_refused(body, kind):
    try:
        multipart.read(b"--b" + body, kind)
    except ValueError:
        assert "boundary" not in kind


def test_each_write_of_a_batch_stands_alone_unless_they_are_one_changeset():
    parts = [Part(name=str(n), method="POST", address="Products", headers={}, body=b"{}") for n in (1, 2)]

    assert multipart.written(parts, "b", atomic=False).count(b"multipart/mixed") == 2
    assert multipart.written(parts, "b", atomic=True).count(b"multipart/mixed") == 1
