"""One appointment in both worlds, for the drills' arithmetic to be tried on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from loadtests.drills.comparison import Comparison
from loadtests.drills.told import Changed, Told
from loadtests.drills.wishes import Wish
from loadtests.drills.worlds import Held, Letter, Row

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = datetime(2026, 12, 1, 9, tzinfo=UTC)
WISH = Wish("+493023125001", "caller-1@slotwatch.example", "2026-12-01T10:00", None)
ROW = Row(
    id="a",
    lineage="a",
    replaces=None,
    state="confirmed",
    calcom_uid="uid-a",
    phone=WISH.phone,
    email=WISH.email,
    staff="anna",
    wished=WISH.start,
    start=START,
    end=START + timedelta(minutes=30),
    created_at=NOW,
)
HELD = Held("uid-a", "a", START)
LATER, EARLIER = NOW + timedelta(seconds=3), NOW - timedelta(seconds=3)


def told(status, *, appointment_id="a", ended_at=LATER):
    denied = status in {"refused", "failed", "silent"}
    return Told(WISH, status, ended_at, None if denied else appointment_id)


def changed(status, start=None, **more):
    return Changed(**{"appointment_id": "a", "start": start, "status": status, "ended_at": LATER, **more})


def letter(appointment_id, kind, at=LATER):
    return Letter(appointment_id, kind, at)


def other_time(row, name, hours, **more):
    """Return the row of another time of the visit that takes this one's place, an hour or so later."""
    away = timedelta(hours=hours)
    wished = (datetime.fromisoformat(row.wished) + away).strftime("%Y-%m-%dT%H:%M")
    times = {"wished": wished, "start": row.start + away, "end": row.end + away}
    return replace(row, id=name, replaces=row.id, calcom_uid=f"uid-{name}", **{**times, **more})


def live(row, moved_from=None):
    return Held(row.calcom_uid, row.lineage, row.start, moved_from)


def wrong(*answers, rows=(ROW,), live=(HELD,), letters=(), changes=()):
    """Return how many things of each kind are wrong."""
    findings = Comparison(answers, rows, live, letters, changes).findings()
    assert findings.is_clean is not any(findings.wrong.values())
    return {name: len(sentences) for name, sentences in findings.wrong.items() if sentences}
