"""Behaviour of loadtests.daemon."""
