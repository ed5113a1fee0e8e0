"""A faithful Cal.com v2 with faults on demand: drills and tests meet the real contract without the real service."""
