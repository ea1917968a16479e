"""A network that disturbs: it delays, resets, half-closes, truncates, sends twice and drips, drawn from a seed.

Every exchange of every connection draws its own fate, so a seed gives the same fates to the same connections.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.acceptance.lying_proxy import CUTS, PLACES, WAIT, Choice, Exchange, Lie, Passage, message

Way: TypeAlias = Literal["request", "answer"]

READ = 0.5  #: what the hub is told to wait for an answer [s]
_LONGEST = 0.8  #: of a delay: beyond what the hub waits, and well within the effect that is promised [s]
_ABORTED = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST
_STANDING = threading.Event()  # never set: a wait for time alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Hold the request or the answer back, perhaps until nobody waits for it any more."""

    of: Way
    seconds: float

    def pass_on(self, passage: Passage) -> bool:
        """Late, but whole."""
        if self.of == "request":
            _STANDING.wait(self.seconds)
        answer = _answer(passage.server, passage.request)
        if self.of == "answer":
            _STANDING.wait(self.seconds)
        return _given(passage, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """Break the connection (RST) after some bytes."""

    of: Way
    place: str  #: one of PLACES

    def pass_on(self, passage: Passage) -> bool:
        """Nothing gets through after it."""
        if self.of == "request":
            passage.server.sendall(_part(passage.request, self.place))
            passage.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTED)
        else:
            answer = _answer(passage.server, passage.request)
            passage.client.sendall(_part(answer or (b"", b""), self.place))
        passage.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTED)
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfClose:
    """Say that no more will come (FIN) after some bytes, and go on listening."""

    of: Way
    place: str  #: one of PLACES, or "whole"

    def pass_on(self, passage: Passage) -> bool:
        """The other direction stays open until its end hangs up."""
        if self.of == "request":
            passage.server.sendall(_part(passage.request, self.place))
            passage.server.shutdown(socket.SHUT_WR)
            _given(passage, message(passage.server))
            return False
        answer = _answer(passage.server, passage.request)
        passage.client.sendall(_part(answer or (b"", b""), self.place))
        passage.client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while passage.client.recv(65_536):
                pass
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Send the whole request twice, one after the other, as a proxy does that tries again."""

    shown: Literal["first", "second"]  #: which answer comes back

    def pass_on(self, passage: Passage) -> bool:
        """Both arrive."""
        first = _answer(passage.server, passage.request)
        with socket.create_connection(passage.target, WAIT) as other:
            second = _answer(other, passage.request)
        return _given(passage, first if self.shown == "first" else second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """Let an answer through in small pieces, with a pause before each."""

    pieces: int
    pause: float  #: [s]

    def pass_on(self, passage: Passage) -> bool:
        """Slow, but whole, if the hub has the patience."""
        answer = b"".join(_answer(passage.server, passage.request) or ())
        size = max(1, -(-len(answer) // self.pieces))
        for start in range(0, len(answer), size):
            _STANDING.wait(self.pause)
            passage.client.sendall(answer[start : start + size])
        return bool(answer)


def _answer(server: socket.socket, request: tuple[bytes, bytes]) -> tuple[bytes, bytes] | None:
    server.sendall(b"".join(request))
    return message(server)


def _given(passage: Passage, answer: tuple[bytes, bytes] | None) -> bool:
    if answer is None:
        return False
    passage.client.sendall(b"".join(answer))
    return True


def _part(whole: tuple[bytes, bytes], place: str) -> bytes:
    held = b"".join(whole)
    return held if place == "whole" else held[: PLACES[place](len(whole[0]), len(whole[1]))]


# --- drawn from a seed ----------------------------------------------------------------------------------------------

_WAYS: tuple[Way, Way] = ("request", "answer")
_KINDS: dict[str, Callable[[random.Random], Lie]] = {
    "delay": lambda draw: Delay(of=draw.choice(_WAYS), seconds=draw.uniform(0.0, _LONGEST)),
    "reset": lambda draw: Reset(of=draw.choice(_WAYS), place=draw.choice(list(PLACES))),
    "half-close": lambda draw: HalfClose(of=draw.choice(_WAYS), place=draw.choice([*PLACES, "whole"])),
    "truncate": lambda draw: draw.choice(CUTS),
    "duplicate": lambda draw: Duplicate(shown=draw.choice(("first", "second"))),
    "drip": lambda draw: Drip(pieces=draw.randint(2, 12), pause=draw.uniform(0.0, 0.06)),
}
KINDS = tuple(_KINDS)


def drawn(seed: str, *, rate: float, noted: Callable[[str], bool]) -> Choice:
    """What becomes of each exchange.

    Args:
        seed: What it is drawn from, together with the numbers of the connection and of the exchange on it.
        rate: The share of exchanges that are disturbed, 0 to 1.
        noted: Told the kind of each disturbance; its False leaves the exchange in peace.
    """

    def choose(one: Exchange) -> Lie | None:
        draw = random.Random(f"{seed} {one.connection} {one.number}")  # noqa: S311  a test that repeats
        if draw.random() >= rate:
            return None
        kind = draw.choice(KINDS)
        return _KINDS[kind](draw) if noted(kind) else None

    return choose
