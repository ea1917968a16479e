"""One connection of the HTTP wire: where it leads is checked and pinned, and no wait outlasts the exchange.

Answers are parsed by the standard library. Ours is what it leaves open: the addresses behind a name are looked at
before one is connected to, a request leaves in one piece, and every wait is cut to what is left of the whole exchange.
"""

from __future__ import annotations

import http.client
import io
import math
import re
import select
import socket
import ssl
import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, cast

import msgspec

from syncline.connectors.protocols.egress import Origin, is_forbidden
from syncline.env import Env
from syncline.errors import SetupError

_PIECE = 64 * 1024  #: of a body whose length is not known [bytes]
_SLACK = 64 * 1024  #: of an answer beyond its body: head, sizes of chunks, trailers [bytes]
_PARTS = 100  #: of a packed body: what follows each is copied once more
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS = frozenset("\r\n\0")


class Deadline(msgspec.Struct, frozen=True, kw_only=True):
    """How long an exchange may still take."""

    env: Env
    until: float  #: of everything [monotonic s]
    pause: float  #: between two pieces of an answer [s]

    def left(self, most: float) -> float:
        """How long to wait now [s], at most `most`; TimeoutError when nothing is left."""
        rest = self.until - self.env.monotonic()
        if rest <= 0:
            raise TimeoutError
        return min(rest, most)


class _Incoming(io.RawIOBase):
    """What the system sends, each piece awaited no longer than the deadline of the exchange says, and never too much.

    What comes is counted here because the parser cannot be held to a limit: a chunk of -1 bytes makes it read all.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock = sock
        self.deadline: Deadline | None = deadline  #: None: nothing is expected, and nothing is read
        self.room = 0  #: what this exchange may still bring [bytes]

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int | None:
        """The next bytes; None while nothing is expected."""
        if self.deadline is None:
            return None
        self._sock.settimeout(self.deadline.left(self.deadline.pause))
        size = self._sock.recv_into(cast("bytearray", buffer))
        self.room -= size
        if self.room < 0:
            raise BufferError("more than an answer may hold")
        return size


class _Kept(io.BufferedReader):
    """Outlives the answers that are read from it; the parser closes its file after each."""

    def close(self) -> None:
        """Not yet: the connection ends with its socket."""


class _Source(Protocol):
    def makefile(self, mode: str) -> io.BufferedReader: ...


class Connection:
    """An open connection to one origin, for one exchange at a time."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._incoming = _Incoming(sock, deadline)
        self._reader = _Kept(self._incoming)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self.used = False  #: has it brought an answer before?
        self.idle_since = 0.0  #: [monotonic s]

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What the parser of answers reads from."""
        return self._reader

    def send(self, data: bytes, deadline: Deadline, limit: int) -> None:
        """Let a whole request leave. A system that answers before it has read all has not failed.

        Once its answer is longer than `limit` [bytes] and what belongs around a body, reading it raises BufferError.
        """
        self._incoming.deadline = deadline
        self._incoming.room = limit + _SLACK
        self._sock.settimeout(deadline.left(math.inf))
        try:
            self._sock.sendall(data)
        except ConnectionError:
            if not self._poll.poll(0):
                raise

    def receive(self, method: str) -> http.client.HTTPResponse:
        """The head of the answer; news before it (1xx) is passed over."""
        while True:
            answer = http.client.HTTPResponse(cast("socket.socket", self), method=method)
            answer.begin()
            if answer.status >= HTTPStatus.OK or answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
                return answer

    def rest(self, now: float) -> bool:
        """Keep for later; False where more came than was asked for, so that it cannot be used again."""
        self.used, self.idle_since = True, now
        self._incoming.deadline = None
        return not self._reader.peek(1) and self.is_quiet()

    def is_quiet(self) -> bool:
        """Nothing has come that nobody asked for: no bytes, decrypted already or not, no end."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return False
        return not self._poll.poll(0)

    def interrupt(self) -> None:
        """Wake whoever waits for this connection in another thread: it ends now.

        The plain socket's way: SSLSocket.shutdown lets go of the encryption first, and a write at that moment would
        leave in the clear.
        """
        try:
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        except OSError:  # it has ended already
            return

    def close(self) -> None:
        """Let it go."""
        self._sock.close()


# --- opening ----------------------------------------------------------------------------------------------------------


def connect(origin: Origin, system: str, trust: ssl.SSLContext | None, wait: float, deadline: Deadline) -> Connection:
    """Connect to the first address of the origin that answers, each tried for at most `wait` [s].

    The look-up of the name is not bounded by the deadline: it takes as long as the machine's resolver is set to wait.
    The deadline holds again from the first address on.

    Raises SetupError where any of its addresses is one that no application has; OSError and TimeoutError.
    """
    host = ascii_host(origin)
    found = socket.getaddrinfo(host.encode(), origin.port, type=socket.SOCK_STREAM)
    if any(is_forbidden(str(address[0])) for *_, address in found):
        msg = f"{origin.host} of system {system} leads to an address of the machine or network itself."
        raise SetupError(msg, cure=f"Check systems.{system}.url and the name server.")
    problem: OSError = ConnectionRefusedError("no address")
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.settimeout(deadline.left(wait))
            sock.connect(address)
            if trust is not None:
                sock = trust.wrap_socket(sock, server_hostname=host)
            return Connection(sock, deadline)
        except ssl.SSLError:
            sock.close()
            raise
        except OSError as error:
            sock.close()
            problem = error
        except BaseException:
            sock.close()
            raise
    raise problem


def ascii_host(origin: Origin) -> str:
    """The host as name servers know it."""
    return origin.host if origin.host.isascii() else origin.host.encode("idna").decode()


# --- requests and answers as bytes ------------------------------------------------------------------------------------


def encode_request(method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    """A request as it goes over the wire; ValueError for a header that would not stay one."""
    lines = [f"{method} {target} HTTP/1.1"]
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _BREAKS.isdisjoint(value):
            raise ValueError("a header holds a line break")
        lines.append(f"{name}: {value}")
    if body is not None or method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(body or b'')}")
    return "\r\n".join([*lines, "\r\n"]).encode() + (body or b"")


def read_body(answer: http.client.HTTPResponse, limit: int, deadline: Deadline) -> bytes:
    """The whole body, unpacked.

    Raises BufferError when it is longer than `limit` [bytes], packed or unpacked; HTTPException, zlib.error where it
    is not whole; TimeoutError.
    """
    told = {text.strip(" \t") for text in answer.headers.get_all("content-length", ())}
    if len(told) > 1 or not all(text.isascii() and text.isdigit() for text in told):
        raise http.client.HTTPException("a length that is none")
    length = answer.length
    if length is not None and length > limit:
        raise BufferError
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read(length or _PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise BufferError
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    packed = b"".join(pieces)
    encoding = answer.getheader("content-encoding", "").strip().lower()
    return _unpacked(packed, encoding, limit, deadline) if packed else packed


def _unpacked(packed: bytes, encoding: str, limit: int, deadline: Deadline) -> bytes:
    if encoding in ("", "identity"):
        return packed
    if encoding in ("gzip", "x-gzip"):
        window = 16 + zlib.MAX_WBITS
    elif encoding == "deflate":  # with the header that the name means, or bare, as some send it
        window = zlib.MAX_WBITS if int.from_bytes(packed[:2], "big") % 31 == 0 else -zlib.MAX_WBITS
    else:
        raise zlib.error("an encoding that was not asked for")
    pieces: list[bytes] = []
    room = limit + 1
    while packed:
        if len(pieces) == _PARTS:
            raise zlib.error("too many parts")
        deadline.left(math.inf)
        engine = zlib.decompressobj(window)
        piece = engine.decompress(packed, room)
        room -= len(piece)
        if not room:
            raise BufferError
        if not engine.eof:
            raise zlib.error("cut off")
        pieces.append(piece)
        packed = engine.unused_data.lstrip(b"\0")
    return b"".join(pieces)
