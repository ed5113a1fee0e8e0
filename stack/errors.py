"""How the command line says no: two families, because scripts must tell "nothing was started" from "it broke".

Each message is one sentence that names the remedy; cli.py prints it and ends with the exit code.
"""

from __future__ import annotations


class StackError(Exception):
    """Something a person has to know; the message is for them."""

    exit_code = 1


class Refused(StackError):
    """Asked for something that cannot be; nothing was started and nothing was changed."""

    exit_code = 2


class Failed(StackError):
    """It was tried, and it did not work."""
