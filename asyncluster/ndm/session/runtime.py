"""A person's runtime directory, /run/user/UID, where no logind makes it.

It belongs to the person and holds what they put there, so it is emptied with the person's rights. Each session holds a
shared lock of a file of root's; who gets it alone is the last one out.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from pathlib import Path

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.session.launch import Who, drop

PLACE = Path("/run/user")


class RuntimeDirectory:
    """One person's.

    Args:
        who: the person.
        locks: a directory of root's.
        place: where runtime directories are.
    """

    def __init__(self, who: Who, locks: Path, place: Path = PLACE) -> None:
        self.path = place / str(who.uid)
        self._who = who
        self._lock = os.open(locks / f"runtime-{who.uid}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def make(self) -> None:
        """Makes the directory if it is not there.

        Raises:
            AsynClusterError: something else is in its place.
        """
        self.path.parent.mkdir(mode=0o755, exist_ok=True)
        try:
            self.path.mkdir(mode=0o700)
            os.chown(self.path, self._who.uid, self._who.gid, follow_symlinks=False)
        except FileExistsError:
            found = self.path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._who.uid or found.st_mode & 0o077:
                raise AsynClusterError(f"{self.path} is not this person's runtime directory; remove it.") from None

    def remove(self) -> None:
        """Removes it unless another session of the person still needs it, or it is logind's, which mounts its own."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.ismount(self.path):
                self._remove()
        except BlockingIOError:
            pass
        finally:
            os.close(self._lock)

    def _remove(self) -> None:
        pid = os.fork()
        if pid == 0:
            self._empty_as_the_person()
        os.waitpid(pid, 0)
        try:
            self.path.rmdir()
        except OSError:
            pass  # something is mounted in it, or it is gone; the next session uses it as it is

    def _empty_as_the_person(self) -> None:
        try:
            drop(self._who)
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        os.unlink(entry.path)
        finally:
            os._exit(0)
