"""An HTTP server for the tests, on loopback, that misbehaves as it is told."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass
class Server:
    """What the server serves, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    drops: int = 0  # how many answers break off in the middle
    cuts: list[int] = field(default_factory=list)  # bytes after which answers break off, in order
    sent: int = 0  # bytes of files in all answers
    ranges: str = "honest"  # "ignored", "wrong"
    statuses: list[int] = field(default_factory=list)  # answered first, one a request
    redirect: bool = False
    chunked: bool = False  # no Content-Length
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    signed: int = 0


def make_handler(server: Server) -> type[BaseHTTPRequestHandler]:
    """A request handler that misbehaves as told."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            """Keep quiet."""

        def refuse(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            name, wanted = self.path.lstrip("/"), self.headers.get("Range", "")
            server.asked.append((name, wanted))
            if server.redirect and not name.startswith("signed-"):
                server.signed += 1
                self.send_response(303)
                self.send_header("Location", f"/signed-{server.signed}/{name}")
                self.end_headers()
                return
            if name.startswith("signed-"):
                token, _, name = name.partition("/")
                if token != f"signed-{server.signed}":
                    return self.refuse(403)
            if server.statuses:
                return self.refuse(server.statuses.pop(0))
            if name not in server.files:
                return self.refuse(404)
            data, start = server.files[name], 0
            if wanted and server.ranges != "ignored":
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(data)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if server.ranges == "wrong":
                    start = max(start - 10, 0)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            body = data[start:]
            if not server.chunked:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if server.drops:
                server.drops -= 1
                body = body[: max(len(body) // 2, 1)]
            if server.cuts:
                body = body[: server.cuts.pop(0)]
            server.sent += len(body)
            self.wfile.write(body)
            self.close_connection = True

    return Handler


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
