"""A read-only helper in a child: with limits of time and output, and nothing of the caller's environment."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Said:
    """What a helper that ended in time said: its exit status and both its outputs."""

    __slots__ = ("output", "status")

    def __init__(self, status: int, output: bytes) -> None:
        """Keep both."""
        self.status = status
        self.output = output


def ask(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    end: float,
    most: int,
    given: bytes | None = None,
    *,
    errors: bool = False,
) -> Said | None:
    """Run a program until `end` (monotonic seconds); None where it cannot start, is late or says too much.

    `most` bytes of output are read; `given` is its standard input; with `errors`, its stderr is output too.
    """
    import select
    import signal
    import subprocess

    source: int = subprocess.DEVNULL
    if given is not None:
        source = os.memfd_create("given", os.MFD_CLOEXEC)
    try:
        if given is not None:
            _fill(source, given)
        child = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        return None
    finally:
        if given is not None:
            os.close(source)
    assert child.stdout is not None
    descriptor = child.stdout.fileno()
    output = b""
    complete = False
    while len(output) <= most:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        chunk = os.read(descriptor, 1 << 18)
        if not chunk:
            complete = True
            break
        output += chunk
    child.stdout.close()
    if not complete:
        os.killpg(child.pid, signal.SIGKILL)  # its own session: nobody else is in it
    try:
        status = child.wait(max(0.0, end - time.monotonic()) if complete else None)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return None
    return Said(status, output) if complete else None


def _fill(descriptor: int, given: bytes) -> None:
    left = memoryview(given)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
