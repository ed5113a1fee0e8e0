from datetime import timedelta
from html.parser import HTMLParser

import pytest

from tests.alerts.oncall.conftest import NOON, told, webhook

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """Follows the nesting and collects what a person could read or click."""

    def __init__(self):
        super().__init__()
        self.stack, self.tags, self.text, self.links = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.stack.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if "style" not in self.stack and data.strip():
            self.text.append(data.strip())


@pytest.fixture
def read(client):
    async def shown():
        answer = await client.get("/")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        reader = Reader()
        reader.feed(answer.text)
        assert reader.stack == []
        return reader

    return shown


async def test_a_quiet_night_says_so(read):
    shown = await read()

    assert "On call: all quiet" in shown.text
    assert "Nothing is open" in shown.text
    assert "No page has been resolved yet." in shown.text


async def test_an_open_page_shows_seconds_to_page_and_the_runbook(client, clock, read):
    clock.advance(7.25)
    await client.post("/pager", json=webhook(told()))
    clock.advance(60)

    shown = await read()

    assert "On call: 1 open" in shown.text
    assert {"BookingProbeFailing", "7.2 s", "The light probe fails"} <= set(shown.text)
    assert any("firing for 1 min 7 s" in text for text in shown.text)
    assert shown.links == ["https://runbooks.test/x.md"]


async def test_it_says_when_the_watchdog_was_heard(client, clock, read):
    assert any("Watchdog not heard yet" in text for text in (await read()).text)

    await client.post("/deadman", json=webhook(told(name="Watchdog")))
    clock.advance(75)

    assert any("Watchdog heard 1 min 15 s ago" in text for text in (await read()).text)


async def test_a_resolved_page_moves_to_the_history(client, clock, read):
    await client.post("/pager", json=webhook(told()))
    await client.post("/pager", json=webhook(told("resolved", until=NOON + timedelta(hours=2, minutes=5))))

    shown = await read()

    assert "Nothing is open" in shown.text
    assert {"BookingProbeFailing", "2 h 5 min"} <= set(shown.text)


async def test_words_of_an_alert_are_never_markup(client, read):
    summary = "<script>alert(1)</script>"
    await client.post("/pager", json=webhook(told(summary=summary, runbook_url="javascript:alert(1)")))

    shown = await read()

    assert summary in shown.text
    assert "script" not in shown.tags
    assert shown.links == []


async def test_the_page_refreshes_itself_and_loads_nothing(client):
    answer = await client.get("/")

    assert '<meta http-equiv="refresh" content="5">' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert not any(word in answer.text for word in ("<script", "<link", "<img", "@import", "url("))
