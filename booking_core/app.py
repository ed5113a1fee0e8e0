"""The composition root: everything the core is made of, wired in one place per process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING
from uuid import uuid4

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from booking_core import listeners
from booking_core.adapters import calcom_transport, calcom_webhooks, retell_webhooks
from booking_core.adapters.calcom import CalcomClient
from booking_core.adapters.clock import SystemClock
from booking_core.adapters.mail import SmtpMailer
from booking_core.adapters.postgres.database import PostgresDatabase
from booking_core.adapters.redis import RedisLine
from booking_core.adapters.redis_allowance import RedisAllowanceStore
from booking_core.adapters.redis_breaker import RedisBreakerStore
from booking_core.adapters.redis_cache import RedisCacheStore
from booking_core.adapters.redis_limits import RedisLimitStore
from booking_core.bus import Bus
from booking_core.caching.availability import AvailabilityMemory, RememberedSlots
from booking_core.caching.cache import Cache
from booking_core.caching.callers import RememberedCallers
from booking_core.caching.keys import Keys
from booking_core.caching.menu import RememberedMenu
from booking_core.caching.store import CacheStore, NoStore
from booking_core.domain.ports import Calcom, Clock, Database, Mailer
from booking_core.domain.webhooks import Source
from booking_core.http import answers, bookings, calls, changes, health, inbound, webhooks
from booking_core.http.callers import Door
from booking_core.http.life import Life, drains_first
from booking_core.http.middleware import Entrance
from booking_core.resilience.allowance import Allowance
from booking_core.resilience.circuit_breaker import CALCOM, CircuitBreaker
from booking_core.resilience.fallback_allowance import FallbackAllowanceStore
from booking_core.resilience.fallback_breaker import FallbackBreakerStore
from booking_core.resilience.guarded_calcom import GuardedCalcom
from booking_core.resilience.limits import UNLIMITED, Limits, limits
from booking_core.resilience.local_allowance import InMemoryAllowanceStore
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from booking_core.resilience.retry import BACKGROUND, IN_CALL, Retry
from booking_core.resilience.turnstile import STANDS_SECONDS, Turnstile
from booking_core.services.acceptance import Acceptance
from booking_core.services.admin_notification import AdminNotification
from booking_core.services.alternatives import SlotFinder
from booking_core.services.appointment_persistence import AppointmentPersistenceService
from booking_core.services.calcom_news import CalcomNews
from booking_core.services.calendar import Calendar
from booking_core.services.call_news import CallNews
from booking_core.services.caller_recognition import CallerRecognition
from booking_core.services.cancellation import Cancellation
from booking_core.services.comparison import BothWorlds
from booking_core.services.customer_resolution import CustomerResolutionService
from booking_core.services.engagement import CustomerEngagement
from booking_core.services.inbox import WebhookInbox
from booking_core.services.making import Making
from booking_core.services.notification import BookingNotificationService
from booking_core.services.orchestrator import BookingOrchestrator
from booking_core.services.outcomes import Outcomes
from booking_core.services.reconciliation import Reconciliation
from booking_core.services.remedies import Remedies
from booking_core.services.repeats import Repeats
from booking_core.services.rescheduling import Rescheduling
from booking_core.services.service_resolution import ServiceResolutionService, StoredMenu
from booking_core.services.settlement import Settlement
from booking_core.services.tenants import TenantDirectory
from booking_core.services.validation import BookingValidationService
from booking_core.settings import Settings
from booking_core.telemetry import sentry, slots, traced
from booking_core.telemetry.exemplars import Exemplars
from booking_core.telemetry.log_fields import FIELDS
from booking_core.telemetry.minutes import Minutes
from booking_core.telemetry.recorder import Recorder
from booking_core.telemetry.surprises import Surprises
from sla import logs

if TYPE_CHECKING:
    from booking_core.telemetry.tracing import Tracing


@dataclass(frozen=True, slots=True)
class World:
    """What the core is built on; tests put fakes here."""

    database: Database
    calcom: Calcom
    mailer: Mailer
    clock: Clock
    recorder: Recorder
    cache_store: CacheStore = field(default_factory=NoStore)
    cache_pepper: str = ""
    limits: Limits = UNLIMITED
    optional_pings: Mapping[str, health.Ping] = field(default_factory=dict)
    tracing: Tracing | None = None
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)


@dataclass(frozen=True, slots=True)
class Core:
    """The business, ready to be served or worked for."""

    bus: Bus
    orchestrator: BookingOrchestrator
    rescheduling: Rescheduling
    cancellation: Cancellation
    slots: SlotFinder
    settlement: Settlement
    tenants: TenantDirectory
    callers: CallerRecognition
    repeats: Repeats
    inbox: WebhookInbox
    notification: BookingNotificationService


def real_world(
    settings: Settings, *, role: str, is_background: bool = False, recorder: Recorder | None = None
) -> World:
    """Make the adapters. Nothing connects before the first use; `closing` ends every pool, in reverse.

    In the background nobody waits on the phone: calls may take longer, are repeated more often, and keep a pace.
    Only a benchmark brings a `recorder` of its own.
    """
    # The slot comes first: metrics made before it would go nowhere.
    slots.take(settings.metrics_directory, role)
    closing = AsyncExitStack()
    traces = _tracing(settings, role, closing)
    if recorder is None:
        recorder = Recorder(CollectorRegistry(), exemplars=_exemplars(settings, closing) if traces else None)
    database = PostgresDatabase(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        statement_ran=traces.watch_statements(recorder.statement_ran) if traces else recorder.statement_ran,
        connection_lost=recorder.database_lost,
    )
    line = RedisLine(settings.redis_url.get_secret_value(), watched=traces.redis_asked if traces else None)
    url = settings.calcom_url
    client = calcom_transport.client(url, traces.watch_client) if traces else calcom_transport.client(url)
    calcom = _guarded(settings, client, recorder, line, is_background=is_background)
    for close in (database.close, line.close, client.aclose):
        closing.push_async_callback(close)
    mailer = SmtpMailer(settings.smtp_host, settings.smtp_port)
    return World(
        database=database,
        calcom=calcom,
        mailer=mailer,
        clock=SystemClock(),
        recorder=recorder,
        limits=_limits(settings, line),
        cache_store=RedisCacheStore(line, timeout_seconds=settings.cache_seconds),
        cache_pepper=settings.cache_pepper.get_secret_value(),
        optional_pings={"redis": line.ping},
        closing=closing,
        tracing=traces,
    )


def _tracing(settings: Settings, role: str, closing: AsyncExitStack) -> Tracing | None:
    if not traced.is_wanted(os.environ):
        return None
    from booking_core.telemetry.tracing import Tracing  # noqa: PLC0415 - not wanted means not even imported

    traces = Tracing(role=role, ratio=settings.trace_ratio)
    closing.callback(traces.stop)
    return traces


def _exemplars(settings: Settings, closing: AsyncExitStack) -> Exemplars:
    exemplars = Exemplars(settings.metrics_directory)
    closing.callback(exemplars.close)
    return exemplars


def observe(settings: Settings, world: World) -> None:
    """Send the log to where it is read, and unexpected errors to whoever is to hear of them."""
    dsn = settings.sentry_dsn
    reporters = [sentry.reporter(dsn.get_secret_value(), release=version("slotwatch"))] if dsn else []
    if world.tracing:
        reporters.append(world.tracing.surprised)
    surprised = Surprises(world.recorder.surprised, *reporters)
    logs.configure(settings.log_level, fields=FIELDS, surprised=surprised)


def _limits(settings: Settings, line: RedisLine) -> Limits:
    return limits(
        RedisLimitStore(line), key=settings.limit_per_key, phone=settings.limit_per_phone, call=settings.limit_per_call
    )


def _guarded(
    settings: Settings,
    client: httpx.AsyncClient,
    recorder: Recorder,
    line: RedisLine,
    *,
    is_background: bool,
) -> Calcom:
    """Wrap the client, innermost first: deadline, allowance, breaker, retry."""
    write_seconds = settings.calcom_background_seconds if is_background else settings.calcom_write_seconds
    plain = CalcomClient(
        client,
        read_seconds=settings.calcom_read_seconds,
        write_seconds=write_seconds,
        called=recorder.calcom_called,
    )
    store = FallbackBreakerStore(RedisBreakerStore(line), InMemoryBreakerStore(), fell_back=recorder.breaker_fell_back)
    # A trial that has not reported by then is taken for dead, so it must outlast the longest call.
    circuit = replace(CALCOM, trial_seconds=write_seconds + STANDS_SECONDS + 5)
    breaker = CircuitBreaker(circuit, store, clock=SystemClock(), published=recorder.breaker_moved)
    retry = Retry(BACKGROUND if is_background else IN_CALL, retried=recorder.calcom_retried)
    turnstile = _turnstile(settings, line, is_background=is_background)
    return GuardedCalcom(plain, breaker, retry, turnstile=turnstile, not_permitted=recorder.calcom_not_permitted)


def _turnstile(settings: Settings, line: RedisLine, *, is_background: bool) -> Turnstile | None:
    """Return what keeps all processes together within Cal.com's allowance; None where there is no limit."""
    if not settings.calcom_calls_per_minute:
        return None
    whole = Allowance(settings.calcom_calls_per_minute, settings.calcom_calls_kept_for_live)
    local = InMemoryAllowanceStore(whole.share(settings.calcom_processes or settings.workers + 1))
    shared = RedisAllowanceStore(line, whole, own=local.ages)
    patience = STANDS_SECONDS if is_background else None
    return Turnstile(FallbackAllowanceStore(shared, local), patience_seconds=patience)


def assemble(
    world: World,
    *,
    mail_sender: str,
    confidence_threshold: float,
    admin_email: str | None = None,
    scores_after_seconds: float = 1.0,
) -> Core:
    """Build the orchestrator and its services on a world."""
    notification = BookingNotificationService(
        world.database, world.mailer, world.clock, mail_sender, world.recorder.letter_tried
    )
    admin = AdminNotification(world.mailer, world.clock, sender=mail_sender, admin=admin_email)
    cache, keys = Cache(world.cache_store, looked=world.recorder.cache_looked), Keys(world.cache_pepper)
    menu = RememberedMenu(StoredMenu(world.database), cache, keys)
    availability = AvailabilityMemory(menu, cache, keys)
    bus = Bus(
        listeners.table(
            recorder=world.recorder,
            notification=notification,
            admin=admin,
            availability=availability,
            engagement=CustomerEngagement(world.database, world.clock, gather_seconds=scores_after_seconds),
        ),
        published=world.recorder.published,
        listener_failed=world.recorder.listener_failed,
    )
    services = ServiceResolutionService(menu)
    outcomes, calendar = Outcomes(world.database), Calendar(world.calcom)
    validation = BookingValidationService(world.clock, confidence_threshold=confidence_threshold)
    appointments = AppointmentPersistenceService(uuid4, world.clock)
    making = Making(world.database, calendar, bus, outcomes)
    remembered = RememberedSlots(world.calcom, cache, keys)
    finder = SlotFinder(world.database, services, world.clock, calcom=world.calcom, remembered=remembered)
    orchestrator = BookingOrchestrator(
        database=world.database,
        bus=bus,
        validation=validation,
        customers=RememberedCallers(CustomerResolutionService(world.database), cache, keys),
        services=services,
        appointments=appointments,
        slots=finder,
        making=making,
    )
    rescheduling = Rescheduling(world.database, bus, validation, appointments, making, finder)
    cancellation = Cancellation(world.database, world.calcom, calendar, bus, world.clock, outcomes)
    acceptance = Acceptance(world.database, world.calcom, bus, world.clock, outcomes)
    settlement = Settlement(
        world.database, calendar, bus, world.clock, outcomes, cancellation, acceptance, world.recorder.sync_failed
    )
    tenants, repeats = TenantDirectory(world.database, world.clock), Repeats(world.database, world.clock)
    news = CalcomNews(calcom_webhooks.facts, world.clock)
    acts = {Source.CALCOM: news.act, Source.RETELL: CallNews(retell_webhooks.figures).act}
    inbox = WebhookInbox(world.database, bus, world.clock, uuid4, acts)
    callers = CallerRecognition(world.database)
    return Core(
        bus,
        orchestrator,
        rescheduling,
        cancellation,
        finder,
        settlement,
        tenants,
        callers,
        repeats,
        inbox,
        notification,
    )


def core_of(world: World, settings: Settings) -> Core:
    """Build the business as it was set up."""
    return assemble(
        world,
        mail_sender=settings.mail_sender,
        confidence_threshold=settings.confidence_threshold,
        admin_email=settings.admin_email,
    )


def reconciliation_of(world: World, core: Core, settings: Settings) -> Reconciliation:
    """Build the comparison of both worlds as it was set up."""
    return reconciliation(
        world,
        core,
        stuck_seconds=settings.reconcile_stuck_seconds,
        changes_a_day=settings.reconcile_changes_a_day,
    )


def reconciliation(world: World, core: Core, *, stuck_seconds: float, changes_a_day: int) -> Reconciliation:
    """Build what only the job worker and an operator need: the comparison of both worlds."""
    return Reconciliation(
        database=world.database,
        worlds=BothWorlds(world.database, world.calcom, timedelta(seconds=stuck_seconds)),
        remedies=Remedies(world.database, world.calcom, core.cancellation, core.bus),
        bus=core.bus,
        clock=world.clock,
        changes_a_day=changes_a_day,
    )


def web(
    world: World, core: Core, *, body_limit_bytes: int, prompt_v2_percent: int, grace_seconds: float = 0.0
) -> ASGIApp:
    """Put the HTTP routes around the business; the application's lifespan ends the world with it."""
    life = Life()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with world.closing, Minutes(world.recorder).told():
            with drains_first(life, grace_seconds=grace_seconds):
                yield
            await core.bus.drain()

    # Without the pages for people: they run scripts from elsewhere. /openapi.json says the same to tools.
    app = FastAPI(title="slotwatch booking core", docs_url=None, redoc_url=None, lifespan=lifespan)
    answers.install(app, body_limit_bytes=body_limit_bytes)
    door = Door(core.tenants, world.limits)
    app.include_router(bookings.router(core.orchestrator, core.slots, door, core.repeats))
    app.include_router(changes.router(core.rescheduling, core.cancellation, door, core.repeats))
    desk = calls.Desk(core.orchestrator, core.rescheduling, core.cancellation, core.slots, world.clock)
    app.include_router(calls.router(desk, core.tenants, core.repeats, world.limits))
    app.include_router(webhooks.router(core.inbox, core.tenants, world.clock, world.recorder.webhook))
    app.include_router(inbound.router(core.callers, core.tenants, world.clock, v2_percent=prompt_v2_percent))
    app.include_router(health.router({"database": world.database.ping}, world.optional_pings, life))
    watched = world.tracing.watch_app(app) if world.tracing else app
    return Entrance(watched, answered=world.recorder.answered, body_limit_bytes=body_limit_bytes, life=life)
