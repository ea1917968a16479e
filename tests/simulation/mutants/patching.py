"""Switch off one rule of the product while something is played: a function or a constant without it, put in its place.

The product has no flag for that. What is put in place is bound wherever the original is: in its own module, in those
that import it, in tables of functions. A rule that is no longer where it is looked for is an error, never a silence.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType
from typing import NamedTuple


class Patch(NamedTuple):
    """One function or constant, and what stands in its place."""

    original: object
    make: Callable[[], object]
    owner: object = None  #: where a constant is, for many are equal
    name: str = ""


class RuleMovedError(Exception):
    """The product has changed: the mutant must be told where its rule is now."""


def rewritten(function: Callable[..., object], *changes: tuple[str, str]) -> Patch:
    """The function with each first text, which must be in it once, replaced by the second."""
    return Patch(function, lambda: _rewritten(function, changes))


def instead(original: object, other: object) -> Patch:
    """The other one instead."""
    return Patch(original, lambda: other)


def constant(owner: object, name: str, value: object) -> Patch:
    """Another value for a constant of a module."""
    return Patch(getattr(owner, name), lambda: value, owner, name)


def _rewritten(function: Callable[..., object], changes: tuple[tuple[str, str], ...]) -> object:
    plain = inspect.unwrap(function)
    text = textwrap.dedent(inspect.getsource(plain))
    for old, new in changes:
        if text.count(old) != 1:
            raise RuleMovedError(f"{plain.__qualname__} has {text.count(old)} times: {old}")
        text = text.replace(old, new)
    made: dict[str, FunctionType] = {}
    code = compile("from __future__ import annotations\n" + text, inspect.getfile(plain), "exec")
    exec(code, vars(sys.modules[plain.__module__]), made)  # noqa: S102  our own source, one rule less
    return made[plain.__name__]


@contextmanager
def patched(patches: tuple[Patch, ...]) -> Iterator[None]:
    """All of them in place, until the end of the block."""
    with ExitStack() as undo:
        for patch in patches:
            _put(patch, undo)
        yield


def _put(patch: Patch, undo: ExitStack) -> None:
    other = patch.make()
    places = [(patch.owner, patch.name)] if patch.name else list(_bindings(patch.original))
    for owner, name in places:
        _bind(owner, name, other)
        undo.callback(_bind, owner, name, patch.original)
    if not places:
        raise RuleMovedError(f"{patch.original} is bound nowhere")


def _bindings(original: object) -> Iterator[tuple[object, object]]:
    """(module, class or table; name) of every place that holds the original."""
    for title, module in list(sys.modules.items()):
        if not title.startswith("syncline."):
            continue
        for name, value in list(vars(module).items()):
            if value is original:
                yield module, name
            elif isinstance(value, dict) and not name.startswith("__"):
                yield from ((value, key) for key, held in value.items() if held is original)
            elif inspect.isclass(value) and value.__module__ == title:
                yield from ((value, key) for key, held in list(vars(value).items()) if held is original)


def _bind(owner: object, name: object, value: object) -> None:
    if isinstance(owner, dict):
        owner[name] = value
    else:
        setattr(owner, str(name), value)
