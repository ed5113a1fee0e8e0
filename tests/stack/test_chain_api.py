import hashlib
import hmac
import json
from datetime import UTC, datetime

import httpx
import pytest

from sla.topology import NATIVE
from stack.chain_api import ChainApi, Page
from stack.errors import Failed


def api(answer) -> ChainApi:
    return ChainApi(
        NATIVE, client=httpx.Client(transport=httpx.MockTransport(answer)), wall_clock=lambda: 1_700_000_000.5
    )


def test_a_function_call_is_signed_as_retell_does_and_is_no_synthetic_traffic():
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"status": "ok"})

    wish = {"service": "haircut", "date": "2026-12-01"}
    assert api(answer).call_function("check_availability", caller=0, **wish) == {"status": "ok"}

    (request,) = requests
    digest = hmac.new(b"key_demo", request.content + b"1700000000500", hashlib.sha256).hexdigest()
    assert str(request.url) == "http://127.0.0.1:8000/v1/retell/demo/functions"
    assert request.headers["x-retell-signature"] == f"v=1700000000500,d={digest}"
    assert "baggage" not in request.headers
    assert json.loads(request.content)["args"] == {"service": "haircut", "date": "2026-12-01"}


def test_every_caller_has_a_telephone_of_their_own():
    phones: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        phones.append(json.loads(request.content)["call"]["from_number"])
        return httpx.Response(200, json={"status": "ok"})

    chain = api(answer)
    for caller in (0, 1, 0):
        chain.call_function("check_availability", caller=caller)

    assert phones[0] == phones[2] != phones[1]


def test_before_the_first_verdict_there_is_none():
    assert api(lambda _: httpx.Response(503, json={"verdict": None})).verdict() is None
    assert api(lambda _: httpx.Response(200, json={"verdict": "pass"})).verdict() == {"verdict": "pass"}


def test_pages_are_read_as_the_receiver_tells_them():
    told = {
        "alertname": "BookingProbeFailing",
        "severity": "critical",
        "status": "resolved",
        "summary": "The probe cannot book",
        "received_at": "2026-11-22T10:00:00Z",
    }

    pages = api(lambda _: httpx.Response(200, json=[told])).pages()

    received = datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert pages == [Page("BookingProbeFailing", "critical", "The probe cannot book", received, is_open=False)]


def test_an_outage_expires_by_itself_and_healing_ends_all_faults():
    requests: list[tuple[str, str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append((request.method, request.url.path, request.content))
        return httpx.Response(200)

    api(answer).cut_calcom(seconds=300)
    api(answer).heal_calcom()

    (method, path, body), healing = requests
    assert (method, path, json.loads(body)) == ("POST", "/control/faults", {"fault": "outage", "seconds": 300})
    assert healing == ("DELETE", "/control/faults", b"")


def test_an_error_names_the_process_and_what_was_asked():
    with pytest.raises(Failed, match="oncall answered 500 to GET /pages: out of paper"):
        api(lambda _: httpx.Response(500, text="out of paper")).pages()


def test_a_process_that_is_not_there_is_named():
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Failed, match="probe did not answer GET /verdict: ConnectError refused"):
        api(answer).verdict()
