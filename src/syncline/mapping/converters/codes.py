"""Converters of code lists: the system's words for a fixed set of meanings; unknown words are problems."""

from __future__ import annotations

from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter, did_you_mean
from syncline.mapping.syntax import Argument
from syncline.mapping.values import Step, kind, plain_words
from syncline.model.definitions import Kind

Key = tuple[type, object]  # 1 and true are equal in Python, not in JSON

_YES = ("true", "yes", "y", "1", "t", "on")
_NO = ("false", "no", "n", "0", "f", "off")


def _key(value: object) -> Key:
    return type(value), value


def _table(pairs: list[tuple[Key, object, bool, int]], arguments: Arguments) -> dict[Key, object]:
    """One target for each key; where several pairs claim a key, exactly one of them wins."""
    found: dict[Key, object] = {}
    for key, target, _, index in pairs:
        claims = [pair for pair in pairs if pair[0] == key]
        winners = [pair for pair in claims if pair[2]]
        if len(claims) > 1 and len(winners) != 1:
            cure = "Put `~` before the one pair that wins."
            raise arguments.wrong(index, f"`{plain_words(key[1])}` stands in {len(claims)} pairs", cure)
        found[key] = winners[0][1] if winners else target
    return found


def _look_up(table: dict[Key, object]) -> Step:
    def step(value: object) -> object:
        key = _key(value)
        try:
            return table[key]
        except (KeyError, TypeError):
            known = [plain_words(known) for _, known in table]
            cure = did_you_mean(str(value), known)
            wrong_kind = f"it is {kind(value)} here; " if str(value) in known else ""
            msg = f"this value has no meaning in the mapping: {wrong_kind}{cure}"
            raise ValueError(msg) from None

    return step


def _pairs_to_steps(pairs: tuple[Argument, ...], arguments: Arguments) -> Converter:
    numbered = [
        (pair.key.value, pair.value.value, pair.wins, index) for index, pair in enumerate(pairs) if pair.key is not None
    ]
    reading = _table([(_key(wire), canonical, wins, index) for wire, canonical, wins, index in numbered], arguments)
    writing = _table([(_key(canonical), wire, wins, index) for wire, canonical, wins, index in numbered], arguments)
    choices = tuple(dict.fromkeys(canonical for _, canonical, _, _ in numbered))
    return Converter(get=_look_up(reading), put=_look_up(writing), choices=choices)


def _enum(arguments: Arguments) -> Converter:
    pairs = arguments.pairs()
    if not pairs:
        raise arguments.wrong(0, "`enum` has no pairs", "Write system value: canonical value, such as enum(a: gold).")
    return _pairs_to_steps(pairs, arguments)


def _boolean(arguments: Arguments) -> Converter:
    if not len(arguments):
        return Converter(get=_truth, put=_truth)
    turned = tuple(_turned(pair, index, arguments) for index, pair in enumerate(arguments.pairs()))
    return _pairs_to_steps(turned, arguments)


def _turned(pair: Argument, index: int, arguments: Arguments) -> Argument:
    if pair.key is not None and isinstance(pair.key.value, bool):
        return Argument(key=pair.value, value=pair.key, wins=pair.wins)
    raise arguments.wrong(index, "a pair of `boolean` begins with true or false", "Write boolean(true: J, false: N).")


def _truth(value: object) -> object:
    if isinstance(value, bool):
        return value
    text = plain_words(value).strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    msg = "this is neither yes nor no; name the words as in boolean(true: J, false: N)"
    raise ValueError(msg)


SPECS = (
    ConverterSpec(
        name="enum",
        summary="The system's values and what they mean; one to one, or `~` marks the pair that wins.",
        example="segment | enum(a: gold, b: silver, c: bronze)",
        build=_enum,
        parameters=(Parameter(name="pair", meaning="system value: canonical value", optional=False, repeats=True),),
    ),
    ConverterSpec(
        name="boolean",
        summary="Yes or no, in the system's words; without words, JSON's true and false are written.",
        example="active | boolean(true: J, false: N)",
        build=_boolean,
        gives=Kind.BOOLEAN,
        parameters=(Parameter(name="pair", meaning="true or false: system value", repeats=True),),
    ),
)
