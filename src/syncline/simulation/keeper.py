"""Where a simulated hub keeps its state: in memory, or in a file that is really closed and opened at each restart.

A file can be copied, and put back later, as a person does with a backup after an outage.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from syncline.app.opening import open_state
from syncline.ports.store import Store

FAST = Path("/dev/shm")  # noqa: S108  a folder of our own is made in it: nobody waits for a disk


class Keeper:
    """The state of one hub, over all its processes."""

    def __init__(self, *, in_file: bool) -> None:
        self._folder = TemporaryDirectory(dir=FAST if FAST.is_dir() else None) if in_file else None
        self._store: Store | None = None
        self._copies: list[int] = []  #: when each was made [µs]; -1: there was nothing yet

    def open(self) -> Store:
        """The state, as the process before has committed it."""
        if self._store is None:
            self._store = open_state(f"sqlite:///{self._file}" if self._folder else "sqlite:///:memory:")
        return self._store

    def let_go(self) -> None:
        """The process is gone. What is in memory only lives on, as if it were on a disk."""
        if self._folder and self._store is not None:
            self._store.close()
            self._store = None

    def copy(self, at: int) -> None:
        """A backup of a file that no process has open."""
        self.let_go()
        if self._file.exists():
            shutil.copyfile(self._file, self._file.with_name(f"copy-{len(self._copies)}"))
        self._copies.append(at if self._file.exists() else -1)

    def put_back(self, back: int) -> int | None:
        """The backup made `back` backups ago becomes the state; when it was made, None when there is none."""
        if not 0 < back <= len(self._copies) or self._copies[-back] < 0:
            return None
        self.let_go()
        shutil.copyfile(self._file.with_name(f"copy-{len(self._copies) - back}"), self._file)
        return self._copies[-back]

    def close(self) -> None:
        """Nothing is left of it."""
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def _file(self) -> Path:
        return Path(self._folder.name if self._folder else "") / "state.db"
