"""Drills: what the system promises, tried while everything around it breaks."""
