"""Hashes by which a record finds its possible entities without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b

from syncline.matching.words import FREE_MAIL, Kind, digits_of, domain_of, kind_of, name_of, normalise, text_of
from syncline.model.flow import MatchRule
from syncline.model.values import Value

_PHONE_TAIL = 7  #: digits that stay when country and area are written differently
_NAME_HEAD = 5  #: letters
_WORD_MIN = 4  #: letters; a shorter word tells too little to be a key alone


def match_key(rule: MatchRule, values: Mapping[str, Value]) -> int | None:
    """The key of an exact rule as a signed 64-bit number; None when a value is missing or empty."""
    parts: list[str] = []
    for field in rule.fields:
        part = normalise(text_of(values.get(field)))
        if not part:
            return None
        parts.append(part)
    return _hash("\x1f".join(parts))


def block_keys(rule: MatchRule, values: Mapping[str, Value]) -> tuple[int, ...]:
    """The keys of a scored rule: records that share one are worth a comparison. None at all: compare with nothing."""
    texts = {field: text_of(values.get(field)) for field in rule.fields}
    city = next((normalise(text) for field, text in texts.items() if kind_of(field) is Kind.CITY), "")
    keys = [key for field, text in texts.items() if text for key in _keys_of(kind_of(field), text, city)]
    if not keys:
        keys = [f"{field}:{normalise(text)}" for field, text in texts.items() if normalise(text)]
    return tuple(dict.fromkeys(_hash(key) for key in keys))


def _keys_of(kind: Kind, text: str, city: str) -> Iterator[str]:
    if kind is Kind.NAME:
        yield from _name_keys(text, city)
    elif kind is Kind.PHONE:
        if len(digits := digits_of(text)) >= _PHONE_TAIL:
            yield f"phone:{digits[-_PHONE_TAIL:]}"
    elif kind is Kind.EMAIL:
        if (domain := domain_of(text)) and domain not in FREE_MAIL:
            yield f"domain:{domain}"
        elif address := normalise(text):
            yield f"email:{address}"


def _name_keys(text: str, city: str) -> Iterator[str]:
    words = name_of(text).words
    if not words:
        return
    yield f"name:{words[0]}|{city}"
    yield f"head:{''.join(words)[:_NAME_HEAD]}"
    longest = max(sorted(words), key=len)
    if len(longest) >= _WORD_MIN:
        yield f"word:{longest}"  # finds the name whose words stand in another order


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
