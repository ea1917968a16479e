"""Eids of an intent as bytes."""

from hypothesis import given
from hypothesis import strategies as st

from syncline.store.rows import pack_eids, unpack_eids

EIDS = st.lists(st.integers(0, 2**63 - 1), max_size=20).map(tuple)


@given(EIDS)
def test_eids_are_unpacked_as_they_were_packed(eids):
    assert unpack_eids(pack_eids(eids)) == eids


@given(st.integers(0, 2**62), st.integers(2, 1000))
def test_a_run_of_eids_takes_twelve_bytes(first, n):
    run = tuple(range(first, first + n))

    assert len(pack_eids(run)) == 12
    assert unpack_eids(pack_eids(run)) == run
