"""Converters without a record around them: what a value is cleaned with, `spaces | trim`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast, final

from syncline.errors import SetupError
from syncline.mapping.compiling import compile_converters
from syncline.mapping.converting import ConverterSpec, reading
from syncline.mapping.fields import CANONICAL, Report, run
from syncline.mapping.values import Problem, Value


@final
class Cleaner:
    """Compiled converters; a value that they refuse stays as it is."""

    __slots__ = ("_steps", "text")

    def __init__(self, text: str, own: Iterable[ConverterSpec] = ()) -> None:
        converters = compile_converters(text, own)
        if any(one.refers_to for one in converters):
            msg = f"`{text}` makes a reference, which is nothing to clean."
            raise SetupError(msg, cure="Name converters of texts, numbers or times.")
        self.text = text
        self._steps = (*(steps for one in converters for steps in reading(one)), CANONICAL)

    def __call__(self, column: Sequence[Value]) -> list[Value]:
        """The column as it is when it is clean."""
        problems: list[Problem] = []
        made = cast("list[Value]", list(run(self._steps, list(column), Report(problems=problems))))
        for problem in problems:
            made[problem.row] = column[problem.row]
        return made

    def __repr__(self) -> str:
        """As it is written."""
        return f"Cleaner({self.text!r})"
