"""The bookings that probes made and nobody has cancelled yet.

Apart from the scoreboard because it outlives the process: what a killed daemon left behind, the next one cancels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loadtests.daemon.state import StateFile


@dataclass(slots=True)
class Journal:
    """Open bookings, each with the child that will cancel it; a leftover has none any more."""

    file: StateFile
    _open: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, file: StateFile) -> Journal:
        """Read the journal of the last daemon: all of its open bookings are leftovers now."""
        document = file.read()
        left = document if isinstance(document, list) else []
        return cls(file, {str(appointment_id): "" for appointment_id in left})

    def booked(self, appointment_id: str, owner: str) -> None:
        self._open[appointment_id] = owner
        self._save()

    def cancelled(self, appointment_id: str) -> None:
        if self._open.pop(appointment_id, None) is not None:
            self._save()

    def left(self, appointment_id: str) -> None:
        """Note that its own journey could not cancel this booking."""
        self.booked(appointment_id, "")

    def abandoned(self, owner: str) -> None:
        """Note that a child is gone: nobody cancels its bookings now."""
        for appointment_id, who in self._open.items():
            if who == owner:
                self._open[appointment_id] = ""

    @property
    def leftovers(self) -> tuple[str, ...]:
        return tuple(appointment_id for appointment_id, owner in self._open.items() if not owner)

    def _save(self) -> None:
        self.file.write(list(self._open))
