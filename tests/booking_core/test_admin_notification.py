"""The administrator hears that Cal.com and we do not agree: once an hour about the same trouble, and without names."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from procrastinate.jobs import Job

from booking_core.domain.errors import CalcomUnavailable
from booking_core.domain.events import (
    AppointmentBookingFailed,
    AppointmentCancellationRefused,
    Effort,
    InconsistencyDetected,
)
from booking_core.domain.models import Origin, Traffic
from booking_core.durable import Durable
from booking_core.jobs import Jobs
from booking_core.listeners import Listeners
from booking_core.services.admin_notification import AdminNotification, SyncTrouble
from tests.booking_core.conftest import Stage
from tests.factories import NOW, OTHER_SALON, SALON, a_request, a_wish, an_id, an_origin
from tests.fakes import FakeClock, FakeMailer

TROUBLE = SyncTrouble(SALON.id, "stuck", "settling", str(an_id("appointment")))


class Desk:
    """The notification with its clock and its mail."""

    def __init__(self, admin: str | None = "ops@example.org") -> None:
        self.clock, self.mailer = FakeClock(NOW), FakeMailer()
        self.notification = AdminNotification(self.mailer, self.clock, sender="salon@slotwatch.example", admin=admin)

    async def tell(self, trouble: SyncTrouble = TROUBLE) -> bool:
        return await self.notification.sync_failed(trouble)


async def test_the_letter_says_what_is_wrong_with_which_booking_and_what_to_run():
    desk = Desk()

    assert await desk.tell()

    (letter,) = desk.mailer.letters
    assert letter.to == "ops@example.org"
    assert letter.subject == "slotwatch: stuck (settling)"
    assert TROUBLE.subject in letter.text
    assert "python -m booking_core hanging" in letter.text


async def test_the_same_trouble_is_written_about_once_an_hour():
    desk = Desk()

    sent = []
    for minutes in (0, 5, 54, 1):
        desk.clock.advance(minutes * 60)
        sent.append(await desk.tell(replace(TROUBLE, subject=f"after {minutes} minutes")))

    assert sent == [True, False, False, True]


async def test_another_kind_of_trouble_and_another_salon_do_not_wait():
    desk = Desk()

    await desk.tell()
    assert await desk.tell(replace(TROUBLE, kind="orphan_there"))
    assert await desk.tell(replace(TROUBLE, tenant_id=OTHER_SALON.id))


async def test_a_letter_that_could_not_be_sent_is_sent_with_the_next_trouble():
    desk = Desk()
    desk.mailer.error = ConnectionError()
    with pytest.raises(ConnectionError):
        await desk.tell()
    desk.mailer.error = None

    assert await desk.tell()


async def test_two_workers_that_see_the_same_write_the_same_letter():
    first, second = Desk(), Desk()
    await first.tell()
    second.clock.advance(600)
    await second.tell()

    assert first.mailer.letters[0].message_id == second.mailer.letters[0].message_id


async def test_without_an_address_nobody_is_written_to():
    desk = Desk(admin=None)

    assert not await desk.tell()
    assert desk.mailer.letters == []


def inconsistency(action: str = "left_to_a_person", origin: Origin | None = None) -> InconsistencyDetected:
    return InconsistencyDetected(origin or an_origin(), SALON.id, "orphan_there", action, "uid-1")


def failure(outcome: str = "failed", appointment_id=None) -> AppointmentBookingFailed:
    return AppointmentBookingFailed(an_origin(), SALON.id, outcome, "expired", Effort(), appointment_id)


@pytest.mark.parametrize(
    ("event", "letters"),
    [
        (inconsistency(), 1),
        (inconsistency("gone"), 0),
        (inconsistency(origin=an_origin(Traffic.SYNTHETIC)), 0),
        (failure(appointment_id=an_id("appointment")), 1),
        (failure(appointment_id=None), 0),
        (failure("refused", appointment_id=an_id("appointment")), 0),
        (AppointmentCancellationRefused(an_origin(), an_id("appointment"), SALON.id), 1),
    ],
    ids=["a difference", "gone", "a probe's", "given up", "failed in the call", "declined by the salon", "kept"],
)
async def test_what_the_administrator_hears_of(stage: Stage, event, letters):
    desk = Desk()
    listeners = Listeners(stage.world.recorder, None, desk.notification, None, None)

    await listeners.notify_admin_on_sync_failure(event)

    assert len(desk.mailer.letters) == letters
    assert stage.count("booking_notifications_total", kind="admin_email", result="sent") == letters


async def test_every_try_of_a_job_is_counted_and_what_fails_by_reason(stage: Stage):
    stage.calcom.error = CalcomUnavailable()
    wish = a_request(wish=a_wish(email="erika@example.org"))
    appointment = await stage.core.orchestrator.book(SALON, wish, an_origin())
    jobs = Jobs(stage.world, stage.core, None, NoQueue(), Durable(NoQueue()), timedelta(), jitter=lambda: 0.0)

    await jobs.settle(A_JOB, str(SALON.id), str(appointment.id), tries=0)
    stage.calcom.error = None
    await jobs.settle(A_JOB, str(SALON.id), str(appointment.id), tries=1)

    assert stage.count("booking_sync_runs_total") == 2
    assert stage.count("booking_sync_failures_total", reason="calcom_unavailable") == 1


async def test_a_booking_that_is_given_up_counts_as_a_failure(stage: Stage):
    stage.calcom.error = CalcomUnavailable()
    appointment = await stage.core.orchestrator.book(SALON, a_request(), an_origin())
    stage.calcom.error = None
    stage.clock.advance(86400)

    await stage.core.settlement.settle(SALON.id, appointment.id, tries=9)

    assert stage.count("booking_sync_failures_total", reason="expired") == 1


async def test_a_salon_that_cannot_be_compared_is_counted_and_keeps_no_other_waiting(stage: Stage):
    reconciliation = Unwilling()
    jobs = Jobs(stage.world, stage.core, reconciliation, NoQueue(), Durable(NoQueue()), timedelta(), jitter=lambda: 0.0)

    await jobs.reconcile(0)

    assert reconciliation.seen == [SALON.token, OTHER_SALON.token]
    assert stage.count("booking_sync_runs_total") == 2
    assert stage.count("booking_sync_failures_total", reason="calcom_unavailable") == 2


A_JOB = Job(id=1, queue="default", lock=None, queueing_lock=None, task_name="settle")


class Unwilling:
    """A reconciliation that can compare no salon."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def run(self, tenant):
        self.seen.append(tenant.token)
        raise CalcomUnavailable

    async def forget_old(self):
        return 0


class NoQueue:
    """Takes every job and does none."""

    def configure_task(self, *_, **__):
        return self

    async def defer_async(self, **_):
        return 1
