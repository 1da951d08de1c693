"""Niceness that counts against everybody, also where the kernel gives each session its own share of the processor.

With autogroups, as desktop kernels have them, niceness only divides the share of one session. Workers have sessions of
their own, so that the niceness of a session, which the kernel keeps beside that of processes, has to be set as well.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def set_niceness(pid: int, niceness: int) -> None:
    """Sets the niceness of a process, and of its session if it leads one.

    Raises:
        PermissionError: it may not be lowered again.
        ProcessLookupError: there is no such process.
    """
    os.setpriority(os.PRIO_PROCESS, pid, niceness)
    if os.getsid(pid) == pid:
        # The file is missing without autogroups; and but for root, the kernel refuses two changes close together.
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness))
