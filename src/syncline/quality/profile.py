"""What the values of one field look like: blanks, distinct values, shapes, lengths, numbers, and what has shifted.

Memory is bounded whatever the number of values. Distinct values are counted exactly up to `EXACT`, then estimated from
the k smallest digests; median and outliers are those of the `SAMPLE` numbers with the smallest digests, which is all of
them where there are no more. Nothing is drawn at random: the same values give the same profile.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

import msgspec
from xxhash import xxh3_64_intdigest

from syncline.model.values import UNSET, Value, encode_row, is_empty
from syncline.quality.values import number

EXACT = 20_000  #: distinct values that are counted one by one; k = 20,001 digests stand for more, within 0.7 %
SAMPLE = 10_000  #: numbers that median and MAD are taken of
TOP = 5
SHAPES = 200  #: shapes that are told apart; the rest is "other"
CATEGORIES = 100  #: a field of no more values is compared value by value
LONGEST_SHAPE = 24
OUTLYING = 5.0  #: robust z from which a number is an outlier [-]
MAD_TO_SIGMA = 1.4826  #: MAD of a normal distribution times this is its standard deviation [-]
LEAST_SHARE = 1e-4  #: an empty bin counts as this share, or PSI would be infinite
_SPACE = 1 << 64
BINS = 10


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a field, in its own unit."""

    count: int
    least: str
    most: str
    mean: float
    median: float
    mad: float  #: median of the distances from the median
    outliers: float  #: share with |x - median| / (1.4826 MAD) > 5 [0..1]
    edges: list[float] = []  #: deciles, against which the next profile is compared


class FieldProfile(msgspec.Struct, frozen=True, kw_only=True):
    """One field of all records of an entity type. Of one that is marked secret nothing is told that shows a value."""

    field: str
    records: int
    absent: int  #: no system carries it
    nulls: int
    empties: int
    distinct: int
    exact: bool  #: is `distinct` counted, not estimated?
    shapes: dict[str, int] = {}  #: the commonest: `AA-999` -> records
    shortest: int = 0  #: characters
    longest: int = 0
    numbers: Numbers | None = None
    top: dict[str, int] = {}  #: the commonest values
    parts: dict[str, int] = {}  #: records by bin, digest of the value, or shape: what PSI compares
    basis: str = ""  #: "deciles", "values" or "shapes"
    psi: float | None = None  #: against the last profile
    new_nulls: float = 0.0  #: by how much the share of nulls and empties rose [0..1]

    @property
    def told(self) -> int:
        """Records with a value."""
        return self.records - self.absent - self.nulls - self.empties

    @property
    def blanks(self) -> float:
        """Share without a value [0..1]."""
        return (self.absent + self.nulls + self.empties) / self.records if self.records else 0.0


class EntityProfile(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one flow."""

    flow: str
    entity: str
    at: int  #: [µs]
    before: int = 0  #: when the profile was made that this one is compared with [µs]; 0: there was none
    records: int = 0
    fields: list[FieldProfile] = []


class Profiler:
    """Takes in the values of one field, a column at a time."""

    def __init__(self, field: str, *, secret: bool = False, before: FieldProfile | None = None) -> None:
        self.field, self.secret, self._before = field, secret, before
        self.records = self.absent = self.nulls = self.empties = 0
        self._told = 0
        self._counts: Counter[int] = Counter()
        self._named: dict[int, str] = {}
        self._smallest: list[int] = []  #: a heap of negated digests, the greatest on top
        self._held: set[int] = set()
        self._shapes: Counter[str] = Counter()
        self._lengths: tuple[int, int] = (0, 0)
        self._edges = list(before.numbers.edges) if before and before.numbers else []
        self._bins = [0] * (len(self._edges) + 1)
        self._numbers = _Numbers()

    def add(self, values: Sequence[Value]) -> None:
        """One column more."""
        self.records += len(values)
        self.absent += sum(1 for value in values if value is UNSET)
        self.nulls += sum(1 for value in values if value is None)
        told = [value for value in values if value is not UNSET and not is_empty(value)]
        self.empties = self.records - self.absent - self.nulls - self._told - len(told)
        self._told += len(told)
        for value in told:
            digest = xxh3_64_intdigest(encode_row([value]))
            self._count(digest, value)
            if isinstance(value, str):
                self._look(value)
            if not self.secret and (found := number(value)) is not None:
                self._numbers.add(found, digest)
                self._bins[_bin(self._edges, float(found))] += 1

    def _count(self, digest: int, value: Value) -> None:
        if digest in self._counts or len(self._counts) < EXACT:
            self._counts[digest] += 1
            if not self.secret and len(self._named) < EXACT and isinstance(value, str | int):
                self._named.setdefault(digest, str(value)[:60])
        if digest in self._held:
            return
        if len(self._held) <= EXACT:
            heapq.heappush(self._smallest, -digest)
            self._held.add(digest)
        elif digest < -self._smallest[0]:
            self._held.discard(-heapq.heappushpop(self._smallest, -digest))
            self._held.add(digest)

    def _look(self, text: str) -> None:
        length = len(text)
        shortest, longest = self._lengths
        self._lengths = (min(shortest or length, length), max(longest, length))
        if self.secret:
            return
        mask = shape(text)
        self._shapes[mask if mask in self._shapes or len(self._shapes) < SHAPES else "other"] += 1

    def done(self) -> FieldProfile:
        """The profile, compared with the last one."""
        exact = len(self._held) <= EXACT
        distinct = len(self._held) if exact else _estimated(sorted(self._held))
        numbers = self._numbers.done() if self._numbers.count == self._told and self._told else None
        basis, parts = self._parts(numbers, distinct)
        made = FieldProfile(
            field=self.field, records=self.records, absent=self.absent, nulls=self.nulls, empties=self.empties,
            distinct=distinct, exact=exact, shapes=dict(self._shapes.most_common(TOP)), shortest=self._lengths[0],
            longest=self._lengths[1], numbers=numbers, top=self._top(), basis=basis, parts=parts,
        )  # fmt: skip
        return made if self._before is None else self._compared(made, self._before)

    def _top(self) -> dict[str, int]:
        if self.secret:
            return {}
        common = [(digest, count) for digest, count in self._counts.most_common(TOP) if count > 1]
        return {self._named[digest]: count for digest, count in common if digest in self._named}

    def _parts(self, numbers: Numbers | None, distinct: int) -> tuple[str, dict[str, int]]:
        if self.secret:
            return "", {}
        if numbers is not None and distinct > CATEGORIES:
            return "deciles", dict(self._numbers.binned(numbers.edges))
        if distinct <= CATEGORIES:
            return "values", {f"{digest:016x}": count for digest, count in sorted(self._counts.items())}
        return "shapes", dict(sorted(self._shapes.items()))

    def _compared(self, made: FieldProfile, before: FieldProfile) -> FieldProfile:
        parts = made.parts
        if before.basis == "deciles" and self._numbers.count:
            parts = {str(place): count for place, count in enumerate(self._bins) if count}
        elif before.basis == "shapes":
            parts = dict(self._shapes)
        same = before.basis in ("deciles", "shapes") or before.basis == made.basis
        risen = max(0.0, made.blanks - before.blanks)
        found = shift(before.parts, parts) if same and before.parts and parts else None
        return msgspec.structs.replace(made, psi=found, new_nulls=risen)


class _Numbers:
    """Numbers as they pass: bounds and sum of all, the sample with the smallest digests."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = Decimal(0)
        self._least: Decimal | None = None
        self._most: Decimal | None = None
        self._sample: list[tuple[int, int, float]] = []

    def add(self, value: Decimal, digest: int) -> None:
        """One more."""
        self.count += 1
        self._sum += value
        self._least = value if self._least is None else min(self._least, value)
        self._most = value if self._most is None else max(self._most, value)
        mixed = xxh3_64_intdigest(digest.to_bytes(8) + self.count.to_bytes(8))
        row = (-mixed, self.count, float(value))
        if len(self._sample) < SAMPLE:
            heapq.heappush(self._sample, row)
        elif row > self._sample[0]:
            heapq.heapreplace(self._sample, row)

    def done(self) -> Numbers:
        """What is told of them."""
        values = sorted(value for _, _, value in self._sample)
        middle = median(values)
        mad = median(sorted(abs(value - middle) for value in values))
        far = sum(1 for value in values if outlying(value, middle, mad))
        return Numbers(
            count=self.count, least=str(self._least), most=str(self._most), mean=float(self._sum / self.count),
            median=middle, mad=mad, outliers=far / len(values), edges=deciles(values),
        )  # fmt: skip

    def binned(self, edges: Sequence[float]) -> Mapping[str, int]:
        """How many of the sample fall into each bin."""
        counts = Counter(str(_bin(edges, value)) for _, _, value in self._sample)
        return dict(sorted(counts.items()))


def median(values: Sequence[float]) -> float:
    """The middle of sorted values, or the mean of the two in the middle.

    >>> median([1.0, 2.0, 4.0]), median([1.0, 2.0])
    (2.0, 1.5)
    """
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def shape(text: str) -> str:
    """A text's shape: `A` a capital, `a` another letter, `9` a digit; long runs and long texts are cut.

    >>> shape("AB-123"), shape("Société 12"), shape("x" * 40)
    ('AA-999', 'Aaaaaaa 99', 'a+')
    """
    marks = "".join("9" if c.isdecimal() else "A" if c.isupper() else "a" if c.isalpha() else c for c in text[:200])
    if len(marks) <= LONGEST_SHAPE:
        return marks
    runs = [(mark, len(list(run))) for mark, run in groupby(marks)]
    return "".join(mark if count == 1 else f"{mark}+" for mark, count in runs)[:LONGEST_SHAPE]


def outlying(value: float, middle: float, mad: float) -> bool:
    """Is a number an outlier by its robust z, |x - median| / (1.4826 MAD) > 5? None is where MAD is 0.

    Source:
        Iglewicz & Hoaglin, How to Detect and Handle Outliers (1993), section 3; the bound of 5 is the stricter one.

    >>> outlying(100, 10, 2), outlying(12, 10, 2)
    (True, False)
    """
    return mad > 0 and abs(value - middle) / (MAD_TO_SIGMA * mad) > OUTLYING


def deciles(values: Sequence[float]) -> list[float]:
    """The nine values that cut sorted ones into tenths, each once.

    >>> deciles([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    """
    cuts = [values[math.ceil(len(values) * part / BINS) - 1] for part in range(1, BINS)] if values else []
    return sorted(set(cuts))


def _bin(edges: Sequence[float], value: float) -> int:
    """The bin that a value falls into; an edge belongs to the bin below it."""
    return sum(1 for edge in edges if value > edge)


def _estimated(smallest: Sequence[int]) -> int:
    """Distinct values of which the k smallest digests are known: (k - 1) / (the greatest of them / 2**64).

    Source:
        Bar-Yossef et al., Counting distinct elements in a data stream, RANDOM 2002; Beyer et al., SIGMOD 2007.
    """
    return round((len(smallest) - 1) * _SPACE / smallest[-1])


def shift(before: Mapping[str, int], now: Mapping[str, int]) -> float:
    """PSI, the population stability index, of two distributions over the same bins [-].

    Above 0.1 it is worth a look, above 0.2 something has changed.

    Source:
        Siddiqi, Credit Risk Scorecards (2006), chapter 8: sum of (q - p) ln(q / p).

    >>> shift({"a": 5, "b": 5}, {"a": 50, "b": 50}), round(shift({"a": 9, "b": 1}, {"a": 5, "b": 5}), 3)
    (0.0, 0.879)
    """
    whole, other = sum(before.values()), sum(now.values())
    pairs = _shares(before, now, whole, other)
    return math.fsum((q - p) * math.log(q / p) for p, q in pairs)


def _shares(before: Mapping[str, int], now: Mapping[str, int], whole: int, other: int) -> Iterable[tuple[float, float]]:
    for name in before.keys() | now.keys():
        yield max(before.get(name, 0) / whole, LEAST_SHARE), max(now.get(name, 0) / other, LEAST_SHARE)
