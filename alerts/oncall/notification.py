"""What Alertmanager sends, as far as we use it; the translation from its spelling to ours."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field


class NotifiedAlert(BaseModel):
    """One alert inside a notification; fingerprint and start identify one occurrence of it."""

    model_config = ConfigDict(frozen=True)

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    # Alertmanager writes startsAt, our audit log starts_at; both are read.
    starts_at: Annotated[AwareDatetime, Field(validation_alias=AliasChoices("startsAt", "starts_at"))]
    # Year 1 while the alert is firing.
    ends_at: Annotated[AwareDatetime, Field(validation_alias=AliasChoices("endsAt", "ends_at"))]
    fingerprint: str

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    @property
    def severity(self) -> str:
        return self.labels.get("severity", "none")


class Notification(BaseModel):
    """Alertmanager's webhook body; what we do not use is ignored, so that newer versions may add to it."""

    alerts: tuple[NotifiedAlert, ...]
