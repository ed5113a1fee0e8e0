"""Whose key is it: the salons that have an account here, and the keys that open them.

Apart from the event types because a key decides what is listed, what may be confirmed and whose limit is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from loadtests.calcom_simulator.errors import Unauthorized

BERLIN = "Europe/Berlin"
LONDON = "Europe/London"
_BEARER = "Bearer "
# Cal.com looks a key of this form up before anything else; other credentials are looked at where one is needed.
_KEY_PREFIX = "cal_"


class AccountName(StrEnum):
    """The salons, by the name that faults and limits know them by."""

    SALON = "salon"
    SECOND_SALON = "second-salon"
    BRANCH_1 = "branch-1"
    BRANCH_2 = "branch-2"
    BRANCH_3 = "branch-3"
    BRANCH_4 = "branch-4"
    BRANCH_5 = "branch-5"
    BRANCH_6 = "branch-6"
    BRANCH_7 = "branch-7"
    BRANCH_8 = "branch-8"


@dataclass(frozen=True, slots=True)
class Account:
    """A salon at Cal.com: the owner of event types, bookings and webhooks."""

    id: int
    username: AccountName
    name: str
    time_zone: str

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"


SALON = Account(1, AccountName.SALON, "Demo Salon", BERLIN)
SECOND_SALON = Account(2, AccountName.SECOND_SALON, "Second Salon", LONDON)
# What a drill needs that has more callers than one key's calls a minute: salons like the first, each with its own key.
BRANCHES = tuple(
    Account(number, name, f"Branch {number - 2}", BERLIN)
    for number, name in enumerate((name for name in AccountName if name.startswith("branch-")), start=3)
)


def branch_key(branch: Account) -> str:
    """Return the bearer key of a branch."""
    return f"cal_{branch.username}"


class Accounts:
    """The accounts by key."""

    def __init__(self, by_key: Mapping[str, Account]) -> None:
        self._by_key = dict(by_key)

    def find(self, authorization: str | None) -> Account | None:
        """Return the account of an Authorization header; None when there is none, or nobody has this key."""
        return None if authorization is None else self._by_key.get(authorization.removeprefix(_BEARER))

    def admit(self, authorization: str | None) -> Account | None:
        """Return the account; None when no key is given, Unauthorized for one that nobody has."""
        account = self.find(authorization)
        if account is None and authorization is not None:
            raise Unauthorized("Your api key is not valid")
        return account

    def is_unknown_key(self, authorization: str | None) -> bool:
        """Tell whether the throttle already refuses it: it has a key's form, and nobody has it."""
        key = (authorization or "").removeprefix(_BEARER)
        return key.startswith(_KEY_PREFIX) and key not in self._by_key
