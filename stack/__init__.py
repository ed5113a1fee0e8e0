"""Starts, watches and stops the whole chain on one machine; the `slotwatch` command."""
