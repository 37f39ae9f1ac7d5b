"""A server of static files on this machine, with the headers that a host should send."""

from __future__ import annotations

import errno
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from helpers.core import ConfigError
from helpers.serving.apps.browser_page import BUILD_FILE

HOST = "127.0.0.1"
PORT = 8600

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
"""What the page may load and connect to: its own origin. The same text stands in index.html; a
blob is the two lines that start the worker, which then is held by this policy too."""

HEADERS: dict[str, str] = {
    # Browsers ignore this one where it stands in a page.
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # kept, and asked for again: unchanged files cost no bytes
}


class Handler(SimpleHTTPRequestHandler):
    """Answers requests for files of one folder; lists no folder."""

    protocol_version = "HTTP/1.1"
    server_version = "DermBook"
    sys_version = ""
    extensions_map = {  # noqa: RUF012, declared by the base class
        "": "application/octet-stream",
        ".bin": "application/octet-stream",
        ".css": "text/css; charset=utf-8",
        ".html": "text/html; charset=utf-8",
        ".jpg": "image/jpeg",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".md": "text/plain; charset=utf-8",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def end_headers(self) -> None:
        """Add the headers of every answer."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        """Refuse: what is in a folder is nobody's business."""
        self.send_error(404, "Not found")

    def log_message(self, *_: Any) -> None:
        """Keep no record of who asked for what."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves in the middle of a file is no error."""


def make_server(folder: str | Path, port: int = PORT) -> ThreadingHTTPServer:
    """Open a server for a built page; ``serve_forever`` starts it.

    Parameters
    ----------
    folder : str or Path
        As made by `helpers.serving.apps.browser_page.build_web`.
    port : int, default=8600
        0 takes any that is free; ``server_address`` tells which.

    Raises
    ------
    ConfigError
        If the folder holds no build, or the port is taken or not to be had.
    """
    folder = Path(folder).resolve()
    if not (folder / BUILD_FILE).is_file():
        raise ConfigError(
            f"{folder}: expected a built page but there is no {BUILD_FILE}; run 'dermbook web'"
        )

    class OfFolder(Handler):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

    try:
        return _Server((HOST, port), OfFolder)
    except (OSError, OverflowError) as error:
        taken = getattr(error, "errno", None) == errno.EADDRINUSE
        reason = "another program listens there" if taken else str(error)
        raise ConfigError(
            f"port {port}: expected a free port of this machine but {reason}; choose another with "
            "--port, or 0 for any"
        ) from error


def serve_web(folder: str | Path, port: int = PORT, ready: Any = None) -> None:
    """Serve a built page on this machine alone, until it is interrupted.

    Parameters
    ----------
    folder : str or Path
        As made by `helpers.serving.apps.browser_page.build_web`.
    port : int, default=8600
        0 takes any that is free.
    ready : callable, optional
        Called with the page's address once it can be opened.
    """
    with make_server(folder, port) as server:
        if ready is not None:
            ready(f"http://localhost:{server.server_address[1]}/")
        server.serve_forever()
