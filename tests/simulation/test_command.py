"""`syncline simulate`, as a person calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from syncline.simulation.campaign import run_campaign
from syncline.simulation.shape import Kind, reference, shape_of
from tests.unit.config.project import load

PROJECT = """\
project: acme
store: "sqlite:///.syncline/state.db"
systems:
  crm: {connector: rest, url: "https://crm.example"}
  erp: {connector: rest, url: "https://erp.example"}
flows:
  products:
    entity: article
    own: {"*": {owner: erp}, note: latest}
    match: [[sku]]
    systems:
      crm: {resource: items, map: {sku: sku, born: 'born | date("DD.MM.YYYY")', weight: "grams | number | unit(g, kg)",
            mail: "mail | email", active: "active | boolean(true: J, false: N)", note: "note | upper"}}
      erp: {resource: products, map: {sku: code, born: "since | date", weight: "kg | number", mail: "contact | email",
            active: "active | boolean", note: remark}}
"""


def simulate(*args: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "syncline", "simulate", *args], capture_output=True, text=True, cwd=folder, check=False
    )


def test_the_last_line_counts(tmp_path: Path):
    done = simulate("--histories", "3", "--seed", "7", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    last = dict(part.split(": ") for part in done.stdout.splitlines()[-1].split(", "))
    assert (last["histories"], last["violations"]) == ("3", "0")
    assert int(last["crashes"]) > 0
    assert int(last["edits"]) > 50
    assert list(tmp_path.iterdir()) == []


def test_the_flows_of_a_project_are_played(tmp_path: Path):
    (tmp_path / "syncline.yaml").write_text(PROJECT)

    done = simulate("--project", str(tmp_path), "--histories", "5", "--seed", "1", "--json")

    told = json.loads(done.stdout)
    assert (told["histories"], told["violations"]) == (5, 0)
    assert told["edits"] > 50
    assert [path.name for path in tmp_path.iterdir()] == ["syncline.yaml"]


def test_values_speak_the_words_of_the_mapping(tmp_path: Path):
    shape = shape_of(load(tmp_path, PROJECT))

    kinds = {name: one.kind for name, one in shape.flows["products"].fields.items()}
    words = shape.flows["products"].sides["crm"].words({"born": "2026-03-01", "weight": "1.5"})

    assert (kinds["sku"], kinds["note"]) == (Kind.TEXT, Kind.NUMBER)  # `upper` changes texts, no numbers
    assert (kinds["born"], kinds["weight"]) == (Kind.DATE, Kind.NUMBER)
    assert words == {"born": "01.03.2026", "grams": 1500}


def test_a_broken_promise_is_told_with_the_command_that_repeats_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("syncline.engine.absorb._later", lambda _at, rows, *_rest: rows)  # lists are believed

    campaigns = (run_campaign(reference(), first, 20, lambda _one: None) for first in range(1, 400, 20))

    made = next(one for one in campaigns if one.broken)

    assert made.violations >= len(made.broken)
    assert all(violation.invariant and violation.what for one in made.broken for violation in one.violations)
