"""The circuits in memory against the reference; what both stores promise is in tests/contracts/test_breaker.py."""

from hypothesis import settings

from booking_core.resilience.breaker_store import Circuit
from booking_core.resilience.local_breaker import InMemoryBreakerStore
from tests.booking_core.resilience.reference import StoreAgainstReference


class MemoryAgainstReference(StoreAgainstReference):
    def make(self):
        return InMemoryBreakerStore(self.ticker.seconds), Circuit("calcom")


TestMemoryAgainstReference = MemoryAgainstReference.TestCase
TestMemoryAgainstReference.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
