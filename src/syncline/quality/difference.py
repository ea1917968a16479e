"""dS: what changed between two states, as keyed operations; and the digests by which one changed row is found.

Laws, held as property tests: apply(S, diff(S, S')) = S'; diff(S, S) is nothing; applying twice is applying once;
apply(S, compose(d, e)) = apply(apply(S, d), e); operations on different keys may come in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from xxhash import xxh3_64_intdigest

from syncline.model.values import Row, encode_row

BUCKETS = 4096
_WIDEST = 1 << 128

State = Mapping[str, Row]


class Change(NamedTuple):
    """One operation on one key. A row of None is none: before it an insert, after it a delete."""

    key: str
    before: bytes  #: digest, b"" for none
    after: Row | None
    fields: tuple[int, ...] = ()  #: positions that differ

    @property
    def op(self) -> str:
        """Insert, update or delete."""
        return "delete" if self.after is None else "update" if self.before else "insert"


def digest(row: Row | None) -> bytes:
    """Eight bytes that tell rows apart; nothing for no row."""
    return b"" if row is None else xxh3_64_intdigest(encode_row(row)).to_bytes(8)


def diff(old: State, new: State) -> dict[str, Change]:
    """The operations that make `new` of `old`."""
    found: dict[str, Change] = {}
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        if digest(before) != digest(after):  # true is not 1 here
            found[key] = Change(key, digest(before), after, _differing(before, after))
    return found


def _differing(before: Row | None, after: Row | None) -> tuple[int, ...]:
    if before is None or after is None:
        return tuple(range(len(before or after or ())))
    width = max(len(before), len(after))
    return tuple(p for p in range(width) if encode_row(before[p : p + 1]) != encode_row(after[p : p + 1]))


def apply(state: State, changes: Mapping[str, Change]) -> dict[str, Row]:
    """The state with the operations done; doing them again does nothing."""
    made = dict(state)
    for key, change in changes.items():
        if change.after is None:
            made.pop(key, None)
        else:
            made[key] = change.after
    return made


def compose(first: Mapping[str, Change], then: Mapping[str, Change]) -> dict[str, Change]:
    """One set of operations for two that follow each other; what comes to nothing is left out."""
    made = dict(first)
    for key, change in then.items():
        earlier = first.get(key)
        if earlier is None:
            made[key] = change
            continue
        fields = tuple(sorted({*earlier.fields, *change.fields}))
        whole = Change(key, earlier.before, change.after, fields)
        if digest(whole.after) == whole.before:
            del made[key]
        else:
            made[key] = whole
    return made


def buckets(rows: Iterable[tuple[str, Row]]) -> list[int]:
    """Per bucket of keys, the sum of the rows' 64-bit digests as a 128-bit number. Any order gives the same."""
    sums = [0] * BUCKETS
    for key, row in rows:
        number = bucket_of(key)
        sums[number] = (sums[number] + xxh3_64_intdigest(key.encode() + b"\0" + encode_row(row))) % _WIDEST
    return sums


def bucket_of(key: str) -> int:
    """The bucket that a key falls into."""
    return xxh3_64_intdigest(key.encode()) % BUCKETS


def suspects(old: Sequence[int], new: Sequence[int]) -> list[int]:
    """Buckets in which something differs: only their rows need be read."""
    return [number for number, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """How much changed."""

    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    fields: int = 0  #: changed fields of updates
    bytes: int = 0  #: as the log keeps them, compressed
    records: int = 0  #: |S|: how many there are now

    @property
    def ratio(self) -> float:
        """Operations per record [-]; above 0.3 reading everything is the cheaper way."""
        return (self.inserts + self.updates + self.deletes) / max(1, self.records)
