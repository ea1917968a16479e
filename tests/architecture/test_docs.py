"""Documents name only what exists, and the command line is documented."""

import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from ruamel.yaml import YAML
from typer.core import TyperGroup

from tests.architecture.repository import ROOT, SOURCE, files
from tools import reference

FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
DOTTED = re.compile(r"syncline(\.[A-Za-z_]\w*)+")
PATH = re.compile(r"(src|docs|tests|examples|benchmarks|tools)/[\w./-]*")
CALL = re.compile(r"(?:^\s*(?:\$ )?|`)(?:\.venv/bin/)?syncline ([a-z]+)\b", re.MULTILINE)
FILE_OF_A_USER = re.compile(r"syncline\.(yaml|yml|db)")

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"^\$ syncline (.*)$", re.MULTILINE)
NAMED = re.compile(r"# (\w+\.py)\n")

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


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return [text for kind, text in BLOCK.findall(document.read_text()) if kind == language]


def asked(typed: str) -> tuple[str, set[str]]:
    """The command that a typed line names, in the longest words that are one, and the long options it gives."""
    words = shlex.split(typed.partition(" | ")[0].partition(" # ")[0])
    known = [" ".join(words[:count]) for count in (2, 1) if " ".join(words[:count]) in commands()]
    return (known or [" ".join(words[:2])])[0], {word for word in words if word.startswith("--")}


def options_of(words: str) -> set[str]:
    command = typer.main.get_command(importlib.import_module("syncline.cli").app)
    context: Any = None
    for word in words.split():
        assert isinstance(command, TyperGroup)
        context = command.make_context("syncline", [], resilient_parsing=True)
        found = command.get_command(context, word)
        assert found is not None
        command = found
    return {name for param in command.get_params(context) for name in param.opts}


@with_commands
@each_document
def test_every_typed_line_names_a_command_with_options_that_it_has(document: Path):
    typed = [line for text in blocks(document, "console") for line in TYPED.findall(text)]
    top = {"--help", "--version"}

    told = [(line, *asked(line)) for line in typed if line.split()[0] not in top]
    assert [line for line, words, _ in told if words not in commands()] == []
    assert [line for line, words, options in told if options - options_of(words) - top] == []


@each_document
def test_every_yaml_block_can_be_read(document: Path):
    for text in blocks(document, "yaml"):
        reader = YAML()
        reader.constructor.add_constructor("!include", lambda loader, node: loader.construct_scalar(node))
        assert reader.load(text) is not None, text


EXAMPLES = [document for document in DOCUMENTS if ROOT / "docs" in document.parents and blocks(document, "python")]


@pytest.mark.parametrize("document", EXAMPLES, ids=lambda path: path.stem)
def test_the_python_of_a_document_runs(document: Path, tmp_path: Path):
    """A block that begins with `# name.py` is that file; then the tests among them are run, else each file."""
    for number, text in enumerate(blocks(document, "python")):
        named = NAMED.match(text)
        (tmp_path / (named[1] if named else f"block_{number}.py")).write_text(text)
    tests = list(tmp_path.glob("test_*.py"))
    calls = [["-m", "pytest", "-q", "-p", "no:cacheprovider", "."]] if tests else [
        [path.name] for path in sorted(tmp_path.glob("*.py"))
    ]  # fmt: skip

    for call in calls:
        done = subprocess.run(
            [sys.executable, *call], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(tmp_path)])},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


@with_commands
def test_the_reference_says_what_the_code_says():
    files = [path for path in reference.FOLDER.rglob("*") if path.is_file()]
    kept = {path.relative_to(reference.FOLDER).as_posix(): path.read_text() for path in files}

    assert {name for name, text in reference.pages().items() if kept.get(name) != text} == set(), "run: make docs"
    assert set(kept) == set(reference.pages())
