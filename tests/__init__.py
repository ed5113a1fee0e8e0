"""Behaviour, as sentences: one folder per package."""
