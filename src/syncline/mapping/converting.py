"""What a converter is: a pair of pure steps, one for reading and one for writing, lifted to whole columns.

Null, empty and absent pass every converter untouched unless it says otherwise, so four-valued fields survive. Texts
that repeat are converted once: a bounded memory holds what the expensive steps made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from msgspec import UNSET

from syncline.errors import SetupError
from syncline.mapping.syntax import Argument, Call, Literal, unclear
from syncline.mapping.values import Column, ColumnStep, ShortWay, Step, is_blank
from syncline.model.definitions import Kind

_MEMORY = 50_000  # texts
_LONGEST_REMEMBERED = 200  # characters


class Converter(msgspec.Struct, frozen=True, kw_only=True):
    """Two steps that undo each other; None is a step that changes nothing."""

    get: Step | None = None
    put: Step | None = None
    get_column: ShortWay | None = None  #: what `get` makes of a whole column, where that can be told at once
    put_column: ShortWay | None = None
    remembers: bool = False  #: texts repeat and the steps are dear
    sees_blanks: bool = False  #: null, empty and absent come to the steps, too
    refers_to: str = ""  #: entity type, where the value is a reference
    choices: tuple[object, ...] = ()  #: all that a read can make, where that is a fixed list
    loses: str = ""  #: what a put cannot restore, for the reference page; empty where both ways agree


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One argument of a converter, for the reference page."""

    name: str
    meaning: str
    optional: bool = True
    repeats: bool = False


class ConverterSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A converter that mappings can name."""

    name: str
    summary: str
    example: str
    build: Callable[[Arguments], Converter]
    gives: Kind | None = None  #: what a read makes; None where that is not known
    keeps: bool = False  #: a read leaves the kind of a value as it is
    parameters: tuple[Parameter, ...] = ()


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """A step in its two forms: for one value, and for a page's column."""

    one: Step
    column: ColumnStep


class Arguments:
    """The arguments of one call; what is wrong with them is said with its position."""

    __slots__ = ("_call", "_text")

    def __init__(self, call: Call, text: str) -> None:
        self._call = call
        self._text = text

    def text(self, index: int, default: str | None = None) -> str:
        """Argument number `index` as it is written."""
        literal = self._literal(index, default)
        return str(default) if literal is None else literal.text

    def value(self, index: int) -> str | int | bool:
        """Argument number `index` by its meaning."""
        literal = self._literal(index, None)
        return "" if literal is None else literal.value

    def count(self, index: int, default: int | None = None, *, most: int = 100_000) -> int:
        """Argument number `index`, a whole number from 0 to `most`."""
        literal = self._literal(index, None if default is None else str(default))
        if literal is None:
            return int(str(default))
        if isinstance(literal.value, int) and not isinstance(literal.value, bool) and 0 <= literal.value <= most:
            return literal.value
        raise self.wrong(index, f"`{literal.text}` is not a whole number from 0 to {most}")

    def choice(self, index: int, choices: Iterable[str], default: str) -> str:
        """Argument number `index`, one of `choices`."""
        text, known = self.text(index, default), sorted(choices)
        if text in known:
            return text
        raise self.wrong(index, f"`{text}` is not one of {', '.join(known)}", did_you_mean(text, known))

    def pairs(self) -> tuple[Argument, ...]:
        """All arguments, each `key: value`."""
        for index, argument in enumerate(self._call.arguments):
            if argument.key is None:
                raise self.wrong(index, f"`{argument.value.text}` has no `:`", "Write pairs: enum(a: gold, b: silver).")
        return self._call.arguments

    def all(self) -> tuple[Literal, ...]:
        """All arguments, each a value."""
        return tuple(value for index in range(len(self)) if (value := self._literal(index, None)) is not None)

    def wrong(self, index: int, reason: str, cure: str = "") -> SetupError:
        """An error that points at an argument, or at the call where the argument is missing."""
        known = index < len(self)
        return unclear(self._text, self._call.arguments[index].value.at if known else self._call.at, reason, cure)

    def __len__(self) -> int:
        """How many arguments were given."""
        return len(self._call.arguments)

    def _literal(self, index: int, default: str | None) -> Literal | None:
        if index >= len(self):
            if default is not None:
                return None
            raise self.wrong(index, f"`{self._call.name}` needs {index + 1} argument{'s' if index else ''}")
        argument = self._call.arguments[index]
        if argument.key is not None or argument.wins:
            raise self.wrong(index, "a pair is not expected here", "Put text with a colon between quotes.")
        return argument.value


class _Memory(dict[object, object]):
    """Texts that were converted before; other values are converted each time, for 1 and true are equal as keys."""

    __slots__ = ("_step",)

    def __init__(self, step: Step) -> None:
        super().__init__({None: None, "": "", UNSET: UNSET})
        self._step = step

    def __missing__(self, value: object) -> object:
        made = self._step(value)
        if isinstance(value, str) and len(value) <= _LONGEST_REMEMBERED:
            if len(self) >= _MEMORY:
                self.clear()
                self.update({None: None, "": "", UNSET: UNSET})
            self[value] = made
        return made


def lift(step: Step, *, remembers: bool = False, sees_blanks: bool = False, short: ShortWay | None = None) -> Steps:
    """The step for one value and for a column; blanks pass by unless the step wants to see them."""
    if sees_blanks:
        return Steps(one=step, column=lambda values: [step(value) for value in values])

    def one(value: object) -> object:
        return value if is_blank(value) else step(value)

    column = _remembering(step, one) if remembers else _passing(step)
    return Steps(one=one, column=column if short is None else _first_short(short, column))


def reading(converter: Converter) -> tuple[Steps, ...]:
    """The converter's step for reading, lifted; nothing where it changes nothing."""
    return _lifted(converter, converter.get, converter.get_column)


def writing(converter: Converter) -> tuple[Steps, ...]:
    """The converter's step for writing, lifted; nothing where it changes nothing."""
    return _lifted(converter, converter.put, converter.put_column)


def _lifted(converter: Converter, step: Step | None, short: ShortWay | None) -> tuple[Steps, ...]:
    if step is None:
        return ()
    return (lift(step, remembers=converter.remembers, sees_blanks=converter.sees_blanks, short=short),)


def guarded(build: Callable[[Arguments], Converter]) -> Callable[[Arguments], Converter]:
    """A converter of the user's: what it trips over is a problem of that value, not the end of the page."""

    def built(arguments: Arguments) -> Converter:
        converter = build(arguments)
        return msgspec.structs.replace(
            converter, get=_caught(converter.get), put=_caught(converter.put), get_column=None, put_column=None
        )

    return built


def _caught(step: Step | None) -> Step | None:
    if step is None:
        return None

    def one(value: object) -> object:
        try:
            made = step(value)
        except (LookupError, ArithmeticError, TypeError, AttributeError) as error:
            msg = f"the project's converter failed: {error!r}"
            raise ValueError(msg) from error
        if made is UNSET:
            msg = "the project's converter made nothing of it; None is null"
            raise ValueError(msg)
        if isinstance(made, str) and type(made) is not str:
            msg = f"the project's converter made a {type(made).__name__} of it, which is no plain text"
            raise ValueError(msg)
        return made

    return one


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """The nearest known words as a cure."""
    names = list(known)
    import difflib  # noqa: PLC0415  only a mistake needs it

    near = difflib.get_close_matches(text, names, n=2, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(f'`{name}`' for name in near)}?"
    return f"Known are: {', '.join(sorted(names))}." if names else ""


def _first_short(short: ShortWay, column: ColumnStep) -> ColumnStep:
    def step(values: Column) -> Column:
        made = short(values) if values else None
        return column(values) if made is None else made

    return step


def _passing(step: Step) -> ColumnStep:
    def column(values: Column) -> Column:
        return [value if value is None or value is UNSET or value == "" else step(value) for value in values]

    return column


def _remembering(step: Step, one: Step) -> ColumnStep:
    recall = _Memory(step).__getitem__

    def column(values: Column) -> Column:
        try:
            return list(map(recall, values))
        except TypeError:  # a list or an object is no key
            return [one(value) for value in values]

    return column
