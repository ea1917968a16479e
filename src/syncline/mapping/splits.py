"""Fields that are parts of one text: `split(full_name, 0)` and `split(full_name, 1)` are written back as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from syncline.mapping.converting import Arguments, Steps, lift
from syncline.mapping.fields import Direct, Feed, Writer, WritesWhole, path_steps
from syncline.mapping.paths import Path, parse_path
from syncline.mapping.values import as_text

_MOST_PARTS = 20


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a text. The last part that a mapping names takes the rest."""

    field: str
    path: Path
    index: int
    separator: str
    one_way: bool
    reading: tuple[Steps, ...]
    writing: tuple[Steps, ...]


def split_of(arguments: Arguments) -> tuple[Path, int, str]:
    """Path, part and separator of `split(path, part, separator)`."""
    separator = arguments.text(2, " ")
    if not separator:
        raise arguments.wrong(2, "the separator is empty", 'Write one between quotes, such as ", ".')
    return parse_path(arguments.text(0)), arguments.count(1, most=_MOST_PARTS), separator


def feeds_of_splits(splits: Sequence[Split]) -> dict[str, Feed]:
    """How each part is read; how many parts there are follows from what the mapping names."""
    found: dict[str, Feed] = {}
    for split in splits:
        rivals = [other.index for other in splits if (other.path, other.separator) == (split.path, split.separator)]
        step = _taking(split, max(*rivals, 1))
        found[split.field] = Direct(path=split.path, reading=(*path_steps(split.path), step, *split.reading))
    return found


def writers_of_splits(splits: Sequence[Split]) -> list[Writer]:
    """A writer for each text whose parts are all named, once; the others can only be read."""
    return [
        WritesWhole(
            fields=tuple(split.field for split in parts),
            path=parts[0].path,
            separator=parts[0].separator,
            writing=tuple(split.writing for split in parts),
        )
        for parts in _by_path(splits)
        if _is_whole(parts)
    ]


def _by_path(splits: Iterable[Split]) -> list[list[Split]]:
    groups: dict[Path, list[Split]] = {}
    for split in sorted(splits, key=lambda split: split.index):
        groups.setdefault(split.path, []).append(split)
    return list(groups.values())


def _is_whole(parts: Sequence[Split]) -> bool:
    is_complete = [split.index for split in parts] == list(range(len(parts))) and len(parts) > 1
    return is_complete and len({split.separator for split in parts}) == 1 and not any(split.one_way for split in parts)


def _taking(split: Split, most_cuts: int) -> Steps:
    def take(value: object) -> object:
        parts = as_text(value).split(split.separator, most_cuts)
        return parts[split.index] if split.index < len(parts) else ""

    return lift(take)
