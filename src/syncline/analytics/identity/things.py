"""Which products or companies are one: alike texts, with how sure that is, and what they have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncline.analytics.identity.decoys import Likely, likely, likely_within
from syncline.analytics.identity.identifiers import Numbers, possible
from syncline.analytics.identity.likeness import Near, Texts, near, texts_of
from syncline.analytics.identity.records import REVIEW, IdentityConfig, Pair, Part, Side
from syncline.matching.words import words_of

_SHOWN = 6  #: words in an explanation


def nearest(left: Side, right: Side | None, config: IdentityConfig, numbers: tuple[Numbers, Numbers]) -> Near:
    """For each record those that come near it and that no verified number excludes."""
    mine = _lines(left, config)
    if right is None:
        vectors = texts_of(mine, []).left
        return possible(near(Texts(vectors, vectors), same=True), numbers)
    return possible(near(texts_of(mine, _lines(right, config))), numbers)


def same_things(
    left: Side, right: Side | None, config: IdentityConfig, pairs: Near, done: tuple[set[int], set[int]]
) -> tuple[list[Pair], bool]:
    """Pairs above `REVIEW` among records that are not `done`; and whether probabilities could be learnt."""
    free = [
        place
        for place, (a, b) in enumerate(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
        if a not in done[0] and b not in done[1]
    ]
    some = Near(pairs.left[free], pairs.right[free], pairs.cosine[free])
    size = len(left.keys)
    found = likely_within(some, size) if right is None else likely(some, (size, len(right.keys)))
    return list(_pairs(found, left, right or left, config)), found.learnt


def _pairs(found: Likely, left: Side, right: Side, config: IdentityConfig) -> Iterator[Pair]:
    columns = (found.left.tolist(), found.right.tolist(), found.p.tolist(), found.cosine.tolist())
    for a, b, p, cosine in zip(*columns, strict=True):
        if p > REVIEW:
            parts = parts_of(left, right, a, b, config.fields)
            yield Pair(a, b, p, "likeness", f"texts {cosine:.2f} alike{_shared(parts)}", parts)


def parts_of(left: Side, right: Side, a: int, b: int, fields: Sequence[str]) -> tuple[Part, ...]:
    """Each field with its share of equal words, 0..1 (Jaccard)."""
    return tuple(
        Part(field, left.texts[field][a], right.texts[field][b], _jaccard(left.texts[field][a], right.texts[field][b]))
        for field in fields
    )


def _jaccard(a: str, b: str) -> float:
    mine, theirs = set(words_of(a)), set(words_of(b))
    return round(len(mine & theirs) / len(mine | theirs), 3) if mine | theirs else 0.0


def _shared(parts: Sequence[Part]) -> str:
    """The words of both, those with digits and long ones first: they tell most."""
    mine = {word for part in parts for word in words_of(part.l)}
    both = mine & {word for part in parts for word in words_of(part.r)}
    best = sorted(both, key=lambda word: (not any(map(str.isdigit, word)), -len(word), word))[:_SHOWN]
    return f", both have {', '.join(best)}" if best else ""


def _lines(side: Side, config: IdentityConfig) -> list[str]:
    return [" ".join(texts) for texts in zip(*(side.texts[field] for field in config.fields), strict=True)]
