"""The same stages as in tests/booking_core."""

from tests.booking_core.conftest import cache, real_stage, stage

__all__ = ["cache", "real_stage", "stage"]
