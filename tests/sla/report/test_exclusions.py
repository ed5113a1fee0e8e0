"""Agreed maintenance: a file that people write by hand, and mistakes that people make."""

from __future__ import annotations

import pytest

from sla.report import exclusions
from sla.report.exclusions import ExclusionsError

GOOD = """
- start: 2026-10-04T02:00:00+02:00
  end: 2026-10-04T03:00:00+02:00
  reason: PostgreSQL 17
  approved_by: Ada
"""


def test_an_entry_says_when_why_and_who_agreed(tmp_path):
    path = tmp_path / "maintenance.yaml"
    path.write_text(GOOD)

    (entry,) = exclusions.read(path)

    assert (entry.reason, entry.approved_by, (entry.end - entry.start).seconds) == ("PostgreSQL 17", "Ada", 3600)


def test_an_empty_file_excludes_nothing(tmp_path):
    path = tmp_path / "maintenance.yaml"
    path.write_text("")

    assert exclusions.read(path) == ()


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        ("reason: PostgreSQL 17", "reason: ''", "entry 1, reason"),
        ("  approved_by: Ada\n", "", "entry 1, approved_by"),
        ("T02:00:00+02:00", "T05:00:00+02:00", "ends before it begins"),
        ("+02:00\n  end", "\n  end", "entry 1, start"),
        ("- start: 2026-10-04T02:00:00+02:00\n", "entry:\n", "must be a list"),
        ("reason", "raeson", "entry 1, reason|entry 1, raeson"),
    ],
)
def test_a_mistake_is_named_with_its_entry(tmp_path, right, wrong, sentence):
    path = tmp_path / "maintenance.yaml"
    path.write_text(
        GOOD.replace(right, wrong, 1).replace("\n  ", "\n") if wrong == "start" else GOOD.replace(right, wrong, 1)
    )

    with pytest.raises(ExclusionsError, match=sentence):
        exclusions.read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ExclusionsError, match=r"nowhere\.yaml"):
        exclusions.read(tmp_path / "nowhere.yaml")
