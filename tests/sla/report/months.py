"""Where the report's tests take place."""

from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
