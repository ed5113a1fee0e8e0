"""What to do when a database is lost in the middle of a commit: nobody knows whether it stands, so it is done again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from booking_core.domain.errors import AppointmentDatabaseError, CommitUnknown

T = TypeVar("T")


async def surely(transaction: Callable[[], Awaitable[T]]) -> T:
    """Run a transaction that finds what it did before, once more if its commit is in doubt.

    Raises CommitUnknown if that cannot be found out, either.
    """
    try:
        return await transaction()
    except CommitUnknown as doubt:
        try:
            return await transaction()
        except AppointmentDatabaseError:
            raise doubt from None
