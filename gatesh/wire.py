"""Messages between a door or an approver and the keeper: a list of byte fields, each with its length.

    door → keeper    submit VERSION DOOR TEXT CWD SCRIPT ENV SHELL OPTIONS ARG…
                         ENV is NAME=value joined by NUL, OPTIONS the shell's words in front
                         of the door `terminal` ARG is CommandLine.known
                     ran WAIT_STATUS DURATION_NS · failed MESSAGE
                     handed                the agent runs it, how it ends nobody will know
    keeper → door    held TEXT EXPIRES_S   it waits for a human, say so
                     run RECORD            the record is on the disk: start bash
                     refused STATUS MESSAGE
                     alone REASON          not served here: do the whole work yourself
                     mine VERSION          do I belong to one of your sessions?  → yes | no
    anybody → keeper status VERSION  → status GATESH PIN APPROVERS SESSIONS OBSERVES CONFIRMED…
    anybody → keeper elevations VERSION  → elevations SESSIONS (KEY NAME SCOPE)… (NUMBER KEY SAID UNTIL_NS BY)…
                     revoke VERSION NUMBER    0 for all  → revoked TITLE…
    approver → keeper, keeper → approver: see approval/attach.py

A field is bytes, so that nothing in a command can end or forge a message; a message of more than 64 MB
or 65,536 fields ends the connection.
"""

from __future__ import annotations

import _socket
import os

Socket = _socket.socket
VERSION = b"2"
MOST_BYTES = 64 << 20
MOST_FIELDS = 1 << 16


class WireError(Exception):
    """The other end is gone, or does not speak this protocol."""


def connect(path: str, timeout_s: float = 5.0) -> Socket:
    """Connect to a unix socket; raises OSError. Paths too long for an address go through its folder."""
    sock = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    if len(os.fsencode(path)) < 100:
        sock.connect(path)
        return sock
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sock.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
    return sock


def send(sock: Socket, *fields: bytes) -> None:
    """Send one message; raises OSError."""
    parts = [len(fields).to_bytes(4, "big")]
    for field in fields:
        parts += (len(field).to_bytes(4, "big"), field)
    sock.sendall(b"".join(parts))


def receive(sock: Socket) -> list[bytes]:
    """Receive one message; raises WireError where the other end is gone or talks nonsense."""
    count = int.from_bytes(_exactly(sock, 4), "big")
    if count > MOST_FIELDS:
        raise WireError("too many fields")
    fields, total = [], 0
    for _ in range(count):
        length = int.from_bytes(_exactly(sock, 4), "big")
        total += length
        if total > MOST_BYTES:
            raise WireError("message too long")
        fields.append(_exactly(sock, length))
    return fields


def _exactly(sock: Socket, count: int) -> bytes:
    parts = []
    while count:
        try:
            part = sock.recv(min(count, 1 << 20))
        except OSError as error:
            raise WireError(str(error)) from error
        if not part:
            raise WireError("the other end is gone")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def peer(sock: Socket) -> tuple[int, int, int]:
    """Return pid, uid and gid of the other end as the kernel knows them."""
    raw = sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
    return tuple(int.from_bytes(raw[i : i + 4], "little", signed=True) for i in (0, 4, 8))  # type: ignore[return-value]
