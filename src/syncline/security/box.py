"""The box around the secrets: AES-256-GCM, and a key out of a passphrase. Loaded when there is a box to open."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_SCRYPT_COST = 2**15  #: with 8 blocks: 32 MiB, about 0.1 s per try
_SCRYPT_BLOCKS = 8
_KEY_BYTES = 32


def seal(plain: bytes, *, key: bytes, nonce: bytes, bound: bytes) -> bytes:
    """The box; it opens only with the same key, nonce and bound text."""
    return AESGCM(key).encrypt(nonce, plain, bound)


def unseal(box: bytes, *, key: bytes, nonce: bytes, bound: bytes) -> bytes | None:
    """What is in the box; None where anything about it is another."""
    try:
        return AESGCM(key).decrypt(nonce, box, bound)
    except InvalidTag:
        return None


def stretched(passphrase: str, salt: bytes) -> bytes:
    """A key that takes a while to try."""
    return Scrypt(salt=salt, length=_KEY_BYTES, n=_SCRYPT_COST, r=_SCRYPT_BLOCKS, p=1).derive(passphrase.encode())
