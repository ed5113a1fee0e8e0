import json

from structlog.testing import capture_logs

from alerts.oncall.journal import Entry, Journal, Route
from alerts.oncall.notification import NotifiedAlert
from tests.alerts.oncall.conftest import NOON, told, webhook


def entry(fingerprint):
    alert = NotifiedAlert.model_validate(told(fingerprint=fingerprint))
    return Entry(received_at=NOON, route=Route.PAGER, alert=alert)


def test_what_was_written_is_read_back_in_order(tmp_path):
    Journal(tmp_path).append([entry("a"), entry("b")])
    Journal(tmp_path).append([entry("c")])

    assert list(Journal(tmp_path).entries()) == [entry("a"), entry("b"), entry("c")]


def test_nothing_written_yet_is_nothing_read(tmp_path):
    assert list(Journal(tmp_path / "new").entries()) == []


def test_every_line_is_json_by_itself(tmp_path):
    journal = Journal(tmp_path)
    journal.append([entry("a"), entry("b")])

    assert [json.loads(line)["alert"]["fingerprint"] for line in journal.path.read_text().splitlines()] == ["a", "b"]


def test_a_line_torn_by_a_crash_costs_that_line_and_no_other(tmp_path):
    journal = Journal(tmp_path)
    journal.append([entry("a"), entry("torn")])
    journal.path.write_bytes(journal.path.read_bytes()[:-40])

    journal.append([entry("b")])

    with capture_logs() as logs:
        assert list(journal.entries()) == [entry("a"), entry("b")]
    assert [(line["event"], line["line"]) for line in logs] == [("audit_line_unreadable", 2)]


async def test_an_unwritable_audit_log_shows_the_page_says_so_and_makes_alertmanager_retry(client, state_directory):
    state_directory.write_text("a file where the directory should be")

    with capture_logs() as logs:
        answer = await client.post("/pager", json=webhook(told()))

    assert answer.status_code == 500
    assert answer.json() == {"error": "the audit log cannot be written: File exists"}
    assert [page["status"] for page in (await client.get("/pages")).json()] == ["firing"]
    (line,) = [line for line in logs if line["event"] == "audit_log_unwritable"]
    assert "ONCALL_STATE_DIRECTORY" in line["remedy"]


async def test_the_retry_after_the_disk_was_freed_leaves_the_evidence_and_no_second_page(client, state_directory):
    state_directory.write_text("a file where the directory should be")
    await client.post("/pager", json=webhook(told()))
    state_directory.unlink()

    answer = await client.post("/pager", json=webhook(told()))

    assert answer.status_code == 200
    assert len((await client.get("/pages")).json()) == 1
    assert len((state_directory / "audit.jsonl").read_text().splitlines()) == 1


def test_an_unreadable_audit_log_does_not_keep_the_receiver_from_starting(start, state_directory):
    (state_directory / "audit.jsonl").mkdir(parents=True)

    with capture_logs() as logs:
        assert start().pages() == []
    assert [line["event"] for line in logs] == ["audit_log_unreadable"]
