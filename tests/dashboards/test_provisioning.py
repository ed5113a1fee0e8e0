"""What Grafana is given at start agrees with the addresses and the scrape interval of sla/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import dashboards
from sla.topology import COMPOSE, Process

PROVISIONING = Path(dashboards.__file__).parent / "provisioning"


def read(name: str) -> Any:
    return yaml.safe_load((PROVISIONING / name).read_text("utf-8"))


def test_the_data_source_is_the_prometheus_of_compose(promise):
    (source,) = read("datasources/prometheus.yaml")["datasources"]

    assert (source["type"], source["uid"], source["isDefault"]) == ("prometheus", "prometheus", True)
    assert source["url"] == COMPOSE.url(Process.PROMETHEUS)
    assert source["jsonData"]["timeInterval"] == str(promise.timers.scrape_interval)


def test_dashboards_are_read_from_the_mounted_directory_and_cannot_be_edited():
    (provider,) = read("dashboards/slotwatch.yaml")["providers"]

    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert (provider["type"], provider["allowUiUpdates"], provider["disableDeletion"]) == ("file", False, True)
