"""The small server in front of the exposition: who may ask, and over what.

Loopback and open by default, for a scraper on the same machine; a token or TLS for one that is not.
"""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import structlog

# Longer than any scraper waits; a connection that says nothing is not kept.
_PATIENCE_SECONDS = 30.0

_log = structlog.get_logger()


class Unusable(Exception):
    """A file that was to protect the listener cannot be used; the message names it and the remedy."""


class Writer(Protocol):
    """What is served at /metrics."""

    def write(self, accept: str) -> tuple[str, bytes]: ...


@dataclass(frozen=True, slots=True)
class Protection:
    """What stands before the numbers. `token` is asked for; `tls` is spoken."""

    token: str | None = None
    tls: ssl.SSLContext | None = None

    def admits(self, authorization: str) -> bool:
        if self.token is None:
            return True
        # In constant time: whoever measures answers learns nothing of the token.
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())


def protection(*, token_file: Path | None, certificate: Path | None, key: Path | None) -> Protection:
    """Read what was configured; raises Unusable."""
    return Protection(_token(token_file) if token_file else None, _tls(certificate, key) if certificate else None)


def _token(file: Path) -> str:
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"the token in {file} cannot be read: {error}; see EXPORTER_TOKEN_FILE") from error
    if not token:
        raise Unusable(f"{file} is empty; put a long random word into it, or unset EXPORTER_TOKEN_FILE")
    return token


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        raise Unusable(
            f"{certificate} and its key cannot be used for TLS: {error}; "
            "see EXPORTER_TLS_CERTIFICATE and EXPORTER_TLS_KEY"
        ) from error
    return context


def server(metrics: Writer, *, host: str, port: int, protection: Protection) -> ThreadingHTTPServer:
    """Bind the server; `/metrics` in the format the scraper asks for, `/livez` for whoever starts us."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        timeout = _PATIENCE_SECONDS

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics" if protection.admits(self.headers.get("Authorization", "")):
                    self._answer(200, *metrics.write(self.headers.get("Accept", "")))
                case "/metrics":
                    self._answer(401, "text/plain", b"Send the token: Authorization: Bearer ...\n")
                case "/livez":
                    self._answer(200, "text/plain", b"ok\n")
                case _:
                    self._answer(404, "text/plain", b"There is /metrics and /livez.\n")

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if status == 401:
                self.send_header("WWW-Authenticate", "Bearer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """A scrape every five seconds is no news."""
            _log.debug("scraped", line=format % args)

    class Listener(ThreadingHTTPServer):
        """Threads, so that one who connects and says nothing keeps nobody waiting."""

        def handle_error(self, request: object, client_address: object) -> None:
            """Somebody who hung up, or does not speak TLS, is no news either."""
            _log.debug("scraper_lost", exc_info=True)

    listener = Listener((host, port), Handler)
    if protection.tls is not None:
        # Hands are shaken when a thread first reads, not in the one that accepts.
        listener.socket = protection.tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    return listener
