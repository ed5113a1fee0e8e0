"""What the services need from the world, as protocols; adapters and fakes fulfil them alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final, Protocol
from uuid import UUID

from booking_core.domain.access import ApiKey, Bearer
from booking_core.domain.assignment import Workload
from booking_core.domain.calcom_news import CalcomFact, KnownBooking
from booking_core.domain.discrepancies import Finding, ListedBooking, Outcome, Sighting, Window
from booking_core.domain.engagement import Engagement
from booking_core.domain.erasure import Erased
from booking_core.domain.letters import DueLetter, Letter, LetterKind, LetterResult
from booking_core.domain.models import (
    Appointment,
    Customer,
    CustomerWish,
    KnownCaller,
    Offering,
    Reply,
    ServiceNames,
    State,
    Tenant,
)
from booking_core.domain.visits import Stretch
from booking_core.domain.webhooks import Delivery, DeliveryState, Result


class EveryTenant(Enum):
    """Stands where a tenant's id would: the work is the system's own and looks over all of them."""

    EVERY_TENANT = "every"


EVERY_TENANT: Final = EveryTenant.EVERY_TENANT

Scope = UUID | EveryTenant


class Clock(Protocol):
    """The time, aware and in UTC."""

    def now(self) -> datetime: ...


class Tenants(Protocol):
    """Which salon is asking."""

    async def find_by_token(self, token: str) -> Tenant | None: ...

    async def get(self, tenant_id: UUID) -> Tenant: ...

    async def every(self) -> Sequence[Tenant]: ...


class Keys(Protocol):
    """API keys. None is stored: what is given as `key` is compared by its digest."""

    async def find_bearer(self, key: str) -> Bearer | None:
        """Return whose key it is and what it allows; None for one that is unknown or revoked."""
        ...

    async def add(self, api_key: ApiKey, key: str) -> None: ...

    async def all_of(self, tenant_id: UUID) -> Sequence[ApiKey]:
        """Return the keys, revoked ones too, oldest first."""
        ...

    async def revoke(self, tenant_id: UUID, key_id: UUID, *, at: datetime) -> bool:
        """End a key; return whether there was one to end."""
        ...


class Services(Protocol):
    """What a salon offers."""

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]: ...

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        """Return how the service is offered, found by id, slug, name or alias; empty when there is none.

        Sorted by member of staff, and each one's segments in their order.
        """
        ...

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        """Return everything a member of staff offers."""
        ...


class Menu(Protocol):
    """What salons offer, outside of any transaction. It may be remembered: see Appointments.hold."""

    async def offerings(self, tenant_id: UUID, service: str) -> Sequence[Offering]:
        """Return how the service is offered, found by id, slug, name or alias; empty when there is none."""
        ...

    async def of_staff(self, tenant_id: UUID, staff_id: UUID) -> Sequence[Offering]:
        """Return everything a member of staff offers."""
        ...

    async def names(self, tenant_id: UUID) -> Sequence[ServiceNames]: ...

    async def forget(self, tenant_id: UUID, service: str) -> None:
        """Remember nothing of this service: the next question is for the truth."""
        ...


class Callers(Protocol):
    """Customers by phone, outside of any transaction. They may be remembered: see Appointments.hold."""

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        """Find the customer or create one."""
        ...

    async def forget(self, tenant_id: UUID, phone: str) -> None:
        """Remember nothing of this number: the next question is for the truth."""
        ...


class Customers(Protocol):
    """Callers, one per tenant and phone number."""

    async def resolve(self, tenant_id: UUID, wish: CustomerWish) -> Customer:
        """Find the customer by phone or create one; a known name is never overwritten."""
        ...

    async def find_known(self, tenant_id: UUID, phone: str) -> KnownCaller | None:
        """Return whose number it is, and the service of the newest appointment that was confirmed and not cancelled."""
        ...

    async def engagement(self, appointment_ids: Collection[UUID]) -> Sequence[Engagement]:
        """Count what the customers of these appointments did, probes apart; each customer once."""
        ...

    async def scored(self, scores: Mapping[UUID, int]) -> None:
        """Write down the engagement score of customers."""
        ...


class Outdated(Exception):
    """A customer or an offering is not as it was said to be. No booking error: whoever meets it reads again."""


class Appointments(Protocol):
    """Chairs held in time."""

    async def hold(self, *visit: Appointment) -> Sequence[Appointment] | None:
        """Store the segments of a visit, all or none, and return them under the name we know the customer by.

        In the order of time, so that two visits that want each other's chairs cannot wait for each other. None if a
        chair is occupied then, or if the place of the former is taken already. Raises Outdated if they are made of
        things that are not (or no longer) so: whatever was remembered of the customer and the offering is checked in
        the very statement that stores them.
        """
        ...

    async def settle(
        self, seen: Appointment, state: State, *, calcom_uid: str | None = None, reason: str | None = None
    ) -> Appointment | None:
        """Record what became of it, and return it as it is now; becoming unknown or cancelling starts the doubt anew.

        Return None and change nothing if it is not in the version that was seen: somebody else has written since.
        Raises ValueError for a step that domain/states.py does not know.
        """
        ...

    async def looked(self, appointment_id: UUID) -> None:
        """Record that Cal.com was asked for it and does not show it."""
        ...

    async def find(self, tenant_id: UUID, appointment_id: UUID) -> Appointment | None: ...

    async def visit(self, tenant_id: UUID, visit_id: UUID) -> Sequence[Appointment]:
        """Return all segments of a visit, in their order; nobody else writes about them before the transaction ends."""
        ...

    async def of_lineage(self, tenant_id: UUID, lineage: UUID) -> Sequence[Appointment]:
        """Return what occupies a chair for one appointment at whatever time it has, the oldest first.

        There are two while it is being moved. Nobody else writes about them before the transaction ends.
        """
        ...

    async def find_living(self, tenant_id: UUID, key: UUID) -> Appointment | None:
        """Return the appointment that occupies a chair because of this wish."""
        ...

    async def occupied(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        """Return (staff id, start, end) of every occupied stretch that touches the period."""
        ...

    async def workloads(
        self,
        tenant_id: UUID,
        staff_ids: Sequence[UUID],
        *,
        day: Stretch,
        wanted: Sequence[Stretch],
    ) -> Sequence[Workload]:
        """Return what each has to do within the day, and whether all wanted time is free; in one statement for all."""
        ...

    async def abandoned_synthetic(self, older_than: datetime, *, at_most: int) -> Sequence[Appointment]: ...

    async def give_up_creating(self, older_than: datetime) -> int:
        """Mark as unknown what has waited for Cal.com since before `older_than`; return how many."""
        ...

    async def living(self, tenant_id: UUID, window: Window) -> Sequence[Appointment]:
        """Return what occupies a chair and starts in the window, and whatever is unsettled."""
        ...

    async def by_ids(self, tenant_id: UUID, ids: Collection[UUID]) -> Sequence[Appointment]:
        """Return the appointments of these ids, and all later times of the visits that began with them."""
        ...

    async def keep_until(self, seen: Appointment, end: datetime) -> Appointment | None:
        """Give it another end; return None and change nothing where `move` returns False."""
        ...

    async def move(self, seen: Appointment, offering: Offering, period: Window, *, calcom_uid: str) -> bool:
        """Give it the time, offering and uid Cal.com has. Its wish is fulfilled no longer: said again, it is a new one.

        Return False and change nothing if that chair is occupied, or if it is not in the version that was seen.
        """
        ...

    async def unsettled(self, *, at_most: int) -> Sequence[tuple[UUID, UUID]]:
        """Return (tenant id, appointment id) of what a job must bring further, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that is to settle an appointment: how often that was tried, and when it is tried next."""

    tries: int
    next_at: datetime | None


class Queue(Protocol):
    """Durable jobs, put down in the transaction that needs them."""

    async def settle(self, tenant_id: UUID, appointment_id: UUID, *, after_seconds: float) -> None:
        """See to it that Cal.com and we agree on this appointment; one job waits at a time."""
        ...

    async def undo(self, tenant_id: UUID, calcom_uid: str, *, reason: str) -> None:
        """See to it that a booking at Cal.com that belongs to no appointment is cancelled."""
        ...

    async def waiting(self, appointment_ids: Collection[UUID]) -> Mapping[UUID, Waiting]:
        """Return the job of each appointment that has one."""
        ...

    async def process_delivery(self, tenant_id: UUID, delivery_id: UUID, *, subject: str, after_seconds: float) -> None:
        """See to it that this delivery is acted upon, in turn with whoever works on the same subject; one job waits
        at a time."""
        ...


class Inbox(Protocol):
    """What others told us, each telling once."""

    async def store(self, delivery: Delivery) -> bool:
        """Store it unless the same bytes from the same source are here already; return whether it was stored."""
        ...

    async def find(self, tenant_id: UUID, delivery_id: UUID) -> Delivery | None: ...

    async def processed(self, delivery_id: UUID, result: Result, *, at: datetime) -> None:
        """Record what became of it. What has once changed something is remembered as such."""
        ...

    async def listed(
        self, *, states: Sequence[DeliveryState], since: datetime | None, at_most: int
    ) -> Sequence[Delivery]:
        """Return the newest deliveries in these states, newest first, received since then."""
        ...

    async def reopen(self, delivery_id: UUID) -> None:
        """Let it be acted upon once more, with all its tries. That it has changed something is remembered."""
        ...

    async def drop_bodies(self, processed_before: datetime) -> int:
        """Forget what was said in deliveries that were processed before; return in how many."""
        ...

    async def was_applied(self, tenant_id: UUID, subject: str) -> bool:
        """Tell whether a delivery about this subject has changed anything."""
        ...

    async def waiting(self, received_before: datetime, *, at_most: int) -> Sequence[Delivery]:
        """Return what nobody has acted upon yet, oldest first."""
        ...

    async def stumbled(self, delivery_id: UUID, error: str, *, is_last: bool) -> None:
        """Record a try that went wrong; the last one leaves it to a person."""
        ...


class CalcomBookings(Protocol):
    """What Cal.com has ever told us of its bookings, ours and others'."""

    async def learn(self, tenant_id: UUID, fact: CalcomFact) -> None:
        """Add to what is known of this booking. The order of learning, and learning twice, makes no difference."""
        ...

    async def owner(self, tenant_id: UUID, uids: Sequence[str]) -> UUID | None:
        """Return the appointment that one of these bookings is known to be made for."""
        ...

    async def taken(
        self, tenant_id: UUID, staff_ids: Sequence[UUID], start: datetime, end: datetime
    ) -> Sequence[tuple[UUID, datetime, datetime]]:
        """Return (staff id, start, end) of what others have booked past us and what touches the period: a hint."""
        ...

    async def made_for(self, tenant_id: UUID, appointment_id: UUID) -> Sequence[KnownBooking]:
        """Return every booking made for this appointment, with all that those were moved to."""
        ...


class Requests(Protocol):
    """Requests of the API that carry an Idempotency-Key, and their final answers."""

    async def claim(
        self, tenant_id: UUID, key: str, fingerprint: str, *, now: datetime, abandoned_before: datetime
    ) -> Reply | None:
        """Return the answer given before, or None if this request may go ahead: it is the first, or whoever was
        answering the first has been silent since before `abandoned_before`.

        Raises RequestInFlight, and IdempotencyKeyReused for another fingerprint.
        """
        ...

    async def remember(self, tenant_id: UUID, key: str, reply: Reply) -> None: ...

    async def forget(self, tenant_id: UUID, key: str) -> None: ...

    async def forget_older(self, than: datetime) -> int:
        """Drop every request claimed before; return how many."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """What one reconciliation of a tenant's two worlds came to; `error` if they could not be compared."""

    tenant_id: UUID
    started_at: datetime
    here: int = 0
    there: int = 0
    findings: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None


class Inconsistencies(Protocol):
    """What reconciliation remembers from run to run."""

    async def sight(
        self, tenant_id: UUID, findings: Sequence[Finding], *, now: datetime, is_whole: bool
    ) -> Sequence[Sighting]:
        """Record what a run found, and return how often each was seen, in the same order.

        After a run over the whole window, differences that were open and are not among these have been resolved.
        """
        ...

    async def open(self, tenant_id: UUID) -> Sequence[Sighting]: ...

    async def acted(self, tenant_id: UUID, sighting: Sighting, outcome: Outcome, *, now: datetime) -> None: ...

    async def count_acted(self, tenant_id: UUID, outcomes: Collection[Outcome], *, since: datetime) -> int: ...

    async def ran(self, run: Run) -> None: ...

    async def last_run(self, tenant_id: UUID) -> datetime | None:
        """Return when the last run that could compare began."""
        ...

    async def forget_older(self, than: datetime) -> int:
        """Drop reports of runs, and resolved differences, from before; return how many."""
        ...


class Traces(Protocol):
    """Everything that is stored about one person, found by their number in E.164."""

    async def unsettled(self, tenant_id: UUID, phone: str) -> tuple[int, int]:
        """Return how many bookings of theirs, and how many deliveries about them, wait to be settled.

        Until the transaction ends, nobody books for this number.
        """
        ...

    async def erase(self, tenant_id: UUID, phone: str) -> Erased:
        """Put nobody in the place of the person and drop what was said about them, irreversibly."""
        ...


class Letters(Protocol):
    """Letters that were put down to be sent, and how they ended."""

    async def put_down(self, appointment: Appointment, kind: LetterKind) -> None:
        """Remember that this letter is to be sent: each kind once, of the endings only the first, a move each time."""
        ...

    async def untried(self, appointment_id: UUID) -> Sequence[DueLetter]: ...

    async def due(self, now: datetime, *, at_most: int) -> Sequence[DueLetter]:
        """Return the letters whose next try has come, the longest overdue first."""
        ...

    async def claim(self, letter: DueLetter, *, again_at: datetime) -> bool:
        """Count a try, unless somebody else has made one since the letter was read; it is due again at `again_at`."""
        ...

    async def close(self, letter: DueLetter, result: LetterResult) -> None: ...


class Stores(Protocol):
    """Everything stored, inside one transaction."""

    @property
    def tenants(self) -> Tenants: ...

    @property
    def keys(self) -> Keys: ...

    @property
    def services(self) -> Services: ...

    @property
    def customers(self) -> Customers: ...

    @property
    def appointments(self) -> Appointments: ...

    @property
    def queue(self) -> Queue: ...

    @property
    def letters(self) -> Letters: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def inconsistencies(self) -> Inconsistencies: ...

    @property
    def calcom_bookings(self) -> CalcomBookings: ...

    @property
    def traces(self) -> Traces: ...


class Statements(Protocol):
    """How many SQL statements were sent since counting began."""

    @property
    def count(self) -> int: ...


class Database(Protocol):
    """Transactions: `begin` commits when its block ends well and rolls back when it raises.

    Inside, the rows of other tenants than the one named do not exist, and none can be made; EVERY_TENANT sees all.
    Raises AppointmentDatabaseError when the database cannot be reached.
    """

    def begin(self, scope: Scope) -> AbstractAsyncContextManager[Stores]: ...

    def counting(self) -> AbstractContextManager[Statements]:
        """Count the statements of this task, and of the tasks it starts, while the block runs."""
        ...

    async def ping(self) -> None: ...


class CalcomStatus(StrEnum):
    """How a booking stands at Cal.com."""

    ACCEPTED = "accepted"
    PENDING = "pending"  # the salon has to accept it
    CANCELLED = "cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CalcomBooking:
    """A booking as Cal.com tells it; one that was moved names its successor."""

    uid: str
    status: CalcomStatus = CalcomStatus.ACCEPTED
    start: datetime | None = None
    moved_to: str | None = None
    end: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.status in {CalcomStatus.ACCEPTED, CalcomStatus.PENDING}


@dataclass(frozen=True, slots=True)
class Listing:
    """Which bookings to list; a bound that is None does not limit."""

    window: Window | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a listing, oldest booking first."""

    bookings: Sequence[ListedBooking]
    has_more: bool


class FreeSlots(Protocol):
    """When a member of staff is free, as far as Cal.com knows. It may be remembered: hints, never promises."""

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]: ...


class Calcom(Protocol):
    """The calendar in the other world.

    Every method raises CalcomUnavailable, CalcomRateLimited or CalcomRejected when the request was not executed,
    and CalcomOutcomeUnknown when it may have been; CalcomStatusUnknown for a booking in a state we have no word for.
    """

    async def slots(self, tenant: Tenant, offering: Offering, start: datetime, end: datetime) -> Sequence[datetime]: ...

    async def create(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking:
        """Book it; also raises SlotTaken and TimeNotBookable."""
        ...

    async def reschedule(self, tenant: Tenant, uid: str, start: datetime, *, reason: str) -> CalcomBooking:
        """Move it: the answer is a new booking, the old one is cancelled. Raises what `create` raises."""
        ...

    async def get(self, tenant: Tenant, uid: str) -> CalcomBooking | None:
        """Return how it stands, dead or alive; None if Cal.com does not know it."""
        ...

    async def find(self, tenant: Tenant, appointment: Appointment) -> CalcomBooking | None:
        """Look for it, alive, by our own metadata; also finds what an unanswered create has made."""
        ...

    async def listed(self, tenant: Tenant, listing: Listing, *, skip: int, take: int) -> Page:
        """List bookings of every status. Rows shift while paging, so pages must overlap."""
        ...

    async def cancel(self, tenant: Tenant, uid: str, *, reason: str) -> None:
        """Cancel it; a booking that is already cancelled is a success."""
        ...


class Mailer(Protocol):
    """Sends letters."""

    async def send(self, letter: Letter) -> None:
        """Hand it to the mail server; raises LetterRefused, or MailUnavailable if it may be taken later."""
        ...
