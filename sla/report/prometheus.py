"""Asks a Prometheus, or anything that speaks its HTTP API (VictoriaMetrics, Mimir, Thanos), about the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

# Prometheus refuses more points a series than this.
_MOST_POINTS = 11_000


class PrometheusError(Exception):
    """It does not answer, or refuses the question; the message says which, and what to look at."""


@dataclass(frozen=True, slots=True)
class Line:
    """One series of an answer: its labels, and its values by moment."""

    labels: Mapping[str, str]
    values: Mapping[datetime, float]


class Prometheus:
    """One server; to be closed."""

    def __init__(self, url: str, *, timeout_seconds: float = 60.0, client: httpx.Client | None = None) -> None:
        self._url = url
        self._client = client or httpx.Client(base_url=url, timeout=timeout_seconds, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Line]:
        """Return the query's value at start + step, start + 2 steps, … up to and with `end`. Raises PrometheusError.

        In pieces that Prometheus accepts, so a month of minutes is no problem.
        """
        found: dict[tuple[tuple[str, str], ...], dict[datetime, float]] = {}
        begins = start + step
        while begins <= end:
            ends = min(end, begins + (_MOST_POINTS - 1) * step)
            form = {"query": query, "start": _text(begins), "end": _text(ends), "step": str(step.total_seconds())}
            for line in self._ask("query_range", form):
                values = found.setdefault(tuple(sorted(line["metric"].items())), {})
                values |= {datetime.fromtimestamp(at, UTC): float(value) for at, value in line["values"]}
            begins = ends + step
        return [Line(dict(labels), values) for labels, values in found.items()]

    def _ask(self, path: str, form: Mapping[str, str]) -> Any:
        try:
            answer = self._client.post(f"/api/v1/{path}", data=form)
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise PrometheusError(
                f"{self._url} does not answer like Prometheus: {error}; is it the right --url?"
            ) from error
        if body.get("status") != "success":
            raise PrometheusError(f"{self._url} refuses {form['query']!r}: {body.get('error', answer.status_code)}")
        return body["data"]["result"]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
