"""One fake per port, held to the same contract as the real adapter by tests/contracts/."""

from tests.fakes.cache import FakeCacheStore, LyingCacheStore
from tests.fakes.calcom import FakeCalcom
from tests.fakes.clock import FakeClock
from tests.fakes.database import FakeDatabase
from tests.fakes.mailer import FakeMailer
from tests.fakes.recorder import SparingRecorder, is_recorded

__all__ = [
    "FakeCacheStore",
    "FakeCalcom",
    "FakeClock",
    "FakeDatabase",
    "FakeMailer",
    "LyingCacheStore",
    "SparingRecorder",
    "is_recorded",
]
