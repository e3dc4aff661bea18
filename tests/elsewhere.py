"""Another host, as an attacker would have: it allows everything, and notes what it is asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCRIPT = b"globalThis.payload = 1; globalThis.document?.documentElement.setAttribute('ran', '');"


@dataclass
class Elsewhere:
    address: str
    asked: list[str] = field(default_factory=list)  # paths without the slash, in order


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.elsewhere.asked.append(self.path[1:])
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Cross-Origin-Resource-Policy", "cross-origin")
        self.send_header("Content-Length", str(len(SCRIPT)))
        self.end_headers()
        self.wfile.write(SCRIPT)

    do_POST = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Noted above."""


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.elsewhere = Elsewhere(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.elsewhere
        finally:
            server.shutdown()
            thread.join()
