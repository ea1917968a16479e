"""Reads the named queries, so that SQL lives in files and each statement says what it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

_HEADER = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)
_FOLDER = Path(__file__).with_name("sql")  # importlib.resources would load a dozen modules for it
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


def load_queries(*paths: str, words: Mapping[str, str]) -> dict[str, str]:
    """Name -> SQL of the given files, with the dialect's `words` in place of {braces}; later files win."""
    found: dict[str, str] = {}
    for path in paths:
        _preamble, *parts = _HEADER.split(read_sql(path))
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            found[name] = fill(_COMMENT.sub("", body).strip(), words)
    return found


def fill(sql: str, words: Mapping[str, str]) -> str:
    """The statement with each {word} replaced; words without a value stay for later."""
    for word, value in words.items():
        sql = sql.replace(f"{{{word}}}", value)
    return sql


def read_sql(path: str) -> str:
    """One file of the folder `sql`."""
    return (_FOLDER / path).read_text(encoding="utf-8")


def migrations(dialect: str) -> list[tuple[int, str, str]]:
    """(number, name, SQL) of every migration of a dialect, ascending."""
    folder = _FOLDER / dialect
    names = sorted(entry.name for entry in folder.iterdir() if entry.name[:4].isdigit())
    return [(int(name[:4]), name.removesuffix(".sql"), read_sql(f"{dialect}/{name}")) for name in names]
