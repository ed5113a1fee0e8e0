"""The open-model load generator: one Locust user that keeps a schedule and starts every arrival in a pool of its own.

The only importer of gevent: with Locust it patches sockets and threads of the whole process, which is why the daemon
runs probes as children and never imports this.
"""

from __future__ import annotations

import gc
import os
import signal
import time
from contextlib import suppress
from typing import Any

import gevent
from gevent.event import AsyncResult, Event
from gevent.pool import Pool
from locust import HttpUser, task
from locust.clients import HttpSession, ResponseContextManager
from locust.env import Environment
from locust.exception import StopUser
from urllib3 import PoolManager

from loadtests.booking_api import WARM_UP, Answer, NoAnswer, Request, TimedOut, Unreachable
from loadtests.probe.errand import Errand
from loadtests.probe.plan import Arrival, keep

# The first arrival is due so long after the warm-up, so that its lag is neither our own start nor that of the other
# child, which the daemon starts in the same moment.
HEAD_START_SECONDS = 0.5
WARM_UP_TIMEOUT_SECONDS = 1.0
# After a signal: the time for requests under way to end by themselves, and then to cancel what they booked.
ABORT_GRACE_SECONDS = 1.5
ABORT_CLEAN_UP_SECONDS = 2.0
ABORT_SECONDS = ABORT_GRACE_SECONDS + ABORT_CLEAN_UP_SECONDS + 0.5
PARENT_CHECK_SECONDS = 0.5
# Room for idle connections, or urllib3 warns about each one it has to throw away.
CONNECTIONS = 1000


class Control:
    """How the process holds a run. Aborted: by a signal or because nobody listens, so the run counts for nothing."""

    def __init__(self) -> None:
        self.ended = AsyncResult()
        self._stopped = Event()
        self._aborted = Event()

    @property
    def is_aborted(self) -> bool:
        return bool(self._aborted.is_set())

    def stop(self) -> None:
        self._stopped.set()

    def abort(self) -> None:
        self._aborted.set()
        self.stop()

    def wait_for_the_end(self) -> None:
        """Wait until the run has ended, or an aborted one has had its time; raises what a caller raised."""
        gevent.wait([self.ended, self._aborted], count=1)
        with suppress(gevent.Timeout):
            self.ended.get(timeout=ABORT_SECONDS if self.is_aborted else None)

    def abort_when_orphaned(self, parent: int) -> None:
        """Abort once this process has another parent: whoever started us was killed and will read nothing more."""
        while os.getppid() == parent:
            gevent.sleep(PARENT_CHECK_SECONDS)
        self.abort()

    def is_stopped_after(self, seconds: float) -> bool:
        # Even an overdue arrival lets the callers already started have their turn first.
        gevent.sleep(0)
        return bool(self._stopped.wait(seconds))

    def join(self, pool: Pool, seconds: float, *, if_aborted: float) -> None:
        """Wait for everyone in the pool, but not for long once aborted; kill who is in it then."""
        everyone = gevent.spawn(pool.join)
        gevent.wait([everyone, self._aborted], timeout=seconds, count=1)
        if self.is_aborted:
            everyone.join(timeout=if_aborted)
        pool.kill()


class LocustLine:
    """Sends requests through a Locust session, so that they also appear in Locust's own statistics, by route."""

    def __init__(self, session: HttpSession) -> None:
        self._session = session

    def send(self, request: Request, *, timeout_seconds: float) -> Answer:
        began = time.perf_counter()
        # The session's own timeout starts anew with every byte; the outer one is for servers that drip.
        with (
            gevent.Timeout(timeout_seconds + 0.05, TimedOut),
            self._session.request(
                request.method,
                request.path,
                name=request.route,
                catch_response=True,
                data=request.body,
                headers=dict(request.headers),
                timeout=timeout_seconds,
                allow_redirects=False,
            ) as response,
        ):
            pass
        if response.error is not None:
            raise TimedOut if time.perf_counter() - began >= timeout_seconds else Unreachable
        return Answer(response.status_code, _object(response))


def _object(response: ResponseContextManager) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


class Course:
    """One errand on its way: keeps the schedule, waits for the callers under way, cancels what is left."""

    def __init__(self, errand: Errand, session: HttpSession, control: Control) -> None:
        self._errand = errand
        self._control = control
        self._line = LocustLine(session)
        self._callers = errand.callers(self._line, gevent.sleep)
        self._pool = Pool(errand.plan.most_under_way(errand.hold_seconds))

    def go(self) -> None:
        """Run until the plan is done or the run is stopped, and let whoever waits for the end know how it went."""
        try:
            self._keep_the_plan()
        except Exception as error:
            self._control.ended.set_exception(error)
            raise
        self._control.ended.set()

    def _keep_the_plan(self) -> None:
        self._warm_up()
        keep(
            self._errand.plan.arrivals(time.perf_counter() + HEAD_START_SECONDS),
            clock=time.perf_counter,
            is_stopped_after=self._control.is_stopped_after,
            start=self._start,
            drop=lambda arrival: self._errand.ledger.finished(self._callers.dropped(arrival)),
        )
        hold = max(self._errand.hold_seconds(schedule.probe) for schedule in self._errand.plan.schedules)
        self._control.join(self._pool, hold, if_aborted=ABORT_GRACE_SECONDS)
        self._clean_up()

    def _warm_up(self) -> None:
        """Load what the first request of a process loads (codecs, resolver), so that it is in no sample."""
        with suppress(NoAnswer):
            self._line.send(WARM_UP, timeout_seconds=WARM_UP_TIMEOUT_SECONDS)
        gc.collect()
        gc.freeze()

    def _start(self, arrival: Arrival) -> bool:
        if self._pool.full():
            return False
        # A caller that raises is a bug of ours, and a run with a bug must not end with a verdict.
        self._pool.spawn(self._serve, arrival).link_exception(
            lambda caller: self._control.ended.set_exception(caller.exception)
        )
        return True

    def _serve(self, arrival: Arrival) -> None:
        self._errand.ledger.finished(self._callers.serve(arrival))

    def _clean_up(self) -> None:
        pool = Pool()
        for appointment_id in tuple(self._errand.ledger.leftovers):
            pool.spawn(self._cancel, appointment_id)
        seconds = self._errand.promise.probe.full.timeout.seconds
        self._control.join(pool, seconds, if_aborted=ABORT_CLEAN_UP_SECONDS)

    def _cancel(self, appointment_id: str) -> None:
        if self._callers.cancel(appointment_id):
            self._errand.ledger.cancelled(appointment_id)


class ProbeUser(HttpUser):
    """The Locust user that does one errand; a subclass says which."""

    abstract = True
    # One is enough at any rate: this user keeps the schedule, and its callers are greenlets of a pool.
    fixed_count = 1

    def __init__(self, environment: Environment) -> None:
        self.pool_manager = PoolManager(maxsize=CONNECTIONS)
        super().__init__(environment)  # type: ignore[no-untyped-call]  # Locust's

    def course(self) -> Course:
        """Return the course to take."""
        raise NotImplementedError

    @task
    def keep_the_schedule(self) -> None:
        self.course().go()
        raise StopUser


def conduct(errand: Errand, control: Control) -> None:
    """Run one errand on Locust as a library, until it is done or a signal aborts it."""

    class Conducted(ProbeUser):
        def course(self) -> Course:
            return Course(errand, self.client, control)

    environment = Environment(user_classes=[Conducted], host=errand.settings.target)
    environment.events.cpu_warning.add_listener(  # type: ignore[no-untyped-call]  # Locust's
        lambda **_: errand.ledger.generator_overloaded(time.time())
    )
    runner = environment.create_local_runner()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, control.abort)
    runner.start(1, spawn_rate=1)
    control.wait_for_the_end()
    runner.quit()
