"""SQL in files: each statement has its sentence, its user, and its place in both dialects."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from syncline.store.queries import load_queries, migrations, read_sql

STORE = Path(str(files("syncline.store")))
SHARED = ("records.sql", "work.sql", "history.sql", "inbox.sql")
DIALECTS = ("sqlite", "postgres")


def names(*paths):
    return set(load_queries(*paths, words={}))


@pytest.mark.parametrize("path", [*SHARED, *(f"{dialect}/dialect.sql" for dialect in DIALECTS)])
def test_every_statement_begins_with_a_sentence(path):
    bodies = re.split(r"^-- name: \w+\n", read_sql(path), flags=re.MULTILINE)[1:]

    assert bodies
    assert [body for body in bodies if not re.match(r"-- [A-Z].*[.?]\n(?!--)|-- [A-Z].*\n-- .*\.\n", body)] == []


def test_no_statement_is_defined_twice():
    for dialect in DIALECTS:
        paths = (*SHARED, f"{dialect}/dialect.sql")

        assert sum(len(names(path)) for path in paths) == len(names(*paths))


def test_every_statement_is_used():
    code = "".join(path.read_text() for path in STORE.glob("*.py"))
    made = {f"{verb}_{kind}" for verb in ("make", "show", "index") for kind in ("entity", "match", "link")}
    copied = {name for name in names("postgres/dialect.sql") if re.match(r"(copy|merge|clear)_", name)}

    unused = {name for name in names(*SHARED, "sqlite/dialect.sql", "postgres/dialect.sql") if f'"{name}"' not in code}

    assert unused <= made | copied | {"open_intents_of", "settled_intents_of"}
    assert {name.split("_", 1)[1] for name in copied} <= names("records.sql")


def test_words_fill_the_braces_and_the_rest_is_left():
    queries = load_queries("records.sql", words={"texts": "page"})

    assert queries["fingerprints"].startswith("SELECT key, eid, fingerprint FROM page CROSS JOIN {link}")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_migrations_are_numbered_from_one_without_a_gap(dialect):
    numbers = [number for number, _name, _sql in migrations(dialect)]

    assert numbers == list(range(1, len(numbers) + 1))


def test_both_dialects_have_the_same_migrations_and_tables():
    sqlite, postgres = (migrations(dialect) for dialect in DIALECTS)

    assert [name for _, name, _ in sqlite] == [name for _, name, _ in postgres]
    assert [columns(sql) for _, _, sql in sqlite] == [columns(sql) for _, _, sql in postgres]


def columns(sql):
    """Table -> its columns in order, in either dialect."""
    tables = re.findall(r"CREATE TABLE (\w+) \((.*?)\)(?: WITHOUT ROWID)?;", sql, flags=re.DOTALL)
    return {name: re.findall(r"(?:^|,)\s*([a-z]\w*) ", body) for name, body in tables}
