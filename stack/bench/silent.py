"""What counts nothing, for measuring what counting costs.

Apart from the core, which has no switch for this: nobody should run it so.
"""

from __future__ import annotations

from collections.abc import Mapping

from booking_core.telemetry.recorder import Labels, Recorder


class Silent(Recorder):
    """Hears everything and counts nothing; not even the series are made."""

    def __init__(self) -> None:
        """Without any of it."""

    def samples(self, name: str) -> Mapping[Labels, float]:
        return {}


def _nothing(*_about: object, **_more: object) -> None: ...


for _name, _member in tuple(vars(Recorder).items()):
    if callable(_member) and not _name.startswith("_") and _name not in vars(Silent):
        setattr(Silent, _name, _nothing)
