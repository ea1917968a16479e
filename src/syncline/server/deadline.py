"""How long the head of a request may take, so that nobody holds connections by speaking slowly, or not at all."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD = 10.0  #: from the connection, or from the first byte of a later request [s]
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Deadlined(H11Protocol):
    """A connection that is closed when a request has begun and its head does not end."""

    _limit: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """The head of the first request is awaited."""
        super().connection_made(transport)
        self._limit = self.loop.call_later(HEAD, self._give_up)

    def data_received(self, data: bytes) -> None:
        """More of a request: time runs from its first byte to the end of its head."""
        super().data_received(data)
        is_in_head = getattr(self.cycle, "response_complete", True)  # of no request yet, too
        if self._limit is None and is_in_head:
            self._limit = self.loop.call_later(HEAD, self._give_up)
        elif self._limit is not None and not is_in_head:
            self._end_limit()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._end_limit()
        super().connection_lost(exc)

    def _end_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _give_up(self) -> None:
        self._limit = None
        if not self.transport.is_closing():
            self.transport.write(_TOO_SLOW)
            self.transport.close()
