"""The files of a folder, as far as they are anybody's business: no links, nothing hidden, nothing half-written."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path

import msgspec

from syncline.errors import TransientError

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart", ".done", ".lock")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A file as the folder shows it."""

    path: Path
    size: int
    modified: int  #: [ns since 1970]


def files_in(folder: Path, pattern: str) -> list[Seen]:
    """The files whose names fit the pattern, in the order of their names; TransientError where nobody can look."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith((".", "~$")) or name.endswith(_UNFINISHED):
                    continue
                if entry.is_file(follow_symlinks=False) and fnmatch.fnmatchcase(name, pattern):
                    told = entry.stat(follow_symlinks=False)
                    found.append(Seen(path=Path(entry.path), size=told.st_size, modified=told.st_mtime_ns))
    except OSError as error:
        msg = f"The folder {folder} cannot be read: {error.strerror}."
        raise TransientError(msg, cure="Is the share mounted, and may the hub read it?") from error
    return sorted(found, key=lambda one: one.path.name)
