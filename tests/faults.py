"""A server of the site that does on order what servers and lines do to readers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from functools import partial
from http import HTTPStatus
from pathlib import Path

from docs.tools.serve import SiteHandler, SiteServer

PIECE = 16_000  # bytes


class FaultHandler(SiteHandler):
    """Damaged files keep their headers: the browser's cache holds them as it holds whole ones."""

    @property
    def host(self) -> "FaultServer":
        assert isinstance(self.server, FaultServer)
        return self.server

    def setup(self) -> None:
        super().setup()
        self.host.connections.add(self.connection)

    def finish(self) -> None:
        self.host.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].removeprefix("/")
        self.host.asked.append(name)
        orders = self.host.orders.items()
        fault = next((fault for pattern, fault in orders if fnmatch(name, pattern)), None)
        if fault:
            getattr(self, fault)(Path(self.translate_path(self.path)))
        else:
            super().do_GET()

    def send_body(self, path: Path, body: bytes, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.content_type(path))
        self.send_header("Content-Length", str(len(body) if length is None else length))
        status = path.stat()
        self.send_caching_headers(path, f'"{status.st_mtime_ns:x}-{status.st_size:x}"')
        self.end_headers()
        self.wfile.write(body)

    # What may be ordered

    def missing(self, path: Path) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def failing(self, path: Path) -> None:
        """Of no use at the moment."""
        self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)

    def cut(self, path: Path) -> None:
        """The line breaks half-way."""
        whole = path.read_bytes()
        self.send_body(path, whole[: len(whole) // 2], len(whole))
        self.close_connection = True

    def short(self, path: Path) -> None:
        """Half a file that says that it is all."""
        whole = path.read_bytes()
        self.send_body(path, whole[: len(whole) // 2])

    def wrong(self, path: Path) -> None:
        """One byte is another one."""
        body = bytearray(path.read_bytes())
        body[len(body) // 2] ^= 1
        self.send_body(path, bytes(body))

    def hanging(self, path: Path) -> None:
        """Nothing ever comes, until the server goes."""
        self.host.gone.wait()
        self.close_connection = True

    def stalling(self, path: Path) -> None:
        """Half of it comes."""
        whole = path.read_bytes()
        self.send_body(path, whole[: len(whole) // 2], len(whole))
        self.hanging(path)

    def slow(self, path: Path) -> None:
        """``rate`` bytes a second, for all that is slow together."""
        whole = path.read_bytes()
        self.send_body(path, b"", len(whole))
        start = 0
        while start < len(whole):
            with self.host.line:
                piece = min(PIECE, self.host.rate)
                if self.host.gone.wait(piece / self.host.rate):
                    break
            self.wfile.write(whole[start : start + piece])
            start += piece


class FaultServer(SiteServer):
    """``orders`` says which files, by pattern, have which fault; it may change at any time."""

    def __init__(self, directory: Path, port: int) -> None:
        self.orders: dict[str, str] = {}
        self.rate = 1000
        self.asked: list[str] = []
        self.connections: set[socket.socket] = set()
        self.gone = threading.Event()
        self.line = threading.Lock()
        super().__init__(
            ("127.0.0.1", port), partial(FaultHandler, isolation=True, directory=str(directory))
        )

    def leave(self) -> None:
        """With all that is under way; `server_close` alone leaves the connections open."""
        self.gone.set()
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def faults(directory: Path, port: int = 0) -> Iterator[FaultServer]:
    """A server that misbehaves on order; on the port of one that is gone, it is back."""
    server = FaultServer(directory, port)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        if not server.gone.is_set():
            server.leave()
