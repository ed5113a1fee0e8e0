"""The ways out of the house: PagerDuty, Slack, e-mail, another webhook; each switched on by a file with its secret.

Apart from the route tree, which stays the same whoever listens: a way adds itself to the receivers that are there.
Secrets stay in their files and reach no configuration, but for the webhook's address, which Alertmanager 0.25 reads
from no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from sla.quantities import Strict

PAGERDUTY, SLACK, EMAIL, WEBHOOK = "pagerduty_routing_key", "slack_api_url", "email.json", "webhook_url"
EMAIL_PASSWORD = "email_password"  # noqa: S105 - the name of a file

# What a message says: what is wrong, how many of how many, and where to go.
_TITLE = "{{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }}): {{ .CommonAnnotations.summary }}"
_TEXT = (
    "{{ range .Alerts }}{{ .Annotations.description }}\n{{ .Annotations.impact }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\nDashboard: {{ .Annotations.dashboard_url }}\n{{ end }}"
)


class SecretError(ValueError):
    """A secret's file cannot be used; the message names it and the remedy."""


class Email(Strict):
    """Where mail goes, and through whom; the password lies in a file of its own."""

    to: str
    sender: str = Field(alias="from")
    smarthost: str
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """Which ways are open for pages and for the team; by Alertmanager's name of the receiver's part."""

    pager: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    team: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)


NONE = Ways()


def ways(directory: Path) -> Ways:
    """Return the ways whose files lie in a directory; none where there is no directory. Raises SecretError."""
    found = {
        kind: configuration(directory / name)
        for name, (kind, configuration) in _WAYS.items()
        if (directory / name).exists()
    }
    everyone = {kind: [each] for kind, each in found.items()}
    # PagerDuty wakes people; a warning does not.
    return Ways(pager=everyone, team={kind: each for kind, each in everyone.items() if kind != "pagerduty_configs"})


def _pagerduty(secret: Path) -> dict[str, Any]:
    content(secret)
    details = {"impact": "{{ .CommonAnnotations.impact }}", "runbook": "{{ .CommonAnnotations.runbook_url }}"}
    return {"routing_key_file": str(secret), "description": _TITLE, "details": details, "send_resolved": True}


def _slack(secret: Path) -> dict[str, Any]:
    content(secret)
    return {"api_url_file": str(secret), "title": _TITLE, "text": _TEXT, "send_resolved": True}


def _email(secret: Path) -> dict[str, Any]:
    try:
        account = Email.model_validate_json(content(secret))
    except ValidationError as error:
        keys = '"to", "from", "smarthost" (host:port) and, if there is one, "username"'
        raise SecretError(f"{secret}: write a JSON object with {keys}") from error
    login: dict[str, Any] = {}
    if account.username is not None:
        password = secret.parent / EMAIL_PASSWORD
        content(password)
        login = {"auth_username": account.username, "auth_password_file": str(password)}
    return {
        "to": account.to,
        "from": account.sender,
        "smarthost": account.smarthost,
        **login,
        "headers": {"Subject": _TITLE},
        "text": _TEXT,
        "html": "",
        "send_resolved": True,
    }


def _webhook(secret: Path) -> dict[str, Any]:
    return {"url": content(secret), "send_resolved": True}


def content(secret: Path) -> str:
    """Return what a secret's file holds; raises SecretError when that is nothing."""
    try:
        text = secret.read_text("utf-8").strip()
    except OSError as error:
        remedy = "write the secret there, or remove the way that needs it"
        raise SecretError(f"{secret}: {error.strerror}; {remedy}") from error
    if not text:
        raise SecretError(f"{secret} is empty; write the secret into it, or remove the file to switch this way off")
    return text


_WAYS: Mapping[str, tuple[str, Callable[[Path], dict[str, Any]]]] = {
    PAGERDUTY: ("pagerduty_configs", _pagerduty),
    SLACK: ("slack_configs", _slack),
    EMAIL: ("email_configs", _email),
    WEBHOOK: ("webhook_configs", _webhook),
}
