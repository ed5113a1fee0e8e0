"""Who may read the numbers, and over what."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from exporter import listener
from exporter.listener import Protection, Unusable, protection
from exporter.settings import Settings
from sla.environment import SettingsError

TOKEN = "a-long-random-word"


class Numbers:
    def write(self, accept: str) -> tuple[str, bytes]:
        return "text/plain", b"up 1\n"


@contextmanager
def serving(**protected: Path | None) -> Iterator[int]:
    files: dict[str, Path | None] = {"token_file": None, "certificate": None, "key": None, **protected}
    with listener.server(Numbers(), host="127.0.0.1", port=0, protection=protection(**files)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    home = tmp_path_factory.mktemp("tls")
    certificate, key = home / "certificate.pem", home / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.mark.integration
@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer wrong"}])
def test_without_the_token_there_are_no_numbers(token_file, headers):
    with serving(token_file=token_file) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=headers)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "up 1" not in answer.text


@pytest.mark.integration
def test_with_the_token_there_are_and_whether_we_live_is_no_secret(token_file):
    with serving(token_file=token_file) as port:
        read = httpx.get(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        alive = httpx.get(f"http://127.0.0.1:{port}/livez")

    assert (read.status_code, read.text) == (200, "up 1\n")
    assert alive.status_code == 200


@pytest.mark.integration
def test_over_tls_whoever_trusts_the_certificate_reads_and_plain_http_is_not_spoken(pair):
    certificate, key = pair
    with serving(certificate=certificate, key=key) as port:
        trusting = ssl.create_default_context(cafile=certificate)
        read = httpx.get(f"https://127.0.0.1:{port}/metrics", verify=trusting)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/metrics")

    assert (read.status_code, read.text) == (200, "up 1\n")


@pytest.mark.integration
def test_one_who_connects_and_never_shakes_hands_keeps_nobody_waiting(pair):
    certificate, key = pair
    trusting = ssl.create_default_context(cafile=certificate)
    with serving(certificate=certificate, key=key) as port, socket.create_connection(("127.0.0.1", port)):
        assert httpx.get(f"https://127.0.0.1:{port}/metrics", verify=trusting).status_code == 200


def test_without_anything_configured_whoever_reaches_the_port_may_read():
    assert protection(token_file=None, certificate=None, key=None) == Protection()
    assert Protection().admits("")
    assert Settings().host == "127.0.0.1"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b" \n", "is empty"), (b"\xff", "cannot be read"), (None, "cannot be read")],
)
def test_a_token_that_cannot_be_used_is_refused_with_its_setting(tmp_path, content, said):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Unusable, match=f"{said}.*EXPORTER_TOKEN_FILE"):
        protection(token_file=file, certificate=None, key=None)


def test_a_certificate_that_is_none_is_refused_with_its_setting(tmp_path):
    file = tmp_path / "certificate.pem"
    file.write_text("not a certificate")

    with pytest.raises(Unusable, match="EXPORTER_TLS_CERTIFICATE"):
        protection(token_file=None, certificate=file, key=file)


def test_a_certificate_without_a_key_is_refused():
    with pytest.raises(SettingsError, match="EXPORTER_TLS_KEY belong together"):
        Settings.read({}, tls_certificate=Path("certificate.pem"))
