"""Serve the built site on this machine: `python -m docs.tools.serve site --port 8000`."""

import argparse
import errno
import gzip
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from docs.tools import policy

COMPRESSIBLE = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".xml"}
# The name changes with the contents: esbuild's chunks, the theme's files, the runtime's wheels.
CONTENT_NAMED = re.compile(
    r"-[A-Z0-9]{8}\.js$|\.[0-9a-f]{8}\.min\.(js|css)$|-0_[0-9a-f]{12}-.*\.whl$"
)


@lru_cache(maxsize=512)
def compressed(path: Path, entity_tag: str) -> bytes:
    """The file's gzip form; the tag makes a changed file a new entry."""
    return gzip.compress(path.read_bytes(), mtime=0)


class SiteHandler(SimpleHTTPRequestHandler):
    """Static files with exact types, entity tags, gzip and the headers of docs/tools/policy.py."""

    protocol_version = "HTTP/1.1"
    extensions_map = SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
        ".ttf": "font/ttf",
        ".woff2": "font/woff2",
        ".svg": "image/svg+xml",
    }

    def __init__(self, *arguments, isolation: bool, directory: str) -> None:
        self.isolation = isolation
        super().__init__(*arguments, directory=directory)

    def send_head(self) -> BinaryIO | BytesIO | None:
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.partition("?")[0].endswith("/"):
            path /= "index.html"
        if not path.is_file():
            # Folders without the final slash are redirected, anything else is not found.
            return super().send_head() if path.is_dir() else self.send_not_found()
        status = path.stat()
        tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        if self.headers.get("If-None-Match") == tag:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_caching_headers(path, tag)
            self.end_headers()
            return None
        return self.send_file(path, tag, HTTPStatus.OK)

    def send_file(self, path: Path, tag: str, code: HTTPStatus) -> BinaryIO | BytesIO:
        gzipped = path.suffix in COMPRESSIBLE and "gzip" in self.headers.get("Accept-Encoding", "")
        body: BinaryIO | BytesIO
        if gzipped:
            content = compressed(path, tag)
            body, length = BytesIO(content), len(content)
        else:
            body, length = path.open("rb"), path.stat().st_size
        self.send_response(code)
        self.send_header("Content-Type", self.content_type(path))
        self.send_header("Content-Length", str(length))
        if gzipped:
            self.send_header("Content-Encoding", "gzip")
        self.send_caching_headers(path, tag)
        self.end_headers()
        return body

    def send_not_found(self) -> BinaryIO | BytesIO | None:
        page = Path(self.directory) / "404.html"
        if page.is_file():
            return self.send_file(page, "404", HTTPStatus.NOT_FOUND)
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    def content_type(self, path: Path) -> str:
        kind = self.guess_type(str(path))
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

    def send_caching_headers(self, path: Path, tag: str) -> None:
        self.send_header("ETag", tag)
        self.send_header("Vary", "Accept-Encoding")
        for_ever = CONTENT_NAMED.search(path.name)
        self.send_header(
            "Cache-Control", "public, max-age=31536000, immutable" if for_ever else "no-cache"
        )

    def end_headers(self) -> None:
        if self.isolation:
            for name, value in policy.headers_of(Path(self.directory), self.path).items():
                self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Readers need no line for every request."""


class SiteServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """A browser that closes a connection early is no error; anything else is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def make_server(directory: Path | str, port: int, isolation: bool) -> SiteServer:
    handler = partial(SiteHandler, isolation=isolation, directory=str(directory))
    return SiteServer(("127.0.0.1", port), handler)


@contextmanager
def serve(directory: Path | str, port: int = 0, isolation: bool = True) -> Iterator[str]:
    """Serve ``directory`` in a thread and give its address, which ends without a slash."""
    with make_server(directory, port, isolation) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def first_free(directory: Path, port: int, isolation: bool) -> SiteServer:
    """A server on ``port``, or on the first free port after it."""
    for candidate in range(port, min(port + 100, 65536)):
        try:
            return make_server(directory, candidate, isolation)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    sys.exit(f"端口 {port} 及其后的端口都被占用。请用 make serve PORT=… 另选一个端口。")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-isolation", dest="isolation", action="store_false")
    options = parser.parse_args()
    with first_free(options.directory, options.port, options.isolation) as server:
        if server.server_port != options.port:
            print(f"端口 {options.port} 已被占用，改用 {server.server_port}。")
        print(f"站点已启动：http://127.0.0.1:{server.server_port}/  （按 Ctrl-C 停止）", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
