"""What has been played so far, in one file for each state of the engine's code: another state begins anew."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

import msgspec

from tests.prove.slices import Slice

ENGINE = ("engine", "merging", "mapping", "matching", "model", "ports", "store", "app", "errors.py", "env.py")
BESIDE = "analyses"  #: a folder of `app` that takes no part in agreement
PLAYER = ("simulation",)


class Played(msgspec.Struct, kw_only=True):
    """What came of one part so far."""

    basis: str = ""  #: hash of what its units are made of
    slices: list[int] = []  #: first units of those that are done
    units: int = 0
    total: Slice = msgspec.field(default_factory=Slice)
    days: list[str] = []  #: YYYY-MM-DD
    simulators: list[str] = []  #: hashes of the simulators that played it


class Notes(msgspec.Struct, kw_only=True):
    """The whole file."""

    engine: str
    parts: dict[str, Played] = {}

    def begin(self, part: str, basis: str) -> bool:
        """Keep what was played of a part only if its units are still the same; False when they are not."""
        played = self.parts.get(part)
        if played is not None and played.basis == basis:
            return True
        self.parts[part] = Played(basis=basis)
        return played is None

    def add(self, part: str, units: range, made: Slice, *, day: str, simulator: str) -> None:
        """One slice more."""
        played = self.parts.setdefault(part, Played())
        played.slices.append(units.start)
        played.units += len(units)
        played.total.add(made)
        played.days = sorted({*played.days, day})
        played.simulators = sorted({*played.simulators, simulator})


def digest(folder: Path, names: Iterable[str]) -> str:
    """A hash of files and folders below a folder: names and contents."""
    made = blake2b(digest_size=8)
    for name in names:
        place = folder / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and not {"__pycache__", BESIDE} & set(path.parts):
                made.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return made.hexdigest()


def load(folder: Path, engine: str) -> Notes:
    """What was noted for this state of the code."""
    path = folder / f"{engine}.json"
    return msgspec.json.decode(path.read_bytes(), type=Notes) if path.exists() else Notes(engine=engine)


def save(folder: Path, notes: Notes) -> None:
    """Note it, at once or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{notes.engine}.json"
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(notes), indent=1) + b"\n")
    fresh.replace(path)
