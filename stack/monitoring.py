"""Prometheus and Alertmanager of the native start: exactly the generated files, or the same text for other ports.

Apart from the table of processes because the files must be on disk before the processes can start.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from alerts import outside, remote_store, render
from alerts.alertmanager import alertmanager_flags
from alerts.prometheus import prometheus_flags
from sla.objectives import Promise
from sla.topology import NATIVE, Place, Process
from stack import ports
from stack.errors import Refused
from stack.run_directory import RunDirectory


@dataclass(frozen=True, slots=True)
class MonitoringFiles:
    """Where both find their configuration and keep their data."""

    run: RunDirectory
    place: Place
    promise: Promise

    @property
    def directory(self) -> Path:
        """The committed files where they fit, so that what is reviewed is what runs; else our own copy."""
        return self.run.configuration if self._is_special else render.GENERATED / NATIVE.name

    @property
    def _is_special(self) -> bool:
        return not ports.is_default(self.place) or self.run.secrets.is_dir()

    def prepare(self) -> None:
        """Write the configuration for other ports, and forget which pages an earlier chain has sent.

        Raises Refused when the generated files are missing, or a secret for a way out cannot be used.
        """
        if not any((render.GENERATED / "rules").glob("*.yaml")):
            raise Refused("alerts/generated is incomplete; run `make generate`")
        # Alertmanager keeps silent for repeat_interval about what it has sent: an aborted demo would mute the next one.
        shutil.rmtree(self.run.room("alertmanager"), ignore_errors=True)
        if self._is_special:
            self._write()

    def _write(self) -> None:
        rules = str(render.GENERATED / "rules" / "*.yaml")
        try:
            ways = outside.ways(self.run.secrets)
            remote_write = remote_store.remote_write(self.run.secrets)
        except outside.SecretError as error:
            raise Refused(str(error)) from error
        texts = render.configuration(
            self.place, promise=self.promise, rules=rules, ways=ways, remote_write=remote_write
        )
        for name, text in texts.items():
            path = self.run.configuration / name
            path.touch(mode=0o600)
            path.write_text(text, "utf-8")

    def prometheus_flags(self) -> tuple[str, ...]:
        return (
            f"--config.file={self.directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.run.room('prometheus')}",
            f"--web.listen-address={self.place.address(Process.PROMETHEUS)}",
            *prometheus_flags(self.promise),
        )

    def alertmanager_flags(self) -> tuple[str, ...]:
        return (
            f"--config.file={self.directory / 'alertmanager.yml'}",
            f"--storage.path={self.run.room('alertmanager')}",
            f"--web.listen-address={self.place.address(Process.ALERTMANAGER)}",
            *alertmanager_flags(self.promise),
        )
