"""Records of rows that are all alike take a quicker form, and are the same mappings."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.mapping.paths import parse_path
from syncline.mapping.records import Flat, flats_of, records_of

NAMES = st.sampled_from(["name", "`@id`", "class", "items", "keys", "get", "__init__", "_id", "address.city", "phone"])
VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)


@st.composite
def written(draw):
    names = draw(st.lists(NAMES, min_size=0, max_size=5, unique=True))
    size = draw(st.integers(0, 3))
    return size, [(parse_path(name), draw(st.lists(VALUES, min_size=size, max_size=size))) for name in names]


@given(page=written())
def test_the_quick_form_is_the_same_record(page):
    size, columns = page

    quick, plain = flats_of(columns, size), records_of(columns, size)

    assert quick == plain
    assert [dict(one) for one in quick] == plain
    assert msgspec.json.encode(quick) == msgspec.json.encode(plain)


def test_the_quick_form_is_a_mapping():
    (record,) = flats_of([(parse_path("name"), ["Acme"]), (parse_path("city"), [None])], 1)

    assert isinstance(record, Flat)
    assert {**record, "vat": "1"} == {"name": "Acme", "city": None, "vat": "1"}
    assert (record.get("name"), record.get("vat"), "city" in record, len(record)) == ("Acme", None, True, 2)
    with pytest.raises(KeyError):
        record["keys"]
    with pytest.raises(TypeError):
        hash(record)
