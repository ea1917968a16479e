"""The long programme adds up what was played at different times, and begins anew when the engine has changed."""

import fcntl
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prove import histories, run
from tests.prove.notes import Notes, digest, load, save
from tests.prove.parts import parts
from tests.prove.report import verdicts, write_report
from tests.prove.slices import Part, Slice

FIVE = Part(name="five", what="five of them", units=lambda: 5, size=2, play=lambda _units: Slice())


def played(*, broken: str = "") -> Slice:
    figures = {"histories": 2, "edits": 70, "crashes": 5, "deeds": 9, "windows": 0, "violations": int(bool(broken))}
    return Slice(figures=figures, counts={"crash write": 3}, broken=[broken] if broken else [], cpu=1.0, wall=2.0)


def test_a_part_that_was_stopped_goes_on_with_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "PARTS", {"five": FIVE})
    notes = load(tmp_path, "e1")
    assert notes.begin("five", "b1")
    notes.add("five", range(2, 4), played(), day="2026-01-01", simulator="s1")
    save(tmp_path, notes)

    again = load(tmp_path, "e1")

    assert again == notes
    assert again.begin("five", "b1")
    assert list(run._left(again, ["five"])) == [("five", range(2)), ("five", range(4, 5))]


def test_slices_of_different_days_add_up():
    notes = Notes(engine="e1")
    for first, day in ((0, "2026-01-02"), (4, "2026-01-01"), (2, "2026-01-02")):
        notes.add("five", range(first, min(first + 2, 5)), played(), day=day, simulator="s1")
    five = notes.parts["five"]

    assert (five.units, five.days) == (5, ["2026-01-01", "2026-01-02"])
    assert (five.total.figures["edits"], five.total.counts["crash write"], five.total.cpu) == (210, 9, 3.0)


def test_what_was_played_with_another_engine_does_not_count(tmp_path: Path):
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "merge.py").write_text("ours = 1\n")
    (tmp_path / "env.py").write_text("")
    before = digest(tmp_path, ["engine", "env.py"])
    (tmp_path / "engine" / "merge.py").write_text("ours = 2\n")
    after = digest(tmp_path, ["engine", "env.py"])
    save(tmp_path, Notes(engine=before))

    assert before != after
    assert digest(tmp_path, ["engine", "env.py"]) == after
    assert load(tmp_path, after).parts == {}


def test_a_part_whose_units_have_become_others_begins_anew():
    notes = Notes(engine="e1")
    notes.begin("five", "b1")
    notes.add("five", range(2), played(), day="2026-01-01", simulator="s1")

    assert not notes.begin("five", "b2")
    assert notes.parts["five"].slices == []


def test_a_part_fails_by_what_broke_or_by_what_it_lacks_in_the_end(tmp_path: Path):
    few = Part(name="few", what="few", units=lambda: 2, size=2, play=FIVE.play, lacks=histories.lacks)
    none = Part(name="none", what="none so far", units=lambda: 2, size=2, play=FIVE.play)
    notes = Notes(engine="e1")
    notes.add("five", range(2), played(broken="seed 7, I1"), day="2026-01-01", simulator="s1")
    notes.add("few", range(2), played(), day="2026-01-01", simulator="s1")
    told = {one.name: one for one in verdicts(notes, {"five": FIVE, "few": few, "none": none})}
    page = write_report(tmp_path, notes, {"five": FIVE, "few": few}, "s1", "make prove").read_text()

    assert (told["five"].failed, told["five"].complete) == (True, False)
    assert (told["few"].failed, told["few"].complete) == (True, True)
    assert (told["none"].failed, told["none"].complete) == (False, False)
    assert "fault late create: met 0 times" in told["few"].line
    assert "failed: five, few" in page
    assert "seed 7, I1" in page


def test_a_slice_of_each_part_of_the_simulator_can_be_played(tmp_path: Path):
    every = parts(tmp_path)
    points, some = every["points"].play(range(1)), every["histories"].play(range(3))

    assert points.broken == some.broken == []
    assert points.figures["plays"] > 20
    assert points.counts["crash write"] >= 1
    assert some.figures["histories"] == 3
    assert set(some.counts) & set(histories.cells())
    assert list(tmp_path.iterdir()) == []


def test_what_was_met_is_counted_under_its_own_name():
    counts = {"webhook kept": 2, "crash webhook.after": 1, "crash crm get": 3, "crash erp get": 1, "reuse by people": 4}

    met = histories._met(counts | {"fault late create": 5})

    assert met == {
        "webhook kept": 2, "crash webhook.after": 1, "crash get": 4, "reuse by people": 4, "fault late create": 5,
    }  # fmt: skip
    assert met.keys() <= set(histories.cells())


def test_the_command_notes_each_slice_and_goes_on(tmp_path: Path):
    command = [sys.executable, run.__file__, "--work", str(tmp_path), "--only", "points"]

    first = subprocess.run([*command, "--for", "0.001"], capture_output=True, text=True, check=False)
    second = subprocess.run([*command, "--for", "0"], capture_output=True, text=True, check=False)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert re.search(r"points: [12] of \d+; \d+ plays, [12] scenarios; 0 broken", first.stdout)
    assert first.stdout.splitlines()[-7:] == second.stdout.splitlines()[-7:]


def test_a_second_call_at_the_same_time_is_refused(tmp_path: Path):
    with (tmp_path / "lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        command = [sys.executable, run.__file__, "--work", str(tmp_path), "--for", "0"]
        second = subprocess.run(command, capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert "another call is playing" in second.stdout


def test_a_violating_seed_is_kept_cut_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("syncline.engine.absorb._later", lambda _at, rows, *_rest: rows)  # lists are believed
    monkeypatch.setattr("syncline.simulation.keeping.shrink", lambda script, _broken: script)

    made = next(one for one in _slices(tmp_path) if one.broken)

    assert made.figures["violations"] >= 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]
    assert "kept as" in made.broken[0]


def _slices(kept: Path) -> Iterator[Slice]:
    for first in range(0, 100, 5):
        yield histories.play(range(first, first + 5), kept)
