from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from booking_core.domain.ports import EVERY_TENANT, Scope

K = TypeVar("K")
V = TypeVar("V")


class ForeignRow(Exception):
    """A row of another tenant cannot be made; PostgreSQL calls it a violation of row-level security."""


@dataclass(frozen=True)
class InSight(MutableMapping[K, V], Generic[K, V]):
    """A table as one transaction sees it: the rows of other tenants do not exist."""

    rows: MutableMapping[K, V]
    owner: Callable[[K, V], UUID]
    scope: Scope

    def _shows(self, key: K, value: V) -> bool:
        return self.scope is EVERY_TENANT or self.owner(key, value) == self.scope

    def __getitem__(self, key: K) -> V:
        value = self.rows[key]
        if not self._shows(key, value):
            raise KeyError(key)
        return value

    def __setitem__(self, key: K, value: V) -> None:
        if not self._shows(key, value):
            raise ForeignRow
        self.rows[key] = value

    def __delitem__(self, key: K) -> None:
        self[key]
        del self.rows[key]

    def __iter__(self) -> Iterator[K]:
        return (key for key, value in self.rows.items() if self._shows(key, value))

    def __len__(self) -> int:
        return sum(1 for _ in self)
