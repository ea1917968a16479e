"""A way to a PostgreSQL server that loses the answer to one COMMIT: it happened, and nobody was told."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.lying_proxy import accept_all
from tests.processes.postgres_server import PostgresServer

_COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"  #: CommandComplete of the wire protocol, version 3


@dataclass(slots=True, kw_only=True)
class LossyPostgres:
    """Passes everything on until the answer to the n-th commit; then it hangs up, and passes on again."""

    port: int
    target: str  #: the server's socket
    lose: int = 0  #: which commit from now on; 0 is none
    lost: int = 0  #: how many answers were lost so far
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def through(self, url: str) -> str:
        """The URL of a database by this way."""
        name = url.partition("?")[0].rpartition("/")[2]
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}?sslmode=disable&gssencmode=disable"

    def serve(self, client: socket.socket) -> None:
        """One connection, until either end closes it."""
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(self.target)
            asking = threading.Thread(target=_pump, args=(client, server), daemon=True)
            asking.start()
            while (piece := server.recv(65_536)) and not self._loses(piece):
                client.sendall(piece)
            for one in (client, server):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            asking.join()

    def _loses(self, piece: bytes) -> bool:
        with self._counting:
            if not self.lose or _COMMITTED not in piece:
                return False
            self.lose -= 1
            self.lost += self.lose == 0
            return self.lose == 0


def _pump(client: socket.socket, server: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := client.recv(65_536):
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)


@contextmanager
def lossy_postgres(server: PostgresServer) -> Iterator[LossyPostgres]:
    """Such a way, before a server."""
    (found,) = Path(server.url.partition("host=")[2]).glob(".s.PGSQL.[0-9]*[0-9]")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        way = LossyPostgres(port=listening.getsockname()[1], target=str(found))
        threading.Thread(target=accept_all, args=(listening, way.serve), daemon=True).start()
        yield way
        listening.shutdown(socket.SHUT_RDWR)
