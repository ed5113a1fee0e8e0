"""`python -m loadtests.benchmarks.otlp_sink`: a collector that takes everything and keeps nothing."""

from __future__ import annotations

import argparse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Sink(BaseHTTPRequestHandler):
    """One connection, kept open as a collector's would be."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def main() -> None:
    parser = argparse.ArgumentParser(description="An OTLP/HTTP receiver that drops what it gets, for benchmarks.")
    parser.add_argument("--port", type=int, required=True)
    with ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Sink) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
