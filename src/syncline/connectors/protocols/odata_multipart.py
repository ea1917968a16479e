"""Batches as multipart/mixed, the form that every version of OData knows. Pure: bytes to parts and back.

Each write stands in a changeset of its own, so that it succeeds or fails alone; an atomic batch is one changeset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

_BREAK = b"\r\n"
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One write of a batch. `address` is below the service root, without a slash before it."""

    name: str  #: by which its answer is known
    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes | None = None


class PartAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one part. Header names are in lower case."""

    name: str  #: "": it does not say to which
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the answer: of a changeset, or the single error that stands for all of it."""

    answers: Sequence[PartAnswer]
    is_changeset: bool


def written(parts: Sequence[Part], boundary: str, *, atomic: bool) -> bytes:
    """The body of a batch."""
    sets = [parts] if atomic else [[part] for part in parts]
    pieces: list[bytes] = []
    for place, members in enumerate(sets):
        inner = f"{boundary}-{place}"
        pieces.append(f"--{boundary}\r\nContent-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode())
        pieces += [f"--{inner}\r\n".encode() + _part(part) for part in members]
        pieces.append(f"--{inner}--\r\n".encode())
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


def _part(part: Part) -> bytes:
    body = part.body or b""
    headers = {**part.headers, "Content-Length": str(len(body))} if body else dict(part.headers)
    lines = [
        "Content-Type: application/http", "Content-Transfer-Encoding: binary", f"Content-ID: {part.name}", "",
        f"{part.method} {part.address} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode() + body + _BREAK


def read(body: bytes, content_type: str) -> tuple[Sequence[Slot], bool]:
    """The places of an answer in their order, and whether it came to its end.

    Raises:
        ValueError: It is no multipart.
    """
    found, is_whole = _split(body, content_type)
    slots = [_slot(headers, content) for headers, content in found]
    return slots, is_whole and all(slot.answers for slot in slots)


def _slot(headers: Mapping[str, str], content: bytes) -> Slot:
    """What stands in one place; nothing where it was cut off, so that the others keep their places."""
    kind = headers.get("content-type", "")
    if not kind.lower().startswith("multipart/"):
        answer = _answer(headers, content)
        return Slot(answers=[] if answer is None else [answer], is_changeset=False)
    inner, is_whole = _split(content, kind) if _BOUNDARY.search(kind) else ([], False)
    answers = [answer for above, one in inner if (answer := _answer(above, one)) is not None]
    return Slot(answers=answers if is_whole and len(answers) == len(inner) else [], is_changeset=True)


def _split(body: bytes, content_type: str) -> tuple[list[tuple[dict[str, str], bytes]], bool]:
    named = _BOUNDARY.search(content_type)
    if named is None:
        raise ValueError("it names no boundary")
    mark = b"--" + named[1].strip().encode()
    # A mark stands at the beginning of a line, or it is somebody's text.
    pieces = re.split(rb"(?:\A|\r?\n)" + re.escape(mark) + rb"(?=--|[ \t]*\r?\n)", body)
    is_whole = len(pieces) > 1 and pieces[-1].startswith(b"--")
    return [_headed(piece.lstrip(b" \t")) for piece in pieces[1 : -1 if is_whole else None]], is_whole


def _headed(piece: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and what follows them."""
    text = re.sub(rb"\A\r?\n", b"", piece)
    if text.startswith((b"\r\n", b"\n")):
        return {}, text.lstrip(b"\r\n")
    head, _, content = text.replace(b"\r\n\r\n", b"\n\n", 1).partition(b"\n\n")
    lines = (line.strip() for line in head.decode("latin-1").splitlines())
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, content


def _answer(above: Mapping[str, str], content: bytes) -> PartAnswer | None:
    line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    status = _STATUS.match(line)
    if status is None:
        return None
    headers, body = _headed(b"\n" + rest)
    length = headers.get("content-length", "")
    if length.isdecimal():
        if len(body) < int(length):
            return None
        body = body[: int(length)]
    name = above.get("content-id", headers.get("content-id", ""))
    return PartAnswer(name=name, status=int(status[1]), headers=headers, body=body.strip(b"\r\n"))
