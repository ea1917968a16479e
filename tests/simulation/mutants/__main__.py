"""Every mutant against random histories and against its own killer: how fast does each die, and by which promise?

    python -m tests.simulation.mutants --histories 400 --first 1 --write docs/proof

Each mutant is told as it dies. What is written is a table (`mutants.md`) and the same as data (`mutants.json`); a run
that was stopped goes on where it was, as long as the product and the mutants are the same.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import blake2b
from pathlib import Path
from time import perf_counter

import msgspec

from tests.simulation.mutants.every import MUTANTS
from tests.simulation.mutants.killing import FOLDER, Killed, Survived, kill, kill_by, killers
from tests.simulation.mutants.mutant import Mutant

ROOT = Path(__file__).parents[3]
DECIDING = ("src/syncline/engine", "src/syncline/merging", "src/syncline/store", "src/syncline/simulation")


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one mutant."""

    name: str
    what: str
    random: Killed | None  #: None: no random history killed it
    played: int  #: random histories
    killer: str  #: the promise that its own killer sees broken; "" when it survived that
    seconds: float  #: what its own killer takes, the product's own play included

    @property
    def is_dead(self) -> bool:
        """Was it killed by anything?"""
        return bool(self.random or self.killer)


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    code: str  #: digest of the product and the mutants
    first: int
    histories: int  #: at most so many per mutant
    fates: list[Fate]


def fate_of(name: str, first: int, histories: int) -> Fate:
    """Play one mutant's killer, then random histories."""
    gc.set_threshold(50_000, 20, 100)  # histories make many short-lived objects, and few cycles
    mutant, started = MUTANTS[name], perf_counter()
    targeted = kill_by(mutant, [killers()[name].script])
    seconds = round(perf_counter() - started, 3)
    found = kill(mutant, range(first, first + histories))
    return Fate(
        name=name, what=mutant.what, random=found if isinstance(found, Killed) else None, played=found.histories,
        killer="" if isinstance(targeted, Survived) else targeted.invariant, seconds=seconds,
    )  # fmt: skip


def digest() -> str:
    """Of the code that decides what a mutant's fate is."""
    made = blake2b(digest_size=8)
    paths = [path for part in DECIDING for path in (ROOT / part).rglob("*") if path.suffix in (".py", ".sql", ".yaml")]
    for path in sorted([*paths, *Path(__file__).parent.glob("*.py"), *FOLDER.glob("*.json")]):
        made.update(path.read_bytes())
    return made.hexdigest()


def known(path: Path, fresh: Report) -> Report:
    """What an earlier run with the same code and numbers has found out already."""
    if not path.exists():
        return fresh
    former = msgspec.json.decode(path.read_bytes(), type=Report)
    return former if msgspec.structs.replace(former, fates=[]) == fresh else fresh


def table(report: Report) -> str:
    """For people to read."""
    dead = sum(one.is_dead for one in report.fates)
    by_chance = sum(one.random is not None for one in report.fates)
    rows = [
        "# Mutants",
        "",
        "Each rule of the algorithm, switched off alone. *Random* is how many drawn histories it took until a promise",
        f"was broken that the product keeps in the same one (seeds from {report.first}, at most {report.histories});",
        "*killer* is a history of its own, kept and cut down, and what it takes to play it with the rule and without.",
        "",
        f"{dead} of {len(report.fates)} are killed, {by_chance} of them by random histories as well.",
        "",
        "| without the rule | what happens instead | random | promise | killer | promise | ms |",
        "|---|---|---|---|---|---|---|",
    ]
    rows += [row(one) for one in sorted(report.fates, key=lambda one: one.name)]
    rows += ["", f"Again: `python -m tests.simulation.mutants --histories {report.histories} --first {report.first}`"]
    return "\n".join(rows) + "\n"


def row(one: Fate) -> str:
    """One line of the table."""
    chance = (str(one.random.histories), one.random.invariant) if one.random else (f"> {one.played}", "")
    own = ("killed", one.killer) if one.killer else ("survived", "")
    return f"| {one.name} | {one.what} | {' | '.join(chance)} | {' | '.join(own)} | {round(one.seconds * 1000)} |"


def fates(names: list[str], workers: int, first: int, histories: int) -> Iterator[Fate]:
    """One after the other, as they come."""
    work = partial(fate_of, first=first, histories=histories)
    if workers == 1:
        yield from map(work, names)
    else:
        with ProcessPoolExecutor(workers) as pool:
            yield from pool.map(work, names)


def main() -> int:
    """The exit code is 1 when a mutant has survived everything."""
    asked = argparse.ArgumentParser(prog="python -m tests.simulation.mutants", description=__doc__)
    asked.add_argument("--histories", type=int, default=400, help="at most so many random ones per mutant")
    asked.add_argument("--first", type=int, default=1, help="seed of the first")
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--write", type=Path, help="folder of mutants.md and mutants.json")
    asked.add_argument("names", nargs="*", help="these mutants only")
    given = asked.parse_args()
    chosen: dict[str, Mutant] = {name: MUTANTS[name] for name in given.names or MUTANTS}
    fresh = Report(code=digest(), first=given.first, histories=given.histories, fates=[])
    report = known(given.write / "mutants.json", fresh) if given.write else fresh
    left = [name for name in chosen if name not in {one.name for one in report.fates}]
    started = perf_counter()
    for number, one in enumerate(fates(left, given.workers, given.first, given.histories), 1):
        report.fates.append(one)
        to_go = (perf_counter() - started) / number * (len(left) - number)
        sys.stdout.write(f"{row(one)} {len(report.fates)}/{len(chosen)}, {to_go:.0f} s to go\n")
        sys.stdout.flush()
        if given.write:
            given.write.mkdir(parents=True, exist_ok=True)
            (given.write / "mutants.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
            (given.write / "mutants.md").write_text(table(report), encoding="utf-8")
    survivors = [one.name for one in report.fates if not one.is_dead]
    sys.stdout.write(f"mutants: {len(report.fates)}, survivors: {len(survivors)} {' '.join(survivors)}\n")
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
