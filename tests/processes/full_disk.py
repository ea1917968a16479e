"""What an operating system can do to a store: a small file system, a limit on the size of files, rights that count."""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """A folder whose file system takes so much and no more."""

    folder: Path

    def grow(self, size: int) -> None:
        """Somebody makes room: it takes `size` bytes from now on."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)


def can_mount() -> bool:
    """May this process mount a file system?"""
    if os.geteuid() or not shutil.which("mount") or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode == 0


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mount a file system of `size` bytes in memory."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "syncline-test", str(folder)], check=True)
    try:
        yield SmallDisk(folder=folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def files_up_to(size: int) -> Callable[[], None]:
    """What a new process calls first so that no file of its grows beyond `size` bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def without_privilege() -> None:
    """What a new process calls first so that rights on files count for it, even when root starts it."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in _OVERRIDES if os.geteuid() == 0 else ():
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "a capability cannot be dropped")


_PR_CAPBSET_DROP = 24
_OVERRIDES = (1, 2, 3)  #: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
