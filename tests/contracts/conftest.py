"""The database that every contract of its stores is held against."""

from tests.contracts.test_stores import database

__all__ = ["database"]
