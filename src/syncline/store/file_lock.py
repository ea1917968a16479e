"""Keeps a second hub away from a file, with a lock that the kernel lets go when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from syncline.errors import SetupError, StoreBusyError

_LONGEST = 40  # bytes of a process id and the mark
_MARK = "its store holds a state"


class FileLock:
    """Held from its making until `release`. The file stays: to remove it could let two hubs in.

    It also remembers that the store was in use, so that one which was emptied since is not taken for a new one.
    """

    def __init__(self, place: Path) -> None:
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            held = os.open(place.with_name(f"{place.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            msg = f"The store {place} cannot be made: {error.strerror}."
            raise SetupError(msg, cure="Name a folder in `store:` that you may write to.") from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _lines(held)[0] or "unknown"
            os.close(held)
            msg = f"The store {place} is in use by another hub (process {holder})."
            raise StoreBusyError(msg, cure="Stop that process first, or give this hub a store of its own.") from error
        self.marked = _MARK in _lines(held)  #: a hub has kept its state here
        self._held: int | None = held
        self._write()

    def mark(self) -> None:
        """The store now holds a state."""
        if not self.marked:
            self.marked = True
            self._write()

    def _write(self) -> None:
        if self._held is not None:
            lines = f"{os.getpid()}\n{_MARK if self.marked else ''}".strip().encode()
            os.pwrite(self._held, lines, 0)
            os.truncate(self._held, len(lines))

    def release(self) -> None:
        """Let the next hub in."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _lines(held: int) -> list[str]:
    return os.pread(held, _LONGEST, 0).decode(errors="replace").split("\n")
