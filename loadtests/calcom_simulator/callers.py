"""Who asks: the account, the version of the API, and the luck of the request.

Apart from the routes because the work behind them needs to know these three, and nothing else of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from loadtests.calcom_simulator.accounts import Account, Accounts
from loadtests.calcom_simulator.errors import Forbidden, Unauthorized
from loadtests.calcom_simulator.event_types import EventType
from loadtests.calcom_simulator.faults import Luck

VERSION_HEADER = "cal-api-version"
FORMER_BOOKINGS = "2024-08-13"
NEWEST_BOOKINGS = "2026-02-25"
CURRENT_VERSIONS: Mapping[str, frozenset[str]] = {
    "bookings": frozenset({FORMER_BOOKINGS, NEWEST_BOOKINGS}),
    "slots": frozenset({"2024-09-04"}),
    "event-types": frozenset({"2024-06-14"}),
}


def is_current(resource: str, version: str | None) -> bool:
    """Tell whether the header selects the current shape; a version that Cal.com does not know counts as none."""
    return version in CURRENT_VERSIONS[resource]


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's caller. Without an account it is an attendee, or anybody."""

    account: Account | None
    version: str | None
    luck: Luck

    @classmethod
    def of(cls, request: Request, accounts: Accounts) -> Caller:
        """Raise Unauthorized for a key that nobody has."""
        account = accounts.admit(request.headers.get("authorization"))
        return cls(account, request.headers.get(VERSION_HEADER), request.state.luck)

    def uses_current(self, resource: str) -> bool:
        return is_current(resource, self.version)

    @property
    def uses_newest(self) -> bool:
        return self.version == NEWEST_BOOKINGS

    def owns(self, event_type: EventType) -> bool:
        return self.account is not None and self.account.id == event_type.owner.id

    def required_account(self) -> Account:
        if self.account is None:
            raise Unauthorized("No authentication method provided. Pass an API key as 'Bearer' header.")
        return self.account

    def require_owner(self, event_type: EventType) -> None:
        self.required_account()
        if not self.owns(event_type):
            raise Forbidden("Only the owner of the booking may do this.")
