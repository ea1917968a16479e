"""From the YAML of a mapping to a lens, with an error for everything that could not work both ways."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from syncline.errors import SetupError
from syncline.mapping.converters import converters
from syncline.mapping.converting import (
    Arguments,
    Converter,
    ConverterSpec,
    Steps,
    did_you_mean,
    guarded,
    reading,
    writing,
)
from syncline.mapping.fields import (
    CANONICAL,
    Constant,
    Direct,
    Feed,
    FieldSet,
    Given,
    Joined,
    Writer,
    WritesDirect,
    WritesParts,
    path_steps,
)
from syncline.mapping.lens import Lens
from syncline.mapping.lines import Lines
from syncline.mapping.paths import Path, parse_path
from syncline.mapping.splits import Split, feeds_of_splits, split_of, writers_of_splits
from syncline.mapping.syntax import Call, Expression, Literal, parse, parse_calls, unclear
from syncline.model.definitions import Kind

_NAME = re.compile(r"\w[\w-]*")
_LONG_KEYS = ("path", "convert", "one-way")
_LINES_KEYS = ("each", "key", "map", "one-way")
_SOURCES = ("const", "concat", "split")
_ONE_WAY = "one-way"
_DEEPEST = 3


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The converters that a mapping may name, and how deep in lines it stands."""

    known: Mapping[str, ConverterSpec]
    depth: int = 0


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One compiled entry of a mapping."""

    name: str
    feed: Feed | None = None
    writer: Writer | None = None
    split: Split | None = None  #: its feed and writer are made together with the others of the same path
    references: Mapping[str, str]
    loses: str = ""
    given: Given = Given()


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """An expression as it stands in the mapping, and whose it is."""

    field: str
    text: str
    expression: Expression
    converters: tuple[Converter, ...]
    one_way: bool
    given: Given

    @property
    def reading(self) -> tuple[Steps, ...]:
        """The converters, first to last."""
        return (*(steps for one in self.converters for steps in reading(one)), CANONICAL)

    @property
    def writing(self) -> tuple[Steps, ...]:
        """The converters, last to first."""
        return tuple(steps for one in reversed(self.converters) for steps in writing(one))

    @property
    def references(self) -> dict[str, str]:
        """The entity that the field points at, if it does."""
        entities = [one.refers_to for one in self.converters if one.refers_to]
        return dict.fromkeys([self.field], entities[-1]) if entities else {}


def compile_lens(spec: Mapping[str, object], *, where: str = "", own: Iterable[ConverterSpec] = ()) -> Lens:
    """The lens of the `map:` of a system; SetupError names the field, the position and the cure.

    Args:
        spec: Canonical field -> expression, long form, or lines.
        where: The place in the configuration, for errors.
        own: Converters of the user's project, besides those that are shipped.
    """
    try:
        return Lens(_field_set(spec, _scope(own)))
    except SetupError as error:
        place = f"{where}: " if where else ""
        msg = f"{place}{error.what}"
        raise SetupError(msg, cure=error.cure) from None


def compile_converters(text: str, own: Iterable[ConverterSpec] = ()) -> tuple[Converter, ...]:
    """Converters alone, first to last: `spaces | trim`. SetupError says at which position they stop making sense."""
    scope = _scope(own)
    return tuple(_converter(call, text, scope) for call in parse_calls(text))


def _scope(own: Iterable[ConverterSpec]) -> Scope:
    added = {spec.name: msgspec.structs.replace(spec, build=guarded(spec.build)) for spec in own}
    for name in added:
        if name in converters() or name in (*_SOURCES, _ONE_WAY):
            msg = f"The converter `{name}` of the project has the name of a shipped one."
            raise SetupError(msg, cure="Give it a name of its own.")
    return Scope(known={**converters(), **added})


def _field_set(spec: object, scope: Scope) -> FieldSet:
    if not isinstance(spec, Mapping) or not spec:
        raise SetupError("A mapping has no fields.", cure="Write `canonical field: path in the record`.")
    if scope.depth > _DEEPEST:
        msg = f"Lines are nested deeper than {_DEEPEST} times."
        raise SetupError(msg, cure="Map the inner ones as `| json`.")
    fields = [_named(name, entry, scope) for name, entry in spec.items()]
    writers = [field.writer for field in fields if field.writer is not None]
    splits = [field.split for field in fields if field.split is not None]
    writers += writers_of_splits(splits)
    _refuse_crossing(writers)
    feeds = {field.name: field.feed for field in fields if field.feed is not None} | feeds_of_splits(splits)
    return FieldSet(
        feeds={field.name: feeds[field.name] for field in fields},
        writers=tuple(writers),
        references={name: entity for field in fields for name, entity in field.references.items()},
        loses={field.name: field.loses for field in fields if field.loses},
        gives={field.name: field.given for field in fields},
    )


def _named(name: object, entry: object, scope: Scope) -> Field:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        cure = "Use letters, digits, `_` and `-`; between quotes if YAML takes it for a number or a truth."
        msg = f"`{name}` is not a name of a canonical field."
        raise SetupError(msg, cure=cure)
    try:
        if isinstance(entry, Mapping) and "each" in entry:
            return _lines(name, entry, scope)
        wording = _wording(name, entry, scope)
        return msgspec.structs.replace(_field(name, wording), given=wording.given)
    except SetupError as error:
        msg = f"field {name}: {error.what}"
        raise SetupError(msg, cure=error.cure) from None


def _field(name: str, wording: Wording) -> Field:
    source = wording.expression.source
    loses = "; ".join(one.loses for one in wording.converters if one.loses)
    if isinstance(source, Literal):
        path = parse_path(source.text)
        writer = WritesDirect(fields=(name,), path=path, writing=wording.writing)
        feed = Direct(path=path, reading=path_steps(path) + wording.reading)
        return Field(
            name=name,
            feed=feed,
            writer=None if wording.one_way else writer,
            references=wording.references,
            loses=loses,
        )
    if source.name == "const":
        return Field(name=name, feed=_constant(source, wording), references=wording.references)
    if source.name == "split":
        return _split(source, wording, loses)
    return _concat(source, wording, loses)


def _constant(call: Call, wording: Wording) -> Feed:
    arguments = Arguments(call, wording.text)
    _refuse_more(call, arguments, 1)
    value = arguments.value(0)
    if wording.converters:
        cure = "Write the canonical value itself."
        raise unclear(wording.text, call.at, "a constant takes no converters", cure)
    return Constant(value=value)


def _split(call: Call, wording: Wording, loses: str) -> Field:
    arguments = Arguments(call, wording.text)
    _refuse_more(call, arguments, 3)
    path, index, separator = split_of(arguments)
    split = Split(
        field=wording.field,
        path=path,
        index=index,
        separator=separator,
        one_way=wording.one_way,
        reading=wording.reading,
        writing=wording.writing,
    )
    return Field(name=wording.field, split=split, references=wording.references, loses=loses)


def _concat(call: Call, wording: Wording, loses: str) -> Field:
    paths: list[Path] = []
    separators: list[str] = []
    for index, literal in enumerate(Arguments(call, wording.text).all()):
        if not literal.quoted:
            separators += [" "] if len(separators) < len(paths) else []
            paths.append(parse_path(literal.text))
        elif not paths or len(separators) == len(paths) or not literal.text:
            cure = 'Write the text between two paths: concat(last, ", ", first).'
            raise Arguments(call, wording.text).wrong(index, "a separator is not expected here", cure)
        else:
            separators.append(literal.text)
    if len(paths) < 2 or len(separators) >= len(paths):  # noqa: PLR2004  two paths are a pair
        raise unclear(wording.text, call.at, "`concat` needs two paths or more", "Write concat(first, last).")
    feed = Joined(paths=tuple(paths), separators=tuple(separators), reading=wording.reading)
    writer = WritesParts(
        fields=(wording.field,), paths=tuple(paths), separators=tuple(separators), writing=wording.writing
    )
    return Field(
        name=wording.field,
        feed=feed,
        writer=None if wording.one_way else writer,
        references=wording.references,
        loses=loses,
    )


def _lines(name: str, entry: Mapping[object, object], scope: Scope) -> Field:
    _refuse_unknown(entry, _LINES_KEYS)
    each, one_way = entry["each"], _is_one_way(entry)
    if not isinstance(each, str):
        raise SetupError("`each` must be the path of a list.", cure="Write each: order_lines.")
    inner = _field_set(entry.get("map"), msgspec.structs.replace(scope, depth=scope.depth + 1))
    written = entry.get("key")
    parts = written.split("/") if isinstance(written, str) else written
    if not isinstance(parts, Sequence) or not parts or not all(isinstance(part, str) for part in parts):
        raise SetupError("`key` is missing: it names a line.", cure="Name fields of its `map`, such as key: line_no.")
    for part in parts:
        if part not in inner.names:
            msg = f"the key `{part}` is not in its `map`."
            raise SetupError(msg, cure=did_you_mean(part, inner.names))
    lines = Lines(name=name, path=parse_path(each), key=tuple(parts), inner=inner)
    references = {f"{name}.{field}": entity for field, entity in inner.references.items()}
    loses = "; ".join(f"{field}: {what}" for field, what in inner.loses.items())
    return Field(name=name, feed=lines, writer=None if one_way else lines, references=references, loses=loses)


def _wording(name: str, entry: object, scope: Scope) -> Wording:
    if isinstance(entry, Mapping):
        return _long(name, entry, scope)
    if not isinstance(entry, str):
        msg = f"`{entry}` is not an expression."
        raise SetupError(msg, cure="Write a path; a fixed value is const(...).")
    expression = parse(entry)
    source = expression.source
    if isinstance(source, Call) and source.name not in _SOURCES:
        raise _no_source(source, entry, scope)
    calls = [call for call in expression.calls if call.name != _ONE_WAY]
    made = tuple(_converter(call, entry, scope) for call in calls)
    return Wording(
        field=name,
        text=entry,
        expression=expression,
        converters=made,
        one_way=len(calls) < len(expression.calls),
        given=_given(source, [scope.known[call.name] for call in calls], made),
    )


def _given(source: Literal | Call, specs: Sequence[ConverterSpec], made: Sequence[Converter]) -> Given:
    """What the last converter gives that does not hand on what it got; texts that are joined or split are texts."""
    if isinstance(source, Call) and source.name == "const":
        return Given(choices=tuple(argument.value.value for argument in source.arguments))
    given = Given(kind=Kind.TEXT if isinstance(source, Call) else None)
    for spec, converter in zip(specs, made, strict=True):
        if not spec.keeps:
            given = Given(kind=spec.gives, choices=converter.choices)
    return given


def _long(name: str, entry: Mapping[object, object], scope: Scope) -> Wording:
    _refuse_unknown(entry, _LONG_KEYS)
    path, convert = entry.get("path"), entry.get("convert", [])
    if not isinstance(path, str):
        raise SetupError("`path` is missing.", cure="Write {path: phone, convert: [phone(CN)]}.")
    steps = [convert] if isinstance(convert, str) else convert
    if not isinstance(steps, Sequence) or not all(isinstance(step, str) for step in steps):
        raise SetupError("`convert` is not a list of converters.", cure="Write convert: [trim, phone(CN)].")
    # one text, so that positions mean the same as in the short form
    text = " | ".join([path, *steps])
    for step in steps:
        parse_calls(step)
    wording = _wording(name, text, scope)
    return msgspec.structs.replace(wording, one_way=wording.one_way or _is_one_way(entry))


def _no_source(call: Call, text: str, scope: Scope) -> SetupError:
    if call.name in scope.known:
        cure = f"Write a path before it: name_of_field | {call.name}."
    else:
        cure = did_you_mean(call.name, _SOURCES)
    return unclear(text, call.at, f"`{call.name}` is no function that reads a record", cure)


def _converter(call: Call, text: str, scope: Scope) -> Converter:
    spec = scope.known.get(call.name)
    if spec is None:
        cure = did_you_mean(call.name, [*scope.known, _ONE_WAY])
        raise unclear(text, call.at, f"there is no converter `{call.name}`", cure)
    arguments = Arguments(call, text)
    if not any(parameter.repeats for parameter in spec.parameters):
        _refuse_more(call, arguments, len(spec.parameters))
    return spec.build(arguments)


def _refuse_more(call: Call, arguments: Arguments, most: int) -> None:
    if len(arguments) > most:
        takes = f"at most {most} argument{'s' if most > 1 else ''}" if most else "no arguments"
        raise arguments.wrong(most, f"`{call.name}` takes {takes}", "Put text with commas between quotes.")


def _refuse_unknown(entry: Mapping[object, object], known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            msg = f"`{key}` is not known here."
            raise SetupError(msg, cure=did_you_mean(str(key), known))


def _is_one_way(entry: Mapping[object, object]) -> bool:
    one_way = entry.get(_ONE_WAY, False)
    if not isinstance(one_way, bool):
        raise SetupError("`one-way` must be true or false.", cure="Write one-way: true.")
    return one_way


def _refuse_crossing(writers: Sequence[Writer]) -> None:
    """No two fields may write the same value, or a value within another's."""
    owners: list[tuple[str, Path]] = []
    for writer in writers:
        for path in writer.paths:
            for field, other in owners:
                if path.crosses(other):
                    msg = f"fields {field} and {writer.fields[0]} both write `{path}`."
                    raise SetupError(
                        msg,
                        cure="Put `| one-way` behind the one that is only read.",
                    )
            owners.append((writer.fields[0], path))
