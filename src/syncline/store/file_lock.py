"""Keeps a second hub away from a file, with a lock that the kernel lets go when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from syncline.errors import SetupError, StoreBusyError

_LONGEST = 20  # bytes of a process id


class FileLock:
    """Held from its making until `release`. The file stays: to remove it could let two hubs in."""

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
            holder = os.pread(held, _LONGEST, 0).decode(errors="replace") or "unknown"
            os.close(held)
            msg = f"The store {place} is in use by another hub (process {holder})."
            raise StoreBusyError(msg, cure="Stop that process first, or give this hub a store of its own.") from error
        os.truncate(held, 0)
        os.pwrite(held, str(os.getpid()).encode(), 0)
        self._held: int | None = held

    def release(self) -> None:
        """Let the next hub in."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
