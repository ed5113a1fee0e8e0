"""Alerts about the monitoring itself."""

from __future__ import annotations

from alerts.alert import Alert, Board, Category, Component, Severity
from alerts.cases import Check, Firing, Proof, case
from sla.objectives import Promise

WATCHDOG = "Watchdog"


def watchdog(promise: Promise) -> Alert:
    """Return the alert that always fires: the dead-man pages when it is no longer heard."""
    silence = promise.timers.deadman_silence
    always = Check(at_seconds=0, firing=(Firing(labels={}, facts={}),))
    return Alert(
        name=WATCHDOG,
        severity=Severity.NONE,
        category=Category.META,
        component=Component.MONITORING,
        expression="vector(1)",
        summary="The way from rule to on-call is alive",
        description=f"Always firing. If the on-call receiver does not hear it for {silence}, it pages by its own path.",
        impact="None while it fires. When it falls silent, no other page can be trusted to arrive.",
        board=Board.OPERATIONAL,
        cases=(case("fires always, with no data at all", Proof.FIRES, Proof.NO_DATA, checks=(always,)),),
    )
