"""YAML as plain data that remembers where each value was written, across included files.

Read as a stranger's text: files stay small and inside the project folder, nothing but plain data is constructed, and
an alias cannot grow into more than the budget.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from syncline.config.problems import Place, Problems, Route
from syncline.config.remembered import Remembered
from syncline.config.scalars import scalar
from syncline.config.written import Sort, Written, parse
from syncline.errors import ConfigProblem

_LARGEST = 1024 * 1024  #: bytes of one file
_NODES = 200_000  #: values of a whole project, aliases counted as often as they are used
_DEEPEST = 50  #: levels of nesting
_FILES = 200
_INCLUDE = "!include"
_MERGE = "tag:yaml.org,2002:merge"


class _Spot(NamedTuple):
    """Where the reader stands: the file it reads, the route so far, and the files that include this one."""

    file: Path
    route: Route
    open: tuple[Path, ...]


class TreeReader(msgspec.Struct, kw_only=True):
    """Reads one project's files. Problems are collected; what cannot be read is left out."""

    folder: Path  #: resolved
    problems: Problems
    remembered: Remembered | None = None
    values: dict[Route, Place] = {}
    keys: dict[Route, Place] = {}
    _shown: dict[Path, str] = {}
    _nodes: int = 0
    _files: int = 0

    def read(self, name: str) -> object:
        """The data of a file of the project folder; None when it cannot be read, which is a problem then."""
        return self._read(name, _Spot(file=self.folder / name, route=(), open=()))

    def read_beside(self, name: str, route: Route) -> object:
        """The data of a file that the value at `route` names; relative to the file that this value stands in."""
        beside = self.folder / self.problems.place(route).file
        return self._read(name, _Spot(file=beside, route=route, open=(beside,)))

    def _read(self, name: str, spot: _Spot) -> object:
        file = self._inside(name, spot)
        if file is None:
            return None
        if file in spot.open:
            chain = " -> ".join(self.shown(path) for path in (*spot.open, file))
            self._refuse(spot, f"files include each other: {chain}.", "Break the circle.")
            return None
        self._files += 1
        if self._files > _FILES:
            self._refuse(spot, f"more than {_FILES} files are included.", "Include fewer.")
            return None
        data = self._bytes(file, spot)
        node = None if data is None else self._node(data, file, spot)
        if node is None:
            return None
        inner = _Spot(file=file, route=spot.route, open=(*spot.open, file))
        return self._value(node, inner)

    def _inside(self, name: str, spot: _Spot) -> Path | None:
        try:
            file = (spot.file.parent / name).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            self._refuse(spot, f"the file {name!r} does not exist.", "Names are relative to the file they stand in.")
            return None
        if not file.is_relative_to(self.folder):
            self._refuse(spot, f"the file {name!r} is outside the project folder.", "Move it into the folder.")
            return None
        if not file.is_file():
            self._refuse(spot, f"{name!r} is not a file.", "Name a YAML file.")
            return None
        return file

    def _bytes(self, file: Path, spot: _Spot) -> bytes | None:
        try:
            with file.open("rb") as stream:
                data = stream.read(_LARGEST + 1)
            if len(data) <= _LARGEST:
                return data
        except OSError as error:
            self._refuse(spot, f"{self.shown(file)} cannot be read: {error.strerror}.", "Check its permissions.")
            return None
        self._refuse(spot, f"{self.shown(file)} is larger than {_LARGEST} bytes.", "Split it with !include.")
        return None

    def _node(self, data: bytes, file: Path, spot: _Spot) -> Written | None:
        known = self.remembered.find(data) if self.remembered else None
        if known is not None:
            return known
        try:
            found = parse(data.decode("utf-8-sig"), self.shown(file))
        except UnicodeDecodeError:
            self._refuse(spot, f"{self.shown(file)} is not UTF-8 text.", "Save it as UTF-8.")
            return None
        if isinstance(found, ConfigProblem):
            self.problems.add_at(Place(*found[:3]), found.what, found.cure)
            return None
        if self.remembered and found is not None:
            self.remembered.learn(data, found)
        return found

    def _value(self, node: Written, spot: _Spot) -> object:
        self._nodes += 1
        place = self._place(node, spot.file)
        self.values[spot.route] = place
        if self._nodes > _NODES or len(spot.route) > _DEEPEST:
            whole = Place(self.shown(spot.file), 1, 1)  # one place, so that it is said once
            self.problems.add_at(whole, "the configuration is too large or nested too deep.", "Use fewer aliases.")
            return None
        if node.tag == _INCLUDE:
            return self._included(node, spot)
        if node.sort is Sort.MAPPING:
            return self._mapping(node, spot)
        if node.sort is Sort.SEQUENCE:
            return [
                self._value(below, spot._replace(route=(*spot.route, index))) for index, below in enumerate(node.inner)
            ]
        return self._scalar(node, place)

    def _included(self, node: Written, spot: _Spot) -> object:
        if node.text:
            return self._read(node.text, spot)
        self._refuse(spot, "!include needs the name of a file.", "Write `!include crm.yaml`.")
        return None

    def _mapping(self, node: Written, spot: _Spot) -> dict[object, object]:
        merged: dict[object, object] = {}
        found: dict[object, object] = {}
        for key_node, value_node in node.pairs():
            if key_node.tag == _MERGE:
                merged |= self._merged(value_node, spot)
                continue
            place = self._place(key_node, spot.file)
            key = self._scalar(key_node, place)
            if key in found:
                self.problems.add_at(place, f"`{key}` is written twice.", "Keep one of them.")
                continue
            inner = spot._replace(route=(*spot.route, key if isinstance(key, int) else str(key)))
            self.keys[inner.route] = place
            found[key] = self._value(value_node, inner)
        return {**merged, **found}

    def _merged(self, node: Written, spot: _Spot) -> dict[object, object]:
        sources = list(reversed(node.inner)) if node.sort is Sort.SEQUENCE else [node]
        merged: dict[object, object] = {}
        for source in sources:
            if source.sort is not Sort.MAPPING:
                self._refuse(spot, "`<<` takes a mapping.", "Point it at an anchor of a mapping.")
                continue
            merged |= self._mapping(source, spot)
        return merged

    def _scalar(self, node: Written, place: Place) -> object:
        if node.sort is not Sort.SCALAR:
            self.problems.add_at(place, "a key must be a single word or number.")
            return None
        try:
            return scalar(node.tag, node.text)
        except ValueError as error:
            self.problems.add_at(place, str(error), "Write plain values.")
            return None

    def _place(self, node: Written, file: Path) -> Place:
        return Place(self.shown(file), node.line, node.column)

    def _refuse(self, spot: _Spot, what: str, cure: str) -> None:
        place = self.values.get(spot.route) or Place(self.shown(spot.file), 1, 1)
        self.problems.add_at(place, what, cure)

    def shown(self, file: Path) -> str:
        """The file as a person knows it: relative to the project folder."""
        name = self._shown.get(file)
        if name is None:
            name = file.relative_to(self.folder).as_posix() if file.is_relative_to(self.folder) else file.name
            self._shown[file] = name
        return name
