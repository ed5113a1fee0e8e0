"""Commands on a tether: the kernel signals them when the process that started them ends, even when it is killed.

Apart, because the order matters and is easy to get wrong: Linux forgets the tether when the user changes,
so one `setpriv` must do both (measured: it sets the user first, the parent-death signal last).
"""

from __future__ import annotations

from stack import binaries


def tethered(command: tuple[str, ...], *, signal: str = "TERM", user: str | None = None) -> tuple[str, ...]:
    """Return the command so that it receives `signal` when its starter ends, running as `user` where one is named.

    The kernel looks at the thread that started it: start tethered commands from the main thread.
    """
    prefix = [str(binaries.SETPRIV.get()), f"--pdeathsig={signal}"]
    if user is not None:
        prefix += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return (*prefix, "--", *command)
