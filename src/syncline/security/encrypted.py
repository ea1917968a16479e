"""Secrets in one encrypted file of the project folder, so that a copy of the folder is useless without the key.

The file is JSON: a header, and one AES-256-GCM box over all names and values, bound to that header. Each change writes
the whole file anew, beside the old one, and then takes its place.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from syncline.errors import SetupError
from syncline.security.secrets import checked_name, read_private, required

_KEY_BYTES = 32
_NONCE_BYTES = 12
_SALT_BYTES = 16
_FORMAT = "syncline secrets 1"


class _Boxes(Protocol):
    def seal(self, plain: bytes, *, key: bytes, nonce: bytes, bound: bytes) -> bytes: ...

    def unseal(self, box: bytes, *, key: bytes, nonce: bytes, bound: bytes) -> bytes | None: ...

    def stretched(self, passphrase: str, salt: bytes) -> bytes: ...


def _boxes() -> _Boxes:
    from syncline.security import box  # noqa: PLC0415  most projects have no such file, and need no cryptography

    return box


class EncryptedSecrets:
    """`secrets.enc` in `folder`; the key is SYNCLINE_KEY (32 bytes in base64, or a passphrase) or the file `key` there.

    Where there is no key yet, the first `set` makes the key file, which only its owner can read.
    """

    def __init__(
        self, folder: Path, environ: Mapping[str, str], *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._file = folder / "secrets.enc"
        self._key_file = folder / "key"
        self._environ = environ
        self._random_bytes = random_bytes
        self._derived: dict[bytes, bytes] = {}  # salt -> key: scrypt is slow on purpose

    def find(self, name: str) -> str | None:
        """The secret, None when the file does not hold it."""
        return self._read().get(checked_name(name))

    def place(self, name: str) -> str:
        """The file, and how a secret comes into it."""
        return f"{self._file} (`syncline secrets set {name}`)"

    def secret(self, name: str) -> str:
        """The secret; SetupError when the file does not hold it."""
        return required(self, name)

    def names(self) -> tuple[str, ...]:
        """The names that the file holds."""
        return tuple(sorted(self._read()))

    def set(self, name: str, value: str) -> None:
        """Keep a secret, whatever stood there."""
        if not value:
            msg = f"The secret {name} is empty."
            raise SetupError(msg, cure="Give it a value, or remove it.")
        self._write({**self._read(), checked_name(name): value})

    def remove(self, name: str) -> bool:
        """Forget a secret; was it there?"""
        secrets = self._read()
        if secrets.pop(checked_name(name), None) is None:
            return False
        self._write(secrets)
        return True

    def _read(self) -> dict[str, str]:
        text = read_private(self._file)
        if text is None:
            return {}
        header, nonce, box = _parsed(text, self._file)
        salt = base64.b64decode(header["salt"])
        plain = _boxes().unseal(box, key=self._key(salt), nonce=nonce, bound=_bound(header))
        if plain is None:
            msg = f"{self._file} cannot be opened: the key is another one, or the file was changed."
            raise SetupError(msg, cure=f"Give the key that it was made with ({self._key_place()}).")
        return {str(name): str(value) for name, value in json.loads(plain).items()}

    def _write(self, secrets: Mapping[str, str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if self._given_key() is None:  # there is no file yet either: it could not have been read
            _replace(self._key_file, base64.b64encode(self._random_bytes(_KEY_BYTES)))
        salt, nonce = self._random_bytes(_SALT_BYTES), self._random_bytes(_NONCE_BYTES)
        header = {"format": _FORMAT, "salt": base64.b64encode(salt).decode()}
        plain = json.dumps(secrets, sort_keys=True).encode()
        box = _boxes().seal(plain, key=self._key(salt), nonce=nonce, bound=_bound(header))
        body = {**header, "nonce": base64.b64encode(nonce).decode(), "box": base64.b64encode(box).decode()}
        _replace(self._file, json.dumps(body, indent=1).encode())

    def _key(self, salt: bytes) -> bytes:
        given = self._given_key()
        if given is None:
            msg = f"There is no key for {self._file}."
            raise SetupError(msg, cure=f"Set SYNCLINE_KEY, or bring back {self._key_file}.")
        if (raw := _raw_key(given)) is not None:
            return raw
        if salt not in self._derived:
            self._derived[salt] = _boxes().stretched(given, salt)
        return self._derived[salt]

    def _given_key(self) -> str | None:
        if given := self._environ.get("SYNCLINE_KEY"):
            return given.strip()
        text = read_private(self._key_file)
        return text.strip() if text and text.strip() else None

    def _key_place(self) -> str:
        return "SYNCLINE_KEY" if self._environ.get("SYNCLINE_KEY") else str(self._key_file)


def _raw_key(given: str) -> bytes | None:
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == _KEY_BYTES else None


def _bound(header: Mapping[str, str]) -> bytes:
    return json.dumps(header, sort_keys=True).encode()


def _parsed(text: str, file: Path) -> tuple[dict[str, str], bytes, bytes]:
    try:
        body = json.loads(text)
        header = {"format": str(body["format"]), "salt": str(body["salt"])}
        base64.b64decode(header["salt"], validate=True)
        nonce, box = (base64.b64decode(body[part], validate=True) for part in ("nonce", "box"))
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{file} is damaged."
        raise SetupError(msg, cure="Bring it back from a backup, or remove it and set the secrets anew.") from error
    if header["format"] != _FORMAT or len(nonce) != _NONCE_BYTES:
        msg = f"{file} has a format that this version does not know."
        raise SetupError(msg, cure="Use the version of syncline that wrote it.")
    return header, nonce, box


def _replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read, and let it take the place of the old one at once."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
