"""The small language of a field: `path | converter(argument) | ...`, read by hand so that errors can point.

    expression = source { "|" call }
    source     = path | name "(" arguments ")"
    call       = name [ "(" arguments ")" ]
    argument   = [ "~" ] literal [ ":" literal ]

A literal is quoted text or bare words; bare whole numbers and `true` / `false` are numbers and yes or no, as in YAML.
"""

from __future__ import annotations

import re

import msgspec

from syncline.errors import SetupError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>[(),:|~])
      | (?P<word>(?:`[^`]*`|\[[^\]]*\]|[^\s"'(),:|~`\[\]])+)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_WRAPPED = re.compile(r"`[^`]*`|\[[^\]]*\]")
_WHOLE_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_TRUTHS = {"true": True, "false": False}
_LONGEST = 2000


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One word, quoted text or sign, and where it stands (1 is the first character)."""

    sort: str
    text: str
    at: int


class Literal(msgspec.Struct, frozen=True, kw_only=True):
    """One value as written."""

    text: str
    quoted: bool
    at: int

    @property
    def value(self) -> str | int | bool:
        """Bare whole numbers and truths by their meaning, all else as text."""
        if self.quoted:
            return self.text
        if _WHOLE_NUMBER.fullmatch(self.text):
            return int(self.text)
        return _TRUTHS.get(self.text, self.text)


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """`value`, `key: value`, or with a leading `~` the pair that wins where several claim the same."""

    key: Literal | None
    value: Literal
    wins: bool


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A name with its arguments."""

    name: str
    arguments: tuple[Argument, ...]
    at: int


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """What feeds a field, and the converters on the way."""

    source: Literal | Call
    calls: tuple[Call, ...]


def parse(text: str) -> Expression:
    """The expression in `text`; SetupError says at which position it stops making sense."""
    reader = _Reader(tokens(text), text)
    source = reader.source()
    calls = []
    while reader.takes("|"):
        calls.append(reader.call())
    reader.finish()
    return Expression(source=source, calls=tuple(calls))


def parse_calls(text: str) -> tuple[Call, ...]:
    """Converters alone, without a source: `phone(CN) | default(none)`."""
    reader = _Reader(tokens(text), text)
    calls = [reader.call()]
    while reader.takes("|"):
        calls.append(reader.call())
    reader.finish()
    return tuple(calls)


def tokens(text: str) -> list[Token]:
    """Words, quoted texts and signs, ended by a token of sort `end`."""
    if len(text) > _LONGEST:
        msg = f"The expression is longer than {_LONGEST} characters."
        raise SetupError(msg, cure="Use fewer, shorter steps.")
    found: list[Token] = []
    start = 0
    while not found or found[-1].sort != "end":
        match = _TOKEN.match(text, start)
        if match is None:
            raise unclear(text, len(text) - len(text[start:].lstrip()) + 1, "this is not closed or not allowed here")
        sort = str(match.lastgroup)
        found.append(Token(sort=sort, text=match[sort], at=match.start(sort) + 1))
        start = match.end()
    return found


def unclear(text: str, at: int, reason: str, cure: str = "") -> SetupError:
    """An error that points into the expression."""
    cure = cure or "Write a path and its converters, such as: phone | phone(CN)."
    return SetupError(f"At position {at} of `{text}`: {reason}.", cure=cure)


class _Reader:
    """Walks over tokens, one ahead."""

    __slots__ = ("_text", "_tokens")

    def __init__(self, found: list[Token], text: str) -> None:
        self._tokens = found[::-1]
        self._text = text

    def source(self) -> Literal | Call:
        name = self._words("a path or a function is missing")
        if self.takes("("):
            return Call(name=name.text, arguments=self._arguments(), at=name.at)
        if not name.quoted and " " not in _WRAPPED.sub("", name.text):
            return name
        raise unclear(
            self._text, name.at, "a path is one word", "Put a name with spaces between backticks: `account name`."
        )

    def call(self) -> Call:
        name = self._words("a converter is missing")
        arguments = self._arguments() if self.takes("(") else ()
        return Call(name=name.text, arguments=arguments, at=name.at)

    def takes(self, sign: str) -> bool:
        token = self._tokens[-1]
        if token.sort == "sign" and token.text == sign:
            self._tokens.pop()
            return True
        return False

    def finish(self) -> None:
        token = self._tokens[-1]
        if token.sort != "end":
            raise unclear(self._text, token.at, f"`{token.text}` was not expected here")

    def _arguments(self) -> tuple[Argument, ...]:
        found: list[Argument] = []
        while not self.takes(")"):
            if found and not self.takes(","):
                token = self._tokens[-1]
                raise unclear(self._text, token.at, "a `,` or `)` is missing", "Close the call with `)`.")
            found.append(self._argument())
        return tuple(found)

    def _argument(self) -> Argument:
        wins = self.takes("~")
        first = self._words("an argument is missing")
        if not self.takes(":"):
            return Argument(key=None, value=first, wins=wins)
        return Argument(key=first, value=self._words("a value after `:` is missing"), wins=wins)

    def _words(self, missing: str) -> Literal:
        first = self._tokens[-1]
        if first.sort == "text":
            self._tokens.pop()
            return Literal(text=re.sub(r"\\(.)", r"\1", first.text[1:-1], flags=re.DOTALL), quoted=True, at=first.at)
        words = []
        while self._tokens[-1].sort == "word":
            words.append(self._tokens.pop().text)
        if not words:
            raise unclear(self._text, first.at, missing)
        return Literal(text=" ".join(words), quoted=False, at=first.at)
