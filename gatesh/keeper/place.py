"""The keeper's place: one lock, one socket, and noticing when somebody takes them away."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress

from gatesh.errors import ConfigError
from gatesh.places import Places, private


class Place:
    """The lock and the socket of one keeper."""

    def __init__(self, places: Places) -> None:
        """Take the lock; raises ConfigError where another keeper holds it."""
        self._folder = private(places.runtime)
        self._lock_path = f"{places.runtime}/keeper.lock"
        self._socket_path = places.keeper_socket
        self._lock = self._take_lock()
        self._seen = self._look()

    def listen(self) -> None:
        """Let clients in."""
        self.listener = self._listen()
        self._seen = self._look()

    def _take_lock(self) -> int:
        lock = os.open(
            self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip()
            os.close(lock)
            raise ConfigError(
                f"a keeper is already there: pid {holder or 'unknown'}",
                "answer there, or attach this terminal with `gatesh approve`",
            ) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, b"%d\n" % os.getpid(), 0)
        return lock

    def _listen(self) -> socket.socket:
        """Bind a socket of mode 0600; a path too long for an address goes through its folder."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(self._folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if os.path.lexists(self._socket_path):
                os.unlink(self._socket_path)  # the lock is ours: it is a dead keeper's
            mask = os.umask(0o177)
            try:
                listener.bind(f"/proc/self/fd/{folder}/{os.path.basename(self._socket_path)}")
            finally:
                os.umask(mask)
        finally:
            os.close(folder)
        listener.listen(128)
        return listener

    def _look(self) -> tuple[object, ...]:
        return tuple(_identity(path) for path in (self._socket_path, self._lock_path))

    def mend(self) -> str:
        """Return what was taken away since the last look, after putting it back; empty where all is there."""
        if self._look() == self._seen:
            return ""
        private(self._folder)  # the folder itself may have been moved away
        what = []
        if _identity(self._lock_path) != self._seen[1]:
            what.append(self._lock_path)
            fresh = f"{self._lock_path}.{os.getpid()}"
            # The lock goes with the open file: the new one is locked before it gets its name.
            lock = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.pwrite(lock, b"%d\n" % os.getpid(), 0)
            os.replace(fresh, self._lock_path)
            os.close(self._lock)
            self._lock = lock
        if _identity(self._socket_path) != self._seen[0]:
            what.append(self._socket_path)
            old, self.listener = self.listener, self._listen()
            _end(old)
        self._seen = self._look()
        return " and ".join(what)

    def close(self) -> None:
        """Stop listening and give the place up."""
        _end(self.listener)
        if self._look() == self._seen:
            os.unlink(self._socket_path)
        os.close(self._lock)


def _end(listener: socket.socket) -> None:
    """Close a listening socket, and wake whoever waits in accept."""
    with suppress(OSError):  # it was closed already
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
