"""A page's worth of state at once is what each row of it is by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from syncline.engine.codec import canon_of, canons_of
from syncline.model.state import Entity, EntityState
from syncline.model.values import UNSET, encode_row, encode_rows

VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just(UNSET)
ROWS = st.lists(st.lists(VALUES, max_size=4), max_size=4)


@given(rows=ROWS, width=st.integers(0, 5))
def test_canons_are_decoded_and_padded_like_one(rows, width):
    entities = [Entity(eid, EntityState.LIVE, 1, canon) for eid, canon in enumerate(encode_rows(rows))]

    assert canons_of(entities, width) == [canon_of(entity, width) for entity in entities]


@given(rows=ROWS)
def test_rows_are_encoded_like_one(rows):
    assert encode_rows(rows) == [encode_row(row) for row in rows]
