"""Documents name only what exists, and the command line is documented."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from tests.architecture.repository import ROOT, SOURCE, files

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
DOTTED = re.compile(r"syncline(\.[A-Za-z_]\w*)+")
PATH = re.compile(r"(src|docs|tests|examples|benchmarks|tools)/[\w./-]*")
CALL = re.compile(r"(?:^\s*(?:\$ )?|`)(?:\.venv/bin/)?syncline ([a-z]+)\b", re.MULTILINE)
FILE_OF_A_USER = re.compile(r"syncline\.(yaml|yml|db)")

DOCUMENTS = list(files(ROOT, "*.md"))
#: A decision may speak of what is yet to come; the other documents may not.
MANUAL = [document for document in DOCUMENTS if document.parent.name != "decisions"]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
with_commands = pytest.mark.skipif(not (SOURCE / "cli" / "__init__.py").exists(), reason="there is no command line yet")


def code_spans(document: Path) -> list[str]:
    return CODE.findall(FENCE.sub("", document.read_text()))


def exists(dotted: str) -> bool:
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return True


@each_document
def test_every_name_in_a_document_exists(document: Path):
    told = [span for span in code_spans(document) if DOTTED.fullmatch(span) and not FILE_OF_A_USER.fullmatch(span)]

    assert [name for name in told if not exists(name)] == []


@each_document
def test_every_path_in_a_document_exists(document: Path):
    told = [span for span in code_spans(document) if PATH.fullmatch(span)]

    assert [path for path in told if not (ROOT / path).exists()] == []


@each_document
def test_every_link_in_a_document_leads_somewhere(document: Path):
    text = FENCE.sub("", document.read_text())
    told = [link for link in LINK.findall(text) if not link.startswith(("http:", "https:", "mailto:"))]

    assert [link for link in told if not (document.parent / link).exists()] == []


def commands() -> dict[str, str]:
    """The help of every command that does something, by the words a person types after `syncline`."""
    app = importlib.import_module("syncline.cli").app
    return dict(_leaves("", typer.main.get_command(app) if isinstance(app, typer.Typer) else app))


def _leaves(words: str, command: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(command, TyperGroup):
        yield words, (command.help or "").strip()
        return
    context = command.make_context("syncline", [], resilient_parsing=True)
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None and not child.hidden:
            yield from _leaves(f"{words} {name}".strip(), child)


@with_commands
def test_every_command_has_help():
    assert [words for words, told in commands().items() if not told] == []


@with_commands
def test_every_command_is_named_in_a_document():
    manual = [ROOT / "README.md", *files(ROOT / "docs", "*.md")]
    text = "\n".join(page.read_text() for page in manual if page.exists())

    assert [words for words in commands() if not re.search(rf"(syncline |`){re.escape(words)}\b", text)] == []


@with_commands
@pytest.mark.parametrize("document", MANUAL, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_document_exists(document: Path):
    text = document.read_text()
    blocks = [block.group() for block in FENCE.finditer(text)]
    calls = {word for part in [*blocks, *re.findall(r"`[^`\n]+`", text)] for word in CALL.findall(part)}

    assert calls - {words.split()[0] for words in commands()} == set()
