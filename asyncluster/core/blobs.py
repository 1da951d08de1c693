"""Large data on one machine: bytes in a file descriptor that processes hand to each other instead of copying.

A blob is written once and then sealed, so whoever gets the descriptor can neither change nor truncate it under
the others. It is named by a hash of its content within its job. The hash finds equal data of one author's own job
again; it is no security boundary, therefore a fast one (XXH3, 128 bits) is enough.

Who holds what:

    client, worker   `store` what they send; `Blob.view` what they get: pages are shared, arrays are views
    master, node     a `Shelf` of (job, name) -> Blob, filled from descriptors (`adopt`) or from pieces (`BlobWriter`),
                     within a budget of memory, and on disk beyond it
"""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import tempfile
from collections.abc import Collection, Iterable

import xxhash

from asyncluster.core.errors import AsynClusterError, ProtocolError

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_MOST_AT_ONCE = 1 << 30  # bytes a write() call takes for sure


class NoRoom(AsynClusterError):
    """Large data did not fit into the room that this process has for them."""


class Blob:
    """Sealed bytes behind a descriptor, which it owns.

    Attributes:
        name: 16 bytes, the hash of the content.
        size: in bytes.
        fd: readable descriptor; open until `close`.
    """

    __slots__ = ("fd", "name", "size")

    def __init__(self, name: bytes, size: int, fd: int) -> None:
        self.name = name
        self.size = size
        self.fd = fd

    def view(self) -> memoryview:
        """The content, as a new mapping that is private to the caller.

        Reading copies nothing. Writing is allowed and changes this mapping's own copy of the page only: arrays
        that are made over the view behave like arrays of one's own.
        """
        if self.size == 0:
            return memoryview(bytearray())
        return memoryview(mmap.mmap(self.fd, self.size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE))

    def piece(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`, without mapping the whole."""
        return os.pread(self.fd, length, offset)

    def close(self) -> None:
        """Lets go of the descriptor. Views that are in use stay valid."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        if getattr(self, "fd", -1) >= 0:
            self.close()


def name_of(data: bytes | memoryview) -> bytes:
    """The name of a blob with this content."""
    return xxhash.xxh3_128_digest(data)


def store(data: bytes | memoryview) -> Blob:
    """Copies `data` (anything contiguous) into a sealed memory file.

    Raises:
        NoRoom: the machine has no memory for it.
    """
    view = memoryview(data).cast("B")
    fd = _memory_file()
    try:
        _write_all(fd, view)
    except BaseException:
        os.close(fd)
        raise
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return Blob(name_of(view), len(view), fd)


def adopt(fd: int, name: bytes, size: int) -> Blob:
    """A blob from a descriptor that another process sent; takes the descriptor over, also when it refuses it.

    Raises:
        ProtocolError: it is not a sealed memory file of that size. (An unsealed one could be cut short while it
            is mapped, which would kill this process.)
    """
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        actual = os.fstat(fd).st_size
    except OSError:
        seals, actual = 0, -1
    if seals & _SEALS != _SEALS or actual != size:
        os.close(fd)
        raise ProtocolError("A descriptor for large data is not a sealed memory file of the size announced.")
    return Blob(name, size, fd)


class BlobWriter:
    """Makes a blob from pieces that arrive in order.

    Args:
        name, size: what the sender announced. The content is not hashed again: a sender that lies about the name
            spoils nothing but its own job.
        directory: where to put an unnamed file instead of using memory; None: memory.
    """

    def __init__(self, name: bytes, size: int, directory: str | None = None) -> None:
        self.name = name
        self.size = size
        self.written = 0
        self._sealed = directory is None
        self._fd = _memory_file() if directory is None else _disk_file(directory)

    def write(self, offset: int, data: bytes | memoryview) -> Blob | None:
        """Adds a piece; returns the blob with the last one.

        Raises:
            ProtocolError: the piece does not follow the one before, or is too long.
            NoRoom: memory or disk is full.
        """
        if offset != self.written or offset + len(data) > self.size or (not data and self.size):
            raise ProtocolError("Pieces of large data came out of order.")
        _write_all(self._fd, memoryview(data))
        self.written += len(data)
        if self.written < self.size:
            return None
        if self._sealed:
            fcntl.fcntl(self._fd, fcntl.F_ADD_SEALS, _SEALS)
        fd, self._fd = self._fd, -1
        return Blob(self.name, self.size, fd)

    def close(self) -> None:
        """Gives up; a blob that is complete is not touched."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class Shelf:
    """The blobs that a process keeps for its peers, by job and name, and those that are still arriving.

    Args:
        memory: bytes of blobs to keep in memory; more goes to `directory`.
        total: bytes in all; more is refused.
        directory: for what does not fit into memory. The files have no name and vanish with the process.
    """

    def __init__(self, *, memory: int, total: int, directory: str) -> None:
        self._memory = memory
        self._total = total
        self._directory = directory
        self._blobs: dict[tuple[int, bytes], Blob] = {}
        self._arriving: dict[tuple[object, int, bytes], BlobWriter] = {}
        self._named: set[tuple[int, bytes]] = set()
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2  # the other half is for connections
        self.used = 0

    def get(self, job: int, name: bytes) -> Blob | None:
        """The blob, if it is here in full."""
        return self._blobs.get((job, name))

    def __contains__(self, key: tuple[int, bytes]) -> bool:
        return key in self._blobs

    def require(self, job: int, names: Collection[bytes]) -> None:
        """Checks that all of these are here.

        Raises:
            ProtocolError: the peer named large data that it has not sent.
        """
        if not all((job, name) in self._blobs for name in names):
            raise ProtocolError("A message names large data that were not sent before.")
        self._named.update((job, name) for name in names)

    def add(self, job: int, blob: Blob) -> None:
        """Keeps a whole blob; of two equal ones the first.

        Raises:
            NoRoom: over the limit; the blob is closed.
        """
        if (job, blob.name) in self._blobs:
            blob.close()
            return
        try:
            self._reserve(blob.size)
        except NoRoom:
            blob.close()
            raise
        self._blobs[job, blob.name] = blob

    def receive(
        self, job: int, name: bytes, size: int, offset: int, data: bytes | memoryview, sender: object = None
    ) -> bool:
        """Adds a piece of an arriving blob; True when it is whole. Two senders may be at the same blob.

        Raises:
            ProtocolError, NoRoom: as `BlobWriter.write`. What had arrived of it is dropped.
        """
        arrival = sender, job, name
        if (job, name) in self._blobs:
            self._break_off(arrival)
            return True
        writer = self._arriving.get(arrival)
        if writer is None:
            spill = self.used + size > self._memory
            self._reserve(size)
            try:
                writer = self._arriving[arrival] = BlobWriter(name, size, self._directory if spill else None)
            except NoRoom:
                self.used -= size
                raise
        try:
            if size != writer.size:
                raise ProtocolError("Pieces of large data differ about its size.")
            blob = writer.write(offset, data)
        except (ProtocolError, NoRoom):
            self._break_off(arrival)
            raise
        if blob is None:
            return False
        del self._arriving[arrival]
        self._blobs[job, name] = blob
        return True

    def abandon(self, sender: object, brought: Iterable[tuple[int, bytes]]) -> None:
        """The sender is gone: forgets what it had begun to send, and of what it brought all that nobody has named."""
        for arrival in [arrival for arrival in self._arriving if arrival[0] is sender]:
            self._break_off(arrival)
        for key in brought:
            if key not in self._named:
                self.drop(*key)

    def drop(self, job: int, name: bytes) -> None:
        """Forgets a blob; it need not be here."""
        self._named.discard((job, name))
        blob = self._blobs.pop((job, name), None)
        if blob is not None:
            self.used -= blob.size
            blob.close()

    def drop_job(self, job: int) -> None:
        """Forgets all blobs of a job."""
        for key in [key for key in self._blobs if key[0] == job]:
            self.drop(*key)
        for arrival in [arrival for arrival in self._arriving if arrival[1] == job]:
            self._break_off(arrival)

    def _break_off(self, arrival: tuple[object, int, bytes]) -> None:
        writer = self._arriving.pop(arrival, None)
        if writer is not None:
            self.used -= writer.size
            writer.close()

    def _reserve(self, size: int) -> None:
        if len(self._blobs) + len(self._arriving) >= self._most:
            raise NoRoom(f"There are {self._most:,} large data already, as many as this process may have open.")
        if self.used + size > self._total:
            raise NoRoom(f"Large data of {size:,} bytes do not fit: {self.used:,} of {self._total:,} bytes are in use.")
        self.used += size


def _memory_file() -> int:
    try:
        return os.memfd_create("asyncluster", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError as error:  # too many files are open, perhaps
        raise NoRoom(f"Large data could not be kept: {error.strerror}.") from error


def _disk_file(directory: str) -> int:
    try:
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            return os.dup(file.fileno())
    except OSError as error:
        raise NoRoom(f"Large data could not be kept: {error.strerror}.") from error


def _write_all(fd: int, view: memoryview) -> None:
    try:
        while view:
            view = view[os.write(fd, view[:_MOST_AT_ONCE]) :]
    except OSError as error:
        raise NoRoom(f"Large data could not be kept: {error.strerror}.") from error
