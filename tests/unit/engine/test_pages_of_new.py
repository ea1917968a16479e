"""New records go through as pages; each comes to what it would by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncline.engine.codec import canon_of
from syncline.engine.reading import Row
from syncline.engine.ready import create_of, creates_of
from syncline.model.state import Entity, EntityState
from syncline.model.values import UNSET, encode_row, encode_rows

VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just(UNSET)
LOOKALIKE = st.just("\xc7\x00\x01") | st.just("\u01c7\x00\x01")  #: its bytes may look like those of `UNSET`
ROWS = st.lists(st.lists(VALUES | LOOKALIKE, max_size=4), max_size=4)


@given(rows=ROWS, width=st.integers(1, 5), gens=st.none() | st.just(b"\x91\x01"))
def test_creates_of_a_page_are_those_of_each_entity(rows, width, gens):
    entities = [Entity(eid, EntityState.LIVE, 1, canon, gens) for eid, canon in enumerate(encode_rows(rows))]

    assert creates_of(entities, width) == [create_of(entity, canon_of(entity, width)) for entity in entities]


@given(rows=ROWS, width=st.integers(1, 5))
def test_a_create_that_is_called_whole_has_every_value(rows, width):
    entities = [Entity(eid, EntityState.LIVE, 1, canon) for eid, canon in enumerate(encode_rows(rows))]

    assert [UNSET in one.canon for one in creates_of(entities, width) if one.whole] == [
        False for one in creates_of(entities, width) if one.whole
    ]


@given(values=st.lists(VALUES, min_size=1, max_size=5))
def test_a_row_shows_the_same_values_whether_they_are_encoded_or_not(values):
    plain, encoded = (Row(key="a", raw=b"{}", print=b"", version=None, stamp=0) for _ in range(2))
    plain.positions = encoded.positions = tuple(range(len(values)))
    plain.carried, encoded.encoded = values, encode_row(values)

    assert encoded.values == plain.values == dict(enumerate(values))
