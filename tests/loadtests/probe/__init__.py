"""Behaviour of loadtests.probe."""
