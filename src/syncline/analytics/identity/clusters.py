"""From pairs to things: what is merged, what a person decides, and names of things that survive the next run.

A golden id stays. A thing takes the id that most of its records had, and an id of several things goes to the one with
most of its records (ties: the lesser id, the thing with the least record). So after a merge the larger thing's id
stands, and after a split the larger part keeps it. A thing without an id is named after its least record, so that the
same tables give the same names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from syncline.analytics.identity.identifiers import Numbers
from syncline.analytics.identity.records import APART, ASK, MERGE, REVIEW, SAME, Pair

Member = tuple[str, str]  #: side and key


class Judged(NamedTuple):
    """A pair with its outcome, and why it was not merged."""

    pair: Pair
    outcome: str
    refusal: str = ""


class Clusters:
    """Records that are joined one by one, unless that would break a rule."""

    def __init__(self, counts: tuple[int, int], numbers: tuple[Numbers, Numbers], *, one_to_one: bool) -> None:
        left, right = counts
        self._left = left
        self._parent = list(range(left + right))
        self._members: dict[int, list[int]] = {}
        self._one_to_one = one_to_one
        self._numbers: dict[int, dict[str, str]] = {}
        for field in numbers[0]:
            for node, number in enumerate((*numbers[0][field], *(numbers[1][field] if right else ()))):
                if number:
                    self._numbers.setdefault(node, {})[field] = number

    def judge(self, pair: Pair, *, same: bool) -> Judged:
        """Merge the pair if it is sure and consistent; otherwise say who decides."""
        if pair.p < MERGE:
            return Judged(pair, ASK if pair.p > REVIEW else APART)
        a, b = self._root(pair.left), self._root(pair.right if same else pair.right + self._left)
        if a == b:
            return Judged(pair, SAME)
        if refusal := self._refusal(a, b):
            return Judged(pair, ASK, refusal)
        low, high = sorted((a, b))
        self._parent[high] = low
        self._members[low] = [*self._of(low), *self._of(high)]
        self._numbers[low] = self._numbers.get(low, {}) | self._numbers.get(high, {})
        return Judged(pair, SAME)

    def groups(self) -> Iterator[list[int]]:
        """The records of each thing, those of the right table after those of the left."""
        for node in range(len(self._parent)):
            if self._root(node) == node:
                yield sorted(self._of(node))

    def _of(self, root: int) -> list[int]:
        return self._members.get(root, [root])

    def _root(self, node: int) -> int:
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def _refusal(self, a: int, b: int) -> str:
        mine, theirs = self._numbers.get(a, {}), self._numbers.get(b, {})
        for field, number in mine.items():
            if theirs.get(field, number) != number:
                return f"their {field} differ: {number} and {theirs[field]}"
        if self._one_to_one:
            members = [*self._of(a), *self._of(b)]
            if sum(node < self._left for node in members) > 1 or sum(node >= self._left for node in members) > 1:
                return "one of them is already another one"
        return ""


def golden_ids(groups: Sequence[Sequence[Member]], known: Mapping[Member, str]) -> list[str]:
    """The id of each group of records; `known` are the ids of an earlier run.

    >>> a, b, c = ("left", "a"), ("left", "b"), ("right", "c")
    >>> first = golden_ids([[a, c], [b]], {})
    >>> golden_ids([[a], [b, c]], {a: "A", c: "A", b: "B"})
    ['A', 'B']
    >>> golden_ids([[a, c], [b]], {}) == first
    True
    """
    claims = sorted(_claims(groups, known))
    ids: dict[int, str] = {}
    given: set[str] = set()
    for _, identity, _, index in claims:
        if index not in ids and identity not in given:
            ids[index] = identity
            given.add(identity)
    taken = given | set(known.values())
    for index, group in enumerate(groups):
        if index not in ids:
            ids[index] = _new(min(group), taken)
            taken.add(ids[index])
    return [ids[index] for index in range(len(groups))]


def _claims(groups: Sequence[Sequence[Member]], known: Mapping[Member, str]) -> Iterable[tuple[int, str, Member, int]]:
    had: dict[int, Counter[str]] = defaultdict(Counter)
    for index, group in enumerate(groups):
        had[index].update(known[member] for member in group if member in known)
    for index, votes in had.items():
        for identity, count in votes.items():
            yield -count, identity, min(groups[index]), index


def _new(member: Member, taken: set[str]) -> str:
    """A name of sixteen letters and digits, of this record and no other."""
    for attempt in range(len(taken) + 1):
        name = "\x1f".join((*member, str(attempt)))
        if (found := blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()) not in taken:
            break
    return found
