"""Where `${secret:NAME}` is looked up: the environment, files, the encrypted file, or several of them in turn."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from syncline.errors import SetupError
from syncline.ports.secrets import Secrets

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LARGEST = 64 * 1024  #: bytes of a file of secrets
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretPlace(Secrets, Protocol):
    """A place that can say whether it knows a secret; SetupError only where the place itself is unfit."""

    def find(self, name: str) -> str | None:
        """The secret, None when this place does not know it."""
        ...

    def place(self, name: str) -> str:
        """Where this secret would be, in words for a person."""
        ...


def checked_name(name: str) -> str:
    """The name, if it is one: letters, digits and underscores. So it is never a path."""
    if _NAME.fullmatch(name):
        return name
    msg = f"`{name}` is no name of a secret."
    raise SetupError(msg, cure="Use letters, digits and underscores, such as CRM_TOKEN.")


def required(place: SecretPlace, name: str) -> str:
    """The secret that the place holds; SetupError saying where it was looked for."""
    found = place.find(name)
    if found is not None:
        return found
    msg = f"The secret {name} is not set; looked for it as {place.place(name)}."
    raise SetupError(msg, cure=f"Set it there, for example with `export SYNCLINE_SECRET_{name}=...`.")


def read_private(path: Path) -> str | None:
    """The text of a file that only its owner may read; None when there is none."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & _OTHERS:
                msg = f"{path} can be read by other users of this machine."
                raise SetupError(msg, cure=f"Close it with `chmod 600 {path}`; change what others may have seen.")
            data = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise SetupError(msg, cure="Make it a file that the user who runs syncline can read.") from error
    if len(data) > _LARGEST:
        msg = f"{path} is larger than {_LARGEST} bytes."
        raise SetupError(msg, cure="Name a file that holds secrets and nothing else.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text."
        raise SetupError(msg, cure="Store the secret as text, in base64 if it is binary.") from error


class EnvSecrets:
    """Secrets of the process environment: SYNCLINE_SECRET_NAME, else NAME."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find(self, name: str) -> str | None:
        """The first of the two variables that is set and not empty."""
        checked_name(name)
        return self._environ.get(f"SYNCLINE_SECRET_{name}") or self._environ.get(name) or None

    def place(self, name: str) -> str:
        """The two variables."""
        return f"SYNCLINE_SECRET_{name} or {name} in the environment"

    def secret(self, name: str) -> str:
        """The secret; SetupError when neither variable is set."""
        return required(self, name)


class FileSecrets:
    """Secrets in a folder, a file per name, or in one file of NAME=VALUE lines. Refuses what others can read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, name: str) -> str | None:
        """The file's text without its last line break, or the value of the line."""
        checked_name(name)
        if self._path.is_dir():
            text = read_private(self._path / name)
            return None if text is None else text.removesuffix("\n").removesuffix("\r")
        text = read_private(self._path)
        return None if text is None else _lines(text, self._path).get(name)

    def place(self, name: str) -> str:
        """The file, or the line of it."""
        return f"the file {self._path / name}" if self._path.is_dir() else f"{name}=... in {self._path}"

    def secret(self, name: str) -> str:
        """The secret; SetupError when there is no such file or line."""
        return required(self, name)


class ChainedSecrets:
    """Several places; the first that knows a secret gives it."""

    def __init__(self, places: Sequence[SecretPlace]) -> None:
        self._places = tuple(places)

    def find(self, name: str) -> str | None:
        """What the first place that knows it says."""
        checked_name(name)
        for place in self._places:
            if (found := place.find(name)) is not None:
                return found
        return None

    def place(self, name: str) -> str:
        """All places, in order."""
        return ", ".join(place.place(name) for place in self._places) or "nothing at all"

    def secret(self, name: str) -> str:
        """The secret; SetupError naming every place that was searched."""
        return required(self, name)


def _lines(text: str, path: Path) -> dict[str, str]:
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip().removeprefix("export ")
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            msg = f"{path}:{number} is not a NAME=VALUE line."  # never the line itself: it may be a secret
            raise SetupError(msg, cure="Write one NAME=VALUE per line; # starts a comment line.")
        values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
