"""Validation of a webhook subscription: each wrong field gets its sentence.

Apart from the routes because creating asks for all fields and changing for any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loadtests.calcom_simulator.errors import InvalidInput
from loadtests.calcom_simulator.webhooks import VERSION, Trigger


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a field must be, and under which name a subscription keeps it; without a name it is only checked."""

    fits: Callable[[Any], bool]
    sentence: str
    kept_as: str | None = None
    is_needed: bool = False


def read_subscription(body: Mapping[str, Any], *, is_whole: bool) -> dict[str, Any]:
    """Return the fields of a subscription, or raise InvalidInput."""
    wrong = [rule.sentence for name, rule in _RULES.items() if not _is_fit(name, rule, body, is_whole=is_whole)]
    if wrong:
        raise InvalidInput(*wrong)
    fields = {rule.kept_as: body[name] for name, rule in _RULES.items() if rule.kept_as is not None and name in body}
    if "triggers" in fields:
        fields["triggers"] = frozenset(map(Trigger, fields["triggers"]))
    return fields


def _is_fit(name: str, rule: _Rule, body: Mapping[str, Any], *, is_whole: bool) -> bool:
    return rule.fits(body[name]) if name in body else not (rule.is_needed and is_whole)


def _is_url(content: object) -> bool:
    return isinstance(content, str) and content.startswith(("http://", "https://"))


def _are_triggers(content: object) -> bool:
    return isinstance(content, list) and all(each in _TRIGGERS for each in content)


def _is_text_or_nothing(content: object) -> bool:
    return content is None or isinstance(content, str)


_TRIGGERS = tuple(Trigger)
_RULES: Mapping[str, _Rule] = {
    "subscriberUrl": _Rule(_is_url, "subscriberUrl must be a URL of http or https", "url", is_needed=True),
    "triggers": _Rule(
        _are_triggers, f"each value in triggers must be one of: {', '.join(_TRIGGERS)}", "triggers", is_needed=True
    ),
    "active": _Rule(lambda content: isinstance(content, bool), "active must be a boolean", "is_active", is_needed=True),
    "secret": _Rule(_is_text_or_nothing, "secret must be a string", "secret"),
    "payloadTemplate": _Rule(_is_text_or_nothing, "payloadTemplate must be a string", "template"),
    "version": _Rule(lambda content: content == VERSION, f"version must be {VERSION}"),
}
