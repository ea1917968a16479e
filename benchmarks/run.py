"""Measure speed side by side with others on one job, verify every result, and write down what came out.

    make bench        or        .venv/bin/python benchmarks/run.py --records 20000 --no-million

The last line is JSON, one figure per key; a figure that was not measured is null.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from contestants import ROOT, Dlt, Naive, Ours, make_peers
from processes import HERE, Cost, systems
from report import Figures, as_json, as_markdown, as_table

WORK = HERE / ".work" / str(os.getpid())  #: two runs at once do not meet
EVENTS = 300
MILLION = 1_000_000
SHARE_CHANGED = 100  #: one of so many records


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run of the benchmark."""

    records: int
    rounds: int
    python: Path | None  #: of the peers; None: without them
    figures: Figures = field(default_factory=Figures)

    def warm_up(self) -> None:
        """Run everything once on few records, so that modules are compiled and files are in memory."""
        with systems(1_000, "ascending") as pair:
            ours = Ours(work=WORK, systems=pair)
            ours.begin()
            ours.pass_once("warm-up")
            pair.change(10)
            ours.pass_once("warm-up", full=True)
            ours.events(5)
            if self.python:
                dlt = Dlt(python=self.python, work=WORK, systems=pair)
                dlt.begin()
                dlt.load("warm-up")

    def ascending(self) -> None:
        """The phases in order, ours and theirs in turn, several rounds."""
        with systems(self.records, "ascending") as pair:
            changed = max(1, self.records // SHARE_CHANGED)
            for number in range(self.rounds):
                print(f"round {number + 1} of {self.rounds}", file=sys.stderr)
                ours = Ours(work=WORK, systems=pair)
                ours.begin()
                first = self._note("first_load", lambda: ours.pass_once("first load"))  # noqa: B023  called at once
                self._note("reread", lambda: ours.pass_once("full re-read", full=True))  # noqa: B023
                pair.change(changed)
                self._note("delta_full", lambda: ours.pass_once("1 % changed, full", full=True))  # noqa: B023
                pair.change(changed)
                self._note("delta_cursor", lambda: ours.pass_once("1 % changed, cursor"))  # noqa: B023
                self.figures.events.append(ours.events(EVENTS))
                self.figures.state_mb = _folder_mb(WORK / "job" / ".syncline")
                if self.python:
                    self._peers(Dlt(python=self.python, work=WORK, systems=pair), first)

    def _peers(self, dlt: Dlt, ours: Cost) -> None:
        dlt.begin()
        theirs = self._note("dlt_first_load", lambda: dlt.load("first load"))
        self.figures.ratios_dlt.append(theirs.cpu / ours.cpu)
        dlt.systems.change(max(1, self.records // SHARE_CHANGED))
        self._note("dlt_delta_cursor", lambda: dlt.load("1 % changed, cursor"))
        self._note("dlt_reread", lambda: dlt.load_all("full re-read"))
        naive = Naive(python=dlt.python, work=WORK, systems=dlt.systems).load()
        self.figures.naive.append(naive)
        self.figures.ratios_naive.append(naive / ours.cpu)

    def random(self) -> None:
        """The first load where neither side's ids have any order."""
        with systems(self.records, "random") as pair:
            for _ in range(self.rounds):
                ours = Ours(work=WORK, systems=pair)
                ours.begin()
                self._note("first_load_random", lambda: ours.pass_once("first load, random ids"))  # noqa: B023

    def million(self) -> None:
        """A first load and a full re-read of a million records."""
        with systems(MILLION, "ascending") as pair:
            ours = Ours(work=WORK, systems=pair)
            ours.begin()
            self._note("first_load_1m", lambda: ours.pass_once("first load of a million"))
            self._note("reread_1m", lambda: ours.pass_once("full re-read of a million", full=True))

    def _note(self, name: str, action: Callable[[], Cost]) -> Cost:
        cost = action()
        self.figures.costs.setdefault(name, []).append(cost)
        print(f"  {name:20} {cost.cpu:7.2f} s CPU {cost.wall:7.2f} s {cost.rss:6.0f} MB", file=sys.stderr)
        return cost


def _folder_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--million", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--random", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, help="the file of results; docs/benchmarks/DATE.md if not given")
    return parser.parse_args()


def main() -> None:
    """Run what was asked for and tell the figures."""
    given = _options()
    date = time.strftime("%Y-%m-%d")
    out = given.out or ROOT / "docs" / "benchmarks" / f"{date}.md"
    WORK.mkdir(parents=True)
    (WORK.parent / ".gitignore").write_text("*\n")
    bench = Bench(records=given.records, rounds=given.rounds, python=make_peers() if given.peers else None)
    bench.figures.load_before = os.getloadavg()[0]
    try:
        bench.warm_up()
        bench.ascending()
        if given.random:
            bench.random()
        if given.million:
            bench.million()
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    bench.figures.load_after = os.getloadavg()[0]
    command = " ".join(["benchmarks/run.py", *sys.argv[1:]])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(as_markdown(bench.figures, given.records, date, command))
    print(as_table(bench.figures, given.records))
    print(f"Written to {out}.")
    print(as_json(bench.figures, given.records))


if __name__ == "__main__":
    main()
