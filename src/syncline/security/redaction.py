"""The last line against a leak: known secrets are struck out of a text, in every form that a message may quote."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from syncline.security.secret import MASK, Secret

_SHORTEST = 4  #: characters; striking out a shorter text would shred every message and protect nothing


def redact(text: str, secrets: Iterable[str | Secret]) -> str:
    """The text with *** for each secret, also where it stands URL-quoted, JSON-escaped, in base64 or in hexadecimal."""
    plain = (secret.reveal() if isinstance(secret, Secret) else secret for secret in secrets)
    forms = {form for secret in plain if len(secret) >= _SHORTEST for form in _forms(secret) if len(form) >= _SHORTEST}
    if not forms:
        return text
    longest_first = sorted(forms, key=lambda form: (-len(form), form))
    return re.sub("|".join(map(re.escape, longest_first)), MASK, text)


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield data.hex()
    yield data.hex().upper()
    yield from _base64_forms(data)


def _base64_forms(data: bytes) -> Iterator[str]:
    """What base64 makes of the secret behind 0, 1 or 2 other bytes, as in `user:password`; whole characters only."""
    for before in range(3):
        first = -(-before * 8 // 6)
        end = (before + len(data)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + data).decode()[first:end]
