r"""Patterns over strangers' texts, in time that grows with the text alone.

A pattern is a regular expression without what makes those slow: no look-around, no reference back. It is compiled to
an automaton that is in one set of states per character, so there is nothing to go back to: `(a+)+b` over a thousand
characters takes a thousand steps. What is met again is remembered, bounded. The whole text must match.

    text  . any   [a-z_] [^0-9]   \d \w \s \D \W \S   ( | )   ? * + {3} {2,5} {1,}
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

LONGEST_PATTERN = 200  #: characters
LONGEST_TEXT = 1000  #: characters; a longer text matches nothing
MOST_STATES = 2000  #: of the automaton, with every repetition written out
_MOST_REMEMBERED = 20_000  #: steps
_SPECIAL = "|)?*+{"

Chars = Callable[[str], bool]


class Node(NamedTuple):
    """A piece of a pattern: one character, a sequence, a choice, or a repetition of its first part."""

    sort: str  #: "one", "all", "any", "many"
    chars: Chars | None = None
    parts: tuple[Node, ...] = ()
    least: int = 0
    most: int | None = None  #: None: without end


class Pattern:
    """A compiled pattern. ValueError says what cannot be understood, and where."""

    __slots__ = ("_accepts", "_arrows", "_free", "_jumps", "_sets", "_start", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._free: list[list[int]] = []  #: state -> states reached without a character
        self._jumps: list[tuple[Chars, int] | None] = []  #: state -> (characters, state that follows)
        tree = _Reader(text).tree()
        begin, end = self._state(), self._state()
        self._build(tree, begin, end)
        self._accepts = end
        self._start = self._closed({begin})
        self._sets: dict[frozenset[int], frozenset[int]] = {}
        self._arrows: dict[tuple[frozenset[int], str], frozenset[int]] = {}

    def matches(self, text: str) -> bool:
        """Does the whole text look like the pattern?"""
        if len(text) > LONGEST_TEXT:
            return False
        now, arrows = self._start, self._arrows
        for char in text:
            after = arrows.get((now, char))
            now = self._step(now, char) if after is None else after
            if not now:
                return False
        return self._accepts in now

    def _step(self, now: frozenset[int], char: str) -> frozenset[int]:
        jumps = (self._jumps[state] for state in now)
        found = self._closed({jump[1] for jump in jumps if jump is not None and jump[0](char)})
        if len(self._arrows) >= _MOST_REMEMBERED:
            self._arrows.clear()
            self._sets.clear()
        found = self._sets.setdefault(found, found)
        self._arrows[now, char] = found
        return found

    def _closed(self, states: set[int]) -> frozenset[int]:
        waiting = list(states)
        while waiting:
            for other in self._free[waiting.pop()]:
                if other not in states:
                    states.add(other)
                    waiting.append(other)
        return frozenset(states)

    def _state(self) -> int:
        if len(self._free) >= MOST_STATES:
            msg = f"the pattern is too large: more than {MOST_STATES} steps with every repetition written out"
            raise ValueError(msg)
        self._free.append([])
        self._jumps.append(None)
        return len(self._free) - 1

    def _build(self, node: Node, begin: int, end: int) -> None:
        """Let `node` lead from one state to another."""
        if node.chars is not None:
            self._jumps[begin] = (node.chars, end)
        elif node.sort == "any":
            for part in node.parts:
                first, last = self._state(), self._state()
                self._free[begin].append(first)
                self._build(part, first, last)
                self._free[last].append(end)
        elif node.sort == "many":
            self._repeat(node, begin, end)
        else:
            self._chain(node.parts, begin, end)

    def _chain(self, parts: tuple[Node, ...], begin: int, end: int) -> None:
        for part in parts:
            after = self._state()
            self._build(part, begin, after)
            begin = self._state()
            self._free[after].append(begin)
        self._free[begin].append(end)

    def _repeat(self, node: Node, begin: int, end: int) -> None:
        inner = node.parts[0]
        for _ in range(node.least):
            begin = self._once(inner, begin)
        if node.most is None:
            loop = self._state()
            self._free[begin].append(loop)
            self._free[loop].append(end)
            self._free[self._once(inner, loop)].append(loop)
            return
        for _ in range(node.most - node.least):
            self._free[begin].append(end)
            begin = self._once(inner, begin)
        self._free[begin].append(end)

    def _once(self, inner: Node, begin: int) -> int:
        first, last = self._state(), self._state()
        self._free[begin].append(first)
        self._build(inner, first, last)
        return last


class _Reader:
    """Walks over the text of a pattern."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST_PATTERN:
            msg = f"the pattern is longer than {LONGEST_PATTERN} characters"
            raise ValueError(msg)
        self._text = text.removeprefix("^")
        if self._text.endswith("$") and not self._text.endswith("\\$"):
            self._text = self._text[:-1]
        self._at = 0

    def tree(self) -> Node:
        """The whole pattern."""
        found = self._choice()
        if self._at < len(self._text):
            raise self._unclear("this `)` closes nothing")
        return found

    def _choice(self) -> Node:
        parts = [self._sequence()]
        while self._takes("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Node("any", parts=tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated())
        return Node("all", parts=tuple(parts))

    def _repeated(self) -> Node:
        if self._text[self._at] in _SPECIAL:
            raise self._unclear(f"`{self._text[self._at]}` repeats nothing")
        node = self._atom()
        for sign, least, most in (("?", 0, 1), ("*", 0, None), ("+", 1, None)):
            if self._takes(sign):
                return self._once_only(Node("many", parts=(node,), least=least, most=most))
        if self._takes("{"):
            return self._once_only(self._counted(node))
        return node

    def _once_only(self, node: Node) -> Node:
        if self._at < len(self._text) and self._text[self._at] in "?*+{":
            raise self._unclear("a repetition is repeated; put it between brackets")
        return node

    def _counted(self, node: Node) -> Node:
        inside, close, _ = self._text[self._at :].partition("}")
        first, comma, last = inside.partition(",")
        told = [one for one in (first, last) if one]
        if not close or not first or not all(one.isascii() and one.isdecimal() for one in told):
            raise self._unclear("write {3}, {2,5} or {1,}")
        least = int(first)
        most = (int(last) if last else None) if comma else least
        if max(least, most or 0) > MOST_STATES or (most is not None and most < least):
            raise self._unclear("these counts make no sense")
        self._at += len(inside) + 1
        return Node("many", parts=(node,), least=least, most=most)

    def _atom(self) -> Node:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return Node("one", chars=self._set())
        if char == ".":
            return Node("one", chars=_anything)
        if char in "^$":
            raise self._unclear("the whole text must match anyway; write \\^ or \\$ for the character")
        return Node("one", chars=self._escaped() if char == "\\" else _exactly(char))

    def _group(self) -> Node:
        if self._text.startswith("?", self._at):
            if not self._text.startswith("?:", self._at):
                raise self._unclear("look-around and named groups are not known here")
            self._at += 2
        node = self._choice()
        if not self._takes(")"):
            raise self._unclear("a `)` is missing")
        return node

    def _escaped(self) -> Chars:
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isalnum():
            raise self._unclear(f"`\\{char}` is not known here")
        return _exactly(char)

    def _set(self) -> Chars:
        turned = self._takes("^")
        members = list(self._members())
        if turned:
            return lambda char: not any(one(char) for one in members)
        return lambda char: any(one(char) for one in members)

    def _members(self) -> Iterator[Chars]:
        first = True
        while first or not self._takes("]"):
            first = False
            char = self._next()
            if char == "\\":
                yield self._escaped()
            elif self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                last = self._next()
                if last == "\\" or last < char:
                    raise self._unclear("this span makes no sense")
                yield _between(char, last)
            else:
                yield _exactly(char)

    def _takes(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._at)
        self._at += len(sign) if found else 0
        return found

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise self._unclear("it ends too early")
        self._at += 1
        return self._text[self._at - 1]

    def _unclear(self, reason: str) -> ValueError:
        return ValueError(f"at position {self._at + 1} of the pattern: {reason}")


def _anything(_char: str) -> bool:
    return True


def _exactly(wanted: str) -> Chars:
    return wanted.__eq__


def _between(first: str, last: str) -> Chars:
    return lambda char: first <= char <= last


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


_CLASSES: dict[str, Chars] = {
    "d": str.isdecimal,
    "D": lambda char: not char.isdecimal(),
    "w": _is_word,
    "W": lambda char: not _is_word(char),
    "s": str.isspace,
    "S": lambda char: not char.isspace(),
}
