"""A read-only helper in a child: with limits of time and output, and nothing of the caller's environment."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from subprocess import Popen


class Said:
    """What a helper that ended in time said: its exit status and both its outputs."""

    __slots__ = ("output", "status")

    def __init__(self, status: int, output: bytes) -> None:
        """Keep both."""
        self.status = status
        self.output = output


class Child:
    """A helper that runs."""

    def __init__(self, process: Popen[bytes], end: float, most: int) -> None:
        """Keep it, until when it may run (monotonic seconds), and how much it may say (bytes)."""
        self._process, self._end, self._most = process, end, most

    def said(self) -> Said | None:
        """Wait for it; None where it is late or says too much: it is ended then."""
        from select import select
        from subprocess import TimeoutExpired

        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        output = b""
        while select([descriptor], [], [], max(0.0, self._end - time.monotonic()))[0]:
            chunk = os.read(descriptor, 1 << 18)
            output += chunk
            if not chunk or len(output) > self._most:
                break
        else:
            chunk = b"late"
        if chunk:
            self.end()
            return None
        self._process.stdout.close()
        try:
            status = self._process.wait(max(0.0, self._end - time.monotonic()))
        except TimeoutExpired:
            self.end()
            return None
        return Said(status, output)

    def end(self) -> None:
        """End it, and whatever it started: its session is its own."""
        from signal import SIGKILL

        assert self._process.stdout is not None
        self._process.stdout.close()
        if self._process.returncode is None:
            os.killpg(self._process.pid, SIGKILL)
            self._process.wait()


def start(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    end: float,
    most: int,
    given: bytes | None = None,
    *,
    errors: bool = False,
    owner: tuple[int, int] | None = None,
    alone: bool = False,
) -> Child | None:
    """Start a program that may run until `end` (monotonic seconds); None where it cannot be started.

    `most` bytes of output are read; `given` is its standard input; with `errors`, its stderr is output too.
    It runs as `owner`, user and group, where that is given; where it is to be `alone` it can start nothing.
    """
    import subprocess

    before: Callable[[], None] | None = None
    if alone:
        from gatesh.run import childless

        argv, before = childless.alone(argv)
    source: int = subprocess.DEVNULL
    if given is not None:
        source = os.memfd_create("given", os.MFD_CLOEXEC)
    try:
        if given is not None:
            _fill(source, given)
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=env,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
            start_new_session=True,
            user=owner[0] if owner else None,
            group=owner[1] if owner else None,
            extra_groups=() if owner else None,
            preexec_fn=before,  # noqa: PLW1509  it only calls prctl
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    finally:
        if given is not None:
            os.close(source)
    return Child(process, end, most)


def ask(
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: str,
    end: float,
    most: int,
    owner: tuple[int, int] | None = None,
    *,
    alone: bool = False,
) -> Said | None:
    """Start a program and wait for what it says."""
    child = start(argv, env, cwd, end, most, owner=owner, alone=alone)
    return child.said() if child else None


def _fill(descriptor: int, given: bytes) -> None:
    left = memoryview(given)
    while left:
        left = left[os.write(descriptor, left) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
