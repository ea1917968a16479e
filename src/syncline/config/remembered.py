"""Files of a project that were read before, by the digest of their bytes: YAML is slow to read, and rarely changes.

What is remembered is what a text says, and nothing that was made or checked of it: every check is done each time. A
text with a mistake is not remembered. The file stands beside the state and is as good as the state: only its owner may
write it, and one that is damaged, or that others could have written, is as if it were not there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

import msgspec

from syncline.config.written import Written

FILE = "read-before"
_FORMAT = b"syncline.read.1"  #: to be raised with another reader of YAML, or another `Written`
_LARGEST = 8 * 1024 * 1024  #: bytes of the file
_MOST = 20_000  #: nodes of a text, an alias counted as often as it is used
_CHECK = 16  #: bytes of the digest that stands before the rest


class Remembered(msgspec.Struct, kw_only=True):
    """What the files of one project say, as far as it is known."""

    folder: Path  #: where it is kept; it is not made for that
    _before: dict[str, Written] | None = None
    _used: dict[str, Written] = {}

    def find(self, data: bytes) -> Written | None:
        """What these bytes say."""
        if self._before is None:
            self._before = _read(self.folder / FILE)
        name = _name(data)
        node = self._before.get(name)
        if node is not None:
            self._used[name] = node
        return node

    def learn(self, data: bytes, node: Written) -> None:
        """These bytes say this."""
        if _is_small(node):
            self._used[_name(data)] = node

    def keep(self) -> None:
        """Keep what was asked for, and let go the rest. It is no matter when that fails."""
        if self._before is not None and self._used.keys() != self._before.keys() and self.folder.is_dir():
            _write(self.folder / FILE, msgspec.msgpack.encode(self._used))


def _name(data: bytes) -> str:
    return blake2b(data, digest_size=32, person=_FORMAT).hexdigest()


def _is_small(node: Written) -> bool:
    return sum(1 for _, _ in zip(_each(node), range(_MOST + 1), strict=False)) <= _MOST


def _each(node: Written) -> Iterator[Written]:
    """Every node, an alias again and again; without end where one holds itself."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += found.inner


def _read(file: Path) -> dict[str, Written]:
    try:
        held = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(held, "rb") as stream:  # noqa: PTH123  a descriptor, which follows no link
            found = os.fstat(held)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                return {}
            whole = stream.read(_LARGEST + 1)
        check, body = whole[:_CHECK], whole[_CHECK:]
        if len(whole) > _LARGEST or check != digest(body):
            return {}
        return msgspec.msgpack.decode(body, type=dict[str, Written])
    except (OSError, msgspec.MsgspecError, RecursionError):
        return {}


def _write(file: Path, body: bytes) -> None:
    """Whole or not at all: under another name first, which no other process uses."""
    made = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        held = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(held, "wb") as stream:  # noqa: PTH123  a descriptor, which follows no link
            stream.write(digest(body) + body)
        made.replace(file)
    except OSError:
        return


def digest(body: bytes) -> bytes:
    """What tells that the rest of the file is whole."""
    return blake2b(body, digest_size=_CHECK).digest()
