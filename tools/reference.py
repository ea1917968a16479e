"""Writes docs/reference from the code, so that the reference cannot say anything else than the program does.

    make docs

A test compares what is there with what this would write.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, IntEnum, StrEnum
from pathlib import Path
from typing import Any, cast

import typer
from typer.core import TyperGroup

from syncline.cli import app
from syncline.cli.ending import EPILOG
from syncline.cli.lazy import SECTIONS, everywhere
from syncline.config import parts, schema
from syncline.connectors import find, names
from syncline.connectors.spec import Spec
from syncline.mapping import ConverterSpec, converters
from syncline.mapping.converters import codes, identifiers, numbers, shapes, texts, times, world
from syncline.mapping.converting import Arguments, Parameter
from syncline.mapping.syntax import Call, parse
from syncline.model.flow import DeletePolicy, Direction, Empties, RuleKind
from syncline.model.ledger import ReadOutcome, SentOutcome
from syncline.model.quality import RuleSort, Severity
from tools import contracts, entities

Part = Mapping[str, object]  #: a piece of JSON Schema

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "<!-- Made by tools/reference.py; change the code, then run `make docs`. -->"
SHARED = tuple(inspect.signature(everywhere).parameters)

_BOOL = "true or false"
_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": _BOOL, "object": "a mapping"}


def main() -> None:
    """Write every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).parent.mkdir(exist_ok=True)
        (FOLDER / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """File name -> what it holds."""
    made = {
        "commands.md": _commands(),
        "converters.md": _converters(),
        "settings.md": _settings(),
        "rules.md": _rules(),
        "exit-codes.md": _exit_codes(),
        "contracts.md": _contracts(),
        "syncline.schema.json": _json(schema()),
    }
    made |= {name: _page(*blocks) for name, blocks in entities.pages(_table)}
    for spec in map(find, names()):
        made[f"connector-{spec.name}.md"] = _connector(spec)
        made[f"connector-{spec.name}.schema.json"] = _json(spec.schema())
    return made


def _json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _page(*blocks: str) -> str:
    return "\n\n".join([MADE, *filter(None, blocks)]) + "\n"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(one) for one in line)} |" for line in lines) if rows else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


# --- commands ---------------------------------------------------------------------------------------------------------


def _commands() -> str:
    top = cast("TyperGroup", typer.main.get_command(app))
    context = _context(top, "syncline")
    shared = [param for param in top.get_params(context) if param.name in SHARED]
    blocks = ["# Commands", "Every command takes these options, before its name or behind it."]
    blocks.append(_table(["option", "meaning"], [_option(param, context) for param in shared]))
    blocks.append("What the exit codes mean is told in [exit-codes.md](exit-codes.md).")
    for section, listed in SECTIONS.items():
        blocks.append(f"## {section}")
        for name in listed:
            command = top.get_command(context, name)
            blocks += _command(f"syncline {name}", command)
    return _page(*blocks)


def _context(command: Any, name: str) -> Any:  # noqa: ANN401  a context of click, whose home differs by version
    return command.context_class(command, info_name=name)


def _command(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401  see above
    context = _context(command, name)
    if isinstance(command, TyperGroup):
        yield f"### `{name}`"
        yield _prose(command.help)
        for child in command.list_commands(context):
            yield from _command(f"{name} {child}", command.get_command(context, child))
        return
    own = [param for param in command.get_params(context) if param.name not in (*SHARED, "help")]
    usage = " ".join(["[OPTIONS]", *_usage(own, context)])
    yield f"### `{name}`"
    yield f"```text\n{name} {usage}\n```"
    yield _prose(command.help)
    yield _table(["option", "meaning"], [_option(param, context) for param in own])


def _usage(params: Sequence[Any], context: Any) -> list[str]:  # noqa: ANN401  see above
    return [str(piece) for param in params for piece in param.get_usage_pieces(context)]


def _prose(text: str | None) -> str:
    return inspect.cleandoc(text or "")


def _option(param: Any, context: Any) -> tuple[str, str]:  # noqa: ANN401  see above
    written, meaning = param.get_help_record(context)
    return f"`{re.sub(r' <[^>]*>', '', written).strip()}`", re.sub(r"\s*\[required\]", "", meaning)


def _exit_codes() -> str:
    rows = [re.split(r"\s+", line.strip(), maxsplit=1) for line in EPILOG.splitlines()[1:]]
    told = "Kept for good, so that scripts can rely on them."
    return _page("# Exit codes", told, _table(["code", "meaning"], [(f"`{code}`", said) for code, said in rows]))


# --- mappings ---------------------------------------------------------------------------------------------------------

_GROUPS = {
    "Texts": texts, "Numbers": numbers, "Times": times, "Codes": codes, "The world": world,
    "Identifiers": identifiers, "Shapes": shapes,
}  # fmt: skip


def _converters() -> str:
    blocks = [
        "# Converters",
        """Written behind the path of a field: `price: "amount | decimal(2)"`. The record's value is on the left, the
canonical one on the right; when the system is written, the same converters are applied backwards.""",
        "Null, empty and absent values pass every converter unless its line says otherwise.",
    ]
    for title, module in _GROUPS.items():
        specs = [spec for spec in converters().values() if spec in module.SPECS]
        blocks.append(f"## {title}")
        blocks += [_converter(spec) for spec in specs]
    return _page(*blocks)


def _converter(spec: ConverterSpec) -> str:
    lines = [f"### `{spec.name}`", "", spec.summary, "", f"    {spec.example}"]
    told = [_parameter(parameter) for parameter in spec.parameters]
    if told:
        lines += ["", _table(["argument", "meaning", "needed"], told)]
    lost = _loses(spec)
    if lost:
        lines += ["", f"Not restored when it is written: {lost}."]
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> tuple[str, str, str]:
    name = f"`{parameter.name}`{' ...' if parameter.repeats else ''}"
    return name, parameter.meaning, "no" if parameter.optional else "yes"


def _loses(spec: ConverterSpec) -> str:
    """What the converter of the example cannot restore."""
    call = next(one for one in _calls(spec.example) if one.name == spec.name)
    return spec.build(Arguments(call, spec.example)).loses


def _calls(text: str) -> tuple[Call, ...]:
    return parse(text).calls


# --- settings ---------------------------------------------------------------------------------------------------------


def _settings() -> str:
    whole = schema()
    listed = cast("Mapping[str, Part]", whole["$defs"])
    return _page(
        "# Settings",
        "The shape of `syncline.yaml`. An editor that knows JSON Schema completes and checks it with "
        "[syncline.schema.json](syncline.schema.json): begin the file with "
        "`# yaml-language-server: $schema=docs/reference/syncline.schema.json` and the path to your copy.",
        "`!include FILE` stands for the contents of a file of the project folder. `${NAME}` is filled in from the "
        "environment, `${NAME:-default}` too, `${secret:NAME}` from [the secrets](../how-to/keep-secrets.md).",
        "## The file", _properties(whole, {}, listed),
        *_sections(listed, vars(parts)),
        "The options of a system follow from its connector: "
        + ", ".join(f"[{name}](connector-{name}.md)" for name in names()) + ".",
    )  # fmt: skip


def _connector(spec: Spec) -> str:
    whole = spec.schema()
    listed = dict(cast("Mapping[str, Part]", whole["$defs"]))
    first = listed.pop(_named(whole))
    known = _structs(spec.settings)
    return _page(
        f"# Connector `{spec.name}`", spec.summary,
        f"As JSON Schema: [connector-{spec.name}.schema.json](connector-{spec.name}.schema.json).",
        "## Options", _properties(first, _notes(spec.settings), listed),
        *_sections(listed, known),
    )  # fmt: skip


def _structs(settings: type) -> dict[str, object]:
    """Every name that the modules of a connector's options know, so that a part of them is found by its title."""
    module = inspect.getmodule(settings)
    return dict(vars(module)) if module else {}


def _sections(listed: Mapping[str, Part], known: Mapping[str, object]) -> Iterator[str]:
    for name, part in listed.items():
        made = known.get(name)
        yield f"## {name}"
        yield str(part.get("description", ""))
        yield f"One of {_kind(part)}." if "enum" in part else ""
        yield _properties(part, _notes(made) if isinstance(made, type) else {}, listed)


def _properties(part: Part, notes: Mapping[str, str], listed: Mapping[str, Part]) -> str:
    needed = cast("Sequence[str]", part.get("required", ()))
    rows = []
    for name, kind in cast("Mapping[str, Part]", part.get("properties", {})).items():
        meaning = str(kind.get("description") or notes.get(name) or _of_part(kind, listed))
        usual = "needed" if name in needed else _usual(kind.get("default"))
        rows.append((f"`{name}`", _kind(kind), usual, meaning))
    return _table(["setting", "value", "usual", "meaning"], rows)


def _usual(value: object) -> str:
    return "" if value in (None, "", {}, []) or isinstance(value, dict) else f"`{json.dumps(value)}`"


def _of_part(kind: Part, listed: Mapping[str, Part]) -> str:
    """What the part is for that may stand here."""
    named = next((_named(one) for one in (kind, *_choices(kind)) if "$ref" in one), "")
    return str(listed.get(named, {}).get("description", ""))


def _named(kind: Part) -> str:
    return str(kind["$ref"]).rpartition("/")[2]


def _choices(kind: Part) -> Sequence[Part]:
    listed = cast("Sequence[Part]", kind.get("anyOf") or kind.get("oneOf") or ())
    return [one for one in listed if one.get("type") != "null"]


def _kind(kind: Part) -> str:
    """One line about what may stand here."""
    if "$ref" in kind:
        return f"[{_named(kind)}](#{_named(kind).lower()})"
    if "enum" in kind:
        return ", ".join(f"`{one}`" for one in cast("Sequence[object]", kind["enum"]))
    if _choices(kind):
        return " or ".join(dict.fromkeys(map(_kind, _choices(kind))))
    return _plain(kind)


def _plain(kind: Part) -> str:
    given = kind.get("type", "anything")
    if isinstance(given, list):
        return " or ".join(_TYPES.get(str(one), str(one)) for one in given)
    if given == "array":
        return f"a list of {_kind(cast('Part', kind.get('items') or {}))}"
    inner = kind.get("additionalProperties")
    if given == "object" and isinstance(inner, dict) and inner:
        return f"a mapping to {_kind(inner)}"
    return _TYPES.get(str(given), str(given))


def _notes(made: type) -> dict[str, str]:
    """The `#:` notes of a class, by the name that they stand behind."""
    return dict(re.findall(r"^ {4}(\w+)\b[^\n]*?#: ([^\n]+)$", inspect.getsource(made), re.MULTILINE))


# --- contracts --------------------------------------------------------------------------------------------------------


def _contracts() -> str:
    rows, found = contracts.shipped(), contracts.findings()
    return _page(
        "# Contracts and what follows from them", contracts.ABOUT,
        "## Claims", _table(*contracts.claims(rows)), contracts.LETTERS, _table(*contracts.times(rows)),
        "## Promises", _table(*contracts.promised(rows)), contracts.EVERYWHERE,
        "## Measured", contracts.SEEN, _table(*contracts.measured(rows, found)), contracts.TIERS,
        "## Connectors", contracts.CONNECTORS, _table(*contracts.connectors(found)),
    )  # fmt: skip


# --- words ------------------------------------------------------------------------------------------------------------

_RULES = {
    RuleKind.OWNER: "`{owner: crm}`: only this system may change the field; another one's edit is put back.",
    RuleKind.OWNER_UNLESS_EMPTY: "`{owner-unless-empty: crm}`: as `owner`, but another system may fill it while empty.",
    RuleKind.LATEST: "The later edit stands; within the clocks' uncertainty the higher `rank`. The other is logged.",
    RuleKind.MANUAL: "A person decides: `syncline conflicts`. The field waits, the rest of the record flows.",
    RuleKind.ADD: "Numbers: both differences are added.",
    RuleKind.UNION: "Sets: what either side added is in, what either side removed is out.",
}
_QUALITY = {
    RuleSort.REQUIRED: "`{required: [name, city]}`: the field holds something.",
    RuleSort.UNIQUE: "`{unique: tax_id}`: no other record of the same system holds the value.",
    RuleSort.PATTERN: "`{pattern: {sku: '[A-Z]{2}-[0-9]{3}'}}`: the whole text looks like this.",
    RuleSort.RANGE: "`{range: {discount: [0, 100]}}`: numbers or days, both bounds included; null for no bound.",
    RuleSort.ONE_OF: "`{one_of: {state: [open, won, lost]}}`: one of these values.",
    RuleSort.REFERENCE: "`{reference: customer}`: what it points at is known, and lives.",
    RuleSort.FRESHNESS: "`{freshness: 90d}`: the record was changed since then; `{freshness: {day: 7d}}`: the field.",
    RuleSort.COMPARE: "`{compare: 'promised_on >= ordered_on'}`: by <, <=, =, !=, >= or >, as numbers, days or texts.",
    RuleSort.EQUAL: "`{equal: total, tolerance: 0.01}`: the systems show the same. It can only warn.",
}
_DELETES = {
    DeletePolicy.PROPAGATE: "The record is deleted here, too.",
    DeletePolicy.ARCHIVE: "The record is archived here, as the connector says.",
    DeletePolicy.DETACH: "The record stays as it is and is no longer kept in agreement.",
    DeletePolicy.RECREATE: "A delete elsewhere is not accepted: the record is made anew there.",
}


def _rules() -> str:
    return _page(
        "# Rules and other words of a flow",
        "## Rules: `own`", "What becomes of two concurrent edits of one field.", _words(RuleKind, _RULES),
        "## Empty values: `empty`", "What an incoming null or empty value does.", _words(Empties, _notes(Empties)),
        "## Directions: `direction`", "Which way data moves between the hub and a system.",
        _words(Direction, _notes(Direction)),
        "## Deletes: `deletes`", "What is done in a system when the entity was deleted in another.",
        _words(DeletePolicy, _DELETES),
        "## Quality rules: `quality`",
        "What is expected of a value; each entry is one of these, with `severity`, `name`, `weight` and `hard` beside "
        "it. A blank value breaks `required` alone. See [keep data clean](../how-to/keep-data-clean.md).",
        _words(RuleSort, _QUALITY),
        "## Severity of a quality rule", _words(Severity, _notes(Severity)),
        "## Outcomes in the ledger",
        "Every record that is read has exactly one outcome, the first of these that applies: "
        + ", ".join(one.value for one in ReadOutcome) + ". Every intended write has one, too: "
        + ", ".join(one.value for one in SentOutcome) + ".",
    )  # fmt: skip


def _words(kinds: type[StrEnum] | type[IntEnum], told: Mapping[Any, str]) -> str:
    return _table(["word", "meaning"], [(f"`{one.value}`", _told(one, told)) for one in kinds])


def _told(one: Enum, told: Mapping[Any, str]) -> str:
    return told.get(one) or told.get(one.name) or "the usual one"


if __name__ == "__main__":
    main()
