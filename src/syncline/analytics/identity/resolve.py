"""Which records of two systems, or of one, are the same thing, why, and what a person must look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from syncline.analytics.identity.clusters import Clusters, Judged, golden_ids
from syncline.analytics.identity.decoys import FEWEST, UNSURE
from syncline.analytics.identity.identifiers import Numbers, excluded, numbers_of, proven
from syncline.analytics.identity.learning import LEAST, learnt
from syncline.analytics.identity.people import same_people
from syncline.analytics.identity.records import (
    ASK,
    CLUSTERS,
    LEFT,
    PAIRS,
    REVIEW,
    RIGHT,
    IdentityConfig,
    Pair,
    Resolved,
    Side,
    side_of,
)
from syncline.analytics.identity.things import nearest, same_things
from syncline.analytics.tables import asked, made

_FEW = (
    f"Fewer than {FEWEST} records can be compared: how probable a pair is cannot be learnt, so likeness alone merges"
    " nothing, and pairs are shown for review with p = 0.5."
)
_UNLEARNT = (
    "These records are too few, or their fields agree too seldom, to learn what tells people apart: likeness alone"
    " merges nobody, and pairs are shown for review."
)
_NOBODY: tuple[set[int], set[int]] = (set(), set())


def resolve_entities(
    left: pa.Table,
    right: pa.Table | None,
    config: IdentityConfig,
    *,
    labels: pa.Table | None = None,
    known: pa.Table | None = None,
) -> Resolved:
    """Find the records that are one person, product or company.

    Equal verified numbers come first; people are then compared by Fellegi and Sunter's model, products and companies by
    their texts, one to one. A pair is merged from p = 0.95 on where no verified number and no other pair contradicts;
    above 0.2 it waits for a person. With 500 judged pairs or more, things are judged as the people did.

    Args:
        left: A column `key`, and those that the configuration names, as texts.
        right: The other table; None looks for duplicates within the left one.
        config: What is compared.
        labels: Pairs that people have judged, as `LABELS`; of things.
        known: The clusters of an earlier run, as `CLUSTERS`: their golden ids go on.

    Raises:
        SetupError: a column is missing or of another kind.
        RejectedError: a key is missing or there twice.

    Source:
        The papers that `decoys`, `people` and `learning` name.

    >>> crm = pa.table({"key": ["a", "b"], "name": ["Jade River Ltd", "Nord AG"], "vat": ["DE136695976", None]})
    >>> erp = pa.table({"key": ["1", "2"], "name": ["JADE RIVER", "Nord"], "vat": ["de 136 695 976", ""]})
    >>> found = resolve_entities(crm, erp, IdentityConfig(fields=("name",), verified={"vat": "vat"}))
    >>> [(pair["l"], pair["r"], pair["outcome"], pair["explanation"]) for pair in found.pairs.to_pylist()][0]
    ('a', '1', 'same', 'vat DE136695976 is equal')
    """
    sides = (side_of(left, config, LEFT), side_of(right, config, RIGHT) if right is not None else None)
    numbers = (numbers_of(sides[0], config), numbers_of(sides[1] or sides[0], config))
    pairs, flag = _found(sides, config, numbers, labels)
    clusters = Clusters(
        (len(sides[0].keys), len(sides[1].keys) if sides[1] else 0),
        numbers,
        one_to_one=config.one_to_one and right is not None,
    )
    judged = [clusters.judge(pair, same=right is None) for pair in sorted(pairs, key=_order) if pair.p > REVIEW]
    return Resolved(
        _table(judged, sides),
        _clusters(clusters, sides, known),
        _table([one for one in judged if one.outcome == ASK], sides),
        flag,
    )


def _clusters(clusters: Clusters, sides: tuple[Side, Side | None], known: pa.Table | None) -> pa.Table:
    members = [[_member(sides, node) for node in group] for group in clusters.groups()]
    rows = asked(CLUSTERS, known, name="known clusters").to_pylist() if known is not None else []
    ids = golden_ids(members, {(row["side"], row["key"]): row["golden_id"] for row in rows})
    told = sorted((side, key, one) for one, group in zip(ids, members, strict=True) for side, key in group)
    return made(CLUSTERS, dict(zip(("side", "key", "golden_id"), _columns(told, 3), strict=True)))


def _found(
    sides: tuple[Side, Side | None], config: IdentityConfig, numbers: tuple[Numbers, Numbers], labels: pa.Table | None
) -> tuple[list[Pair], str]:
    left, right = sides
    if not left.keys or (right is not None and not right.keys):
        return [], "One of the tables is empty."
    sure = list(proven(left, right or left, numbers, same=right is None))
    once = config.one_to_one and right is not None
    done = ({pair.left for pair in sure if pair.p == 1}, {pair.right for pair in sure if pair.p == 1})
    if config.kind == "people":
        people = same_people(left, right, config)
        if people is not None:
            return [*sure, *_new(people, sure, numbers)], ""
        alike, _ = same_things(left, right, config, nearest(left, right, config, numbers), done if once else _NOBODY)
        unsure = [pair._replace(p=min(pair.p, UNSURE)) for pair in alike]
        return [*sure, *_new(unsure, sure, numbers)], _UNLEARNT
    pairs = nearest(left, right, config, numbers)
    if labels is not None and len(labels) >= LEAST:
        return [*sure, *_new(learnt(left, right, config, pairs, labels), sure, numbers)], ""
    things, known = same_things(left, right, config, pairs, done if once else _NOBODY)
    return [*sure, *_new(things, sure, numbers)], "" if known else _FEW


def _new(pairs: Iterable[Pair], sure: Sequence[Pair], numbers: tuple[Numbers, Numbers]) -> list[Pair]:
    """Those that no number has decided, either way."""
    told = {(pair.left, pair.right) for pair in sure}
    return [
        pair for pair in pairs if (pair.left, pair.right) not in told and not excluded(numbers, pair.left, pair.right)
    ]


def _order(pair: Pair) -> tuple[bool, float, int, int]:
    return pair.rule != "identifier", -pair.p, pair.left, pair.right


def _member(sides: tuple[Side, Side | None], node: int) -> tuple[str, str]:
    left, right = sides
    if right is None or node < len(left.keys):
        return LEFT, left.keys[node]
    return RIGHT, right.keys[node - len(left.keys)]


def _table(judged: Sequence[Judged], sides: tuple[Side, Side | None]) -> pa.Table:
    left, right = sides[0], sides[1] or sides[0]
    rows = [
        (
            left.keys[one.pair.left],
            right.keys[one.pair.right],
            one.pair.p,
            one.outcome,
            one.pair.rule,
            f"{one.pair.why}; {one.refusal}" if one.refusal else one.pair.why,
            [part._asdict() for part in one.pair.parts],
        )
        for one in sorted(judged, key=lambda one: (-one.pair.p, one.pair.left, one.pair.right))
    ]
    return made(PAIRS, dict(zip((one.name for one in PAIRS.columns), _columns(rows, len(PAIRS.columns)), strict=True)))


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(count)]
