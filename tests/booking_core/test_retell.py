"""Only Retell, holding the salon's key, may speak for a caller."""

from datetime import timedelta

import pytest

from booking_core.adapters import retell
from tests.factories import NOW

BODY = '{"name":"book_appointment","args":{"name":"Jörg"}}'.encode()
KEY = "retell-key"
HEADER = retell.sign(BODY, KEY, now=NOW)


def test_a_signed_body_is_genuine():
    assert retell.is_genuine(BODY, KEY, HEADER, now=NOW)


def test_the_signature_is_the_documented_hmac():
    # openssl dgst -sha256 -hmac retell-key over the body followed by the milliseconds.
    stamp, digest = HEADER.split(",")

    assert stamp == "v=1796112000000"
    assert len(digest) == len("d=") + 64


@pytest.mark.parametrize(
    ("body", "key", "header"),
    [
        (BODY + b" ", KEY, HEADER),
        (BODY, "another-key", HEADER),
        (BODY, KEY, None),
        (BODY, KEY, ""),
        (BODY, KEY, HEADER.upper()),
        (BODY, KEY, HEADER + "0"),
        (BODY, KEY, "v=1,d=" + "0" * 64),
        (BODY, "", HEADER),
    ],
)
def test_anything_else_is_not(body, key, header):
    assert not retell.is_genuine(body, key, header, now=NOW)


@pytest.mark.parametrize("off", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_an_old_or_early_signature_is_not(off):
    assert not retell.is_genuine(BODY, KEY, HEADER, now=NOW + off)
