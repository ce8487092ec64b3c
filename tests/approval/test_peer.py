"""Who could read along at a terminal: told from who serves it."""

from __future__ import annotations

import os
import pty

import pytest

from gatesh.approval.peer import within_reach

NOBODY = 65534


def asked_in_a_terminal(uid: int) -> str:
    """Lead a terminal's session as `uid`, with this process serving it, and ask there."""
    readable, answer = os.pipe()
    pid, terminal = pty.fork()
    if pid == 0:
        os.setgid(uid)
        os.setuid(uid)
        os.write(answer, b"yes" if within_reach(os.getpid()) else b"no")
        os._exit(0)
    os.close(answer)
    said = os.read(readable, 10).decode()
    os.waitpid(pid, 0)
    for fd in (readable, terminal):
        os.close(fd)
    return said


def test_a_terminal_that_a_process_of_the_same_user_serves_is_within_reach() -> None:
    assert asked_in_a_terminal(os.getuid()) == "yes"


def test_a_terminal_that_another_user_serves_is_not() -> None:
    if os.getuid():
        pytest.skip("only root can serve another user's terminal")

    assert asked_in_a_terminal(NOBODY) == "no"
